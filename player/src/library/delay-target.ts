/** How the target delay follows what the buffer goes through. */
export type DelayTargetOptions = {
  /** Where it begins, and never below, ms. */
  readonly baseMs: number;
  /** Never above, ms. */
  readonly maxMs: number;
  /** Added by a stall, ms. Too low and stalls repeat; too high and one hiccup costs everybody's delay. */
  readonly stallStepMs: number;
  /** The buffer should not fall below this, ms; what is missing is added to the target. */
  readonly lowWaterMs: number;
  /** How long it stays up after the last trouble, ms. */
  readonly calmMs: number;
  /** How fast it comes down then, ms a second. */
  readonly decayMsPerSecond: number;
};

/** The options for a stream of parts of that length. */
export function delayTargetOptions(baseMs: number, partTargetMs: number): DelayTargetOptions {
  return {
    baseMs,
    maxMs: baseMs + Math.max(1_500, partTargetMs * 4),
    stallStepMs: partTargetMs,
    lowWaterMs: 60,
    calmMs: 10_000,
    decayMsPerSecond: 5,
  };
}

/**
 * The delay to hold: raised when the buffer ran dry or nearly so, and slowly lowered again when it
 * has been calm, so that stalls stay rare on a link that jitters and delay stays low on one that
 * does not. Time is handed in.
 */
export class DelayTarget {
  readonly #options: DelayTargetOptions;
  #targetMs: number;
  #troubleAtMs: number | undefined;
  #updatedAtMs: number | undefined;

  constructor(options: DelayTargetOptions) {
    this.#options = options;
    this.#targetMs = options.baseMs;
  }

  /** The target now, ms. */
  get targetMs(): number {
    return this.#targetMs;
  }

  /** Takes note of a stall. */
  stalled(nowMs: number): void {
    this.#raise(nowMs, this.#options.stallStepMs);
  }

  /** Takes note of how much is buffered ahead of a playhead that moves. */
  observe(nowMs: number, bufferedMs: number): void {
    const { lowWaterMs, calmMs, decayMsPerSecond, baseMs } = this.#options;
    const sinceMs = nowMs - (this.#updatedAtMs ?? nowMs);
    this.#updatedAtMs = nowMs;
    this.#troubleAtMs ??= nowMs;
    const missingMs = lowWaterMs - bufferedMs;
    // One shortage is seen many times while it lasts: count it once.
    if (missingMs > 0 && nowMs - this.#troubleAtMs > this.#options.stallStepMs) {
      this.#raise(nowMs, missingMs);
    } else if (nowMs - this.#troubleAtMs > calmMs) {
      this.#targetMs = Math.max(baseMs, this.#targetMs - (decayMsPerSecond * sinceMs) / 1000);
    }
  }

  #raise(nowMs: number, byMs: number): void {
    this.#troubleAtMs = nowMs;
    this.#targetMs = Math.min(this.#options.maxMs, this.#targetMs + byMs);
  }
}
