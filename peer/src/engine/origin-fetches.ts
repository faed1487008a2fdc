import { BLOCK_BYTES, blockLengthOf, type ChunkKey } from '@p2ptv/protocol';
import { refOf, type StoredChunk } from './chunk-store.js';
import type { EngineContext } from './engine-context.js';

type OriginFetch = {
  readonly key: ChunkKey;
  readonly byteLength: number;
  readonly startedAtMs: number;
  /** The block that comes next, and what of it has come; undefined: nothing. */
  index: number;
  block: Uint8Array | undefined;
  filled: number;
};

/** Fetches of chunks, or of their tails, from the origin: a byte stream in, whole blocks out. */
export class OriginFetches {
  readonly #context: EngineContext;
  readonly #open = new Map<number, OriginFetch>();
  #nextFetchId = 1;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  get count(): number {
    return this.#open.size;
  }

  isOpen(fetchId: number): boolean {
    return this.#open.has(fetchId);
  }

  /** Asks the origin for a chunk from a block to its end. */
  start(nowMs: number, chunk: StoredChunk, from: { readonly firstBlock: number; readonly isRetry: boolean }): number {
    const { firstBlock, isRetry } = from;
    const fetchId = this.#nextFetchId++;
    const { byteLength } = chunk.signed.header;
    const firstByte = firstBlock * BLOCK_BYTES;
    this.#open.set(fetchId, {
      key: chunk.key,
      byteLength,
      startedAtMs: nowMs,
      index: firstBlock,
      block: undefined,
      filled: 0,
    });
    this.#context.command({
      kind: 'fetchChunk',
      fetchId,
      chunk: refOf(chunk),
      firstByte,
      byteLength,
      isRetry,
    });
    return fetchId;
  }

  /** Takes the next bytes; yields the blocks that they fill. */
  *bytes(fetchId: number, bytes: Uint8Array): Generator<{ key: ChunkKey; index: number; bytes: Uint8Array }> {
    const fetch = this.#open.get(fetchId);
    if (!fetch) return;
    let offset = 0;
    for (let length = lengthOf(fetch); offset < bytes.length && length > 0; length = lengthOf(fetch)) {
      const taken = Math.min(bytes.length - offset, length - fetch.filled);
      const piece = taken === bytes.length ? bytes : bytes.subarray(offset, offset + taken);
      offset += taken;
      // A block that came in one piece is kept as it came.
      if (taken < length) {
        fetch.block ??= new Uint8Array(length);
        fetch.block.set(piece, fetch.filled);
        fetch.filled += taken;
        if (fetch.filled < length) continue;
      }
      const whole = { key: fetch.key, index: fetch.index, bytes: fetch.block ?? piece };
      fetch.index++;
      fetch.block = undefined;
      fetch.filled = 0;
      yield whole;
    }
  }

  /** True when every byte that was asked for has come. */
  isWhole(fetchId: number): boolean {
    const fetch = this.#open.get(fetchId);
    return fetch !== undefined && lengthOf(fetch) === 0;
  }

  /** Forgets a fetch that is over. */
  end(fetchId: number): { readonly key: ChunkKey; readonly startedAtMs: number } | undefined {
    const fetch = this.#open.get(fetchId);
    this.#open.delete(fetchId);
    return fetch;
  }

  /** Ends a fetch whose bytes are no longer needed. */
  abort(fetchId: number): void {
    if (this.#open.delete(fetchId)) this.#context.command({ kind: 'abortFetch', fetchId });
  }
}

/** Length of the block that comes next; 0 after the last. */
function lengthOf({ byteLength, index }: OriginFetch): number {
  return blockLengthOf(byteLength, index);
}
