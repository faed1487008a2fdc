import {
  blockCountOf,
  blockLengthOf,
  BLOCK_BYTES,
  chunkKey,
  type ChunkHeader,
  type ChunkKey,
  type SignedChunkHeader,
} from '@p2ptv/protocol';
import type { ChunkSources } from './counters.js';

/** A chunk that is whole, or on its way to be. Only verified blocks are ever in `bytes`. */
export type StoredChunk = {
  readonly signed: SignedChunkHeader;
  readonly key: ChunkKey;
  readonly bytes: Uint8Array;
  /** Per block: 1 = verified and in place. */
  readonly verified: Uint8Array;
  verifiedCount: number;
  readonly blockCount: number;
  sources: ChunkSources;
};

/** Verified blocks by chunk, within a budget that its owner enforces with {@link bytes} and remove. */
export class ChunkStore {
  readonly #chunks = new Map<ChunkKey, StoredChunk>();
  #bytes = 0;

  /** Bytes reserved for all chunks, whole or not. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: ChunkKey): StoredChunk | undefined {
    return this.#chunks.get(key);
  }

  all(): IterableIterator<StoredChunk> {
    return this.#chunks.values();
  }

  /** Makes room for a chunk. */
  open(signed: SignedChunkHeader): StoredChunk {
    const { byteLength } = signed.header;
    return this.#insert(signed, new Uint8Array(byteLength), 0);
  }

  /** Adds a whole chunk that needs no check, because this peer made it. The bytes are kept. */
  addOwn(signed: SignedChunkHeader, bytes: Uint8Array): StoredChunk {
    const chunk = this.#insert(signed, bytes, 1);
    chunk.verifiedCount = chunk.blockCount;
    return chunk;
  }

  remove(key: ChunkKey): void {
    const chunk = this.#chunks.get(key);
    if (!chunk) return;
    this.#chunks.delete(key);
    this.#bytes -= chunk.bytes.length;
  }

  #insert(signed: SignedChunkHeader, bytes: Uint8Array, verified: 0 | 1): StoredChunk {
    const { header } = signed;
    const blockCount = blockCountOf(header.byteLength);
    const chunk: StoredChunk = {
      signed,
      key: chunkKey(header.rendition, header.sequence),
      bytes,
      verified: new Uint8Array(blockCount).fill(verified),
      verifiedCount: 0,
      blockCount,
      sources: { peerBytes: 0, seederBytes: 0, originBytes: 0 },
    };
    this.remove(chunk.key);
    this.#chunks.set(chunk.key, chunk);
    this.#bytes += bytes.length;
    return chunk;
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
  if (chunk.verified[index] !== 0) return false;
  chunk.bytes.set(block.bytes, index * BLOCK_BYTES);
  chunk.verified[index] = 1;
  chunk.verifiedCount++;
  chunk.sources = { ...chunk.sources, [block.source]: chunk.sources[block.source] + block.bytes.length };
  return true;
}

/** Index of the first block that is missing; the block count when none is. */
export function firstMissingBlock(chunk: StoredChunk): number {
  const index = chunk.verified.indexOf(0);
  return index < 0 ? chunk.blockCount : index;
}

/** Bytes of the blocks that are missing. */
export function missingBytes(chunk: StoredChunk): number {
  const { byteLength } = chunk.signed.header;
  let missing = 0;
  chunk.verified.forEach((isVerified, index) => {
    if (isVerified === 0) missing += blockLengthOf(byteLength, index);
  });
  return missing;
}

/** Milliseconds since the Unix epoch at which the chunk's last frame ends. */
export function endDateMs(header: ChunkHeader): number {
  return header.programDateTimeMs + header.durationUs / 1000;
}
