const SLOT_MS = 250;
const SLOTS = 8;

/** Bytes a second over the last two seconds, in slots of 250 ms. */
export class ByteRate {
  /** Undefined until bytes come: most neighbours neither send nor are sent much. */
  #slots: number[] | undefined;
  #newestSlot = 0;

  add(nowMs: number, bytes: number): void {
    const slots = (this.#slots ??= new Array<number>(SLOTS).fill(0));
    this.#advance(nowMs, slots);
    const index = this.#newestSlot % SLOTS;
    slots[index] = (slots[index] ?? 0) + bytes;
  }

  bitsPerSecond(nowMs: number): number {
    if (!this.#slots) return 0;
    this.#advance(nowMs, this.#slots);
    const bytes = this.#slots.reduce((sum, slot) => sum + slot, 0);
    return (bytes * 8 * 1000) / (SLOT_MS * SLOTS);
  }

  #advance(nowMs: number, slots: number[]): void {
    const slot = Math.floor(nowMs / SLOT_MS);
    const steps = Math.min(SLOTS, slot - this.#newestSlot);
    for (let step = 1; step <= steps; step++) slots[(this.#newestSlot + step) % SLOTS] = 0;
    if (slot > this.#newestSlot) {
      // Slots are numbered by time, so those skipped beyond the ring were cleared with it.
      if (slot - this.#newestSlot >= SLOTS) slots.fill(0);
      this.#newestSlot = slot;
    }
  }
}
