import { createSocket } from 'node:dgram';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deriveStreamId, type PeerRole, type Signal, type Ticket } from '@p2ptv/protocol';
import { createDtlsCertificate } from '../../../src/adapters/webrtc-node/certificate.js';
import { numberedPeerId, SignalRelay, ticketFor, TRACKER_KEY, type Seat } from '../webrtc/signal-relay.js';
import { LinkRecorder } from '../link-contract.js';
import { nodeSeat } from './node-seat.js';

describe('WebRTC transport', () => {
  let relay: SignalRelay;
  const seats: Seat[] = [];

  beforeEach(() => {
    relay = new SignalRelay();
  });

  afterEach(() => {
    for (const seat of seats.splice(0)) seat.transport.close();
  });

  const sit = async (number: number, options: Parameters<typeof nodeSeat>[2] = {}): Promise<Seat> => {
    const seat = await nodeSeat(relay, number, options);
    seats.push(seat);
    return seat;
  };
  const sitIn = async (number: number, role: PeerRole = 'viewer', overrides: Partial<Ticket> = {}): Promise<Seat> => {
    const seat = await sit(number);
    relay.admit(seat, role, overrides);
    return seat;
  };
  const until = async (condition: () => boolean): Promise<void> => {
    await expect.poll(condition, { interval: 5 }).toBe(true);
  };
  const kinds = (): string[] => relay.log.map(({ body }) => body.kind).filter((kind) => kind !== 'candidate');

  it('opens one link, with the roles that the tickets say', async () => {
    const [viewer, origin] = [await sitIn(1), await sitIn(2, 'origin')];
    viewer.transport.dial(origin.peerId);
    viewer.transport.dial(origin.peerId);
    await until(() => viewer.opened.length === 1 && origin.opened.length === 1);
    viewer.transport.dial(origin.peerId);
    expect(viewer.opened[0]!.link.remote).toEqual({ peerId: origin.peerId, role: 'origin' });
    expect(origin.opened[0]!.link.remote).toEqual({ peerId: viewer.peerId, role: 'viewer' });
    expect([viewer.opened[0]!.isInitiator, origin.opened[0]!.isInitiator]).toEqual([true, false]);
    expect(new Set(relay.log.filter(({ from }) => from === viewer.peerId).map(({ to }) => to))).toEqual(
      new Set([origin.peerId]),
    );
  });

  it('tells its candidates when it has the answer: a path that opens before fails now and then on a busy machine', async () => {
    const [caller, called] = [await sitIn(1), await sitIn(2)];
    caller.transport.dial(called.peerId);
    await until(() => caller.opened.length === 1 && called.opened.length === 1);
    const ofCaller = (kind: string): number => relay.log.findIndex(({ from, body }) => from === caller.peerId && body.kind === kind);
    const answered = relay.log.findIndex(({ body }) => body.kind === 'answer');
    expect(ofCaller('offer')).toBeLessThan(answered);
    expect(ofCaller('candidate')).toBeGreaterThan(answered);
  });

  it('says nothing of paths in its descriptions, and has one port for all its links', async () => {
    const [hub, one, two] = [await sitIn(1), await sitIn(2), await sitIn(3)];
    hub.transport.dial(one.peerId);
    two.transport.dial(hub.peerId);
    await until(() => hub.opened.length === 2 && one.opened.length === 1 && two.opened.length === 1);
    for (const { body } of relay.log) {
      if (body.kind !== 'offer' && body.kind !== 'answer') continue;
      expect(body.sdp).not.toContain('a=candidate');
      expect(body.sdp).toContain('m=application 9 ');
      expect(body.sdp.match(/^c=.*$/gm)).toEqual(['c=IN IP4 0.0.0.0']);
    }
    const ports = (seat: Seat): Set<string | undefined> =>
      new Set(relay.log.flatMap(({ from, body }) => (from === seat.peerId && body.kind === 'candidate' ? [body.candidate.split(' ')[5]] : [])));
    expect(ports(hub).size).toBe(1);
    expect(ports(one)).not.toEqual(ports(hub));
  });

  it('does with a port for each link where another has the one for all', async () => {
    const other = createSocket('udp6');
    await new Promise<void>((bound) => void other.bind(0, bound));
    try {
      const [robbed, remote] = [await sit(1, { udpPort: other.address().port }), await sitIn(2)];
      relay.admit(robbed);
      robbed.transport.dial(remote.peerId);
      await until(() => robbed.opened.length === 1 && remote.opened.length === 1);
    } finally {
      other.close();
    }
  });

  const badTickets: [string, (seat: Seat) => string | Promise<string>][] = [
    ['expired', (seat) => ticketFor(seat, 'viewer', { expiresAtMs: Date.now() - 1 })],
    ['for another stream', (seat) => ticketFor(seat, 'viewer', { streamId: deriveStreamId(TRACKER_KEY, 'other') })],
    ['forged with another key', (seat) => ticketFor(seat, 'origin', { secretKey: new Uint8Array(32).fill(3) })],
    ['another peer’s', (seat) => ticketFor(seat, 'viewer', { peerId: numberedPeerId(77) })],
    [
      'for another certificate',
      async (seat) => ticketFor(seat, 'viewer', { fingerprint: (await createDtlsCertificate()).fingerprint }),
    ],
    ['nonsense', () => 'a.b'],
  ];

  it.each(badTickets)('makes no link with an offerer whose ticket is %s', async (_name, makeTicket) => {
    const [cheat, honest] = [await sit(1), await sitIn(2)];
    cheat.transport.setCredentials({ ticket: await makeTicket(cheat), trackerKey: TRACKER_KEY, iceServers: [] });
    cheat.transport.dial(honest.peerId);
    await until(() => cheat.failures.length === 1);
    expect(cheat.failures).toEqual([{ peerId: honest.peerId, failure: 'badTicket' }]);
    expect([cheat.opened.length, honest.opened.length, honest.failures.length]).toEqual([0, 0, 0]);
  });

  it.each(badTickets)('makes no link with an answerer whose ticket is %s', async (_name, makeTicket) => {
    const [honest, cheat] = [await sitIn(1), await sit(2)];
    cheat.transport.setCredentials({ ticket: await makeTicket(cheat), trackerKey: TRACKER_KEY, iceServers: [] });
    honest.transport.dial(cheat.peerId);
    await until(() => honest.failures.length === 1);
    expect(honest.failures).toEqual([{ peerId: cheat.peerId, failure: 'badTicket' }]);
    expect(honest.opened).toHaveLength(0);
  });

  it('tells who dials a peer that is dialling it when that attempt, now its own too, fails', async () => {
    const [caller, called] = [await sit(1, { dialTimeoutMs: 400 }), await sit(2, { dialTimeoutMs: 400 })];
    for (const seat of [caller, called]) relay.admit(seat);
    relay.tamper = (signal) => (signal.body.kind === 'offer' ? signal : undefined);
    caller.transport.dial(called.peerId);
    await until(() => relay.log.some(({ body }) => body.kind === 'answer'));
    called.transport.dial(caller.peerId);
    await until(() => called.failures.length === 1);
    expect(called.failures).toEqual([{ peerId: caller.peerId, failure: 'timeout' }]);
    expect(kinds().filter((kind) => kind === 'offer')).toHaveLength(1);
  });

  it('makes no link with a certificate that is not the one in description and ticket', async () => {
    const [honest, thief] = [await sitIn(1), await sit(2)];
    // Somebody else's ticket and the fingerprint that goes with it, but without the key to it.
    const stolen = (await createDtlsCertificate()).fingerprint;
    const ticket = ticketFor(thief, 'origin', { fingerprint: stolen });
    thief.transport.setCredentials({ ticket, trackerKey: TRACKER_KEY, iceServers: [] });
    relay.tamper = (signal) => withFingerprint(signal, thief, stolen);
    honest.transport.dial(thief.peerId);
    await until(() => honest.failures.length === 1);
    expect([honest.opened.length, honest.failures[0]!.failure]).toEqual([0, 'unreachable']);
  });

  it('makes no link on a description with a second fingerprint or another section', async () => {
    const [one, two] = [await sitIn(1), await sitIn(2)];
    const extras = ['m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n', `a=fingerprint:sha-256 ${two.transport.fingerprint}\r\n`];
    for (const [index, extra] of extras.entries()) {
      relay.tamper = (signal) =>
        signal.body.kind === 'offer' ? { ...signal, body: { ...signal.body, sdp: signal.body.sdp + extra } } : signal;
      one.transport.dial(two.peerId);
      await until(() => one.failures.length === index + 1);
    }
    expect(one.failures.map(({ failure }) => failure)).toEqual(['badTicket', 'badTicket']);
    expect(two.opened).toHaveLength(0);
  });

  it('makes one link when both dial at once, from the lower peer id’s offer', async () => {
    const [lower, higher] = [await sitIn(1), await sitIn(2)];
    higher.transport.dial(lower.peerId);
    lower.transport.dial(higher.peerId);
    await until(() => lower.opened.length === 1 && higher.opened.length === 1);
    expect([lower.opened[0]!.isInitiator, higher.opened[0]!.isInitiator]).toEqual([true, false]);
    const left = new LinkRecorder(lower.opened[0]!.link).listen();
    higher.opened[0]!.link.send(Uint8Array.of(5));
    await until(() => left.frames.length === 1);
    expect([...lower.failures, ...higher.failures]).toEqual([]);
  });

  it('answers a flood of offers from one peer a few times, and refuses the rest', async () => {
    const [flooder, victim] = [await sitIn(1), await sitIn(2)];
    flooder.transport.dial(victim.peerId);
    await until(() => victim.opened.length === 1);
    const offer = relay.log.find(({ body }) => body.kind === 'offer')!;
    relay.log.length = 0;
    for (let count = 0; count < 40; count++) {
      victim.transport.signal({ ...offer, connectionId: (0xabcd0000 + count).toString(16) });
    }
    await until(() => kinds().filter((kind) => kind === 'refuse').length >= 36);
    expect(kinds().filter((kind) => kind === 'answer').length).toBeLessThanOrEqual(4);
  });

  it('refuses beyond the limit, and has room again when a link has ended', async () => {
    const [host, one, two] = [await sitIn(1), await sitIn(2), await sitIn(3)];
    host.transport.setLinkLimit(1);
    one.transport.dial(host.peerId);
    await until(() => host.opened.length === 1 && one.opened.length === 1);
    two.transport.dial(host.peerId);
    await until(() => two.failures.length === 1);
    expect(two.failures).toEqual([{ peerId: host.peerId, failure: 'refused' }]);
    const hostSide = new LinkRecorder(host.opened[0]!.link).listen();
    one.opened[0]!.link.close();
    await until(() => hostSide.ends.length === 1);
    two.transport.dial(host.peerId);
    await until(() => two.opened.length === 1);
  });

  it('waits with dials for credentials, and refuses offers until it has them', async () => {
    const [early, ready] = [await sit(1), await sitIn(2)];
    early.transport.dial(ready.peerId);
    ready.transport.dial(early.peerId);
    await until(() => ready.failures.length === 1);
    expect(ready.failures).toEqual([{ peerId: early.peerId, failure: 'unreachable' }]);
    expect(kinds()).toEqual(['offer', 'refuse']);
    relay.admit(early);
    await until(() => early.opened.length === 1 && ready.opened.length === 1);
  });

  it('gives up a dial that nobody answers', async () => {
    const seat = await sit(1, { dialTimeoutMs: 100 });
    relay.admit(seat);
    seat.transport.dial(numberedPeerId(9));
    await until(() => seat.failures.length === 1);
    expect(seat.failures).toEqual([{ peerId: numberedPeerId(9), failure: 'timeout' }]);
    seat.transport.dial(numberedPeerId(9));
    await until(() => seat.failures.length === 2);
  });

  it('takes a new offer of a peer as the end of the link before', async () => {
    const [host, guest] = [await sitIn(1), await sitIn(2)];
    guest.transport.dial(host.peerId);
    await until(() => host.opened.length === 1 && guest.opened.length === 1);
    const before = new LinkRecorder(host.opened[0]!.link).listen();
    // The guest starts again under its old name, without having said good-bye.
    const again = await sit(2);
    relay.admit(again);
    again.transport.dial(host.peerId);
    await until(() => host.opened.length === 2);
    expect(before.ends).toEqual(['remote']);
  });

  it('dials again right after a link was closed', async () => {
    const [one, two] = [await sitIn(1), await sitIn(2)];
    one.transport.dial(two.peerId);
    await until(() => one.opened.length === 1 && two.opened.length === 1);
    one.opened[0]!.link.close();
    one.transport.dial(two.peerId);
    await until(() => one.opened.length === 2 && two.opened.length === 2);
  });

  it('ignores signals that are not for it, not of its attempts, or nonsense', async () => {
    const [one, two] = [await sitIn(1), await sitIn(2)];
    const forged = (body: Signal['body'], from = two.peerId, to = one.peerId): void =>
      one.transport.signal({ from, to, connectionId: 'ab'.repeat(8), body });
    forged({ kind: 'answer', sdp: 'v=0', ticket: 'x' });
    forged({ kind: 'refuse', reason: 'full' });
    forged({ kind: 'candidate', candidate: 'garbage', mid: '0' });
    forged({ kind: 'offer', sdp: 'v=0', ticket: 'x' }, one.peerId);
    forged({ kind: 'offer', sdp: 'v=0', ticket: 'x' }, two.peerId, numberedPeerId(9));
    expect(relay.log).toEqual([]);
    relay.tamper = (signal) =>
      signal.body.kind === 'candidate' ? { ...signal, body: { ...signal.body, candidate: 'garbage' } } : signal;
    two.transport.dial(one.peerId);
    await until(() => relay.log.some(({ body }) => body.kind === 'answer'));
    expect(one.failures).toEqual([]);
  });

  it('fails an offerer whose valid ticket goes with a broken description', async () => {
    const [one, two] = [await sitIn(1), await sitIn(2)];
    relay.tamper = (signal) =>
      signal.body.kind === 'answer'
        ? { ...signal, body: { ...signal.body, sdp: signal.body.sdp.replaceAll(/a=(ice|setup).*\r\n/g, '') } }
        : signal;
    one.transport.dial(two.peerId);
    await until(() => one.failures.length === 1);
    expect(one.failures[0]!.failure).toBe('unreachable');
  });

  it('ends all links and attempts on close, and does nothing afterwards', async () => {
    const [one, two] = [await sitIn(1), await sitIn(2)];
    one.transport.dial(two.peerId);
    await until(() => one.opened.length === 1 && two.opened.length === 1);
    const [near, far] = [one, two].map((seat) => new LinkRecorder(seat.opened[0]!.link).listen());
    one.transport.dial(numberedPeerId(9));
    one.transport.close();
    one.transport.dial(numberedPeerId(8));
    await until(() => near!.ends.length === 1 && far!.ends.length === 1);
    expect([near!.ends, far!.ends, one.failures]).toEqual([['local'], ['remote'], []]);
  });
});

/** Puts another fingerprint into a peer's descriptions. */
function withFingerprint(signal: Signal, of: Seat, fingerprint: string): Signal {
  if (signal.from !== of.peerId || !('sdp' in signal.body)) return signal;
  const sdp = signal.body.sdp.replaceAll(of.transport.fingerprint, fingerprint);
  return { ...signal, body: { ...signal.body, sdp } };
}
