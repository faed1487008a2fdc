/** Lets a rate pass and a burst above it; what is beyond is refused, not queued. Starts full. */
export class RateGate {
  readonly #perMs: number;
  readonly #burst: number;
  #left: number;
  #filledAtMs: number;

  /** @param limit both > 0, in whatever unit {@link take} counts */
  constructor(nowMs: number, limit: { readonly perSecond: number; readonly burst: number }) {
    this.#perMs = limit.perSecond / 1_000;
    this.#burst = limit.burst;
    this.#left = limit.burst;
    this.#filledAtMs = nowMs;
  }

  /** True if so much more may pass; it has passed then. */
  take(nowMs: number, amount: number): boolean {
    this.#left = Math.min(this.#burst, this.#left + Math.max(0, nowMs - this.#filledAtMs) * this.#perMs);
    this.#filledAtMs = nowMs;
    if (this.#left < amount) return false;
    this.#left -= amount;
    return true;
  }
}
