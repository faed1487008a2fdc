/** A sample of a quantity. */
export class Samples {
  readonly #values: number[] = [];

  get count(): number {
    return this.#values.length;
  }

  add(value: number): void {
    this.#values.push(value);
  }

  /** The value at a share (0–1) of the sample in rising order; undefined without any. */
  quantile(share: number): number | undefined {
    const sorted = [...this.#values].sort((one, other) => one - other);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  }
}
