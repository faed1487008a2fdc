import { seededRandom, type PeerId, type PeerRole } from '@p2ptv/protocol';
import { afterEach, expect, it, vi } from 'vitest';
import { NodeWakeTimer } from '../../src/adapters/timer/node-wake-timer.js';
import { systemClock } from '../../src/adapters/timer/system-clock.js';
import { NodeVerifier } from '../../src/adapters/verifier/node-verifier.js';
import { NodeWebRtcHandler } from '../../src/adapters/webrtc-node/node-webrtc-handler.js';
import { WebRtcTransport } from '../../src/adapters/webrtc/webrtc-transport.js';
import type { Link } from '../../src/ports/link.js';
import type { LinkTransport, LinkTransportListener } from '../../src/ports/link-transport.js';
import type { OriginClient } from '../../src/ports/origin-client.js';
import type { TrackerClient } from '../../src/ports/tracker-client.js';
import { LivePeerSession } from '../../src/runtime/live-peer-session.js';
import { numberedPeerId } from '../adapters/webrtc/signal-relay.js';
import { LINK, RENDITION, VirtualOrigin } from '../swarm/virtual-origin.js';
import { RealTime, SmallTracker } from './small-tracker.js';

const BLOCK_TYPE = 0x07;
const WAIT = { timeout: 30_000 };

const opened: LivePeerSession[] = [];
const realTime = new RealTime();

afterEach(() => {
  for (const session of opened.splice(0)) session.close();
  realTime.stop();
});

/** A transport whose owner alters every block that it sends to viewers. */
function lying(transport: LinkTransport): LinkTransport {
  const alter = (link: Link): Link => ({
    remote: link.remote,
    get bufferedBytes() {
      return link.bufferedBytes;
    },
    send: (frame) => {
      if (frame[0] === BLOCK_TYPE) frame[frame.length - 1] = (frame.at(-1) ?? 0) ^ 1;
      link.send(frame);
    },
    close: () => link.close(),
    listen: (listener) => link.listen(listener),
  });
  return {
    fingerprint: transport.fingerprint,
    setCredentials: (credentials) => transport.setCredentials(credentials),
    setLinkLimit: (limit) => transport.setLinkLimit(limit),
    dial: (peerId) => transport.dial(peerId),
    signal: (signal) => transport.signal(signal),
    listen: (listener: LinkTransportListener) =>
      transport.listen({ ...listener, linkOpened: (link, isInitiator) => listener.linkOpened(alter(link), isInitiator) }),
    close: () => transport.close(),
  };
}

type PeerSetUp = {
  readonly tracker: TrackerClient;
  readonly role: PeerRole;
  readonly isLiar?: boolean;
  readonly origin?: OriginClient;
};

async function startPeer(peerId: PeerId, setUp: PeerSetUp): Promise<LivePeerSession> {
  const handler = await NodeWebRtcHandler.create();
  const transport = new WebRtcTransport({ handler, peerId, streamId: LINK.streamId, clock: systemClock });
  const session = new LivePeerSession({
    peerId,
    role: setUp.role,
    link: LINK,
    clock: systemClock,
    random: seededRandom(Number.parseInt(peerId.slice(-4), 16)),
    verifier: new NodeVerifier(LINK.publicKey),
    wakeTimer: new NodeWakeTimer(),
    tracker: setUp.tracker,
    openTransport: (ready) => ready(setUp.isLiar ? lying(transport) : transport),
    ...(setUp.origin ? { origin: setUp.origin } : {}),
  });
  opened.push(session);
  session.start();
  return session;
}

it('IN8, IN9: altered blocks over a real link are not stored, played or forwarded, and end the link', async () => {
  const origin = new VirtualOrigin(realTime, 40_000);
  const tracker = new SmallTracker(realTime);
  const [seederId, liarId, honestId, thirdId] = [1, 2, 3, 4].map(numberedPeerId) as [PeerId, PeerId, PeerId, PeerId];
  tracker.onDuty = [liarId];
  origin.publishUntil(systemClock.nowMs() + 90_000);
  await vi.waitUntil(() => origin.chunks.length > 3, WAIT);
  const viewer = { role: 'viewer', origin: origin.client(5) } as const;
  const liar = await startPeer(liarId, { ...viewer, tracker: tracker.client(liarId, 'viewer', { neighbours: [] }), isLiar: true });
  const honest = await startPeer(honestId, { ...viewer, tracker: tracker.client(honestId, 'viewer', { neighbours: [liarId] }) });
  // It has media of its neighbours alone, however late these are on a busy machine.
  const withoutMedia: OriginClient = {
    ...origin.client(5),
    fetchChunk: (_request, { failed }) => {
      const timer = setTimeout(failed, 5, 'notFound');
      return () => clearTimeout(timer);
    },
  };
  const third = await startPeer(thirdId, { role: 'viewer', origin: withoutMedia, tracker: tracker.client(thirdId, 'viewer', { neighbours: [honestId] }) });
  const rejected: PeerId[] = [];
  honest.on('chunkRejected', ({ peerId }) => rejected.push(peerId));
  const seeder = await startPeer(seederId, { role: 'origin', tracker: tracker.client(seederId, 'origin', { neighbours: [] }) });
  origin.onPublished = ({ signed, bytes }) => seeder.publish(signed, bytes);

  await vi.waitUntil(() => honest.stats().chunksRejected > 0, WAIT);
  const brokenAt = honest.timeline(RENDITION).last?.sequence ?? 0;
  await vi.waitUntil(() => (honest.timeline(RENDITION).last?.sequence ?? 0) > brokenAt + 5, WAIT);
  await vi.waitUntil(() => third.stats().verifiedBytes.peerBytes > 0, WAIT);

  expect(rejected[0]).toBe(liarId);
  expect(honest.stats().mechanisms.bans).toBe(1);
  expect(honest.stats().neighbours.map(({ peerId }) => peerId)).toEqual([thirdId]);
  expect(liar.stats().sentBytes).toBeGreaterThan(0);
  expect(third.stats().chunksRejected).toBe(0);
  for (const { parts } of honest.timeline(RENDITION).segments) {
    for (const { rendition, sequence } of parts) {
      expect(honest.read({ rendition, sequence })).toEqual(origin.chunks[sequence]?.bytes);
    }
  }
});
