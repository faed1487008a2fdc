/**
 * Holds what is sent below a rate over every window of two seconds: it refills at four fifths of
 * the cap and holds a fifth of two seconds' worth, so that any two seconds see at most
 * .4 + 2 × .8 = 2 seconds' worth.
 */
export class TokenBucket {
  readonly #bytesPerMs: number;
  readonly #depthBytes: number;
  #bytes: number;
  #filledAtMs: number;

  /** @param capBitsPerSecond > 0 */
  constructor(capBitsPerSecond: number, nowMs: number) {
    const capBytesPerMs = capBitsPerSecond / 8000;
    this.#bytesPerMs = capBytesPerMs * 0.8;
    this.#depthBytes = capBytesPerMs * 400;
    this.#bytes = this.#depthBytes;
    this.#filledAtMs = nowMs;
  }

  /** Takes bytes that go out whether or not there is room: control messages. */
  spend(nowMs: number, bytes: number): void {
    this.#fill(nowMs);
    this.#bytes -= bytes;
  }

  /** Milliseconds until that many bytes may go; 0 = now, Infinity = they never fit. */
  waitMs(nowMs: number, bytes: number): number {
    this.#fill(nowMs);
    if (this.#bytes >= bytes) return 0;
    return bytes > this.#depthBytes ? Infinity : (bytes - this.#bytes) / this.#bytesPerMs;
  }

  #fill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#filledAtMs);
    this.#bytes = Math.min(this.#depthBytes, this.#bytes + elapsedMs * this.#bytesPerMs);
    this.#filledAtMs = nowMs;
  }
}

/** The lowest cap, bits a second: below it a bucket could not hold one block and its frame. */
export const MIN_UPLOAD_CAP_BITS_PER_SECOND = 400_000;
