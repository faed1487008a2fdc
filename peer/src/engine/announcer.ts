import { LIMITS, type ChunkKey, type ChunkRef, type Holding, type WireMessage } from '@p2ptv/protocol';
import { isComplete, type StoredChunk } from './chunk-store.js';
import type { EngineContext } from './engine-context.js';
import type { Neighbour } from './neighbours.js';
import type { OutgoingLinks } from './outgoing-links.js';

/** Newest chunks that a new neighbour is told of. */
const GREETING_CHUNKS = 16;

/** Tells neighbours what this peer has or is getting. (SPEC AN1–AN4) */
export class Announcer {
  readonly #context: EngineContext;
  readonly #links: OutgoingLinks;

  constructor(context: EngineContext, links: OutgoingLinks) {
    this.#context = context;
    this.#links = links;
  }

  /** Tells everyone who lacks the chunk. A peer that serves nobody stays silent. */
  announce(nowMs: number, chunk: StoredChunk, holding: 'incoming' | 'complete'): void {
    if (!this.#links.isUploading) return;
    for (const neighbour of this.#context.neighbours.all()) {
      if (neighbour.role === 'origin' || neighbour.holdings.get(chunk.key) === 'complete') continue;
      this.#tell(nowMs, neighbour, { chunk, holding });
    }
  }

  /** Tells a new neighbour of the newest chunks, oldest first. The origin's seeder pushes and tells nothing. */
  greet(nowMs: number, neighbour: Neighbour): void {
    if (!this.#links.isUploading || this.#context.identity.role === 'origin') return;
    if (neighbour.role === 'origin') return;
    const newest = [...this.#context.store.all()]
      .filter((chunk) => chunk.verifiedCount > 0)
      .sort((left, right) => left.signed.header.sequence - right.signed.header.sequence)
      .slice(-GREETING_CHUNKS);
    for (const chunk of newest) {
      this.#tell(nowMs, neighbour, { chunk, holding: isComplete(chunk) ? 'complete' : 'incoming' });
    }
  }

  #tell(
    nowMs: number,
    neighbour: Neighbour,
    news: { readonly chunk: StoredChunk; readonly holding: Exclude<Holding, 'none'> },
  ): void {
    const { chunk, holding } = news;
    const { rendition, sequence } = chunk.signed.header;
    const kind = holding === 'complete' ? 'have' : 'incoming';
    const message: WireMessage = neighbour.sharedHeaders.has(chunk.key)
      ? { kind, rendition, sequence }
      : { kind: 'header', signed: chunk.signed, holding };
    // Under a cap news must not crowd out the blocks: what is not told is learned from others.
    if (this.#links.trySend(nowMs, neighbour.linkId, message)) noteShared(neighbour, chunk.key);
  }
}

/** Notes what a neighbour says it has. */
export function noteHolding(neighbour: Neighbour, key: ChunkKey, holding: Exclude<Holding, 'none'>): void {
  if (neighbour.holdings.get(key) === 'complete') return;
  const oldest = neighbour.holdings.keys().next().value;
  if (neighbour.holdings.size >= MAX_HOLDINGS && oldest !== undefined) neighbour.holdings.delete(oldest);
  neighbour.holdings.set(key, holding);
}

/** Notes that a neighbour and this peer both have a header; forgotten, it is told in full once more. */
export function noteShared(neighbour: Neighbour, key: ChunkKey): void {
  const { sharedHeaders } = neighbour;
  const oldest = sharedHeaders.values().next().value;
  if (sharedHeaders.size >= MAX_HOLDINGS && oldest !== undefined) sharedHeaders.delete(oldest);
  sharedHeaders.add(key);
}

/** Chunks of one neighbour that are remembered: more than any live window, bounded against a liar. */
const MAX_HOLDINGS = LIMITS.headersPerAnswer * 8;

/** The reference of a stored chunk. */
export function refOf(chunk: StoredChunk): ChunkRef {
  const { rendition, sequence } = chunk.signed.header;
  return { rendition, sequence };
}
