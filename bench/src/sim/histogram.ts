/** Counts of times in bins of one millisecond: exact quantiles of any number of samples in little memory. */
export class Histogram {
  readonly #bins: Uint32Array;
  #count = 0;

  /** @param maxMs samples beyond are counted, but not told apart */
  constructor(maxMs = 30_000) {
    this.#bins = new Uint32Array(maxMs);
  }

  get count(): number {
    return this.#count;
  }

  add(valueMs: number): void {
    this.#count++;
    const bin = Math.max(0, Math.floor(valueMs));
    if (bin < this.#bins.length) this.#bins[bin] = (this.#bins[bin] ?? 0) + 1;
  }

  /** The value below which a share of the samples lies, to the millisecond; 0 without samples, the largest bin for what lies beyond. */
  quantile(ratio: number): number {
    if (this.#count === 0) return 0;
    const rank = ratio * this.#count;
    let below = 0;
    for (let bin = 0; bin < this.#bins.length; bin++) {
      const count = this.#bins[bin] ?? 0;
      if (count > 0 && below + count >= rank) return bin + (rank - below) / count;
      below += count;
    }
    return this.#bins.length;
  }

  /** How many samples are below a value. */
  countBelow(valueMs: number): number {
    let below = 0;
    for (let bin = 0; bin < Math.min(valueMs, this.#bins.length); bin++) below += this.#bins[bin] ?? 0;
    return below;
  }
}
