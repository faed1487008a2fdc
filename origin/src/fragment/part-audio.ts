import { AudioTimeline } from './audio-timeline.js';
import type { SampleRun } from './media-fragment.js';

/**
 * How far audio may end before the video of a paced part. The AAC encoder looks one frame of 21 ms
 * ahead and gives whole frames, so it is 43–64 ms behind the video; sooner or later than that gains nothing.
 */
const AUDIO_LAG_MS = 150;
/** How much video beyond a part's end has to be there before missing audio is taken for silence. */
const AUDIO_PATIENCE_MS = 300;

/** A part as its video knows it. */
export type PartSpan = {
  readonly index: number;
  readonly endMs: number;
  /** Where the video that is there ends. */
  readonly videoEndMs: number;
};

/**
 * The sound of each part, the same in all renditions: whichever closes a part first decides what is in
 * it, so that players hear neither a gap nor anything twice when they change renditions between parts.
 */
export class PartAudio {
  readonly #timeline = new AudioTimeline();
  readonly #isPaced: boolean;
  readonly #renditionCount: number;
  /** What renditions that are behind still have to take, by the part's index. */
  readonly #decided = new Map<number, { readonly run: SampleRun; takers: number }>();
  #hasEnded = false;

  constructor(options: { readonly isPaced: boolean; readonly renditionCount: number }) {
    this.#isPaced = options.isPaced;
    this.#renditionCount = options.renditionCount;
  }

  /** Sets the clock, before the first frame. */
  setSampleRate(sampleRate: number): void {
    this.#timeline.setSampleRate(sampleRate);
  }

  /** Takes a frame in. */
  push(data: Uint8Array, timestampMs: number): void {
    this.#timeline.push(data, timestampMs);
  }

  /** Nothing more will come. */
  end(): void {
    this.#hasEnded = true;
  }

  /** Whether a part whose video is whole need wait no longer for its sound. */
  isReady(part: PartSpan): boolean {
    if (this.#hasEnded || this.#decided.has(part.index)) return true;
    const lagMs = part.endMs - this.#timeline.endMs;
    if (!this.#isPaced) return lagMs <= 0;
    if (lagMs <= AUDIO_LAG_MS || this.#timeline.isSilent) return true;
    return part.videoEndMs - part.endMs >= AUDIO_PATIENCE_MS;
  }

  /** The sound of a part; each rendition takes it once. */
  take({ index, endMs }: Pick<PartSpan, 'index' | 'endMs'>): SampleRun {
    const decided = this.#decided.get(index);
    if (decided) {
      decided.takers--;
      if (decided.takers === 0) this.#decided.delete(index);
      return decided.run;
    }
    // Silence is put only where audio is overdue, so a part that has merely not got its last two frames stays as it is. Once all has come, what
    // is missing never comes: players don't reach the end of a film whose last segment describes sound and has none.
    this.#timeline.fillSilence(this.#hasEnded ? endMs : endMs - AUDIO_LAG_MS);
    const run = this.#timeline.take(endMs);
    if (this.#renditionCount > 1) this.#decided.set(index, { run, takers: this.#renditionCount - 1 });
    return run;
  }
}
