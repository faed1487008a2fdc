import { chunkKey, type ChunkKey, type ChunkRef, type SignedChunkHeader } from '@p2ptv/protocol';
import type { EngineCommand } from './engine-io.js';
import type { EngineOptions } from './engine-options.js';

type Patience = Pick<EngineOptions['onDemand'], 'cacheOpenMs' | 'cacheReadMs'>;

/** What the viewer's own cache holds, as far as it has told, and what is being read from it. (SPEC CA) */
export class CachedChunks {
  readonly #command: (command: EngineCommand) => void;
  readonly #patience: Patience;
  readonly #keys = new Set<ChunkKey>();
  /** With the time at which they were asked for. */
  readonly #reading = new Map<ChunkKey, number>();
  /** Infinity: from the first look on it is waited. */
  #awaitedUntilMs = -Infinity;

  constructor(command: (command: EngineCommand) => void, patience: Patience) {
    this.#command = command;
    this.#patience = patience;
  }

  /** There is a cache, which will tell what it holds. */
  await(): void {
    this.#awaitedUntilMs = Infinity;
  }

  /** Until then nobody else is asked, because the cache has yet to tell what it holds; Infinity: nothing was wanted so far. */
  get awaitedUntilMs(): number {
    return this.#awaitedUntilMs;
  }

  /** The cache holds these. */
  told(chunks: readonly ChunkRef[]): void {
    this.#awaitedUntilMs = -Infinity;
    for (const { rendition, sequence } of chunks) this.#keys.add(chunkKey(rendition, sequence));
  }

  has(key: ChunkKey): boolean {
    return this.#keys.has(key);
  }

  /** Reads a chunk; false: the cache does not have it, or takes too long: others are to be asked. Asked again while it is read, it is read once. */
  read(nowMs: number, signed: SignedChunkHeader): boolean {
    if (this.#awaitedUntilMs === Infinity) this.#awaitedUntilMs = nowMs + this.#patience.cacheOpenMs;
    if (nowMs < this.#awaitedUntilMs) return true;
    const key = chunkKey(signed.header.rendition, signed.header.sequence);
    if (!this.#keys.has(key)) return false;
    const askedAtMs = this.#reading.get(key);
    if (askedAtMs === undefined) {
      this.#reading.set(key, nowMs);
      this.#command({ kind: 'readCached', signed });
    } else if (nowMs >= askedAtMs + this.#patience.cacheReadMs) this.answered(key, false);
    return this.#keys.has(key);
  }

  /** The cache has answered; what it did not have, or had wrong, is not asked of it again. */
  answered(key: ChunkKey, isThere: boolean): void {
    this.#reading.delete(key);
    if (!isThere) this.#keys.delete(key);
  }
}
