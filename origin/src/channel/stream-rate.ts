import type { ChunkHeader } from '@p2ptv/protocol';

/** Media that the rate is averaged over, µs: long enough for key frames to weigh right. */
const WINDOW_US = 10_000_000;
/** What headers and frames add to a chunk on a link, as a factor. */
const FRAMING = 1.02;

type Seeded = Pick<ChunkHeader, 'rendition' | 'sequence' | 'durationUs' | 'byteLength'>;

/** The bit rate of a stream as it is seeded, all its renditions together, from what was published lately. */
export class StreamRate {
  readonly #renditions = new Map<number, RenditionRate>();
  #newest = -1;

  /** Undefined until a second of media has been published. */
  get bitsPerSecond(): number | undefined {
    const rates = [...this.#renditions.values()].flatMap(({ bitsPerSecond }) => bitsPerSecond ?? []);
    return rates.length === 0 ? undefined : rates.reduce((sum, rate) => sum + rate, 0) * FRAMING;
  }

  add({ rendition, sequence, durationUs, byteLength }: Seeded): void {
    const rate = this.#renditions.get(rendition) ?? new RenditionRate();
    this.#renditions.set(rendition, rate);
    rate.add({ durationUs, byteLength });
    rate.newest = sequence;
    if (sequence <= this.#newest) return;
    this.#newest = sequence;
    // One that is no longer made counts no more: all renditions are at about the same sequence.
    for (const [id, { newest }] of this.#renditions) if (newest < sequence - BEHIND_CHUNKS) this.#renditions.delete(id);
  }
}

/** So many chunks behind the others, a rendition is given up. */
const BEHIND_CHUNKS = 100;

class RenditionRate {
  newest = -1;
  readonly #chunks: Pick<ChunkHeader, 'durationUs' | 'byteLength'>[] = [];
  #durationUs = 0;
  #byteLength = 0;

  get bitsPerSecond(): number | undefined {
    return this.#durationUs < 1_000_000 ? undefined : (this.#byteLength * 8e6) / this.#durationUs;
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
