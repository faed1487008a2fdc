import { DEFAULT_ENGINE_OPTIONS } from '@p2ptv/peer/engine';
import { BLOCK_BYTES, blockLengthOf } from '@p2ptv/protocol';
import { firstMissing, type BaselineChunk } from './baseline-chunk.js';
import type { BaselineContext } from './baseline-context.js';
import { RunningMean } from './running-mean.js';

type OpenFetch = {
  readonly chunk: BaselineChunk;
  readonly startedAtMs: number;
  /** The block that is being filled. */
  index: number;
  partial: Uint8Array | undefined;
  filled: number;
};

const { assumedFetchMs, parallelFetches } = DEFAULT_ENGINE_OPTIONS.fallback;

/** Chunks, or their tails, from the origin: a byte stream in, whole blocks out. */
export class OriginFetches {
  readonly #context: BaselineContext;
  readonly #open = new Map<number, OpenFetch>();
  #nextFetchId = 1;
  readonly #fetchMs = new RunningMean(assumedFetchMs);

  constructor(context: BaselineContext) {
    this.#context = context;
  }

  /** What 95 of 100 fetches stay below, ms: mean and 2.5 mean deviations. */
  get time95Ms(): number {
    return this.#fetchMs.mean + 2.5 * this.#fetchMs.deviation;
  }

  get isFull(): boolean {
    return this.#open.size >= parallelFetches;
  }

  /** Asks for what is missing of a chunk, from the first missing block on. */
  start(nowMs: number, chunk: BaselineChunk): void {
    const { counters } = this.#context;
    const fetchId = this.#nextFetchId++;
    const index = firstMissing(chunk);
    counters.fallbacks++;
    if (index > 0) counters.rangeTails++;
    this.#open.set(fetchId, { chunk, startedAtMs: nowMs, index, partial: undefined, filled: 0 });
    chunk.supplier = { kind: 'origin', fetchId, arrivedAtMs: undefined };
    this.#context.command({
      kind: 'fetchChunk',
      fetchId,
      chunk: chunk.ref,
      firstByte: index * BLOCK_BYTES,
      byteLength: chunk.signed.header.byteLength,
      isRetry: chunk.failures > 0,
    });
  }

  /** Takes the next bytes; gives the blocks that they fill, without copying where a block comes in one piece. */
  take(fetchId: number, bytes: Uint8Array): { chunk: BaselineChunk; index: number; bytes: Uint8Array }[] {
    const fetch = this.#open.get(fetchId);
    const blocks: { chunk: BaselineChunk; index: number; bytes: Uint8Array }[] = [];
    if (!fetch) return blocks;
    const { chunk } = fetch;
    const { byteLength } = chunk.signed.header;
    for (let offset = 0; offset < bytes.length; ) {
      const length = blockLengthOf(byteLength, fetch.index);
      if (length === 0) break;
      if (fetch.filled === 0 && bytes.length - offset >= length) {
        blocks.push({ chunk, index: fetch.index++, bytes: bytes.subarray(offset, offset + length) });
        offset += length;
        continue;
      }
      fetch.partial ??= new Uint8Array(length);
      const taken = Math.min(length - fetch.filled, bytes.length - offset);
      fetch.partial.set(bytes.subarray(offset, offset + taken), fetch.filled);
      fetch.filled += taken;
      offset += taken;
      if (fetch.filled < length) break;
      blocks.push({ chunk, index: fetch.index++, bytes: fetch.partial });
      fetch.partial = undefined;
      fetch.filled = 0;
    }
    return blocks;
  }

  /** Ends a fetch that is over; gives its chunk, and whether all of it came. */
  end(nowMs: number, fetchId: number): { chunk: BaselineChunk; isWhole: boolean } | undefined {
    const fetch = this.#open.get(fetchId);
    if (!fetch) return undefined;
    this.#open.delete(fetchId);
    const { chunk, startedAtMs, index } = fetch;
    const isAll = index >= chunk.blockCount;
    if (isAll) this.#fetchMs.add(nowMs - startedAtMs);
    return { chunk, isWhole: isAll };
  }

  /** True when every byte that was asked for has come. */
  isComplete(fetchId: number): boolean {
    const fetch = this.#open.get(fetchId);
    return fetch !== undefined && fetch.index >= fetch.chunk.blockCount;
  }

  /** Ends a fetch whose bytes are no longer needed. */
  abort(fetchId: number): void {
    if (this.#open.delete(fetchId)) this.#context.command({ kind: 'abortFetch', fetchId });
  }
}
