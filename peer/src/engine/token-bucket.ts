/**
 * Holds what is sent below a rate over every window of two seconds: it refills at four fifths of
 * the cap and holds a fifth of two seconds' worth, so that any two seconds see at most
 * .4 + 2 × .8 = 2 seconds' worth. What must go out at once may overdraw it by the reserve, which
 * everything else leaves in it. It begins empty, so that no number of new buckets makes more.
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
    this.#bytes = 0;
    this.#filledAtMs = nowMs;
  }

  /** Takes bytes that go out whether or not there is room: control messages. */
  spend(nowMs: number, bytes: number): void {
    this.#fill(nowMs);
    this.#bytes -= bytes;
  }

  /** What was taken beyond what there was, bytes; a bucket that follows begins with it. */
  debtBytes(nowMs: number): number {
    this.#fill(nowMs);
    return Math.max(0, -this.#bytes);
  }

  /** Milliseconds until that many bytes may go and leave the reserve; 0 = now, Infinity = they never fit. */
  waitMs(nowMs: number, bytes: number): number {
    this.#fill(nowMs);
    const neededBytes = bytes + RESERVE_BYTES;
    if (this.#bytes >= neededBytes) return 0;
    return neededBytes > this.#depthBytes ? Infinity : (neededBytes - this.#bytes) / this.#bytesPerMs;
  }

  #fill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#filledAtMs);
    this.#bytes = Math.min(this.#depthBytes, this.#bytes + elapsedMs * this.#bytesPerMs);
    this.#filledAtMs = nowMs;
  }
}

/** For control messages that cannot wait: pings and statuses to all links, requests, a HELLO to each of a dozen. */
const RESERVE_BYTES = 3_000;

/** The lowest cap, bits a second: below it a bucket could not hold one block, its frame and the reserve. */
export const MIN_UPLOAD_CAP_BITS_PER_SECOND = 400_000;
