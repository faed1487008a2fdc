/** A real change of any size still shows within some ten samples. */
const MAX_SAMPLE_RATIO = 4;
/** What a mean counts for at least when samples are clipped. */
const LEAST_MEAN = 1;

/**
 * A running mean and mean deviation with exponential forgetting, as TCP keeps its round-trip time
 * (RFC 6298 section 2: gains 1/8 and 1/4).
 */
export class Estimate {
  #mean: number;
  #deviation: number;
  #isMeasured = false;

  /** @param assumed what is taken for the mean until the first sample; half of it for the deviation */
  constructor(assumed: number) {
    this.#mean = assumed;
    this.#deviation = assumed / 2;
  }

  get mean(): number {
    return this.#mean;
  }

  /** Mean absolute deviation, about .8 standard deviations of a normal distribution. */
  get deviation(): number {
    return this.#deviation;
  }

  get isMeasured(): boolean {
    return this.#isMeasured;
  }

  /** Replaces what is assumed, as long as nothing was measured. */
  assume(value: number): void {
    if (this.#isMeasured) return;
    this.#mean = value;
    this.#deviation = value / 2;
  }

  /** Takes a sample; it counts for at most four times the mean, so that no single one runs away with it. */
  add(measured: number): void {
    // A mean of 0 would clip every sample that follows to 0.
    const sample = this.#isMeasured ? Math.min(measured, MAX_SAMPLE_RATIO * Math.max(this.#mean, LEAST_MEAN)) : Math.min(measured, MAX_SAMPLE_RATIO * this.#mean);
    if (!this.#isMeasured) {
      this.#isMeasured = true;
      this.#mean = sample;
      this.#deviation = sample / 2;
      return;
    }
    this.#deviation += (Math.abs(sample - this.#mean) - this.#deviation) / 4;
    this.#mean += (sample - this.#mean) / 8;
  }

  /** Moves an eighth of the way towards a value, downwards only: what was bad long ago is tried again. */
  relaxTo(value: number): void {
    if (this.#mean > value) this.#mean += (value - this.#mean) / 8;
  }
}
