import { chunkOfKey, LIMITS, type ChunkKey, type ChunkRef } from '@p2ptv/protocol';

/** Chunks of one page. */
const PAGE_CHUNKS = 256;
const MAX_PAGES = LIMITS.holdingsPerLink / PAGE_CHUNKS;
const PAGES_PER_RENDITION = 0x1_0000_0000 / PAGE_CHUNKS;

/** Which chunks a neighbour said that it has whole: a bit a chunk, so that much of a recording takes little memory. (SPEC IN18) */
export class ToldHoldings {
  /** By rendition and place, the one told of last at the end. */
  readonly #pages = new Map<number, Uint8Array>();

  /** Chunks for which there is memory. */
  get size(): number {
    return this.#pages.size * PAGE_CHUNKS;
  }

  has(key: ChunkKey): boolean {
    if (this.#pages.size === 0) return false;
    const { rendition, sequence } = chunkOfKey(key);
    const byte = this.#pages.get(pageOf(rendition, sequence))?.[(sequence % PAGE_CHUNKS) >> 3] ?? 0;
    return (byte & (1 << sequence % 8)) !== 0;
  }

  /** Takes a neighbour's word: from that sequence on it has these, and no others as far as the bits reach. */
  tell({ rendition, sequence, bits }: ChunkRef & { readonly bits: Uint8Array }): void {
    for (let at = 0; at < bits.length; ) {
      const first = sequence + 8 * at;
      const page = this.#open(pageOf(rendition, first));
      const offset = (first % PAGE_CHUNKS) >> 3;
      const length = Math.min(page.length - offset, bits.length - at);
      page.set(bits.subarray(at, at + length), offset);
      at += length;
    }
  }

  /** It has not got the chunk after all. */
  lacks(key: ChunkKey): void {
    const { rendition, sequence } = chunkOfKey(key);
    const page = this.#pages.get(pageOf(rendition, sequence));
    const index = (sequence % PAGE_CHUNKS) >> 3;
    if (page) page[index] = (page[index] ?? 0) & ~(1 << sequence % 8);
  }

  #open(number: number): Uint8Array {
    const page = this.#pages.get(number) ?? new Uint8Array(PAGE_CHUNKS / 8);
    this.#pages.delete(number);
    const [oldest] = this.#pages.keys();
    if (this.#pages.size >= MAX_PAGES && oldest !== undefined) this.#pages.delete(oldest);
    this.#pages.set(number, page);
    return page;
  }
}

function pageOf(rendition: number, sequence: number): number {
  return rendition * PAGES_PER_RENDITION + Math.floor(sequence / PAGE_CHUNKS);
}
