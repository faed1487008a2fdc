import {
  chunkKey,
  isEqualBytes,
  LIMITS,
  type ChunkHeader,
  type ChunkKey,
  type ChunkRef,
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
  /** It can't be right: it is of another stream. */
  | 'invalid';

type PendingCheck = {
  readonly signed: SignedChunkHeader;
  readonly tellers: HeaderTeller[];
  /** The link whose allowance the check takes up. */
  readonly chargedTo: LinkId | undefined;
  readonly isFarAhead: boolean;
};

/** A header whose signature has just been checked, and who had told us of it. */
export type CheckedHeader = {
  readonly signed: SignedChunkHeader;
  readonly tellers: readonly HeaderTeller[];
  readonly isValid: boolean;
};

/**
 * Headers that the publisher signed, and those still being checked. Only verified headers are ever
 * looked up; each signature is checked once, however many neighbours tell of it. (SPEC IN1–IN7)
 */
export class HeaderLog {
  readonly #streamId: StreamId;
  readonly #verified = new Map<ChunkKey, SignedChunkHeader>();
  readonly #pending = new Map<number, PendingCheck>();
  readonly #edges = new Map<RenditionId, ChunkHeader>();
  /** By rendition: what is older than all that is kept. */
  readonly #floors = new Map<RenditionId, number>();
  /** Renditions that were followed and are not, and the last sequence that was known of each then. */
  readonly #left = new Set<RenditionId>();
  readonly #leftAt = new Map<RenditionId, number>();
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
    if (this.isForgotten(header)) return { result: 'ignored' };
    const known = this.#verified.get(chunkKey(header.rendition, header.sequence));
    if (known && isSameHeader(known, signed)) return { result: 'known' };
    for (const pending of this.#pending.values()) {
      if (!isSameHeader(pending.signed, signed)) continue;
      if (!pending.tellers.some((other) => isSameTeller(other, teller))) pending.tellers.push(teller);
      return { result: 'pending' };
    }
    const edge = this.#edges.get(header.rendition);
    // True after a restart of the origin, or after a long sleep of ours; else a lie that burns our time.
    const isFarAhead = edge !== undefined && header.sequence > edge.sequence + LIMITS.headersAheadOfEdge;
    const chargedTo = teller === 'origin' ? undefined : teller.linkId;
    if (chargedTo !== undefined && !this.#mayCheck(chargedTo, isFarAhead)) return { result: 'ignored' };
    const checkId = this.#nextCheckId++;
    this.#pending.set(checkId, { signed, tellers: [teller], chargedTo, isFarAhead });
    return { result: 'pending', checkId };
  }

  #mayCheck(linkId: LinkId, isFarAhead: boolean): boolean {
    const waiting = [...this.#pending.values()].filter(({ chargedTo }) => chargedTo === linkId);
    if (isFarAhead && waiting.some((pending) => pending.isFarAhead)) return false;
    return waiting.length < LIMITS.pendingSignaturesPerLink;
  }

  /** Takes the result of a check; undefined when nobody waits for it any more. */
  checked(checkId: number, isValid: boolean): CheckedHeader | undefined {
    const pending = this.#pending.get(checkId);
    if (!pending) return undefined;
    this.#pending.delete(checkId);
    if (isValid) this.insert(pending.signed);
    return { signed: pending.signed, tellers: pending.tellers, isValid };
  }

  /** True for what is older than all that is kept of its rendition. */
  isForgotten({ rendition, sequence }: ChunkRef): boolean {
    return sequence < (this.#floors.get(rendition) ?? 0);
  }

  /** The verified headers of a rendition, in the order in which they came. */
  *of(rendition: RenditionId): Generator<SignedChunkHeader> {
    for (const signed of this.#verified.values()) if (signed.header.rendition === rendition) yield signed;
  }

  /** True while the signature of an unknown chunk is being checked: its blocks may already be coming. */
  isPending(key: ChunkKey): boolean {
    if (this.#verified.has(key)) return false;
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

  /** Forgets one header; told again, it is checked again. */
  remove(key: ChunkKey): void {
    this.#verified.delete(key);
  }

  /** Forgets everything of a rendition before a sequence; returns the keys that went. */
  forgetBefore({ rendition, sequence }: ChunkRef): ChunkKey[] {
    if (sequence <= (this.#floors.get(rendition) ?? 0)) return [];
    this.#floors.set(rendition, sequence);
    return this.#forget((header) => header.rendition === rendition && header.sequence < sequence);
  }

  /** True for what somebody may still send because it was wanted once: it is forgotten whether it was. */
  isStale(chunk: ChunkRef): boolean {
    const { rendition, sequence } = chunk;
    return this.isForgotten(chunk) || this.#left.has(rendition) || sequence <= (this.#leftAt.get(rendition) ?? -1);
  }

  /** A rendition is followed, for the first time or again. */
  enter(rendition: RenditionId): void {
    // A check that ended after it was left may have left a header behind.
    this.leave(rendition);
    this.#left.delete(rendition);
  }

  /** What was forgotten of a rendition may be wanted again: a viewer goes back in it. */
  reopen(rendition: RenditionId): void {
    this.#floors.delete(rendition);
    this.#left.delete(rendition);
  }

  /** Forgets a rendition and where its live edge was: nobody here follows it any more. */
  leave(rendition: RenditionId): void {
    const edge = this.#edges.get(rendition);
    if (edge) this.#leftAt.set(rendition, edge.sequence);
    this.#left.add(rendition);
    this.#edges.delete(rendition);
    this.#forget((header) => header.rendition === rendition);
  }

  #forget(isOver: (header: ChunkHeader) => boolean): ChunkKey[] {
    const forgotten: ChunkKey[] = [];
    for (const [key, { header }] of this.#verified) if (isOver(header)) forgotten.push(key);
    for (const key of forgotten) this.#verified.delete(key);
    return forgotten;
  }
}

function isSameHeader(left: SignedChunkHeader, right: SignedChunkHeader): boolean {
  return left === right || isEqualBytes(left.bytes, right.bytes);
}

function isSameTeller(left: HeaderTeller, right: HeaderTeller): boolean {
  if (left === 'origin' || right === 'origin') return left === right;
  return left.linkId === right.linkId;
}
