import type { ChunkKey } from '@p2ptv/protocol';

/** Chunks from the oldest to the newest that anything happens to, with some to spare. */
const WINDOW = 64;
const NO_KEY = -1;

type Row = number[];

/**
 * A whole number for each chunk and each neighbour, 0 where there is none. All neighbours' numbers of a chunk lie side by
 * side: news of a chunk and the search for a source touch one row, and not a place in memory for each neighbour. There are
 * thousands of peers in one process, and what an input touches is what it costs. The newest chunks' rows are found by
 * their sequence; what is older, or named by a liar far ahead, is in a map.
 *
 * A neighbour's place is its number among those that are there, in the order in which they came.
 */
export class ChunkRows {
  /** By key modulo {@link WINDOW}: whose row it is. */
  readonly #keys = new Array<number>(WINDOW).fill(NO_KEY);
  readonly #rows = new Array<Row | undefined>(WINDOW).fill(undefined);
  /** Rows whose place above another chunk has. */
  readonly #others = new Map<ChunkKey, Row>();
  /** By place: chunks with a number. */
  readonly #sizes: number[] = [];
  /** A neighbour has told of chunks by HOLDINGS, which are not kept here. */
  hasHoldings = false;

  /** Chunks with a number of a neighbour. */
  size(place: number): number {
    return this.#sizes[place] ?? 0;
  }

  /** All neighbours' numbers of a chunk by their places, as far as there are any. */
  row(key: ChunkKey): readonly number[] | undefined {
    return this.#find(key);
  }

  get(key: ChunkKey, place: number): number {
    return this.#find(key)?.[place] ?? 0;
  }

  set(key: ChunkKey, place: number, value: number): void {
    let row = this.#find(key);
    const old = row?.[place] ?? 0;
    if (old === value) return;
    row ??= this.#open(key);
    while (row.length < place) row.push(0);
    row[place] = value;
    if (old === 0) this.#sizes[place] = this.size(place) + 1;
    if (value !== 0) return;
    this.#sizes[place] = this.size(place) - 1;
    if (row.every(isNone)) this.#others.delete(key);
  }

  /** No neighbour has a number for the chunk any more. */
  drop(key: ChunkKey): void {
    const row = this.#find(key);
    if (!row) return;
    for (let place = 0; place < row.length; place++) {
      if (row[place] !== 0) this.#sizes[place] = this.size(place) - 1;
    }
    row.length = 0;
    this.#others.delete(key);
  }

  /** A neighbour has gone; those after it move up. */
  removePlace(place: number): void {
    for (const row of this.#rows) if (row && place < row.length) row.splice(place, 1);
    for (const [key, row] of this.#others) {
      if (place < row.length) row.splice(place, 1);
      if (row.every(isNone)) this.#others.delete(key);
    }
    this.#sizes.splice(place, 1);
  }

  /** A neighbour's chunks with a number and their numbers, older ones first; they may be changed meanwhile. */
  *entries(place: number): Generator<readonly [ChunkKey, number]> {
    const newest = this.#keys.filter((key) => key !== NO_KEY).sort((left, right) => left - right) as ChunkKey[];
    for (const key of [...this.#others.keys(), ...newest]) {
      const value = this.get(key, place);
      if (value !== 0) yield [key, value];
    }
  }

  #find(key: ChunkKey): Row | undefined {
    const index = key % WINDOW;
    if (this.#keys[index] === key) return this.#rows[index];
    return this.#others.size === 0 ? undefined : this.#others.get(key);
  }

  #open(key: ChunkKey): Row {
    const index = key % WINDOW;
    const before = this.#keys[index] ?? NO_KEY;
    let row = this.#rows[index];
    if (before > key && row && !row.every(isNone)) {
      const other: Row = [];
      this.#others.set(key, other);
      return other;
    }
    if (!row || !row.every(isNone)) {
      if (row) this.#others.set(before as ChunkKey, row);
      row = this.#rows[index] = [];
    }
    row.length = 0;
    this.#keys[index] = key;
    return row;
  }
}

function isNone(value: number): boolean {
  return value === 0;
}
