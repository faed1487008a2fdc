import type { DutyMap, PeerId, PeerStatus, Random, WireMessage } from '@p2ptv/protocol';
import type { BaselineChunk } from './baseline-chunk.js';
import type { BaselineContext } from './baseline-context.js';
import type { BaselineNeighbour } from './baseline-neighbour.js';
import type { HeaderPolicy } from './header-watch.js';
import type { Supply } from './supply.js';
import type { Push, ServingOrder, UploadQueue } from './upload-queue.js';

/** What a baseline always does, whatever happens. */
export type TacticsTraits = {
  /** Neighbours are told INCOMING when the first block is there. */
  readonly tellsBegun: boolean;
  /** Neighbours are told HAVE when the chunk is whole. */
  readonly tellsWhole: boolean;
  /** False: it links to nobody. */
  readonly hasLinks: boolean;
  readonly headers: HeaderPolicy;
  readonly serving: ServingOrder;
};

/**
 * The idea of one baseline: what to ask of whom, what to push to whom. Everything else (deadlines,
 * fallback, proofs, links, serving) is the same for all, so that figures differ by the idea alone.
 * Hooks are called in a visible order by BaselinePeer.
 */
export type Tactics = {
  /** After every input: asks, fetches. */
  readonly act?: (nowMs: number) => void;
  /** When {@link act} wants to run again, ms. */
  readonly dueMs?: (nowMs: number) => number;
  /** The uplink is idle and nobody waits for it: what to push next. */
  readonly nextPush?: (nowMs: number) => Push | undefined;
  /** False: nobody can be hoped to deliver, the origin is asked at once. Default: a neighbour serves. */
  readonly mayHope?: (nowMs: number) => boolean;
  /** A header is verified and its chunk wanted. */
  readonly accepted?: (nowMs: number, chunk: BaselineChunk) => void;
  readonly blockVerified?: (nowMs: number, chunk: BaselineChunk) => void;
  readonly whole?: (nowMs: number, chunk: BaselineChunk) => void;
  /** A message of a neighbour that said HELLO; after the common rules were applied. */
  readonly heard?: (nowMs: number, neighbour: BaselineNeighbour, message: WireMessage) => void;
  readonly linkEnded?: (nowMs: number, neighbour: BaselineNeighbour) => void;
  /** Only at the origin: whom of those on duty it is to be linked to. */
  readonly dutyMap?: (nowMs: number, map: DutyMap) => readonly PeerId[];
  /** What is told of this peer in HELLO and STATUS. */
  readonly status?: (nowMs: number, usual: PeerStatus) => PeerStatus;
};

/** What tactics work with. */
export type TacticsTools = {
  /** This peer's own id. */
  readonly peerId: PeerId;
  readonly context: BaselineContext;
  readonly random: Random;
  readonly supply: Supply;
  readonly uploads: UploadQueue;
};

/** Makes the tactics of one peer. */
export type TacticsFactory = {
  readonly traits: TacticsTraits;
  readonly create: (tools: TacticsTools) => Tactics;
};
