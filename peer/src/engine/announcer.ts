import { encodedMessageBytes, type ChunkKey, type WireMessage } from '@p2ptv/protocol';
import { isComplete, type StoredChunk } from './chunk-store.js';
import type { EngineContext } from './engine-context.js';
import { follows, type Neighbour } from './neighbours.js';
import type { OutgoingLinks } from './outgoing-links.js';
import type { Uploads } from './uploads.js';

/** Newest chunks that a new neighbour is told of. */
const GREETING_CHUNKS = 16;
/** Share of the uplink that headers to those who are no children may take up, and for how long they may be saved up, ms: on a weak uplink all neighbours' headers would take more than the media. */
const HEADER_SHARE = 0.04;
const HEADER_BURST_MS = 1_000;

/** Lets neighbours know what this peer has or is getting. */
export interface NewsTeller {
  /** A chunk is whole, or on its way. */
  announce(nowMs: number, chunk: StoredChunk, holding: 'incoming' | 'complete'): void;
  /** Tells a new neighbour of what there is. */
  greet(nowMs: number, neighbour: Neighbour): void;
  /** Tells one neighbour of a chunk that is about to be pushed to it; false when that cannot be. */
  tell(nowMs: number, neighbour: Neighbour, chunk: StoredChunk): boolean;
}

/** Tells neighbours of each chunk of a live stream as it comes. (SPEC AN1–AN5) */
export class Announcer implements NewsTeller {
  readonly #context: EngineContext;
  readonly #links: OutgoingLinks;
  readonly #uploads: Uploads;

  #headerAllowanceBytes = 0;
  #allowedAtMs = -Infinity;

  constructor(context: EngineContext, links: OutgoingLinks, uploads: Uploads) {
    this.#context = context;
    this.#links = links;
    this.#uploads = uploads;
  }

  /** Tells everyone who follows the rendition and lacks the chunk. A peer that serves nobody stays silent. */
  announce(nowMs: number, chunk: StoredChunk, holding: 'incoming' | 'complete'): void {
    if (!this.#links.isUploading) return;
    const { key } = chunk;
    const news = this.#newsOf(chunk, holding);
    const headerBytes = encodedMessageBytes(news.full);
    const { informed, strangers } = this.#context.neighbours.listenersOf(key);
    for (const linkId of informed) this.#links.trySend(nowMs, linkId, news.brief);
    this.#allowMore(nowMs, headerBytes);
    if (this.#headerAllowanceBytes < strangers.length * headerBytes) this.#shuffle(strangers, key);
    for (const neighbour of strangers) {
      if (this.#headerAllowanceBytes >= headerBytes) {
        if (this.#tell(nowMs, neighbour, { key, news })) this.#headerAllowanceBytes -= headerBytes;
      } else if (holding === 'complete') {
        // It has the header from somebody else by now, or will have soon.
        this.#links.trySend(nowMs, neighbour.linkId, news.brief);
      }
    }
  }

  /** Headers take up no more than their share of the uplink. */
  #allowMore(nowMs: number, headerBytes: number): void {
    const bytesPerMs = (this.#links.assumedCapacityBitsPerSecond * HEADER_SHARE) / 8000;
    const mostBytes = Math.max(headerBytes, bytesPerMs * HEADER_BURST_MS);
    this.#headerAllowanceBytes = Math.min(mostBytes, this.#headerAllowanceBytes + (nowMs - this.#allowedAtMs) * bytesPerMs);
    this.#allowedAtMs = nowMs;
  }

  /** Not always the same ones are left out. */
  #shuffle(neighbours: Neighbour[], key: ChunkKey): void {
    const { noise } = this.#context;
    neighbours.sort((left, right) => noise(left.linkId, key) - noise(right.linkId, key));
  }

  /** Tells a neighbour that has come, or follows others than before, of the newest chunks that it wants to hear of, oldest first. The origin's seeder pushes and tells nothing. */
  greet(nowMs: number, neighbour: Neighbour): void {
    if (!this.#links.isUploading || this.#context.identity.role === 'origin') return;
    if (neighbour.role === 'origin') return;
    const newest = [...this.#context.store.all()]
      .filter((chunk) => chunk.verifiedCount > 0 && follows(neighbour, chunk.signed.header.rendition))
      .sort((left, right) => left.signed.header.programDateTimeMs - right.signed.header.programDateTimeMs)
      .slice(-GREETING_CHUNKS);
    for (const chunk of newest) this.tell(nowMs, neighbour, chunk);
  }

  /** Tells one neighbour of a chunk; false when the cap left no room for it. */
  tell(nowMs: number, neighbour: Neighbour, chunk: StoredChunk): boolean {
    const news = this.#newsOf(chunk, isComplete(chunk) ? 'complete' : 'incoming');
    return this.#tell(nowMs, neighbour, { key: chunk.key, news });
  }

  #newsOf({ signed }: StoredChunk, holding: 'incoming' | 'complete'): News {
    const { rendition, sequence } = signed.header;
    const aheadKib = Math.ceil(this.#uploads.queuedBytes / 1024);
    return {
      brief: { kind: holding === 'complete' ? 'have' : 'incoming', rendition, sequence, aheadKib },
      full: { kind: 'header', signed, holding, aheadKib },
    };
  }

  #tell(nowMs: number, neighbour: Neighbour, what: { readonly key: ChunkKey; readonly news: News }): boolean {
    const { key, news } = what;
    const message = neighbour.marks.isShared(key) ? news.brief : news.full;
    // Under a cap news must not crowd out the blocks: what is not told is learned from others.
    if (!this.#links.trySend(nowMs, neighbour.linkId, message)) return false;
    neighbour.marks.share(key);
    return true;
  }
}

/** What is told of a chunk: to those who have the header, and to those who have not. */
type News = { readonly brief: WireMessage; readonly full: WireMessage };
