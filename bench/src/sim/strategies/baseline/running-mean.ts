/** Mean and mean deviation with gains 1/8 and 1/4 (RFC 6298); one sample counts for at most four times the mean. */
export class RunningMean {
  #mean: number;
  #deviation: number;

  /** @param assumed what is taken for the mean until the first sample; half of it for the deviation */
  constructor(assumed: number) {
    this.#mean = assumed;
    this.#deviation = assumed / 2;
  }

  get mean(): number {
    return this.#mean;
  }

  get deviation(): number {
    return this.#deviation;
  }

  add(measured: number): void {
    const sample = Math.min(measured, 4 * this.#mean);
    this.#deviation += (Math.abs(sample - this.#mean) - this.#deviation) / 4;
    this.#mean += (sample - this.#mean) / 8;
  }
}
