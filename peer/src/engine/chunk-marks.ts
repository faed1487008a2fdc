import { chunkKey, chunkOfKey, LIMITS, renditionBit, type ChunkKey, type ChunkRef, type Holding, type RenditionId } from '@p2ptv/protocol';
import { ChunkNumbers } from './chunk-numbers.js';
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

/** What is known of one neighbour and each chunk of the window: a small number a chunk, for thousands of peers in one process. */
export class ChunkMarks {
  readonly #marks = new ChunkNumbers();
  readonly #told = new ToldHoldings();

  /** Chunks with any mark. */
  get size(): number {
    return this.#marks.size;
  }

  /** What it said that it has. */
  holding(key: ChunkKey): Holding {
    const holding = this.#marks.get(key) & HOLDING;
    if (holding === COMPLETE || this.#told.has(key)) return 'complete';
    return holding === INCOMING ? 'incoming' : 'none';
  }

  /** Notes what it says of many chunks at once. */
  tell(holdings: ChunkRef & { readonly bits: Uint8Array }): void {
    this.#told.tell(holdings);
    // A single word about one of them is out of date now; that it is on its way may still be true.
    const first = chunkKey(holdings.rendition, holdings.sequence);
    for (let offset = 0; offset < 8 * holdings.bits.length; offset++) {
      const key = (first + offset) as ChunkKey;
      const holding = this.#marks.get(key) & HOLDING;
      if (holding === COMPLETE || (holding === INCOMING && this.#told.has(key))) this.#marks.set(key, this.#marks.get(key) & ~HOLDING);
    }
  }

  /** Notes what it says; who has a chunk cannot take that back but by {@link lacks}. */
  holds(key: ChunkKey, holding: Exclude<Holding, 'none'>): void {
    const marks = this.#open(key);
    if ((marks & HOLDING) === COMPLETE) return;
    this.#marks.set(key, (marks & ~HOLDING) | (holding === 'complete' ? COMPLETE : INCOMING));
  }

  /** It has not got the chunk after all. */
  lacks(key: ChunkKey): void {
    this.#marks.set(key, this.#marks.get(key) & ~HOLDING);
    this.#told.lacks(key);
  }

  isShared(key: ChunkKey): boolean {
    return this.#has(key, SHARED);
  }

  share(key: ChunkKey): void {
    this.#marks.set(key, this.#open(key) | SHARED);
  }

  isSolicited(key: ChunkKey): boolean {
    return this.#has(key, SOLICITED);
  }

  solicit(key: ChunkKey): void {
    this.#marks.set(key, this.#marks.get(key) | SOLICITED);
  }

  hasFailed(key: ChunkKey): boolean {
    return this.#has(key, FAILED);
  }

  fail(key: ChunkKey): void {
    this.#marks.set(key, this.#marks.get(key) | FAILED);
  }

  isStopped(key: ChunkKey): boolean {
    return this.#has(key, STOPPED);
  }

  stop(key: ChunkKey): void {
    this.#marks.set(key, this.#marks.get(key) | STOPPED);
  }

  /** It is asked for the chunk: what it sends is wanted again. */
  resume(key: ChunkKey): void {
    this.#marks.set(key, this.#marks.get(key) & ~STOPPED);
  }

  /** Blocks of the chunk that it was sent. */
  servedBlocks(key: ChunkKey): number {
    return this.#marks.get(key) >> SERVED_SHIFT;
  }

  serve(key: ChunkKey): void {
    this.#marks.set(key, this.#marks.get(key) + (1 << SERVED_SHIFT));
  }

  forget(key: ChunkKey): void {
    this.#marks.set(key, 0);
  }

  /** Forgets all chunks of a rendition. */
  forgetRendition(rendition: RenditionId): void {
    for (const [key] of this.#marks.entries()) if (chunkOfKey(key).rendition === rendition) this.#marks.set(key, 0);
  }

  /** It has neither headers nor chunks any more of the renditions in a set. */
  unshare(renditions: number): void {
    if (renditions === 0) return;
    for (const [key, marks] of this.#marks.entries()) {
      if ((renditions & renditionBit(chunkOfKey(key).rendition)) !== 0) this.#marks.set(key, marks & ~(SHARED | HOLDING));
    }
  }

  #has(key: ChunkKey, mark: number): boolean {
    return (this.#marks.get(key) & mark) !== 0;
  }

  /** The marks of a chunk that the neighbour speaks of; makes room for it where there are too many. */
  #open(key: ChunkKey): number {
    const marks = this.#marks.get(key);
    if (marks !== 0) return marks;
    if (this.#marks.size >= MAX_MARKS) this.#dropOldest();
    return 0;
  }

  #dropOldest(): void {
    for (const [key, marks] of this.#marks.entries()) {
      if ((marks & OWN) !== 0 || marks >> SERVED_SHIFT > 0) continue;
      this.#marks.set(key, 0);
      return;
    }
  }
}
