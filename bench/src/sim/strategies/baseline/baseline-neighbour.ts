import type { PeerId, PeerRole, PeerStatus } from '@p2ptv/protocol';
import type { LinkId } from '@p2ptv/peer/engine';

/** What is remembered of one chunk at one neighbour: bits of {@link BaselineNeighbour.marks}. */
export const MARK = {
  /** It has all of the chunk. */
  has: 1,
  /** It is getting the chunk. */
  getting: 2,
  /** It and we both have the header: later news are six bytes. */
  header: 4,
  /** It was sent the chunk unasked, or is being. */
  pushed: 8,
  /** It refused the chunk, or let it lapse. */
  failed: 16,
  /** We asked it for the chunk: its blocks are welcome. */
  asked: 32,
  /** It was told once that we do not need the chunk from it. */
  cancelled: 64,
} as const;

/** All that a baseline knows about one neighbour. */
export type BaselineNeighbour = {
  readonly linkId: LinkId;
  readonly peerId: PeerId;
  readonly role: PeerRole;
  /** Undefined until its HELLO. */
  status: PeerStatus | undefined;
  /** Bits of {@link MARK} by chunk sequence. */
  readonly marks: Map<number, number>;
  /** Chunks that it owes us. */
  outstanding: number;
  /** From a request to the last block, ms: a running mean with gain 1/8. */
  deliveryMs: number;
  lastHeardMs: number;
  /** It refused because too many wait there: not asked before then. */
  busyUntilMs: number;
};

/** What a delivery is taken to last until one was measured, ms. */
const ASSUMED_DELIVERY_MS = 150;

/** A neighbour of whom nothing is known yet. */
export function newNeighbour(
  nowMs: number,
  who: { readonly linkId: LinkId; readonly peerId: PeerId; readonly role: PeerRole },
): BaselineNeighbour {
  const { linkId, peerId, role } = who;
  return {
    linkId,
    peerId,
    role,
    status: undefined,
    marks: new Map(),
    outstanding: 0,
    deliveryMs: ASSUMED_DELIVERY_MS,
    lastHeardMs: nowMs,
    busyUntilMs: 0,
  };
}

/** True when all or any of these bits are set. */
export function isMarked(neighbour: BaselineNeighbour, sequence: number, bits: number): boolean {
  return ((neighbour.marks.get(sequence) ?? 0) & bits) !== 0;
}

/** Sets bits. */
export function mark(neighbour: BaselineNeighbour, sequence: number, bits: number): void {
  neighbour.marks.set(sequence, (neighbour.marks.get(sequence) ?? 0) | bits);
}

/** Clears bits. */
export function unmark(neighbour: BaselineNeighbour, sequence: number, bits: number): void {
  const marks = neighbour.marks.get(sequence);
  if (marks !== undefined) neighbour.marks.set(sequence, marks & ~bits);
}

/** True for one that serves others and has said HELLO. */
export function isServing(neighbour: BaselineNeighbour): boolean {
  return neighbour.role !== 'origin' && neighbour.status?.isUploading === true;
}
