import { randomInteger, shuffled, type Random } from '@p2ptv/protocol';

/** Items looked at one by one. Bounds what a join costs in a crowd where nearly all have their links. */
const MAX_WALKED = 512;

/** Up to so many items, one is found by looking at all. */
const MAX_UNPLACED = 8;

/** A set that can be drawn from at random without walking it. */
export class SamplingSet<Item> {
  readonly #items: Item[] = [];
  /** Where each item is, once it takes long to look for it. Most networks have a member or two. */
  #places: Map<Item, number> | undefined;

  get size(): number {
    return this.#items.length;
  }

  has(item: Item): boolean {
    return this.#placeOf(item) !== undefined;
  }

  add(item: Item): void {
    if (this.has(item)) return;
    this.#items.push(item);
    if (this.#places) this.#places.set(item, this.#items.length - 1);
    else if (this.#items.length > MAX_UNPLACED) this.#places = new Map(this.#items.map((placed, place) => [placed, place]));
  }

  delete(item: Item): void {
    const place = this.#placeOf(item);
    if (place === undefined) return;
    this.#places?.delete(item);
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#items[place] = last;
    this.#places?.set(last, place);
  }

  #placeOf(item: Item): number | undefined {
    if (this.#places) return this.#places.get(item);
    const place = this.#items.indexOf(item);
    return place < 0 ? undefined : place;
  }

  [Symbol.iterator](): Iterator<Item> {
    return this.#items[Symbol.iterator]();
  }

  /**
   * Up to `count` different items, drawn uniformly from those that `isWanted` accepts. In a large set
   * where few are wanted it may find fewer than there are: it looks at so many and no more.
   */
  sample(count: number, random: Random, isWanted: (item: Item) => boolean): Item[] {
    // Drawing with rejection is cheap while hits are likely; afterwards a walk finds what is left.
    const drawn: Item[] = [];
    if (this.#items.length > count * 4) {
      for (let attempt = 0; attempt < count * 4 && drawn.length < count; attempt++) {
        const item = this.#items[randomInteger(random, this.#items.length)];
        if (item !== undefined && isWanted(item) && !drawn.includes(item)) drawn.push(item);
      }
    }
    if (drawn.length < count) {
      const rest = this.#walked(random).filter((item) => !drawn.includes(item) && isWanted(item));
      for (const item of shuffled(rest, random).slice(0, count - drawn.length)) drawn.push(item);
    }
    return drawn;
  }

  /** All items of a small set, a stretch of a large one. */
  #walked(random: Random): readonly Item[] {
    if (this.#items.length <= MAX_WALKED) return this.#items;
    const start = randomInteger(random, this.#items.length);
    const stretch = this.#items.slice(start, start + MAX_WALKED);
    return stretch.concat(this.#items.slice(0, MAX_WALKED - stretch.length));
  }
}
