import {
  chunkKey,
  isEqualBytes,
  LIMITS,
  type ChunkHeader,
  type ChunkKey,
  type ChunkSequence,
  type Holding,
  type RenditionId,
  type SignedChunkHeader,
  type StreamId,
} from '@p2ptv/protocol';
import type { LinkId } from './engine-io.js';

/** Who told us of a header: a neighbour, with what it has of the chunk, or the origin. */
export type HeaderTeller = { readonly linkId: LinkId; readonly holding: Holding } | 'origin';

/** What became of a header that was told. */
export type OfferResult =
  /** Its signature is being checked, or was already being checked. */
  | 'pending'
  /** It is known and verified. */
  | 'known'
  /** Too old to matter, or this link already has too many checks waiting. */
  | 'ignored'
  /** It can't be right: another stream, or absurdly far ahead. */
  | 'invalid';

type PendingCheck = { readonly signed: SignedChunkHeader; readonly tellers: HeaderTeller[] };

/** A header whose signature has just been checked, and who had told us of it. */
export type CheckedHeader = {
  readonly signed: SignedChunkHeader;
  readonly tellers: readonly HeaderTeller[];
  readonly isValid: boolean;
};

/**
 * Headers that the publisher signed, and those still being checked. Only verified headers are ever
 * looked up; each signature is checked once, however many neighbours tell of it. (SPEC IN1–IN4)
 */
export class HeaderLog {
  readonly #streamId: StreamId;
  readonly #verified = new Map<ChunkKey, SignedChunkHeader>();
  readonly #pending = new Map<number, PendingCheck>();
  readonly #pendingByLink = new Map<LinkId, number>();
  readonly #edges = new Map<RenditionId, ChunkHeader>();
  #floor = 0 as ChunkSequence;
  #nextCheckId = 1;

  constructor(streamId: StreamId) {
    this.#streamId = streamId;
  }

  /** The newest verified header of a rendition: the live edge as far as this peer knows. */
  edge(rendition: RenditionId): ChunkHeader | undefined {
    return this.#edges.get(rendition);
  }

  get(key: ChunkKey): SignedChunkHeader | undefined {
    return this.#verified.get(key);
  }

  /**
   * Takes a header from outside. `pending` with a check id asks for a signature check; without one
   * the same bytes are already being checked.
   */
  offer(signed: SignedChunkHeader, teller: HeaderTeller): { result: OfferResult; checkId?: number } {
    const { header } = signed;
    if (header.streamId !== this.#streamId) return { result: 'invalid' };
    if (header.sequence < this.#floor) return { result: 'ignored' };
    const known = this.#verified.get(chunkKey(header.rendition, header.sequence));
    if (known && isEqualBytes(known.bytes, signed.bytes)) return { result: 'known' };
    const edge = this.#edges.get(header.rendition);
    // Sequences jump after a restart of the origin: only it is believed about the far future.
    const isFarAhead = edge !== undefined && header.sequence > edge.sequence + LIMITS.headersAheadOfEdge;
    if (teller !== 'origin' && isFarAhead && header.epoch <= edge.epoch) return { result: 'invalid' };
    for (const pending of this.#pending.values()) {
      if (!isEqualBytes(pending.signed.bytes, signed.bytes)) continue;
      pending.tellers.push(teller);
      return { result: 'pending' };
    }
    if (teller !== 'origin') {
      const waiting = this.#pendingByLink.get(teller.linkId) ?? 0;
      if (waiting >= LIMITS.pendingSignaturesPerLink) return { result: 'ignored' };
      this.#pendingByLink.set(teller.linkId, waiting + 1);
    }
    const checkId = this.#nextCheckId++;
    this.#pending.set(checkId, { signed, tellers: [teller] });
    return { result: 'pending', checkId };
  }

  /** Takes the result of a check; undefined when nobody waits for it any more. */
  checked(checkId: number, isValid: boolean): CheckedHeader | undefined {
    const pending = this.#pending.get(checkId);
    if (!pending) return undefined;
    this.#pending.delete(checkId);
    const first = pending.tellers[0];
    if (first !== undefined && first !== 'origin') {
      const waiting = (this.#pendingByLink.get(first.linkId) ?? 1) - 1;
      if (waiting > 0) this.#pendingByLink.set(first.linkId, waiting);
      else this.#pendingByLink.delete(first.linkId);
    }
    if (isValid) this.insert(pending.signed);
    return { ...pending, isValid };
  }

  /** True while any signature is being checked for a chunk: its blocks may already be coming. */
  isPending(key: ChunkKey): boolean {
    for (const { signed } of this.#pending.values()) {
      if (chunkKey(signed.header.rendition, signed.header.sequence) === key) return true;
    }
    return false;
  }

  /** Adds a verified header. A second one for the same chunk does not replace the first. */
  insert(signed: SignedChunkHeader): void {
    const { header } = signed;
    const key = chunkKey(header.rendition, header.sequence);
    if (!this.#verified.has(key)) this.#verified.set(key, signed);
    const edge = this.#edges.get(header.rendition);
    if (!edge || header.sequence > edge.sequence) this.#edges.set(header.rendition, header);
  }

  /** Forgets everything before a sequence; returns the keys that went. */
  forgetBefore(sequence: ChunkSequence): ChunkKey[] {
    if (sequence <= this.#floor) return [];
    this.#floor = sequence;
    const forgotten: ChunkKey[] = [];
    for (const [key, { header }] of this.#verified) {
      if (header.sequence < sequence) forgotten.push(key);
    }
    for (const key of forgotten) this.#verified.delete(key);
    return forgotten;
  }
}
