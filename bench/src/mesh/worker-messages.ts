import type { ChunkSequence, PeerId, StreamLink } from '@p2ptv/protocol';

/** Argument of a worker that simulates before it is ready. */
export const WARM_UP = 'warm-up';

/** One viewer that a worker is to run. */
export type PeerPlan = {
  /** From 1 in the order of coming, as in the simulator. */
  readonly index: number;
  /** When it is to come, ms of the run. */
  readonly joinAtMs: number;
  readonly uplinkBitsPerSecond: number;
};

/** What a worker does. */
export type WorkerPlan = {
  readonly link: StreamLink;
  /** The run's beginning, ms since the Unix epoch. */
  readonly startedWallMs: number;
  readonly peers: readonly PeerPlan[];
  /** How far behind the camera its players stay, ms. */
  readonly playoutMs: number;
  readonly partMs: number;
  readonly joinDelayMs: number;
  /** Of each peer; undefined: no limit. */
  readonly downlinkBitsPerSecond: number | undefined;
};

/** What a worker is told: what to do, and that it is over. */
export type ToWorker = { readonly kind: 'plan'; readonly plan: WorkerPlan } | { readonly kind: 'finish' };

/** All that a peer has counted since it came. Bytes are application bytes. */
export type PeerTotals = {
  /** HTTP bodies. */
  readonly http: { readonly media: number; readonly init: number; readonly headers: number; readonly join: number };
  /** Of their media, what was fetched because a deadline came near. */
  readonly fallbackBytes: number;
  /** Frames from the origin's seeder. */
  readonly fromSeeder: { readonly bytes: number; readonly mediaBytes: number };
  /** Frames to neighbours. */
  readonly sent: { readonly bytes: number; readonly mediaBytes: number };
  readonly verifiedBytes: { readonly peerBytes: number; readonly seederBytes: number; readonly originBytes: number };
  readonly neighbours: number;
  readonly mechanisms: Readonly<Record<string, number>>;
};

/** Something that happened at a peer, at a time of the run. */
export type PeerRecord = { readonly peer: number; readonly atMs: number } & (
  | { readonly kind: 'came' }
  | { readonly kind: 'started' }
  | { readonly kind: 'stallBegan' }
  | { readonly kind: 'stallEnded'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'skipped'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'delaySampled'; readonly delayMs: number }
  | { readonly kind: 'partReady' | 'chunkVerified'; readonly sequence: ChunkSequence; readonly byteLength: number }
  /** Media of a chunk came over links since this was last told. */
  | { readonly kind: 'mediaCame'; readonly sequence: ChunkSequence; readonly bytes: number }
  | { readonly kind: 'totals'; readonly totals: PeerTotals }
);

/** A frame at one end of a link, when it left or came; ms of the run, with fractions. */
export type TimedMark = {
  readonly from: PeerId;
  readonly to: PeerId;
  readonly ordinal: number;
  readonly isArrival: boolean;
  readonly atMs: number;
};

/** What has happened in a worker since it was last told. */
export type WorkerNews = Extract<FromWorker, { kind: 'happened' }>;

/** What a worker tells. */
export type FromWorker =
  | { readonly kind: 'ready' }
  /** `setupsMs`: how long links took from the dial until they were open. */
  | { readonly kind: 'happened'; readonly records: readonly PeerRecord[]; readonly marks: readonly TimedMark[]; readonly setupsMs: readonly number[] }
  /** Everything is told; `loopDelayP99Ms`: how late its timers were, at worst but for one in a hundred. */
  | { readonly kind: 'finished'; readonly loopDelayP99Ms: number };
