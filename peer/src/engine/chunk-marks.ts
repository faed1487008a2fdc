import { chunkKey, chunkOfKey, LIMITS, renditionBit, type ChunkKey, type ChunkRef, type Holding, type RenditionId } from '@p2ptv/protocol';
import { ChunkRows } from './chunk-rows.js';
import { ToldHoldings } from './told-holdings.js';

/** Chunks of one neighbour that are remembered on its word: more than any window, bounded against a liar. */
const MAX_MARKS = LIMITS.headersPerAnswer * 8;

const HOLDING = 0b11;
const INCOMING = 1;
const COMPLETE = 2;
/** Both have the header: later news are six bytes. */
const SHARED = 1 << 2;
/** We asked it for the chunk, or it may push it: its blocks of others are unsolicited. */
const SOLICITED = 1 << 3;
/** It refused the chunk or was too slow with it. */
const FAILED = 1 << 4;
/** It was told to send no more of it. */
const STOPPED = 1 << 5;
/** What comes of our own doing, and a neighbour cannot make grow. */
const OWN = SOLICITED | FAILED | STOPPED;
const SERVED_SHIFT = 6;

/** True where a row of marks says of a neighbour that it has the chunk, or is getting it. */
export function isHolder(row: readonly number[] | undefined, place: number): boolean {
  return ((row?.[place] ?? 0) & HOLDING) !== 0;
}

/** True where it says that both have the chunk's header. */
export function isInformed(row: readonly number[] | undefined, place: number): boolean {
  return ((row?.[place] ?? 0) & SHARED) !== 0;
}

/** What is known of one neighbour and each chunk of the window: a small number a chunk, for thousands of peers in one process. */
export class ChunkMarks {
  #rows: ChunkRows;
  #place: number;
  /** Undefined until it tells of a recording. */
  #told: ToldHoldings | undefined;

  /** @param rows all neighbours' marks, these ones at `place` */
  constructor(rows = new ChunkRows(), place = 0) {
    this.#rows = rows;
    this.#place = place;
  }

  /** The neighbour's number among those that are there, in the order in which they came. */
  get place(): number {
    return this.#place;
  }

  /** A neighbour that came before this one has gone. */
  moveUp(): void {
    this.#place--;
  }

  /** The neighbour has gone, and its place with it. */
  detach(): void {
    this.#rows = new ChunkRows();
    this.#place = 0;
  }

  /** Chunks with any mark. */
  get size(): number {
    return this.#rows.size(this.#place);
  }

  /** What it said that it has. */
  holding(key: ChunkKey): Holding {
    const holding = this.#get(key) & HOLDING;
    if (holding === COMPLETE || this.#told?.has(key)) return 'complete';
    return holding === INCOMING ? 'incoming' : 'none';
  }

  /** Notes what it says of many chunks at once. */
  tell(holdings: ChunkRef & { readonly bits: Uint8Array }): void {
    this.#rows.hasHoldings = true;
    this.#told ??= new ToldHoldings();
    this.#told.tell(holdings);
    // A single word about one of them is out of date now; that it is on its way may still be true.
    const first = chunkKey(holdings.rendition, holdings.sequence);
    for (let offset = 0; offset < 8 * holdings.bits.length; offset++) {
      const key = (first + offset) as ChunkKey;
      const holding = this.#get(key) & HOLDING;
      if (holding === COMPLETE || (holding === INCOMING && this.#told.has(key))) this.#set(key, this.#get(key) & ~HOLDING);
    }
  }

  /** Notes what it says; who has a chunk cannot take that back but by {@link lacks}. */
  holds(key: ChunkKey, holding: Exclude<Holding, 'none'>): void {
    const marks = this.#open(key);
    if ((marks & HOLDING) === COMPLETE) return;
    this.#set(key, (marks & ~HOLDING) | (holding === 'complete' ? COMPLETE : INCOMING));
  }

  /** It has not got the chunk after all. */
  lacks(key: ChunkKey): void {
    this.#set(key, this.#get(key) & ~HOLDING);
    this.#told?.lacks(key);
  }

  isShared(key: ChunkKey): boolean {
    return this.#has(key, SHARED);
  }

  share(key: ChunkKey): void {
    this.#set(key, this.#open(key) | SHARED);
  }

  isSolicited(key: ChunkKey): boolean {
    return this.#has(key, SOLICITED);
  }

  solicit(key: ChunkKey): void {
    this.#set(key, this.#get(key) | SOLICITED);
  }

  hasFailed(key: ChunkKey): boolean {
    return this.#has(key, FAILED);
  }

  fail(key: ChunkKey): void {
    this.#set(key, this.#get(key) | FAILED);
  }

  isStopped(key: ChunkKey): boolean {
    return this.#has(key, STOPPED);
  }

  stop(key: ChunkKey): void {
    this.#set(key, this.#get(key) | STOPPED);
  }

  /** It is asked for the chunk: what it sends is wanted again. */
  resume(key: ChunkKey): void {
    this.#set(key, this.#get(key) & ~STOPPED);
  }

  /** Blocks of the chunk that it was sent. */
  servedBlocks(key: ChunkKey): number {
    return this.#get(key) >> SERVED_SHIFT;
  }

  serve(key: ChunkKey): void {
    this.#set(key, this.#get(key) + (1 << SERVED_SHIFT));
  }

  forget(key: ChunkKey): void {
    this.#set(key, 0);
  }

  /** Forgets all chunks of a rendition. */
  forgetRendition(rendition: RenditionId): void {
    for (const [key] of this.#rows.entries(this.#place)) if (chunkOfKey(key).rendition === rendition) this.#set(key, 0);
  }

  /** It has neither headers nor chunks any more of the renditions in a set. */
  unshare(renditions: number): void {
    if (renditions === 0) return;
    for (const [key, marks] of this.#rows.entries(this.#place)) {
      if ((renditions & renditionBit(chunkOfKey(key).rendition)) !== 0) this.#set(key, marks & ~(SHARED | HOLDING));
    }
  }

  #get(key: ChunkKey): number {
    return this.#rows.get(key, this.#place);
  }

  #set(key: ChunkKey, marks: number): void {
    this.#rows.set(key, this.#place, marks);
  }

  #has(key: ChunkKey, mark: number): boolean {
    return (this.#get(key) & mark) !== 0;
  }

  /** The marks of a chunk that the neighbour speaks of; makes room for it where there are too many. */
  #open(key: ChunkKey): number {
    const marks = this.#get(key);
    if (marks !== 0) return marks;
    if (this.size >= MAX_MARKS) this.#dropOldest();
    return 0;
  }

  #dropOldest(): void {
    for (const [key, marks] of this.#rows.entries(this.#place)) {
      if ((marks & OWN) !== 0 || marks >> SERVED_SHIFT > 0) continue;
      this.#set(key, 0);
      return;
    }
  }
}
