import { seededRandom, type PeerId } from '@p2ptv/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { NodeWakeTimer } from '../../src/adapters/timer/node-wake-timer.js';
import { systemClock } from '../../src/adapters/timer/system-clock.js';
import { NodeVerifier } from '../../src/adapters/verifier/node-verifier.js';
import { NodeWebRtcHandler } from '../../src/adapters/webrtc-node/node-webrtc-handler.js';
import { WebRtcTransport } from '../../src/adapters/webrtc/webrtc-transport.js';
import type { DialFailure, LinkTransport } from '../../src/ports/link-transport.js';
import { LivePeerSession } from '../../src/runtime/live-peer-session.js';
import { numberedPeerId } from '../adapters/webrtc/signal-relay.js';
import { LINK } from '../swarm/virtual-origin.js';
import { RealTime, SmallTracker } from './small-tracker.js';

const [LEFT, MIDDLE, RIGHT] = [1, 2, 3].map(numberedPeerId) as [PeerId, PeerId, PeerId];

const opened: LivePeerSession[] = [];
const realTime = new RealTime();

afterEach(() => {
  for (const session of opened.splice(0)) session.close();
  realTime.stop();
});

/** Real peers that a tracker has linked in a row, and then is killed. */
class Row {
  readonly tracker = new SmallTracker(realTime);
  /** How far the wall clock, by which tickets are checked, is ahead. */
  skewMs = 0;
  readonly failures: { readonly of: PeerId; readonly to: PeerId; readonly failure: DialFailure }[] = [];

  async start(peerId: PeerId, more: { neighbours: readonly PeerId[]; ticketLifeMs?: number }): Promise<LivePeerSession> {
    const handler = await NodeWebRtcHandler.create();
    const clock = { wallMs: () => systemClock.wallMs() + this.skewMs };
    const transport = new WebRtcTransport({ handler, peerId, streamId: LINK.streamId, clock });
    const session = new LivePeerSession({
      peerId,
      role: 'seeder',
      link: LINK,
      clock: systemClock,
      random: seededRandom(Number.parseInt(peerId.slice(-4), 16)),
      verifier: new NodeVerifier(LINK.publicKey),
      wakeTimer: new NodeWakeTimer(),
      tracker: this.tracker.client(peerId, 'seeder', more),
      openTransport: (ready) => ready(this.#watched(peerId, transport)),
      engine: { swarm: { askIntervalMs: 500, exchangeIntervalMs: 1_500, pingIntervalMs: 500 } },
    });
    opened.push(session);
    session.start();
    return session;
  }

  #watched(of: PeerId, transport: LinkTransport): LinkTransport {
    return {
      fingerprint: transport.fingerprint,
      setCredentials: (credentials) => transport.setCredentials(credentials),
      setLinkLimit: (limit) => transport.setLinkLimit(limit),
      dial: (peerId) => transport.dial(peerId),
      signal: (signal) => transport.signal(signal),
      listen: (listener) =>
        transport.listen({
          sendSignal: (signal) => listener.sendSignal(signal),
          linkOpened: (link, isInitiator) => listener.linkOpened(link, isInitiator),
          dialFailed: (to, failure) => {
            this.failures.push({ of, to, failure });
            listener.dialFailed(to, failure);
          },
        }),
      close: () => transport.close(),
    };
  }
}

const WAIT = { timeout: 30_000 };

function neighboursOf(session: LivePeerSession): PeerId[] {
  return session.stats().neighbours.map(({ peerId }) => peerId).sort();
}

describe('two real peers with a common neighbour and no tracker', () => {
  it('ME13, ME15: connect through it, and stay linked without it', async () => {
    const row = new Row();
    const middle = await row.start(MIDDLE, { neighbours: [] });
    const left = await row.start(LEFT, { neighbours: [MIDDLE] });
    const right = await row.start(RIGHT, { neighbours: [MIDDLE] });
    await vi.waitUntil(() => neighboursOf(middle).length === 2, WAIT);
    row.tracker.kill();

    await vi.waitUntil(() => neighboursOf(left).length === 2 && neighboursOf(right).length === 2, WAIT);
    expect(neighboursOf(left)).toEqual([MIDDLE, RIGHT]);
    // Offer and answer at least, and not one of them over the tracker.
    expect(middle.stats().mechanisms.relayedSignals).toBeGreaterThanOrEqual(2);
    expect(left.stats().mechanisms.pexDials + right.stats().mechanisms.pexDials).toBeGreaterThan(0);
    expect(row.tracker.relayed.filter(({ from, to }) => from !== MIDDLE && to !== MIDDLE)).toEqual([]);
    middle.close();
    await expect.poll(() => [neighboursOf(left), neighboursOf(right)]).toEqual([[RIGHT], [LEFT]]);
  });

  it('ME15, TK2: do not connect once the ticket of one has expired', async () => {
    const row = new Row();
    const middle = await row.start(MIDDLE, { neighbours: [], ticketLifeMs: 3_600_000 });
    const left = await row.start(LEFT, { neighbours: [MIDDLE], ticketLifeMs: 3_600_000 });
    const right = await row.start(RIGHT, { neighbours: [MIDDLE], ticketLifeMs: 60_000 });
    await vi.waitUntil(() => neighboursOf(middle).length === 2, WAIT);
    row.tracker.kill();
    row.skewMs = 120_000;

    await vi.waitUntil(() => row.failures.length > 0, WAIT);
    expect(row.failures[0]!.failure).toBe('badTicket');
    expect(middle.stats().mechanisms.relayedSignals).toBeGreaterThanOrEqual(2);
    expect([neighboursOf(left), neighboursOf(right)]).toEqual([[MIDDLE], [MIDDLE]]);
  });
});
