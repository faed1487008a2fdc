/** Length of a stretch, and of the slots that it is made of, ms. */
const SLOT_MS = 50;
const SLOTS_PER_STRETCH = 4;
const SECONDS = 10;

/** The most that came within any 200 ms of the last 10 s: what a line has shown that it can carry, at least. */
export class PeakRate {
  readonly #slots = new Array<number>(SLOTS_PER_STRETCH).fill(0);
  /** The largest sum of a stretch, by the second in which it ended. */
  readonly #peaks = new Array<number>(SECONDS).fill(0);
  #slot = 0;
  #second = 0;

  add(nowMs: number, bytes: number): void {
    this.#advance(nowMs);
    const index = this.#slot % SLOTS_PER_STRETCH;
    this.#slots[index] = (this.#slots[index] ?? 0) + bytes;
    const sum = this.#slots.reduce((total, slot) => total + slot, 0);
    const second = this.#second % SECONDS;
    this.#peaks[second] = Math.max(this.#peaks[second] ?? 0, sum);
  }

  /**
   * @param leastBytes what may have begun to come before the stretch did: a block
   */
  bitsPerSecond(nowMs: number, leastBytes: number): number {
    this.#advance(nowMs);
    const bytes = Math.max(...this.#peaks) - leastBytes;
    return Math.max(0, (bytes * 8_000) / (SLOT_MS * SLOTS_PER_STRETCH));
  }

  /** Forgets what came so far. */
  clear(): void {
    this.#slots.fill(0);
    this.#peaks.fill(0);
  }

  #advance(nowMs: number): void {
    this.#slot = turned(this.#slots, this.#slot, Math.floor(nowMs / SLOT_MS));
    this.#second = turned(this.#peaks, this.#second, Math.floor(nowMs / 1_000));
  }
}

/** Clears the places of a ring that lie between two turns; returns the later one. */
function turned(ring: number[], from: number, to: number): number {
  for (let at = Math.max(from, to - ring.length) + 1; at <= to; at++) ring[at % ring.length] = 0;
  return Math.max(from, to);
}
