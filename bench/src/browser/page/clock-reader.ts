import { burntClockAgeMs, burntClockRow, readBurntClock } from '@p2ptv/origin/burnt-clock';

/** Pause between two readings, ms: often enough for percentiles, seldom enough not to cost frames. */
const INTERVAL_MS = 250;
/** An age outside of this is a misread clock or another stream, ms. */
const LEAST_AGE_MS = 0;
const MOST_AGE_MS = 120_000;
const RED = 0;
const CHANNELS = 4;

/** Reads the wall clock burnt into the picture, and so the true age of what is on the screen. */
export class ClockReader {
  readonly #video: HTMLVideoElement;
  readonly #canvas = document.createElement('canvas');
  readonly #agesMs: number[] = [];
  #invalidReads = 0;
  #isRunning = false;

  constructor(video: HTMLVideoElement) {
    this.#video = video;
  }

  /** Ages of frames when they were on the screen, ms. */
  get agesMs(): readonly number[] {
    return this.#agesMs;
  }

  /** Frames without a clear clock, e.g. torn ones. */
  get invalidReads(): number {
    return this.#invalidReads;
  }

  /** Begins to read. */
  start(): void {
    this.#isRunning = true;
    this.#next();
  }

  /** Ends it. */
  stop(): void {
    this.#isRunning = false;
  }

  #next(): void {
    if (!this.#isRunning) return;
    this.#video.requestVideoFrameCallback(() => {
      if (!this.#isRunning) return;
      this.#read();
      setTimeout(() => this.#next(), INTERVAL_MS);
    });
  }

  #read(): void {
    // Before the picture is copied: copying may take its time, and a newer frame may come meanwhile.
    const wallMs = Date.now();
    const clockMs = this.#readRow();
    const ageMs = clockMs === undefined ? undefined : burntClockAgeMs(clockMs, wallMs);
    if (ageMs === undefined || ageMs < LEAST_AGE_MS || ageMs > MOST_AGE_MS) this.#invalidReads++;
    else this.#agesMs.push(ageMs);
  }

  #readRow(): number | undefined {
    const { videoWidth: width, videoHeight: height } = this.#video;
    const context = this.#canvas.getContext('2d', { willReadFrequently: true });
    if (!context || width === 0) return undefined;
    if (this.#canvas.width !== width) {
      this.#canvas.width = width;
      this.#canvas.height = 1;
    }
    context.drawImage(this.#video, 0, burntClockRow(height), width, 1, 0, 0, width, 1);
    const { data } = context.getImageData(0, 0, width, 1);
    return readBurntClock(Array.from({ length: width }, (_, x) => data[x * CHANNELS + RED] ?? 0));
  }
}
