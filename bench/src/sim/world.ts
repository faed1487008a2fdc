import type { LinkId } from '@p2ptv/peer/engine';
import type { ChunkHeader, PeerId, PublisherProof, Signal, StreamId } from '@p2ptv/protocol';
import type { DialHost } from './dialler.js';
import type { EventQueue } from './event-queue.js';
import type { Rung } from './ladder.js';
import type { Measure } from './measure.js';
import type { Network } from './network.js';
import type { OriginHttp } from './origin-http.js';
import type { OriginUplink } from './origin-uplink.js';
import type { SimTracker } from './sim-tracker.js';
import type { Verifications } from './verifications.js';

/** What all peers of one run share. */
export interface World {
  readonly queue: EventQueue;
  readonly network: Network;
  readonly http: OriginHttp;
  readonly tracker: SimTracker;
  readonly checks: Verifications;
  readonly originUplink: OriginUplink;
  /** The stream's renditions, the best first. */
  readonly ladder: readonly Rung[];
  /** Viewers change to another rendition so often on average, ms; undefined: they stay with the first they drew. */
  readonly switchMs: number | undefined;
  /** The engine's own rule chooses. */
  readonly isQualityAuto: boolean;
  /** The bytes of parts are looked at: somebody may have altered them. */
  readonly areBytesWatched: boolean;
  readonly measure: Measure;
  readonly streamId: StreamId;
  readonly trackerAccessDelayMs: number;
  /** How far behind the live edge playback will begin; the join answer reaches back so far, ms. */
  readonly joinDelayMs: number;
  /** The recording that is watched, part by part; undefined: a live stream. */
  readonly recording: readonly ChunkHeader[] | undefined;
  /** A viewer has watched to the end. */
  viewerIsDone(peerId: PeerId): void;
  readonly player: { readonly targetMs: number; readonly partMs: number };
  /** Sets up a link; the outcome comes later. */
  dial(from: DialHost, peerId: PeerId, via?: LinkId): void;
  /** A neighbour has passed a signal on to a peer. */
  takeSignal(at: DialHost, linkId: LinkId, signal: Signal): void;
  /** A capture date of the run's clock as a wall date, and back, ms. */
  readonly wallDateMs: (dateMs: number) => number;
  readonly captureDateMs: (programDateTimeMs: number) => number;
  fingerprintOf(peer: DialHost): string;
  proofOf(peer: DialHost): PublisherProof;
}
