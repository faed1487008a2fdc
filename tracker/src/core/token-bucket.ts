/** A rate with room for bursts: tokens come back at a constant rate up to the capacity. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #capacity: number;
  #level: number;
  #atMs: number;

  /**
   * @param rate tokens a second, the most that can be saved up for a burst, and those there at once (default: full)
   * @param nowMs monotonic time
   */
  constructor(
    rate: { readonly perSecond: number; readonly capacity: number; readonly initialLevel?: number },
    nowMs: number,
  ) {
    this.#perSecond = rate.perSecond;
    this.#capacity = rate.capacity;
    this.#level = rate.initialLevel ?? rate.capacity;
    this.#atMs = nowMs;
  }

  /** Tokens there now. */
  level(nowMs: number): number {
    const elapsedSeconds = Math.max(0, nowMs - this.#atMs) / 1000;
    this.#level = Math.min(this.#capacity, this.#level + elapsedSeconds * this.#perSecond);
    this.#atMs = Math.max(this.#atMs, nowMs);
    return this.#level;
  }

  /** Takes tokens if there are that many; otherwise takes none and returns false. */
  take(count: number, nowMs: number): boolean {
    if (this.level(nowMs) < count) return false;
    this.#level -= count;
    return true;
  }

  /** Takes up to `count` tokens and returns how many. */
  takeUpTo(count: number, nowMs: number): number {
    const taken = Math.min(count, this.level(nowMs));
    this.#level -= taken;
    return taken;
  }

  /** Time until that many tokens are there, ms; 0 when they are. */
  waitMs(count: number, nowMs: number): number {
    return Math.ceil((Math.max(0, count - this.level(nowMs)) / this.#perSecond) * 1000);
  }

  /** True when nothing is missing: forgetting such a bucket changes nothing. */
  isFull(nowMs: number): boolean {
    return this.level(nowMs) >= this.#capacity;
  }
}
