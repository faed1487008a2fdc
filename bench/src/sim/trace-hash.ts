/**
 * A rolling fingerprint of all that happened on the network: 64 bits, MurmurHash3's mixing over two
 * lanes. It tells two runs apart, and is no protection against anybody.
 */
export class TraceHash {
  #low = 0x9747b28c;
  #high = 0x3c6ef372;

  /** Takes in one event: numbers that say who did it, and what. */
  note(atMs: number, who: number, what: number): void {
    // Microseconds: finer differences are rounding.
    const micros = Math.round(atMs * 1000);
    this.#mix(micros | 0, (micros / 0x1_0000_0000) | 0);
    this.#mix(who, what);
  }

  get hex(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #mix(one: number, other: number): void {
    let low = this.#low ^ Math.imul(rotate(Math.imul(one, 0xcc9e2d51), 15), 0x1b873593);
    low = (Math.imul(rotate(low, 13), 5) + 0xe6546b64) | 0;
    let high = this.#high ^ Math.imul(rotate(Math.imul(other ^ low, 0x239b961b), 16), 0xab0e9789);
    high = (Math.imul(rotate(high, 17), 5) + 0x561ccd1b) | 0;
    this.#low = low;
    this.#high = high;
  }
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
