import { randomBytes, randomInt } from 'node:crypto';
import {
  encodePublisherProof,
  peerIdFromBytes,
  seededRandom,
  type PeerId,
  type Signer,
  type StreamLink,
} from '@p2ptv/protocol';
import { DiskSegmentFiles } from '../adapters/chunk-cache/disk-segment-files.js';
import { SegmentChunkCache } from '../adapters/chunk-cache/segment-chunk-cache.js';
import { HttpOriginClient } from '../adapters/http-origin/http-origin-client.js';
import { pacedTransport } from '../adapters/paced/paced-transport.js';
import { SocketTrackerClient } from '../adapters/socket-tracker/socket-tracker-client.js';
import { NodeWakeTimer } from '../adapters/timer/node-wake-timer.js';
import { systemClock } from '../adapters/timer/system-clock.js';
import { NodeVerifier } from '../adapters/verifier/node-verifier.js';
import { NodeWebRtcHandler } from '../adapters/webrtc-node/node-webrtc-handler.js';
import { WebRtcTransport } from '../adapters/webrtc/webrtc-transport.js';
import type { PartialEngineOptions } from '../engine/engine-options.js';
import type { UploadPolicy } from '../engine/viewer-input.js';
import type { LinkTransport } from '../ports/link-transport.js';
import type { OriginClient } from '../ports/origin-client.js';
import type { Uplink } from '../ports/uplink.js';
import { LivePeerSession } from '../runtime/live-peer-session.js';
import type { PeerSession, SeederSession } from '../runtime/peer-session.js';
import type { SessionParts } from '../runtime/session-parts.js';
import { TrackerClock } from '../runtime/tracker-clock.js';

export { pacedTransport };

/** Options of {@link createNodePeer}. */
export type NodePeerOptions = {
  readonly link: StreamLink;
  /** `seeder`: a volunteer that serves without watching; `viewer`: it gets every chunk in time, as a player would. */
  readonly role: 'seeder' | 'viewer';
  /** Default: on. */
  readonly upload?: UploadPolicy;
  /** How far behind the live edge playback will begin, ms; default 600. The origin's join answer reaches back so far. */
  readonly joinDelayMs?: number;
  /** Links are set up when playback has begun, at the latest after so many ms; default 0, at once. */
  readonly meshDelayMs?: number;
  /** Puts something between the peer and its network, as {@link pacedTransport} does. Default: nothing. */
  readonly wrapTransport?: (transport: LinkTransport) => LinkTransport;
  /** The same between the peer and its origin. */
  readonly wrapOrigin?: (origin: OriginClient) => OriginClient;
  /** Only for role `seeder`: where it keeps a recording that it serves. Left out: it serves live streams only. */
  readonly seeds?: SeedOptions;
  readonly engine?: PartialEngineOptions;
};

/** What a volunteer keeps on its disk. */
export type SeedOptions = {
  /** For this stream alone; it is made where it is lacking. */
  readonly folder: string;
  /** Most bytes of all that is kept there. When they are taken it gets no more, and serves what it has. */
  readonly quotaBytes: number;
};

/** A headless peer over node-datachannel. Nothing is sent before `start`. */
export function createNodePeer(options: NodePeerOptions): PeerSession {
  const { link, role, upload, joinDelayMs, meshDelayMs, wrapTransport, wrapOrigin, seeds, engine } = options;
  const parts = nodeParts(link);
  const origin = new HttpOriginClient({ link, verifier: parts.verifier, random: parts.random });
  return new LivePeerSession({
    ...parts,
    role,
    origin: wrapOrigin ? wrapOrigin(origin) : origin,
    ...(seeds ? { seeds: openSeeds(seeds, parts) } : {}),
    ...(wrapTransport
      ? { openTransport: (opened) => parts.openTransport((transport) => opened(transport && wrapTransport(transport))) }
      : {}),
    ...(upload ? { upload } : {}),
    ...(joinDelayMs === undefined ? {} : { joinDelayMs }),
    ...(meshDelayMs === undefined ? {} : { meshDelayMs }),
    ...(engine ? { engine } : {}),
  });
}

function openSeeds({ folder, quotaBytes }: SeedOptions, { link, random }: NodeParts): SegmentChunkCache {
  const nowMs = (): number => systemClock.wallMs();
  return new SegmentChunkCache(new DiskSegmentFiles(folder), { streamId: link.streamId, quotaBytes, nowMs, random });
}

/** Options of {@link createOriginSeeder}. */
export type OriginSeederOptions = {
  /** Its trackers are where the seeder joins; origins are not used. */
  readonly link: StreamLink;
  readonly slug: string;
  /** Signs with the publisher's key: the tracker believes nobody else to be the origin's seeder. */
  readonly signer: Signer;
  /** Its share in the origin's uplink, where that is limited; default: it sends as fast as links take it. */
  readonly uplink?: Uplink;
  readonly engine?: PartialEngineOptions;
};

/** The origin's own peer: give it each chunk with `publish`, and it pushes it to the peers on duty. */
export function createOriginSeeder(options: OriginSeederOptions): SeederSession {
  const { link, slug, signer, uplink, engine } = options;
  const parts = nodeParts(link);
  return new LivePeerSession({
    ...parts,
    role: 'origin',
    proof: (fingerprint) =>
      encodePublisherProof(
        { streamId: link.streamId, peerId: parts.peerId, fingerprint },
        { publicKey: link.publicKey, slug, signer, wallMs: systemClock.wallMs() },
      ),
    ...(uplink
      ? {
          uplink,
          openTransport: (opened) =>
            parts.openTransport((transport) => opened(transport && pacedTransport(transport, uplink))),
        }
      : {}),
    ...(engine ? { engine } : {}),
  });
}

type NodeParts = Omit<SessionParts, 'role'> & { readonly peerId: PeerId };

function nodeParts(link: StreamLink): NodeParts {
  const peerId = peerIdFromBytes(randomBytes(16));
  const random = seededRandom(randomInt(2 ** 32));
  const trackerClock = new TrackerClock(systemClock);
  return {
    peerId,
    link,
    clock: systemClock,
    random,
    verifier: new NodeVerifier(link.publicKey),
    wakeTimer: new NodeWakeTimer(),
    tracker: new SocketTrackerClient({ trackers: link.trackers, random }),
    trackerClock,
    openTransport: (opened) => {
      void NodeWebRtcHandler.create().then(
        (handler) => opened(new WebRtcTransport({ handler, peerId, streamId: link.streamId, clock: trackerClock })),
        () => opened(undefined),
      );
    },
  };
}
