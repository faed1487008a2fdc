import { randomInteger, shuffled, type Random } from '@p2ptv/protocol';

/** Items looked at one by one. Bounds what a join costs in a crowd where nearly all have their links. */
const MAX_WALKED = 512;

/** A set that can be drawn from at random without walking it. */
export class SamplingSet<Item> {
  readonly #items: Item[] = [];
  readonly #places = new Map<Item, number>();

  get size(): number {
    return this.#items.length;
  }

  has(item: Item): boolean {
    return this.#places.has(item);
  }

  add(item: Item): void {
    if (this.#places.has(item)) return;
    this.#places.set(item, this.#items.length);
    this.#items.push(item);
  }

  delete(item: Item): void {
    const place = this.#places.get(item);
    if (place === undefined) return;
    this.#places.delete(item);
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#items[place] = last;
    this.#places.set(last, place);
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
    const drawn = new Set<Item>();
    if (this.#items.length > count * 4) {
      for (let attempt = 0; attempt < count * 4 && drawn.size < count; attempt++) {
        const item = this.#items[randomInteger(random, this.#items.length)];
        if (item !== undefined && isWanted(item)) drawn.add(item);
      }
    }
    if (drawn.size < count) {
      const rest = this.#walked(random).filter((item) => !drawn.has(item) && isWanted(item));
      for (const item of shuffled(rest, random).slice(0, count - drawn.size)) drawn.add(item);
    }
    return [...drawn];
  }

  /** All items of a small set, a stretch of a large one. */
  #walked(random: Random): readonly Item[] {
    if (this.#items.length <= MAX_WALKED) return this.#items;
    const start = randomInteger(random, this.#items.length);
    const stretch = this.#items.slice(start, start + MAX_WALKED);
    return stretch.concat(this.#items.slice(0, MAX_WALKED - stretch.length));
  }
}
