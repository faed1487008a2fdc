/** By which part of itself a crowd may grow in a second: each newcomer takes for a while before it gives. */
const GROWTH_RATIO = 1;

/** How many newcomers may be left to the peers of a stream, as a token bucket that fills with their number. */
export class CrowdGrowth {
  #newcomers = Infinity;
  #atMs = 0;

  /**
   * Lets a newcomer in, or not yet.
   *
   * @param viewers who watch, and can feed it
   * @returns 0: it is in; else how long until the next one may come, ms
   */
  admit(nowMs: number, viewers: number): number {
    const perMs = (Math.max(1, viewers) * GROWTH_RATIO) / 1_000;
    const most = Math.max(1, perMs * 1_000);
    this.#newcomers = Math.min(most, this.#newcomers + (nowMs - this.#atMs) * perMs);
    this.#atMs = nowMs;
    if (this.#newcomers < 1) return (1 - this.#newcomers) / perMs;
    this.#newcomers--;
    return 0;
  }
}
