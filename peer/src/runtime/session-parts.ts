import type { Clock, PeerId, PeerRole, PublisherProof, Random, StreamLink } from '@p2ptv/protocol';
import type { PartialEngineOptions } from '../engine/engine-options.js';
import type { UploadPolicy } from '../engine/viewer-input.js';
import type { ChunkCache } from '../ports/chunk-cache.js';
import type { LinkTransport } from '../ports/link-transport.js';
import type { OriginClient } from '../ports/origin-client.js';
import type { TrackerClient } from '../ports/tracker-client.js';
import type { Uplink } from '../ports/uplink.js';
import type { Verifier } from '../ports/verifier.js';
import type { WakeTimer } from '../ports/wake-timer.js';
import type { TrackerClock } from './tracker-clock.js';

/** What a session runs on: one implementation of each port. */
export type SessionParts = {
  readonly peerId: PeerId;
  readonly role: PeerRole;
  readonly link: StreamLink;
  readonly clock: Clock;
  readonly random: Random;
  readonly verifier: Verifier;
  readonly wakeTimer: WakeTimer;
  /** Only viewers and volunteers that know an origin have one. */
  readonly origin?: OriginClient;
  readonly tracker?: TrackerClient;
  /** Calls back once, with the transport or, where there is no WebRTC, with nothing. */
  readonly openTransport: (opened: (transport: LinkTransport | undefined) => void) => void;
  /** Told the tracker's time, where tickets are checked by it. */
  readonly trackerClock?: TrackerClock;
  /** Only for role `origin`: shows the tracker that this is the publisher's own seeder. */
  readonly proof?: (fingerprint: string) => PublisherProof;
  /**
   * Links are set up when playback has begun, at the latest after so many ms; default 0, at once.
   * Connections compete with the first frame for the machine and for the network.
   */
  readonly meshDelayMs?: number;
  /** How far behind the live edge playback will begin, ms; the origin's join answer reaches back so far. */
  readonly joinDelayMs?: number;
  readonly upload?: UploadPolicy;
  /** Only for role `origin`, where its uplink is shared and limited; the transport's links wait for it. */
  readonly uplink?: Uplink;
  /** Only for viewers: chunks that outlast the session. */
  readonly cache?: ChunkCache;
  /** Only for volunteers: the disk on which they keep recordings whole. Without it they serve live streams only. */
  readonly seeds?: ChunkCache;
  readonly engine?: PartialEngineOptions;
};
