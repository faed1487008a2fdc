import type { Rendition, RenditionId, StreamLink } from '@p2ptv/protocol';
import type { CacheSize, NeighbourStats, PeerSessionStats, UploadPolicy } from '@p2ptv/peer';
import type { CacheOptions } from '@p2ptv/peer/browser';

/** Options of `attachP2ptv`; only the link is needed. */
export type P2ptvOptions = {
  /** What to watch, as `parseStreamLink` reads it from a magnet link or a watch URL; or the text itself. */
  readonly link: StreamLink | string;
  /** What this viewer shares. Default: on; off where the browser reports data saving or a cellular link. */
  readonly upload?: UploadPolicy;
  /**
   * How far behind the edge the first frames lie, ms, 100 … 10,000; default 600. Lower starts nearer
   * to live with less in hand; higher fetches more before the first frame.
   */
  readonly joinDelayMs?: number;
  /**
   * False: no tracker and no peers; everything comes from the origin, and is verified and played at the
   * same delay. For pages that must not connect their viewers, and for comparisons. Default true.
   */
  readonly hasPeers?: boolean;
  /**
   * Keeps what was received on this viewer's disk, so that going back, reloading, or the recording of a live stream costs
   * nobody anything; false: nothing is kept. Default: on, in secure contexts of browsers that have OPFS.
   */
  readonly cache?: false | CacheOptions;
  /**
   * Tells the link's first origin every 30 s, and at the end, how playback goes: startup, delay, stalls, bytes by source. Nothing
   * that tells who watches. False: nothing is told. Default true.
   */
  readonly beacons?: boolean;
};

/**
 * Why hls.js plays straight from the origin. `noEndpoint`: the origin is a plain HLS origin without
 * the peers' endpoint; `noAnswer`: nobody told what the stream is in time; `failed`: the peer
 * could not start here, e.g. because the browser lacks what it needs.
 */
export type PlainReason = 'noEndpoint' | 'noAnswer' | 'failed';

/** Where an attachment is in its life. */
export type P2ptvState =
  /** Nothing is known of the stream yet. */
  /** `isInLine`: the origin is full for the moment, and is asked again when it said. */
  | { readonly kind: 'joining'; readonly isOriginReachable: boolean; readonly isInLine?: boolean }
  /** hls.js is fed by the session: from peers, and from the origin for what peers won't deliver in time. */
  | { readonly kind: 'meshed' }
  /** hls.js plays from the origin's own playlists, without peers. */
  | { readonly kind: 'plain'; readonly reason: PlainReason; readonly message: string }
  /** `detach` was called, or hls.js was destroyed or loads something else. */
  | { readonly kind: 'detached' };

/** Which rendition the viewer wants. */
export type QualityWish = 'auto' | RenditionId;

/** A snapshot for panels and benches. Bytes are media bytes unless the name says otherwise. */
export type P2ptvStats = {
  readonly state: P2ptvState;
  /** From `attachP2ptv` to the first painted frame, ms; undefined before it. */
  readonly startupMs: number | undefined;
  /**
   * Glass to glass, ms: this machine's clock less the capture time of the frame at the playhead.
   * Where the clocks of viewer and origin differ visibly, the delay behind the verified edge instead.
   */
  readonly playoutDelayMs: number | undefined;
  /** The delay behind the newest verified part that is held, and the one wanted, ms. */
  readonly edgeDelayMs: number | undefined;
  readonly targetDelayMs: number | undefined;
  /** Media ahead of the playhead, ms. */
  readonly bufferedMs: number;
  readonly stalls: number;
  readonly stalledMs: number;
  /** Time in which the picture should have moved, ms. */
  readonly playedMs: number;
  /** Time at a playback rate other than 1, of all the time played; 0 … 1. */
  readonly rateChangedRatio: number;
  /**
   * 1 less what the origin sent to this viewer (all application bytes) for each verified media byte;
   * that was received, own cache aside; below 0 when the origin sent more than was played. undefined before the first byte.
   */
  readonly offloadRatio: number | undefined;
  readonly bytes: {
    readonly fromPeers: number;
    readonly fromOrigin: number;
    /** Pushed by the origin's own seeder. */
    readonly fromSeeder: number;
    /** From this viewer's own disk. */
    readonly fromCache: number;
    readonly sent: number;
  };
  readonly neighbours: readonly NeighbourStats[];
  readonly upload: UploadPolicy;
  /** False when the viewer paused or went back: `goLive` returns to the edge. */
  readonly isFollowingLive: boolean;
  /** What is played instead of the live edge: from when to when there is something, and where the picture stands; program date-times, ms. */
  readonly recording: { readonly fromMs: number; readonly toMs: number; readonly positionMs: number | undefined } | undefined;
  /** The renditions that there are, best first, which one was asked for, and which one is played; undefined before the stream is known. */
  readonly quality: { readonly renditions: readonly Rendition[]; readonly choice: QualityWish; readonly playing: RenditionId | undefined } | undefined;
  /** All that the session counts; undefined in states without one. */
  readonly session: PeerSessionStats | undefined;
};

/** Events of an attachment. */
export type P2ptvEvents = {
  stateChanged: { readonly state: P2ptvState };
  /** Without a picture, the first sound was played. */
  firstFramePainted: { readonly startupMs: number };
  stallEnded: { readonly stalledMs: number };
};

/** What this viewer's disk keeps, of all streams of this site. */
export interface P2ptvCache {
  readonly size: CacheSize;
  /** Forgets all of it; resolves when it is gone. */
  clear(): Promise<void>;
}

/** An hls.js instance that plays from the mesh. */
export interface P2ptvAttachment {
  readonly state: P2ptvState;
  /** Subscribes; returns the unsubscribe function. A listener that throws hurts nobody else. */
  on<Name extends keyof P2ptvEvents>(name: Name, listener: (event: P2ptvEvents[Name]) => void): () => void;
  /** A snapshot; cheap enough for twice a second. */
  stats(): P2ptvStats;
  /** Undefined without a cache, and outside the mesh. */
  readonly cache: P2ptvCache | undefined;
  /** Changes what this viewer shares, at once. */
  setUpload(policy: UploadPolicy): void;
  /**
   * Goes to a program date-time, ms since the Unix epoch: of a recording, or of what the origin keeps of a live stream.
   * Beyond what there is, to its nearest end.
   */
  seek(dateMs: number): void;
  /** Chooses a rendition; `auto`: the best that arrives in time. Default: auto. */
  setQuality(choice: QualityWish): void;
  /** Returns to the live position after a pause or a seek, and follows it again. */
  goLive(): void;
  /**
   * Leaves the mesh and frees everything. hls.js has its settings back and goes on from the origin's
   * own playlists, unless it is told otherwise.
   */
  detach(): void;
}
