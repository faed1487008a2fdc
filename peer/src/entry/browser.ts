import { peerIdFromBytes, seededRandom, type StreamLink } from '@p2ptv/protocol';
import { HttpOriginClient } from '../adapters/http-origin/http-origin-client.js';
import { SocketTrackerClient } from '../adapters/socket-tracker/socket-tracker-client.js';
import { systemClock } from '../adapters/timer/system-clock.js';
import { WorkerWakeTimer } from '../adapters/timer/worker-wake-timer.js';
import { WebVerifier } from '../adapters/verifier/web-verifier.js';
import { BrowserWebRtcHandler } from '../adapters/webrtc-browser/browser-webrtc-handler.js';
import { WebRtcTransport } from '../adapters/webrtc/webrtc-transport.js';
import type { PartialEngineOptions } from '../engine/engine-options.js';
import type { UploadPolicy } from '../engine/viewer-input.js';
import { LivePeerSession } from '../runtime/live-peer-session.js';
import type { PeerSession } from '../runtime/peer-session.js';
import { TrackerClock } from '../runtime/tracker-clock.js';
import { openBrowserCache, type CacheOptions } from './browser-cache.js';

export type { CacheOptions };

/** Options of {@link createBrowserPeer}. */
export type BrowserPeerOptions = {
  readonly link: StreamLink;
  /** Default: on. */
  readonly upload?: UploadPolicy;
  /** How far behind the live edge playback will begin, ms; default 600. The first parts are fetched from there on. */
  readonly joinDelayMs?: number;
  /** False: no WebRTC, no tracker, everything from the origin. Default true. */
  readonly hasPeers?: boolean;
  /** Keeps chunks on this viewer's disk, for when they are played again; false: nothing. Default: on, where the browser can. */
  readonly cache?: false | CacheOptions;
  readonly engine?: PartialEngineOptions;
};

/** Longest that the first frame may keep links waiting, ms. */
const MESH_DELAY_MS = 1_000;

/** A viewer's peer in a browser. Nothing is sent before `start`. */
export function createBrowserPeer(options: BrowserPeerOptions): PeerSession {
  const { link, upload, joinDelayMs, engine, hasPeers = true, cache: cacheOptions = {} } = options;
  const peerId = peerIdFromBytes(crypto.getRandomValues(new Uint8Array(16)));
  const random = seededRandom(crypto.getRandomValues(new Uint32Array(1))[0] ?? 0);
  const trackerClock = new TrackerClock(systemClock);
  const verifier = new WebVerifier(link.publicKey);
  const cache = cacheOptions === false ? undefined : openBrowserCache(cacheOptions, { streamId: link.streamId, random });
  return new LivePeerSession({
    peerId,
    role: 'viewer',
    link,
    clock: systemClock,
    random,
    verifier,
    wakeTimer: new WorkerWakeTimer(),
    origin: new HttpOriginClient({ link, verifier, random }),
    tracker: new SocketTrackerClient({ trackers: hasPeers ? link.trackers : [], random }),
    trackerClock,
    meshDelayMs: MESH_DELAY_MS,
    openTransport: (opened) => {
      if (!hasPeers) {
        opened(undefined);
        return;
      }
      void BrowserWebRtcHandler.create().then((handler) =>
        opened(handler && new WebRtcTransport({ handler, peerId, streamId: link.streamId, clock: trackerClock })),
      );
    },
    ...(upload ? { upload } : {}),
    ...(cache ? { cache } : {}),
    ...(joinDelayMs === undefined ? {} : { joinDelayMs }),
    engine: { ...engine, onDemand: { ...cachePatience(cacheOptions || {}), ...engine?.onDemand } },
  });
}

function cachePatience({ openMs, readMs }: CacheOptions): PartialEngineOptions['onDemand'] {
  return { ...(openMs === undefined ? {} : { cacheOpenMs: openMs }), ...(readMs === undefined ? {} : { cacheReadMs: readMs }) };
}
