import { decodeTicket, encodePublicKey, joinAnswerSchema, seededRandom, sign, type StreamId } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { Tracker } from '../../src/index.js';
import {
  fingerprint,
  joinRequest,
  originJoin,
  peerId,
  signalTo,
  STREAM,
  TRACKER_KEY,
  TrackerWorld,
  WALL_START_MS,
} from './tracker-world.js';

const OTHER_STREAM = 'f'.repeat(40) as StreamId;

describe('join', () => {
  it('answers as the contract says, with everybody in a small swarm', () => {
    const world = new TrackerWorld({ iceServers: [{ urls: ['stun:example.org'] }] });
    world.joined(1);
    world.joined(2);
    const answer = world.joined(3);
    expect(joinAnswerSchema.safeParse(answer).success).toBe(true);
    expect(answer.neighbours.map((peer) => peer.peerId).sort()).toEqual([peerId(1), peerId(2)]);
    expect(answer).toMatchObject({
      trackerKey: encodePublicKey(TRACKER_KEY.publicKey),
      reportIntervalMs: 2_000,
      iceServers: [{ urls: ['stun:example.org'] }],
      wallMs: WALL_START_MS,
    });
  });

  it('signs a ticket for that peer, certificate and swarm', () => {
    const tracker = new Tracker({
      clock: { nowMs: () => 5, wallMs: () => WALL_START_MS },
      random: seededRandom(1),
      signer: (message) => sign(message, TRACKER_KEY.secretKey),
      publicKey: TRACKER_KEY.publicKey,
    });
    const { answer } = tracker.join('c', joinRequest(1));
    if (answer.kind !== 'joined') throw new Error(answer.code);
    const expected = { streamId: STREAM, trackerKey: TRACKER_KEY.publicKey };
    const ticket = decodeTicket(answer.ticket, { ...expected, wallMs: WALL_START_MS + 599_999 });
    expect(ticket).toMatchObject({ peerId: peerId(1), role: 'viewer', fingerprint: fingerprint(1) });
    expect(ticket?.expiresAtMs).toBe(answer.ticketExpiresAtMs);
    expect(decodeTicket(answer.ticket, { ...expected, wallMs: WALL_START_MS + 600_000 })).toBeUndefined();
  });

  it('refuses streams that are not allowed', () => {
    const world = new TrackerWorld({ swarms: { isStreamAllowed: (streamId) => streamId === STREAM } });
    expect(world.join(1)).toMatchObject({ kind: 'joined' });
    expect(world.join(2, { streamId: OTHER_STREAM })).toMatchObject({ code: 'UNKNOWN_STREAM' });
  });

  it('refuses a peer id that another certificate holds, also while its holder is briefly away', () => {
    const world = new TrackerWorld();
    world.joined(1);
    const thief = { fingerprint: fingerprint(2) };
    expect(world.join(1, thief, 'thief')).toMatchObject({ code: 'PEER_ID_TAKEN' });
    world.disconnect(1);
    expect(world.join(1, thief, 'thief')).toMatchObject({ code: 'PEER_ID_TAKEN' });
    expect(world.cut.size).toBe(0);
  });

  it('lets the same certificate take over its old connection', () => {
    const world = new TrackerWorld();
    world.joined(1);
    world.joined(2);
    world.joined(1, {}, 'new');
    expect(world.cut.get('c1')).toBe('replaced');
    expect(world.scrape()).toMatchObject({ viewers: 2, downloaded: 2 });
    world.carryOut(world.tracker.signal('c2', signalTo(peerId(1))));
    expect(world.inboxes.get('new')?.at(-1)).toMatchObject({ event: 'signal', payload: { from: peerId(2) } });
  });

  it('refuses a second identity on one connection', () => {
    const world = new TrackerWorld();
    world.joined(1, {}, 'c');
    expect(world.join(2, {}, 'c')).toMatchObject({ code: 'BAD_REQUEST' });
    world.carryOut(world.tracker.leave('c'));
    expect(world.join(2, {}, 'c')).toMatchObject({ kind: 'joined' });
  });

  it('lets only the publisher in as origin', () => {
    const world = new TrackerWorld();
    const proper = originJoin(5, WALL_START_MS);
    expect(world.join(5, { role: 'origin' })).toMatchObject({ code: 'BAD_PROOF' });
    expect(world.join(6, { role: 'origin', proof: proper.proof })).toMatchObject({ code: 'BAD_PROOF' });
    expect(world.join(5, proper)).toMatchObject({ kind: 'joined', neighbours: [] });
    const stale = originJoin(7, WALL_START_MS - 130_000);
    expect(world.join(7, stale)).toMatchObject({ code: 'BAD_PROOF' });
  });

  it('limits swarms, and forgets an empty one for a new one', () => {
    const world = new TrackerWorld({ swarms: { maxSwarms: 2, maxMembers: 2 } });
    const third = { streamId: 'e'.repeat(40) as StreamId };
    world.joined(1);
    world.joined(2, { streamId: OTHER_STREAM });
    expect(world.join(3, third)).toMatchObject({ code: 'SWARM_FULL' });
    world.leave(2);
    expect(world.join(3, third)).toMatchObject({ kind: 'joined' });
    expect(world.tracker.scrape().map(({ streamId }) => streamId)).toEqual([STREAM, third.streamId]);
    world.joined(4);
    expect(world.join(5)).toMatchObject({ code: 'SWARM_FULL' });
    // The seeder is let in all the same, and so is a member that comes again.
    world.joinOrigin();
    world.disconnect(4);
    expect(world.join(4, {}, 'again')).toMatchObject({ kind: 'joined' });
  });
});

describe('neighbours', () => {
  it('never name the origin, the seeker, one that is absent or one that left', () => {
    const world = new TrackerWorld();
    world.joinOrigin();
    for (const index of [1, 2, 3, 4]) world.joined(index);
    world.leave(2);
    world.disconnect(3);
    expect(world.joined(5).neighbours.map((peer) => peer.peerId).sort()).toEqual([peerId(1), peerId(4)]);
    const more = world.tracker.neighboursWanted('c5', { count: 10, exclude: [peerId(1)] });
    expect(more.neighbours.map((peer) => peer.peerId)).toEqual([peerId(4)]);
    expect(world.tracker.neighboursWanted('stranger', { count: 10, exclude: [] })).toEqual({ neighbours: [] });
  });

  it('are at least half proven uploaders where there are enough with room, and not always the same', () => {
    const world = new TrackerWorld({}, 3);
    for (let index = 1; index <= 200; index++) world.joined(index);
    for (let index = 1; index <= 200; index++) {
      world.report(index, { sentBytes: index % 10 === 0 ? 1_000_000 : 0 });
    }
    const seen = new Set<string>();
    for (let index = 201; index <= 215; index++) {
      const { neighbours } = world.joined(index);
      const ids = neighbours.map((peer) => Number.parseInt(peer.peerId, 16));
      expect(ids).toHaveLength(14);
      expect(new Set(ids).size).toBe(14);
      expect(ids.filter((id) => id % 10 === 0).length).toBeGreaterThanOrEqual(7);
      for (const id of ids) seen.add(String(id));
    }
    expect(seen.size).toBeGreaterThan(60);
  });

  it('come from peers with room: a rush of newcomers is spread before anybody reports', () => {
    const world = new TrackerWorld();
    for (let index = 1; index <= 40; index++) {
      world.joined(index, { isUploading: index <= 30 });
      world.report(index, { neighbourCount: index <= 10 ? 24 : 0, sentBytes: 1 });
    }
    const named = new Map<string, number>();
    for (let index = 41; index <= 100; index++) {
      for (const { peerId: id } of world.joined(index).neighbours) named.set(id, (named.get(id) ?? 0) + 1);
    }
    for (let index = 1; index <= 10; index++) expect(named.has(peerId(index))).toBe(false);
    expect(Math.max(...named.values())).toBeLessThanOrEqual(24);
  });

  it('are not crowded by one that asks all the time: each counts once a seeker and interval', () => {
    const world = new TrackerWorld();
    for (let index = 1; index <= 20; index++) {
      world.joined(index);
      world.report(index, { neighbourCount: 0, sentBytes: 1 });
    }
    const sybils = Array.from({ length: 14 }, (_, index) => 50 + index);
    for (const index of sybils) world.joined(index);
    const exclude = sybils.map(peerId);
    for (let round = 0; round < 80; round++) {
      // Its own reports give it no further say.
      if (round % 10 === 0) world.report(50, { neighbourCount: 0, sentBytes: 1 });
      world.tracker.neighboursWanted('c50', { count: 32, exclude });
    }
    for (const index of sybils) world.report(index, { neighbourCount: 0, sentBytes: 1 });
    const honest = world.joined(90).neighbours.filter(({ peerId: id }) => !exclude.includes(id));
    expect(honest.length).toBeGreaterThan(0);
  });

  it('count again for the same seeker once an interval of the tracker is over', () => {
    const world = new TrackerWorld({ neighbours: { crowdedAt: 2, count: 2 } });
    for (const index of [1, 2, 3]) world.joined(index);
    // A proven uploader, so named first as long as it has room.
    world.report(1, { neighbourCount: 0, sentBytes: 1 });
    world.report(2, { neighbourCount: 1 });
    const ask = (exclude = [peerId(2)]) => {
      const wanted = { count: 1, exclude };
      return world.tracker.neighboursWanted('c3', wanted).neighbours.map((peer) => peer.peerId);
    };
    for (let interval = 1; interval <= 2; interval++) {
      world.nowMs += 2_000;
      for (let count = 0; count < 5; count++) expect(ask()).toEqual([peerId(1)]);
    }
    // Peer 1 has been counted twice by now and is full; peer 2 has room.
    expect(ask([])).toEqual([peerId(2)]);
  });

  it('spare two that only take each other', () => {
    const world = new TrackerWorld();
    world.joined(1, { isUploading: false });
    world.joined(2);
    const { neighbours } = world.joined(3, { isUploading: false });
    expect(neighbours.map((peer) => peer.peerId)).toEqual([peerId(2)]);
  });

  it('for a first frame are visible proven uploaders only', () => {
    const world = new TrackerWorld();
    for (const index of [1, 2, 3]) world.joined(index);
    world.report(1, { sentBytes: 10 });
    world.report(2, { sentBytes: 10, isVisible: false });
    expect(world.tracker.warmPeers(STREAM, 5).map((peer) => peer.peerId)).toEqual([peerId(1)]);
    expect(world.tracker.warmPeers(OTHER_STREAM, 5)).toEqual([]);
  });

  it('for a first frame are the strong ones with room, and others for each newcomer of a rush', () => {
    const world = new TrackerWorld();
    // A quarter is strong; every fifth has all the links it should have.
    const isStrong = (index: number) => index % 4 === 0;
    const isFull = (index: number) => index % 5 === 0;
    for (let index = 1; index <= 400; index++) world.joined(index);
    for (let index = 1; index <= 400; index++) {
      world.report(index, {
        sentBytes: 1,
        uplinkBitsPerSecond: isStrong(index) ? 30_000_000 : 3_000_000,
        neighbourCount: isFull(index) ? 24 : 14,
      });
    }
    const named = new Map<number, number>();
    for (let newcomer = 0; newcomer < 30; newcomer++) {
      const warm = world.tracker.warmPeers(STREAM, 8).map((peer) => Number.parseInt(peer.peerId, 16));
      expect(new Set(warm).size).toBe(8);
      for (const index of warm) named.set(index, (named.get(index) ?? 0) + 1);
    }
    expect([...named.keys()].filter(isFull)).toEqual([]);
    const strongNamed = [...named].reduce((sum, [index, count]) => sum + (isStrong(index) ? count : 0), 0);
    expect(strongNamed).toBeGreaterThan(0.75 * 240);
    // 80 strong ones have room: with an even spread each is named three times.
    expect(Math.max(...named.values())).toBeLessThanOrEqual(8);
    expect([...named.keys()].filter(isStrong).length).toBeGreaterThan(55);
  });
});

describe('neighbours of one network', () => {
  /** 300 viewers, every tenth of them in network k; those numbered 3 mod 4 have proven that they upload. */
  function crowd(): TrackerWorld {
    const world = new TrackerWorld({}, 5);
    for (let index = 1; index <= 300; index++) world.joinFrom(index % 10 === 0 ? 'k' : `n${index}`, index);
    for (let index = 1; index <= 300; index++) {
      world.report(index, { neighbourCount: 5, sentBytes: index % 4 === 3 ? 1_000_000 : 0 });
    }
    return world;
  }
  const numbersOf = (neighbours: readonly { peerId: string }[]): number[] =>
    neighbours.map((peer) => Number.parseInt(peer.peerId, 16));
  const isKin = (index: number): boolean => index % 10 === 0 && index <= 300;

  it('are named first, three of them, the rest as ever: half proven uploaders, and islands are not made', () => {
    const world = crowd();
    for (let index = 401; index <= 440; index++) {
      const numbers = numbersOf(world.joinFrom('k', index).neighbours);
      expect(numbers).toHaveLength(14);
      expect(numbers.filter((number) => isKin(number) || number > 400).length).toBeGreaterThanOrEqual(3);
      expect(numbers.filter((number) => number % 4 === 3 && number <= 300).length).toBeGreaterThanOrEqual(7);
    }
    // As many as chance brings: one in ten of the others.
    const elsewhere = Array.from({ length: 40 }, (_, index) => numbersOf(world.joinFrom('x', 501 + index).neighbours));
    const kin = elsewhere.flat().filter(isKin).length;
    expect(kin).toBeLessThan(0.25 * 40 * 14);
  });

  it('who has three, or has tried them in vain, is named others', () => {
    const world = crowd();
    world.joinFrom('k', 401);
    const ask = (exclude: number[]): number => {
      let kin = 0;
      for (let round = 0; round < 50; round++) {
        world.nowMs += 1;
        const wanted = { count: 4, exclude: exclude.map(peerId) };
        kin += numbersOf(world.tracker.neighboursWanted('c401', wanted).neighbours).filter(isKin).length;
      }
      return kin / 50;
    };
    expect(ask([])).toBeGreaterThanOrEqual(2);
    expect(ask([10, 20])).toBeGreaterThanOrEqual(1);
    expect(ask([10, 20, 30])).toBeLessThan(0.8);
  });

  it('never are the full, the absent, those that left, or that have moved to another network', () => {
    const world = new TrackerWorld({}, 5);
    for (let index = 1; index <= 60; index++) world.joinFrom(`n${index}`, index);
    for (const index of [71, 72, 73, 74, 75]) world.joinFrom('k', index);
    for (const index of [1, 71, 72, 73, 74, 75]) world.report(index, { neighbourCount: index === 71 ? 24 : 3 });
    world.disconnect(72);
    world.leave(73);
    world.disconnect(74);
    world.joinFrom('elsewhere', 74);
    const named = new Map<number, number>();
    for (let index = 101; index <= 130; index++) {
      for (const number of numbersOf(world.joinFrom('k', index).neighbours)) named.set(number, (named.get(number) ?? 0) + 1);
      world.leave(index);
      for (const one of [71, 75]) world.report(one, { neighbourCount: one === 71 ? 24 : 3 });
    }
    expect(named.get(75)).toBe(30);
    expect([71, 72, 73].map((index) => named.get(index) ?? 0)).toEqual([0, 0, 0]);
    expect(named.get(74) ?? 0).toBeLessThan(20);
  });

  it('nobody is told of a network', () => {
    const world = crowd();
    const secret = 'a-network-that-nobody-may-know';
    const answers = [world.joinFrom(secret, 401), world.joinFrom(secret, 402)];
    const asked = world.tracker.neighboursWanted('c402', { count: 8, exclude: [] });
    expect(numbersOf(asked.neighbours)).toContain(401);
    expect(JSON.stringify([answers, asked, [...world.inboxes], world.tracker.scrape()])).not.toContain(secret);
  });
});

describe('signals', () => {
  it("go to their target under the sender's own name", () => {
    const world = new TrackerWorld();
    world.joined(1);
    world.joined(2);
    world.carryOut(world.tracker.signal('c1', signalTo(peerId(2))));
    expect(world.got(2, 'signal')).toEqual([{ ...signalTo(peerId(2)), from: peerId(1) }]);
  });

  it('do not leave the swarm; one to nobody comes back as a refusal, a refusal does not', () => {
    const world = new TrackerWorld();
    world.joined(1);
    world.joined(2, { streamId: OTHER_STREAM });
    world.carryOut(world.tracker.signal('c1', signalTo(peerId(2))));
    expect(world.got(2, 'signal')).toEqual([]);
    expect(world.got(1, 'signal')).toEqual([
      { from: peerId(2), to: peerId(1), connectionId: '00112233', body: { kind: 'refuse', reason: 'gone' } },
    ]);
    world.carryOut(world.tracker.signal('c1', signalTo(peerId(9), { kind: 'refuse', reason: 'full' })));
    expect(world.got(1, 'signal')).toHaveLength(1);
    expect(world.tracker.signal('stranger', signalTo(peerId(1)))).toEqual([]);
  });
});

describe('the dead', () => {
  it('keep their place for the grace period', () => {
    const world = new TrackerWorld();
    world.joined(1);
    world.disconnect(1);
    world.advance(2_500);
    expect(world.tracker.viewerCount(STREAM)).toBe(1);
    world.joined(1, {}, 'again');
    world.advance(4_000);
    expect(world.scrape()).toMatchObject({ viewers: 1, downloaded: 1 });
  });

  it('are forgotten after it', () => {
    const world = new TrackerWorld();
    world.joined(1);
    world.disconnect(1);
    world.advance(3_000);
    expect(world.tracker.viewerCount(STREAM)).toBe(0);
    expect(world.join(1, { fingerprint: fingerprint(2) }, 'other')).toMatchObject({ kind: 'joined' });
  });

  it('are out after three reports missed, the origin excepted', () => {
    const world = new TrackerWorld();
    world.joinOrigin();
    world.joined(1);
    world.joined(2);
    world.advance(5_500, () => world.report(2));
    expect(world.tracker.viewerCount(STREAM)).toBe(2);
    world.advance(500, () => world.report(2));
    expect(world.tracker.viewerCount(STREAM)).toBe(1);
    expect([...world.cut]).toEqual([['c1', 'silent']]);
    expect(world.scrape().seeders).toBe(1);
    // A late report of one that is out does nothing; joining again does.
    world.report(1);
    expect(world.tracker.viewerCount(STREAM)).toBe(1);
    world.joined(1, {}, 'again');
    expect(world.scrape()).toMatchObject({ viewers: 2, downloaded: 2 });
  });
});

describe('tickets', () => {
  it('are renewed before they run out, and not for those who left', () => {
    const world = new TrackerWorld();
    const first = world.joined(1);
    world.joined(2);
    world.leave(2);
    world.advance(479_500, () => world.report(1));
    expect(world.got(1, 'ticket')).toHaveLength(0);
    world.advance(500, () => world.report(1));
    const [renewal] = world.got(1, 'ticket');
    expect(renewal!.ticketExpiresAtMs).toBe(first.ticketExpiresAtMs + 480_000);
    expect(world.got(2, 'ticket')).toHaveLength(0);
    world.advance(480_000, () => world.report(1));
    expect(world.got(1, 'ticket')).toHaveLength(2);
  });
});

describe('nextTickMs', () => {
  it('names the first time at which a tick has something to do', () => {
    const world = new TrackerWorld();
    expect(world.tracker.nextTickMs).toBeUndefined();
    world.nowMs = 100;
    world.joined(1);
    expect(world.tracker.nextTickMs).toBe(5_100);
    world.disconnect(1);
    expect(world.tracker.nextTickMs).toBe(3_100);
  });
});

describe('totals', () => {
  it('add up cumulative reports, keep those who left, and count a return once', () => {
    const world = new TrackerWorld();
    world.joined(1);
    world.joined(2, { role: 'seeder' });
    world.joinOrigin();
    world.nowMs = 1_000;
    world.report(1, { fromPeersBytes: 100, fromOriginBytes: 10, fromSeederBytes: 1 });
    world.report(1, { fromPeersBytes: 150, fromOriginBytes: 10, fromSeederBytes: 2 });
    world.report(2, { fromPeersBytes: 1_000 });
    world.report(0xff, { fromPeersBytes: 7_777 });
    const totals = { peerBytes: 1_150, originBytes: 10, seederBytes: 2 };
    expect(world.scrape()).toEqual({ streamId: STREAM, seeders: 2, viewers: 1, downloaded: 1, seedCopies: 1, ...totals });
    world.leave(1);
    expect(world.scrape()).toMatchObject({ viewers: 0, ...totals });
    world.joined(1, {}, 'c1');
    world.report(1, { fromPeersBytes: 160, fromOriginBytes: 10, fromSeederBytes: 2 });
    expect(world.scrape()).toMatchObject({ downloaded: 1, ...totals, peerBytes: 1_160 });
  });

  it('count no more than a line can carry, and never shrink', () => {
    const world = new TrackerWorld();
    world.joined(1);
    world.advance(2_000, () => world.report(1));
    world.report(1, { fromPeersBytes: Number.MAX_SAFE_INTEGER });
    const lied = world.scrape().peerBytes;
    expect(lied).toBeLessThanOrEqual(1.25e9);
    world.report(1, { fromPeersBytes: 5 });
    world.advance(4_000, () => world.report(1, { fromPeersBytes: 1_000 }));
    expect(world.scrape().peerBytes).toBe(lied);
  });

  it('believe one that has just joined no more than it can have moved since', () => {
    const world = new TrackerWorld();
    world.joined(1);
    world.report(1, { fromPeersBytes: 1e9 });
    expect(world.scrape().peerBytes).toBe(0);
    world.joined(2);
    world.nowMs = 1_000;
    world.report(2, { fromPeersBytes: 1e9 });
    expect(world.scrape().peerBytes).toBe(125_000_000);
  });

  it('stay exact for reports that come in bunches', () => {
    const world = new TrackerWorld();
    world.joined(1);
    world.advance(60_000, () => world.report(1));
    for (let count = 1; count <= 20; count++) world.report(1, { fromPeersBytes: count * 10_000_000 });
    expect(world.scrape().peerBytes).toBe(200_000_000);
  });
});
