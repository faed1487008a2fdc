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

  add(sample: number): void {
    if (!this.#isMeasured) {
      this.#isMeasured = true;
      this.#mean = sample;
      this.#deviation = sample / 2;
      return;
    }
    this.#deviation += (Math.abs(sample - this.#mean) - this.#deviation) / 4;
    this.#mean += (sample - this.#mean) / 8;
  }
}
