/** Shortest busy time that a rate is taken from, ms: below it timers and bursts say more than the uplink. */
const LEAST_BUSY_MS = 50;
/** A busy time counts when the looks at its two ends were so many times closer. */
const LEAST_PRECISION = 8;
/** The largest rate seen counts for this long, ms; then the largest of what was seen since. */
const WINDOW_MS = 10_000;

/**
 * Finds out what the uplink carries from how fast full send buffers drain: what was handed over and is not in a buffer any
 * more has left. Some buffers shrink by whole messages, which take longer on a weak uplink than two looks are apart, so
 * time is taken from the look before something left to the look after: never too short. Keeps the
 * largest rate of the last 10 to 20 s, as BBR keeps its bottleneck bandwidth (Cardwell et al., ACM Queue 14(5), 2016).
 */
export class UplinkMeter {
  /** Busy since then at the latest; -Infinity: idle. */
  #sinceMs = -Infinity;
  /** How much sooner the first bytes counted may have begun to leave, ms. */
  #startGapMs = 0;
  #sentBytes = 0;
  #lookedAtMs = -Infinity;
  #handedBytes = 0;
  /** What the buffers held at the last look. */
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
    const leftBytes = Math.max(0, this.#handedBytes + this.#bufferedBytes - bufferedBytes);
    const gapMs = nowMs - this.#lookedAtMs;
    this.#sentBytes += leftBytes;
    this.#handedBytes = 0;
    this.#bufferedBytes = bufferedBytes;
    this.#lookedAtMs = nowMs;
    const elapsedMs = nowMs - this.#sinceMs;
    if (bufferedBytes === 0) {
      // All of it has left some time ago: no less than that.
      if (elapsedMs >= LEAST_BUSY_MS && Number.isFinite(elapsedMs)) this.#take(nowMs, elapsedMs);
      this.#begin(isBusy ? nowMs : -Infinity, 0);
      return;
    }
    if (leftBytes === 0 || !Number.isFinite(gapMs)) return;
    if (Number.isFinite(elapsedMs) && elapsedMs < Math.max(LEAST_BUSY_MS, LEAST_PRECISION * (this.#startGapMs + gapMs))) return;
    if (Number.isFinite(elapsedMs)) this.#take(nowMs, elapsedMs);
    this.#begin(nowMs - gapMs, gapMs);
  }

  #begin(sinceMs: number, gapMs: number): void {
    this.#sinceMs = sinceMs;
    this.#startGapMs = gapMs;
    this.#sentBytes = 0;
  }

  #take(nowMs: number, elapsedMs: number): void {
    const bitsPerSecond = (this.#sentBytes * 8000) / elapsedMs;
    if (nowMs >= this.#windowEndMs) {
      this.#largestBefore = nowMs < this.#windowEndMs + WINDOW_MS ? this.#largest : 0;
      this.#largest = 0;
      this.#windowEndMs = nowMs + WINDOW_MS;
    }
    this.#largest = Math.max(this.#largest, bitsPerSecond);
  }
}
