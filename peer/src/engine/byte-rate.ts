const SLOT_MS = 250;
const SLOTS = 8;

/** Bytes a second over the last two seconds, in slots of 250 ms. */
export class ByteRate {
  readonly #slots = new Array<number>(SLOTS).fill(0);
  #newestSlot = 0;

  add(nowMs: number, bytes: number): void {
    this.#advance(nowMs);
    const index = this.#newestSlot % SLOTS;
    this.#slots[index] = (this.#slots[index] ?? 0) + bytes;
  }

  bitsPerSecond(nowMs: number): number {
    this.#advance(nowMs);
    const bytes = this.#slots.reduce((sum, slot) => sum + slot, 0);
    return (bytes * 8 * 1000) / (SLOT_MS * SLOTS);
  }

  #advance(nowMs: number): void {
    const slot = Math.floor(nowMs / SLOT_MS);
    const steps = Math.min(SLOTS, slot - this.#newestSlot);
    for (let step = 1; step <= steps; step++) this.#slots[(this.#newestSlot + step) % SLOTS] = 0;
    if (slot > this.#newestSlot) {
      // Slots are numbered by time, so those skipped beyond the ring were cleared with it.
      if (slot - this.#newestSlot >= SLOTS) this.#slots.fill(0);
      this.#newestSlot = slot;
    }
  }
}
