import type { SignedChunkHeader } from './chunk-header.js';
import type { ChunkSequence, PeerId, RenditionId } from './ids.js';
import type { PeerRole } from './ticket.js';
import type { Signal } from './tracker-contract.js';

/** Names a chunk within the stream of a link. */
export type ChunkRef = { readonly rendition: RenditionId; readonly sequence: ChunkSequence };

/** What whoever tells of a chunk has to send before it could serve a new request. */
export type UploadQueue = {
  /** KiB, 0 … 65,535; left out: 0. */
  readonly aheadKib?: number;
};

/** Names a stripe of a rendition: 0 … STRIPE_COUNT − 1. */
export type StripeRef = { readonly rendition: RenditionId; readonly stripe: number };

/** How much of a chunk the sender of a HEADER has. */
export type Holding = 'none' | 'incoming' | 'complete';

/** Why a request was refused. */
export type RejectReason = 'notHeld' | 'overLimit' | 'notUploading' | 'tooLate';

/** Why a link is closed by its other end. */
export type ByeReason = 'leaving' | 'badBlock' | 'badHeader' | 'misbehaviour' | 'tooManyLinks' | 'idle';

/** What a peer tells about itself; repeated when it changes. */
export type PeerStatus = {
  /** What it can send, kb/s, as it measured or was told; 0 = unknown. */
  readonly uplinkKbps: number;
  /** Bytes that it has promised and not sent yet. */
  readonly queuedBytes: number;
  /** False: it serves nobody (the viewer switched uploading off). */
  readonly isUploading: boolean;
  /** False: its page is hidden; it still serves. */
  readonly isVisible: boolean;
  /** Whose chunks it wants to hear of, a bit a rendition ({@link renditionBit}); left out, or 0: it has not chosen yet, and wants to hear of all. */
  readonly renditions?: number;
};

/** The bit of a rendition in a set of them. */
export function renditionBit(rendition: RenditionId): number {
  return 1 << rendition;
}

/** A peer as one of its neighbours describes it; the origin's seeder is never named. */
export type NamedPeer = {
  readonly peerId: PeerId;
  readonly role: Exclude<PeerRole, 'origin'>;
  /** As in {@link PeerStatus}. */
  readonly uplinkKbps: number;
  readonly isUploading: boolean;
  readonly isVisible: boolean;
};

/** A message between neighbours, one a data-channel message. SPEC, series WR. */
export type WireMessage =
  | { readonly kind: 'hello'; readonly version: number; readonly status: PeerStatus }
  | { readonly kind: 'status'; readonly status: PeerStatus }
  | ({ readonly kind: 'header'; readonly signed: SignedChunkHeader; readonly holding: Holding } & UploadQueue)
  | ({ readonly kind: 'incoming' } & ChunkRef & UploadQueue)
  | ({ readonly kind: 'have' } & ChunkRef & UploadQueue)
  | ({ readonly kind: 'request' } & ChunkRef & BlockRange & { readonly deadlineInMs: number })
  | ({ readonly kind: 'block' } & ChunkRef & { readonly index: number; readonly bytes: Uint8Array })
  | ({ readonly kind: 'cancel' } & ChunkRef)
  | ({ readonly kind: 'reject' } & ChunkRef & { readonly reason: RejectReason })
  /** In answer to a request that has to wait: bytes that go to others, or to the asker, before it. */
  | ({ readonly kind: 'queued' } & ChunkRef & { readonly aheadBytes: number })
  /** Asks the receiver to push every chunk of a stripe from now on, as soon as it gets it. */
  | ({ readonly kind: 'subscribe' } & StripeRef)
  /** Ends that, from either side: the child wants no more, or the parent does not push (any more). */
  | ({ readonly kind: 'unsubscribe' } & StripeRef)
  /** How long a chunk's way from the origin would be by a push from the sender, ms: one number a stripe, {@link NO_OFFER} where it would not push. */
  | { readonly kind: 'offers'; readonly rendition: RenditionId; readonly pathMs: readonly number[] }
  /**
   * Which chunks from a sequence on the sender has whole, a bit a chunk, the lowest bit of a byte first: those and,
   * as far as the bits reach, no others. The sequence is a multiple of eight; 1 to LIMITS.holdingsBytes bytes.
   */
  | ({ readonly kind: 'holdings' } & ChunkRef & { readonly bits: Uint8Array })
  | { readonly kind: 'ping'; readonly nonce: number }
  | { readonly kind: 'pong'; readonly nonce: number }
  /** Neighbours of the sender, 1 to LIMITS.peersPerMessage. */
  | { readonly kind: 'peers'; readonly peers: readonly NamedPeer[] }
  /** A signal on its way between two peers that share a neighbour: to that neighbour, or from it. */
  | { readonly kind: 'relay'; readonly signal: Signal }
  | { readonly kind: 'bye'; readonly reason: ByeReason };

/** Consecutive blocks of a chunk. */
export type BlockRange = { readonly firstBlock: number; readonly blockCount: number };

/** In OFFERS: no push of that stripe. Also the largest number that can be told. */
export const NO_OFFER = 0xffff;

/** In REQUEST: the chunk is welcome whenever it comes. Also the largest number that can be told. */
export const NO_DEADLINE_MS = 0xffff;

/** Version of the wire protocol, in HELLO. Peers of different versions part with BYE. */
export const WIRE_VERSION = 3;
