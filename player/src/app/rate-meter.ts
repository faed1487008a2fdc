/** Weight of a new reading, at two readings a second. */
const WEIGHT = 0.4;

/** Turns a growing byte total into a smoothed bit rate. */
export class RateMeter {
  #last: { readonly bytes: number; readonly atMs: number } | undefined;
  #bitsPerSecond = 0;

  /** Takes a reading of the total; returns the rate, bits a second. */
  read(bytes: number, nowMs: number): number {
    const last = this.#last;
    this.#last = { bytes, atMs: nowMs };
    if (!last || nowMs <= last.atMs) return this.#bitsPerSecond;
    const rate = ((bytes - last.bytes) * 8000) / (nowMs - last.atMs);
    this.#bitsPerSecond += (rate - this.#bitsPerSecond) * WEIGHT;
    return this.#bitsPerSecond;
  }
}
