/** How far apart two 16-bit numbers are, the shorter way round: positive when `to` is the newer. */
export function sequenceDistance(from: number, to: number): number {
  return ((to - from + 0x8000) & 0xffff) - 0x8000;
}

/** Makes counters that wrap around at a power of two into ones that don't. */
export class Unwrapper {
  readonly #period: number;
  #last: number | undefined;

  /** @param bits of the counter, up to 32 */
  constructor(bits: number) {
    this.#period = 2 ** bits;
  }

  /** The value nearest to the one before; the first one is taken as it is. */
  unwrap(value: number): number {
    if (this.#last === undefined) {
      this.#last = value;
      return value;
    }
    const half = this.#period / 2;
    const base = this.#last;
    const distance = ((((value - base + half) % this.#period) + this.#period) % this.#period) - half;
    this.#last = base + distance;
    return this.#last;
  }
}
