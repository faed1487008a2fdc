import type { ChunkKey } from '@p2ptv/protocol';

/** Chunks from the oldest to the newest that anything happens to, with some to spare. */
const WINDOW = 64;

/**
 * A whole number for each chunk, 0 where there is none. The newest chunks, where nearly all is asked and changed, lie
 * in an array; what is older, if it is there at all, in a map. Every link of thousands of peers in one process has one,
 * so it is small, and a look at it is a look at one place in memory.
 */
export class ChunkNumbers {
  /** The first chunk of the window; it only moves on. */
  #first = 0;
  /** By key modulo {@link WINDOW}. */
  readonly #window = new Array<number>(WINDOW).fill(0);
  /** All of them before the window. */
  #before: Map<ChunkKey, number> | undefined;
  #size = 0;

  /** Chunks with a number. */
  get size(): number {
    return this.#size;
  }

  get(key: ChunkKey): number {
    return key >= this.#first && key < this.#first + WINDOW ? (this.#window[key % WINDOW] ?? 0) : (this.#before?.get(key) ?? 0);
  }

  set(key: ChunkKey, value: number): void {
    const old = this.get(key);
    if (old === value) return;
    if (old === 0) this.#size++;
    if (value === 0) this.#size--;
    if (key >= this.#first + WINDOW) this.#moveTo(key - WINDOW + 1);
    if (key >= this.#first) this.#window[key % WINDOW] = value;
    else if (value === 0) this.#before?.delete(key);
    else (this.#before ??= new Map<ChunkKey, number>()).set(key, value);
  }

  /** Chunks with a number and their numbers, older ones first; they may be changed meanwhile. */
  *entries(): Generator<readonly [ChunkKey, number]> {
    if (this.#before) yield* this.#before;
    const first = this.#first;
    for (let key = first; key < first + WINDOW; key++) {
      const value = this.get(key as ChunkKey);
      if (value !== 0) yield [key as ChunkKey, value];
    }
  }

  #moveTo(first: number): void {
    for (let key = this.#first; key < Math.min(first, this.#first + WINDOW); key++) {
      const value = this.#window[key % WINDOW] ?? 0;
      if (value === 0) continue;
      (this.#before ??= new Map<ChunkKey, number>()).set(key as ChunkKey, value);
      this.#window[key % WINDOW] = 0;
    }
    this.#first = first;
  }
}
