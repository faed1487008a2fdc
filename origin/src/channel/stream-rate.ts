import type { ChunkHeader } from '@p2ptv/protocol';

/** Media that the rate is averaged over, µs: long enough for key frames to weigh right. */
const WINDOW_US = 10_000_000;
/** What headers and frames add to a chunk on a link, as a factor. */
const FRAMING = 1.02;

/** The bit rate of a stream as it is seeded, from what was published lately. */
export class StreamRate {
  readonly #chunks: Pick<ChunkHeader, 'durationUs' | 'byteLength'>[] = [];
  #durationUs = 0;
  #byteLength = 0;

  /** Undefined until a second of media has been published. */
  get bitsPerSecond(): number | undefined {
    return this.#durationUs < 1_000_000 ? undefined : ((this.#byteLength * 8e6) / this.#durationUs) * FRAMING;
  }

  add({ durationUs, byteLength }: Pick<ChunkHeader, 'durationUs' | 'byteLength'>): void {
    this.#chunks.push({ durationUs, byteLength });
    this.#durationUs += durationUs;
    this.#byteLength += byteLength;
    while (this.#durationUs > WINDOW_US && this.#chunks.length > 1) {
      const oldest = this.#chunks.shift();
      this.#durationUs -= oldest?.durationUs ?? 0;
      this.#byteLength -= oldest?.byteLength ?? 0;
    }
  }
}
