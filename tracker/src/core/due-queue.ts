/**
 * What is due a fixed time after it was last touched, oldest first. Because the delay is the same
 * for all, order of touching is order of falling due: every operation costs the same however many
 * wait.
 */
export class DueQueue<Item> {
  readonly #touchedAtMs = new Map<Item, number>();
  readonly #delayMs: number;

  /** @param delayMs from the last touch until an item is due */
  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  /** When the first item falls due; undefined when none waits. */
  get nextMs(): number | undefined {
    for (const touchedAtMs of this.#touchedAtMs.values()) return touchedAtMs + this.#delayMs;
    return undefined;
  }

  /** Adds an item, or starts its delay again. */
  touch(item: Item, nowMs: number): void {
    this.#touchedAtMs.delete(item);
    this.#touchedAtMs.set(item, nowMs);
  }

  delete(item: Item): void {
    this.#touchedAtMs.delete(item);
  }

  /** Removes and returns what is due. */
  takeDue(nowMs: number): Item[] {
    const due: Item[] = [];
    for (const [item, touchedAtMs] of this.#touchedAtMs) {
      if (touchedAtMs + this.#delayMs > nowMs) break;
      due.push(item);
    }
    for (const item of due) this.#touchedAtMs.delete(item);
    return due;
  }
}
