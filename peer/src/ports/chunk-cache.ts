import type { ChunkRef } from '@p2ptv/protocol';

/** What a cache takes, and may take at most, bytes; over all streams that it keeps chunks of. */
export type CacheSize = { readonly bytes: number; readonly quotaBytes: number };

/**
 * Chunks of one stream that outlast the session, within a quota over all streams; what was not used for the longest
 * goes first. What it gives back may be anything: whoever reads checks it as if a stranger had sent it. Callbacks
 * never come from within the call that started them.
 */
export interface ChunkCache {
  /** Looks what is there, once; a store that cannot be read is empty. */
  open(opened: (chunks: readonly ChunkRef[]) => void): void;
  /** Reads a chunk, in a buffer of the caller's own; undefined: it is not there any more. */
  read(chunk: ChunkRef, done: (bytes: Uint8Array | undefined) => void): void;
  /** Keeps a chunk, unless it is there. The bytes belong to the cache afterwards. A full or broken store keeps nothing. */
  put(chunk: ChunkRef, bytes: Uint8Array): void;
  /** Forgets a chunk whose bytes were wrong, so that it can be put anew. */
  drop(chunk: ChunkRef): void;
  readonly size: CacheSize;
  /** Forgets everything, of all streams. */
  clear(cleared: () => void): void;
  /** Writes what waits to be written, and then tells `closed`; nothing else is called back afterwards. */
  close(closed?: () => void): void;
}
