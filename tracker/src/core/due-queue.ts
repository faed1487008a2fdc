/** An item's place among those that wait. */
type Place<Item> = {
  readonly item: Item;
  touchedAtMs: number;
  before: Place<Item> | undefined;
  after: Place<Item> | undefined;
};

/**
 * What is due a fixed time after it was last touched, oldest first. Because the delay is the same
 * for all, order of touching is order of falling due: every operation costs the same however many
 * wait, and to touch again what waits makes no garbage.
 */
export class DueQueue<Item> {
  readonly #places = new Map<Item, Place<Item>>();
  readonly #delayMs: number;
  #oldest: Place<Item> | undefined;
  #newest: Place<Item> | undefined;

  /** @param delayMs from the last touch until an item is due */
  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  /** When the first item falls due; undefined when none waits. */
  get nextMs(): number | undefined {
    return this.#oldest && this.#oldest.touchedAtMs + this.#delayMs;
  }

  /** Adds an item, or starts its delay again. */
  touch(item: Item, nowMs: number): void {
    let place = this.#places.get(item);
    if (place) {
      this.#unlink(place);
      place.touchedAtMs = nowMs;
    } else {
      place = { item, touchedAtMs: nowMs, before: undefined, after: undefined };
      this.#places.set(item, place);
    }
    place.before = this.#newest;
    if (this.#newest) this.#newest.after = place;
    else this.#oldest = place;
    this.#newest = place;
  }

  delete(item: Item): void {
    const place = this.#places.get(item);
    if (!place) return;
    this.#places.delete(item);
    this.#unlink(place);
  }

  /** Removes and returns what is due. */
  takeDue(nowMs: number): Item[] {
    const due: Item[] = [];
    for (let place = this.#oldest; place && place.touchedAtMs + this.#delayMs <= nowMs; place = this.#oldest) {
      due.push(place.item);
      this.delete(place.item);
    }
    return due;
  }

  #unlink(place: Place<Item>): void {
    const { before, after } = place;
    if (before) before.after = after;
    else this.#oldest = after;
    if (after) after.before = before;
    else this.#newest = before;
    place.before = undefined;
    place.after = undefined;
  }
}
