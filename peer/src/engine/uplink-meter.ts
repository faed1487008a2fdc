/** Shortest busy time that a rate is taken from, ms: below it timers and bursts say more than the uplink. */
const LEAST_BUSY_MS = 50;
/** The largest rate seen counts for this long, ms; then the largest of what was seen since. */
const WINDOW_MS = 10_000;

/**
 * Finds out what the uplink carries from how fast full send buffers drain: between two drains of a
 * link that was kept busy, what was handed over and is not in a buffer any more has left. Keeps the largest rate of the
 * last 10 to 20 s, as BBR keeps its bottleneck bandwidth (Cardwell et al., ACM Queue 14(5), 2016).
 */
export class UplinkMeter {
  #sinceMs = -Infinity;
  #handedBytes = 0;
  /** What the buffers held when the measuring began. */
  #bufferedBytes = 0;
  #largest = 0;
  #largestBefore = 0;
  #windowEndMs = -Infinity;

  /** The capacity as far as it was seen, bits a second; 0 = never busy yet. */
  get bitsPerSecond(): number {
    return Math.max(this.#largest, this.#largestBefore);
  }

  /** Bytes were handed to links. */
  handed(bytes: number): void {
    this.#handedBytes += bytes;
  }

  /** Looks at the buffers: as long as they hold something, the uplink has been busy since the last look. */
  observe(nowMs: number, { isBusy, bufferedBytes }: { readonly isBusy: boolean; readonly bufferedBytes: number }): void {
    const elapsedMs = nowMs - this.#sinceMs;
    const hasBeenBusy = bufferedBytes > 0 && Number.isFinite(elapsedMs);
    if (hasBeenBusy && elapsedMs < LEAST_BUSY_MS) return;
    if (hasBeenBusy) {
      const sentBytes = this.#handedBytes + this.#bufferedBytes - bufferedBytes;
      this.#take(nowMs, (Math.max(0, sentBytes) * 8000) / elapsedMs);
    }
    this.#sinceMs = isBusy || bufferedBytes > 0 ? nowMs : -Infinity;
    this.#handedBytes = 0;
    this.#bufferedBytes = bufferedBytes;
  }

  #take(nowMs: number, bitsPerSecond: number): void {
    if (nowMs >= this.#windowEndMs) {
      this.#largestBefore = nowMs < this.#windowEndMs + WINDOW_MS ? this.#largest : 0;
      this.#largest = 0;
      this.#windowEndMs = nowMs + WINDOW_MS;
    }
    this.#largest = Math.max(this.#largest, bitsPerSecond);
  }
}
