import { chunkOfKey, LIMITS, type ChunkKey, type ChunkSequence, type WireMessage, chunkKey } from '@p2ptv/protocol';
import type { NewsTeller } from './announcer.js';
import { isComplete, refOf, type StoredChunk } from './chunk-store.js';
import type { EngineContext } from './engine-context.js';
import type { Neighbour } from './neighbours.js';
import type { OutgoingLinks } from './outgoing-links.js';

/** Eight chunks: what one byte of HOLDINGS tells of. */
const CHUNKS_A_BYTE = 8;

type Holdings = Extract<WireMessage, { kind: 'holdings' }>;

/**
 * Tells neighbours what this peer has of a recording. They are at other places, so single news are of use to few:
 * what has changed is told now and then, many chunks at once. (SPEC OD7)
 */
export class HoldingsTeller implements NewsTeller {
  readonly #context: EngineContext;
  readonly #links: OutgoingLinks;
  /** First keys of groups of eight chunks of which one has come or gone since it was told. */
  readonly #changed = new Set<ChunkKey>();
  /** Neighbours for whom a cap left no room: they are told everything next time. */
  readonly #behind = new Set<Neighbour>();
  #dueMs = Infinity;

  constructor(context: EngineContext, links: OutgoingLinks) {
    this.#context = context;
    this.#links = links;
  }

  /** When {@link tick} wants to run again. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** A chunk is whole, or is fetched from the origin: that is told at once, so that no neighbour does the same. */
  announce(nowMs: number, chunk: StoredChunk, holding: 'incoming' | 'complete'): void {
    if (holding === 'complete') this.changed(nowMs, chunk.key);
    else if (chunk.verifiedCount === 0) this.#tellIncoming(nowMs, chunk);
  }

  /** A chunk has come, or was dropped. */
  changed(nowMs: number, key: ChunkKey): void {
    this.#changed.add(groupOf(key));
    this.#dueMs = Math.min(this.#dueMs, nowMs + this.#context.options.onDemand.tellIntervalMs);
  }

  /** Tells a new neighbour of all that is whole. */
  greet(nowMs: number, neighbour: Neighbour): void {
    if (!this.#links.isUploading || neighbour.role === 'origin') return;
    const groups = new Set<ChunkKey>();
    for (const chunk of this.#context.store.all()) if (isComplete(chunk)) groups.add(groupOf(chunk.key));
    for (const key of this.#context.kept.all()) groups.add(groupOf(key));
    this.#tell(nowMs, neighbour, this.#holdingsOf(groups));
  }

  /** Nothing is pushed of a recording, so there is nothing to be told before a push. */
  tell(): boolean {
    return false;
  }

  /** Tells what has changed, when it is time. */
  tick(nowMs: number): void {
    if (nowMs < this.#dueMs) return;
    this.#dueMs = Infinity;
    const news = this.#links.isUploading ? this.#holdingsOf(this.#changed) : [];
    this.#changed.clear();
    const behind = new Set(this.#behind);
    this.#behind.clear();
    if (news.length === 0 && behind.size === 0) return;
    for (const neighbour of this.#context.neighbours.all()) {
      if (behind.has(neighbour)) this.greet(nowMs, neighbour);
      else if (neighbour.role !== 'origin') this.#tell(nowMs, neighbour, news);
    }
  }

  #tellIncoming(nowMs: number, chunk: StoredChunk): void {
    if (!this.#links.isUploading) return;
    for (const { linkId, role, marks } of this.#context.neighbours.all()) {
      if (role === 'origin' || marks.holding(chunk.key) !== 'none') continue;
      this.#links.trySend(nowMs, linkId, { kind: 'incoming', ...refOf(chunk) });
    }
  }

  #tell(nowMs: number, neighbour: Neighbour, news: readonly Holdings[]): void {
    for (const message of news) {
      if (this.#links.trySend(nowMs, neighbour.linkId, message)) continue;
      this.#behind.add(neighbour);
      this.#dueMs = Math.min(this.#dueMs, nowMs + this.#context.options.onDemand.tellIntervalMs);
      return;
    }
  }

  /** The fewest messages that tell of these groups: what lies between two of them goes along where it fits. */
  #holdingsOf(groups: ReadonlySet<ChunkKey>): readonly Holdings[] {
    const sorted = [...groups].sort((left, right) => left - right);
    const messages: Holdings[] = [];
    for (let from = 0; from < sorted.length; ) {
      const first = sorted[from] as ChunkKey;
      let to = from;
      while (to + 1 < sorted.length && (sorted[to + 1] as ChunkKey) - first < LIMITS.holdingsBytes * CHUNKS_A_BYTE) to++;
      const last = sorted[to] as ChunkKey;
      const bits = new Uint8Array((last - first) / CHUNKS_A_BYTE + 1);
      for (let index = 0; index < bits.length; index++) bits[index] = this.#byteOf((first + index * CHUNKS_A_BYTE) as ChunkKey);
      messages.push({ kind: 'holdings', ...chunkOfKey(first), bits });
      from = to + 1;
    }
    return messages;
  }

  #byteOf(first: ChunkKey): number {
    let byte = 0;
    for (let bit = 0; bit < CHUNKS_A_BYTE; bit++) {
      const key = (first + bit) as ChunkKey;
      const chunk = this.#context.store.get(key);
      if ((chunk && isComplete(chunk)) || this.#context.kept.has(key)) byte |= 1 << bit;
    }
    return byte;
  }
}

function groupOf(key: ChunkKey): ChunkKey {
  const { rendition, sequence } = chunkOfKey(key);
  return chunkKey(rendition, (sequence - (sequence % CHUNKS_A_BYTE)) as ChunkSequence);
}
