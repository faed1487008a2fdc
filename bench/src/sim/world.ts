import type { PeerId, PublisherProof, StreamId, WireMessage } from '@p2ptv/protocol';
import type { EventQueue } from './event-queue.js';
import type { Measure } from './measure.js';
import type { Network } from './network.js';
import type { OriginHttp } from './origin-http.js';
import type { SimPeer } from './sim-peer.js';
import type { SimTracker } from './sim-tracker.js';
import type { Verifications } from './verifications.js';

/** What all peers of one run share. */
export interface World {
  readonly queue: EventQueue;
  readonly network: Network;
  readonly http: OriginHttp;
  readonly tracker: SimTracker;
  readonly checks: Verifications;
  readonly measure: Measure;
  readonly streamId: StreamId;
  readonly trackerAccessDelayMs: number;
  /** How far behind the live edge playback will begin; the join answer reaches back so far, ms. */
  readonly joinDelayMs: number;
  readonly player: { readonly targetMs: number; readonly partMs: number };
  /** Sets up a link; the outcome comes later. */
  dial(from: SimPeer, peerId: PeerId): void;
  /** A capture date of the run's clock as a wall date, and back, ms. */
  readonly wallDateMs: (dateMs: number) => number;
  readonly captureDateMs: (programDateTimeMs: number) => number;
  fingerprintOf(peer: SimPeer): string;
  proofOf(peer: SimPeer): PublisherProof;
  /** The block as a polluter sends it. */
  altered(message: Extract<WireMessage, { kind: 'block' }>): WireMessage;
}
