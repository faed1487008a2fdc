import { BLOCK_BYTES, isEqualBytes, type ChunkHeader, type ChunkRef, type SignedChunkHeader } from '@p2ptv/protocol';
import type { EngineInput } from '../engine/engine-io.js';
import type { CacheSize, ChunkCache } from '../ports/chunk-cache.js';
import type { Verifier } from '../ports/verifier.js';

/** A session's own cache: what is verified is put into it, and what is read from it is verified anew. (SPEC CA) */
export class CacheSide {
  readonly #cache: ChunkCache;
  readonly #verifier: Verifier;
  readonly #handle: (input: EngineInput) => void;

  constructor(cache: ChunkCache, parts: { readonly verifier: Verifier; readonly handle: (input: EngineInput) => void }) {
    this.#cache = cache;
    this.#verifier = parts.verifier;
    this.#handle = parts.handle;
  }

  get size(): CacheSize {
    return this.#cache.size;
  }

  start(): void {
    this.#handle({ kind: 'cacheAwaited' });
    this.#cache.open((chunks) => this.#handle({ kind: 'cacheTold', chunks }));
  }

  /** Keeps a verified chunk; the bytes belong to the cache afterwards. */
  keep(header: ChunkHeader, bytes: Uint8Array): void {
    const chunk = refOf(header);
    this.#cache.put(chunk, bytes);
    this.#handle({ kind: 'cacheTold', chunks: [chunk] });
  }

  /** Reads a chunk for the engine, and believes none of it before its digests are those of the header. */
  read(signed: SignedChunkHeader): void {
    const { header } = signed;
    this.#cache.read(refOf(header), (bytes) => {
      if (bytes?.length !== header.byteLength) this.#refuse(signed);
      else this.#check(signed, bytes);
    });
  }

  clear(cleared: () => void): void {
    this.#cache.clear(cleared);
  }

  close(): void {
    this.#cache.close();
  }

  #check(signed: SignedChunkHeader, bytes: Uint8Array): void {
    const { blockHashes } = signed.header;
    let left = blockHashes.length;
    let isRight = true;
    blockHashes.forEach((expected, index) => {
      this.#verifier.digest(bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES), (digest) => {
        isRight &&= isEqualBytes(digest, expected);
        if (--left > 0) return;
        if (isRight) this.#handle({ kind: 'cacheRead', signed, bytes });
        else this.#refuse(signed);
      });
    });
  }

  #refuse(signed: SignedChunkHeader): void {
    this.#cache.drop(refOf(signed.header));
    this.#handle({ kind: 'cacheRead', signed, bytes: undefined });
  }
}

function refOf({ rendition, sequence }: ChunkHeader): ChunkRef {
  return { rendition, sequence };
}
