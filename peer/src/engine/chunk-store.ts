import {
  blockCountOf,
  blockLengthOf,
  BLOCK_BYTES,
  chunkKey,
  type ChunkHeader,
  type ChunkKey,
  type ChunkRef,
  type SignedChunkHeader,
} from '@p2ptv/protocol';
import { newChunkSources, type ChunkSources, type ChunkSourceTotals } from './counters.js';

/** A chunk that is whole, or on its way to be. */
export type StoredChunk = {
  readonly signed: SignedChunkHeader;
  readonly key: ChunkKey;
  /** Verified blocks, as they came: never copied, never to be changed. Undefined = missing. */
  readonly blocks: (Uint8Array | undefined)[];
  verifiedCount: number;
  readonly blockCount: number;
  readonly sources: ChunkSourceTotals;
};

/** Verified blocks by chunk, within a budget that its owner enforces with {@link bytes} and remove. */
export class ChunkStore {
  readonly #chunks = new Map<ChunkKey, StoredChunk>();
  #bytes = 0;
  #removals = 0;

  /** Bytes of all chunks, whole or not. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many chunks were removed: whoever holds one on to it need not look it up as long as this stays. */
  get removals(): number {
    return this.#removals;
  }

  get(key: ChunkKey): StoredChunk | undefined {
    return this.#chunks.get(key);
  }

  all(): IterableIterator<StoredChunk> {
    return this.#chunks.values();
  }

  /** Makes room for a chunk. */
  open(signed: SignedChunkHeader): StoredChunk {
    const { header } = signed;
    const blockCount = blockCountOf(header.byteLength);
    const chunk: StoredChunk = {
      signed,
      key: chunkKey(header.rendition, header.sequence),
      blocks: new Array<Uint8Array | undefined>(blockCount).fill(undefined),
      verifiedCount: 0,
      blockCount,
      sources: newChunkSources(),
    };
    this.remove(chunk.key);
    this.#chunks.set(chunk.key, chunk);
    this.#bytes += header.byteLength;
    return chunk;
  }

  /** Adds a whole chunk that needs no check, because this peer made it, or its session has checked it. The bytes are kept. */
  addOwn(signed: SignedChunkHeader, bytes: Uint8Array): StoredChunk {
    const chunk = this.open(signed);
    for (let index = 0; index < chunk.blockCount; index++) {
      chunk.blocks[index] = bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
    }
    chunk.verifiedCount = chunk.blockCount;
    return chunk;
  }

  /** Puts a chunk at the end of {@link all}: it was used last. */
  touch(chunk: StoredChunk): void {
    this.#chunks.delete(chunk.key);
    this.#chunks.set(chunk.key, chunk);
  }

  remove(key: ChunkKey): void {
    const chunk = this.#chunks.get(key);
    if (!chunk) return;
    this.#chunks.delete(key);
    this.#removals++;
    this.#bytes -= chunk.signed.header.byteLength;
  }
}

/** True when every block is verified. */
export function isComplete(chunk: StoredChunk): boolean {
  return chunk.verifiedCount === chunk.blockCount;
}

/** Puts a verified block in its place; false when it was there already. */
export function placeBlock(
  chunk: StoredChunk,
  index: number,
  block: { readonly bytes: Uint8Array; readonly source: keyof ChunkSources },
): boolean {
  if (index >= chunk.blockCount || chunk.blocks[index] !== undefined) return false;
  chunk.blocks[index] = block.bytes;
  chunk.verifiedCount++;
  chunk.sources[block.source] += block.bytes.length;
  return true;
}

/** Index of the first block that is missing; the block count when none is. */
export function firstMissingBlock(chunk: StoredChunk): number {
  const index = chunk.blocks.indexOf(undefined);
  return index < 0 ? chunk.blockCount : index;
}

/** Bytes of the blocks that are missing, or of those from a block on. */
export function missingBytes(chunk: StoredChunk, fromBlock = 0): number {
  const { byteLength } = chunk.signed.header;
  if (chunk.verifiedCount === 0 && fromBlock === 0) return byteLength;
  let missing = 0;
  for (let index = fromBlock; index < chunk.blockCount; index++) {
    if (chunk.blocks[index] === undefined) missing += blockLengthOf(byteLength, index);
  }
  return missing;
}

/** All bytes of a whole chunk, in a buffer of their own. */
export function joinedBytes(chunk: StoredChunk): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunk.signed.header.byteLength);
  chunk.blocks.forEach((block, index) => {
    if (block) bytes.set(block, index * BLOCK_BYTES);
  });
  return bytes;
}

/** Milliseconds since the Unix epoch at which the chunk's last frame ends. */
export function endDateMs(header: ChunkHeader): number {
  return header.programDateTimeMs + header.durationUs / 1000;
}

/** The reference of a stored chunk. */
export function refOf(chunk: StoredChunk): ChunkRef {
  const { rendition, sequence } = chunk.signed.header;
  return { rendition, sequence };
}
