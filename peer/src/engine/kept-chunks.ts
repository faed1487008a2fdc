import { chunkKey, LIMITS, type ChunkKey, type ChunkRef, type WireMessage } from '@p2ptv/protocol';
import type { EngineCommand, LinkId } from './engine-io.js';

/** Chunks that are read from the disk at a time: more would only wait there, and take memory when they come together. */
const MOST_READS = 8;

/** A neighbour's request, and when it came. */
export type WaitingRequest = { readonly linkId: LinkId; readonly request: Extract<WireMessage, { kind: 'request' }>; readonly atMs: number };

/**
 * What a volunteer keeps of a recording on its disk, far more than memory holds. Who asks for a chunk of it waits until
 * it has been read. (SPEC FI)
 */
export class KeptChunks {
  readonly #command: (command: EngineCommand) => void;
  readonly #keys = new Set<ChunkKey>();
  /** Requests by chunk, in the order in which the first one for each came. */
  readonly #waiting = new Map<ChunkKey, WaitingRequest[]>();
  readonly #reading = new Set<ChunkKey>();

  constructor(command: (command: EngineCommand) => void) {
    this.#command = command;
  }

  get size(): number {
    return this.#keys.size;
  }

  has(key: ChunkKey): boolean {
    return this.#keys.has(key);
  }

  all(): IterableIterator<ChunkKey> {
    return this.#keys.values();
  }

  add(key: ChunkKey): void {
    this.#keys.add(key);
  }

  /** Lets a request wait for the disk; false: the chunk is not there, or the link has too many that wait. */
  await(nowMs: number, linkId: LinkId, request: WaitingRequest['request']): boolean {
    const key = keyOf(request);
    if (!this.#keys.has(key)) return false;
    const ofLink = [...this.#waiting.values()].flat().filter((waiting) => waiting.linkId === linkId);
    if (ofLink.length >= LIMITS.requestsPerLink) return false;
    const others = (this.#waiting.get(key) ?? []).filter((waiting) => waiting.linkId !== linkId);
    this.#waiting.set(key, [...others, { linkId, request, atMs: nowMs }]);
    this.#readNext();
    return true;
  }

  /** A request is withdrawn. */
  cancel(linkId: LinkId, key: ChunkKey): void {
    this.#drop(linkId, [key]);
  }

  linkEnded(linkId: LinkId): void {
    this.#drop(linkId, [...this.#waiting.keys()]);
  }

  /** The disk has answered; returns who waits for the chunk. What was not there, or was wrong, is not looked for again. */
  answered(key: ChunkKey, isThere: boolean): readonly WaitingRequest[] {
    const waiting = this.#waiting.get(key) ?? [];
    this.#reading.delete(key);
    this.#waiting.delete(key);
    if (!isThere) this.#keys.delete(key);
    this.#readNext();
    return waiting;
  }

  #readNext(): void {
    for (const [key, [first]] of this.#waiting) {
      if (this.#reading.size >= MOST_READS) return;
      if (this.#reading.has(key) || !first) continue;
      this.#reading.add(key);
      const { rendition, sequence } = first.request;
      this.#command({ kind: 'readKept', chunk: { rendition, sequence } });
    }
  }

  #drop(linkId: LinkId, keys: readonly ChunkKey[]): void {
    for (const key of keys) {
      const left = (this.#waiting.get(key) ?? []).filter((waiting) => waiting.linkId !== linkId);
      if (left.length > 0) this.#waiting.set(key, left);
      else this.#waiting.delete(key);
    }
  }
}

function keyOf({ rendition, sequence }: ChunkRef): ChunkKey {
  return chunkKey(rendition, sequence);
}
