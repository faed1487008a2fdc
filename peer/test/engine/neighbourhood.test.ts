import { encodedMessageBytes, stripeOf, type PeerDescription } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { EngineRig, peerId, ref } from './engine-rig.js';
import { FIRST_DATE_MS, publish, RENDITION } from './published-stream.js';

function viewer(last = 0): EngineRig {
  const rig = new EngineRig();
  rig.hold(0, last);
  rig.clear();
  return rig;
}

function described(from: number, to: number): PeerDescription[] {
  return Array.from({ length: to - from + 1 }, (_, index) => ({ peerId: peerId(from + index), role: 'viewer', uplinkBitsPerSecond: 0 }));
}

describe('announcing', () => {
  it('AN1: neighbours are told INCOMING at the first verified block, HAVE at the last; the header goes with the first word', () => {
    const rig = viewer();
    const [source, other] = [rig.link(), rig.link()];
    rig.clear();
    rig.tell(source, 1, 'incoming');
    rig.send(source, 1, 0);
    expect(rig.sent('header', other)).toMatchObject([{ holding: 'incoming' }]);
    for (const index of [1, 2, 3, 4]) rig.send(source, 1, index);
    expect(rig.sent('header', other)).toHaveLength(1);
    expect(rig.sent('have', other)).toMatchObject([ref(1)]);
    // It gave us the header: six bytes do.
    expect(rig.sent('header', source)).toEqual([]);
  });

  it('AN2: whoever has all of a chunk, and the origin’s seeder, is not told of it', () => {
    const rig = viewer();
    const [source, seeder] = [rig.link(), rig.link({ role: 'origin' })];
    rig.clear();
    rig.tell(source, 1);
    rig.sendAll(source, 1);
    expect([...rig.sent('have', source), ...rig.sent('incoming', source)]).toEqual([]);
    expect([...rig.sent('have', seeder), ...rig.sent('header', seeder), ...rig.sent('incoming', seeder)]).toEqual([]);
  });

  it('AN3: a new neighbour is greeted with the 16 newest chunks of which there is a block, oldest first', () => {
    const rig = viewer(29);
    const linkId = rig.link();
    const told = rig.sent('header', linkId).map(({ signed, holding }) => [signed.header.sequence, holding]);
    expect(told).toEqual(Array.from({ length: 16 }, (_, index) => [14 + index, 'complete']));
    expect(rig.sent('hello', linkId)).toHaveLength(1);
  });

  it('AN5: headers take up 4 % of the uplink; whoever is left out hears HAVE, and not always the same ones are', () => {
    const rig = new EngineRig({ engine: { push: { assumedUplinkBitsPerSecond: 1_000_000 } } });
    rig.hold(0, 0);
    rig.handle({ kind: 'playback', position: { playheadMs: FIRST_DATE_MS - 60_000, rate: 1 } });
    const [source, ...others] = Array.from({ length: 13 }, () => rig.link());
    rig.runFor(2_000);
    rig.clear();
    for (let sequence = 1; sequence <= 20; sequence++) {
      rig.tell(source!, sequence);
      rig.sendAll(source!, sequence);
      rig.runFor(200);
    }
    const headerBytes = encodedMessageBytes({ kind: 'header', signed: publish(1).signed, holding: 'complete' });
    const headers = others.map((linkId) => rig.sent('header', linkId).length);
    const told = headers.reduce((sum, count) => sum + count, 0);
    // Five seconds' worth.
    expect(told * headerBytes).toBeGreaterThan(0.7 * 0.04 * 125_000 * 5);
    expect(told * headerBytes).toBeLessThan(1.1 * 0.04 * 125_000 * 5);
    expect(Math.min(...headers)).toBeGreaterThan(0);
    for (const linkId of others) {
      const known = new Set([...rig.sent('header', linkId).map(({ signed }) => signed.header.sequence), ...rig.sent('have', linkId).map(({ sequence }) => sequence)]);
      expect(known.size).toBe(20);
    }
  });

  it('AN4: under a cap news goes only while there is room', () => {
    const rig = viewer();
    const [source, other] = [rig.link(), rig.link()];
    rig.handle({ kind: 'upload', policy: { mode: 'capped', bitsPerSecond: 400_000 } });
    rig.clear();
    rig.tell(source, 1);
    rig.sendAll(source, 1);
    expect([...rig.sent('header', other), ...rig.sent('have', other)]).toEqual([]);
    rig.runFor(1_000);
    rig.tell(source, 2);
    rig.sendAll(source, 2);
    expect(rig.sent('header', other)).toHaveLength(1);
  });
});

describe('header poll', () => {
  it('HP1: the origin is asked for headers after 1.5 parts and up to half a part of silence, from the edge on', () => {
    for (let seed = 1; seed < 12; seed++) {
      const rig = new EngineRig({ seed });
      rig.hold(0, 3);
      rig.runFor(299);
      expect(rig.all('followHeaders')).toEqual([]);
      rig.runFor(102);
      expect(rig.all('followHeaders')).toMatchObject([{ after: 3 }]);
    }
  });

  it('HP2: it ends when neighbours have told of three chunks in time', () => {
    const rig = viewer(3);
    const linkId = rig.link();
    rig.runFor(500);
    for (const sequence of [4, 5, 6]) {
      expect(rig.all('stopHeaders')).toEqual([]);
      rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [publish(sequence).signed] });
      rig.tell(linkId, sequence);
    }
    expect(rig.all('stopHeaders')).toHaveLength(1);
  });

  it('HP1, HP2: neighbours whom the origin is ahead of by three parts end it, and while they go on it stays closed', () => {
    const rig = viewer(3);
    const linkId = rig.link();
    rig.runFor(500);
    for (let sequence = 4; sequence <= 9; sequence++) {
      rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [publish(sequence).signed] });
      rig.tell(linkId, sequence - 3);
      rig.runFor(200);
    }
    expect(rig.all('stopHeaders')).toHaveLength(1);
    rig.clear();
    // What it knows from the origin already comes again, and then what follows.
    for (let sequence = 7; sequence <= 30; sequence++) {
      rig.tell(linkId, sequence);
      rig.runFor(200);
    }
    expect(rig.all('followHeaders')).toEqual([]);
  });

  it('HP2: neighbours that are further behind do not end it', () => {
    const rig = viewer(3);
    const linkId = rig.link();
    rig.runFor(500);
    for (let sequence = 4; sequence <= 20; sequence++) {
      rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [publish(sequence).signed] });
      if (sequence >= 10) rig.tell(linkId, sequence - 6);
      rig.runFor(200);
    }
    expect(rig.all('stopHeaders')).toEqual([]);
  });

  it('HP2: who names chunks that nobody knows, or old ones, does not end it', () => {
    const rig = viewer(3);
    const linkId = rig.link();
    rig.runFor(500);
    for (const sequence of [4, 5, 6, 7]) {
      rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [publish(sequence).signed] });
      rig.hear(linkId, { kind: 'have', ...ref(sequence + 100) });
      rig.hear(linkId, { kind: 'incoming', ...ref(sequence + 5) });
      rig.tell(linkId, 1);
    }
    expect(rig.all('stopHeaders')).toEqual([]);
  });

  it('HP3: after a failure it waits .5 to 1.5 times 500 ms, doubling up to 4 s; an answer resets that', () => {
    const rig = viewer(3);
    rig.runFor(500);
    const waits: number[] = [];
    for (let count = 0; count < 8; count++) {
      if (count === 6) {
        rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [] });
      }
      rig.clear();
      rig.handle({ kind: 'originHeadersFailed', rendition: RENDITION });
      const failedAtMs = rig.nowMs;
      while (rig.all('followHeaders').length === 0 && rig.nowMs < failedAtMs + 7_000) rig.runFor(1);
      waits.push(rig.nowMs - failedAtMs);
    }
    const limits = [500, 1_000, 2_000, 4_000, 4_000, 4_000, 500, 1_000];
    waits.forEach((wait, index) => {
      expect(wait).toBeGreaterThanOrEqual(limits[index]! * 0.5);
      expect(wait).toBeLessThanOrEqual(limits[index]! * 1.5 + 1);
    });
  });

  it('HP4: a header missing before a known one is asked for after one part, not for every change of order', () => {
    const rig = viewer(3);
    const linkId = rig.link();
    rig.tell(linkId, 5);
    rig.runFor(199);
    expect(rig.all('followHeaders')).toEqual([]);
    rig.runFor(2);
    expect(rig.all('followHeaders')).toMatchObject([{ after: 3 }]);
  });
});

describe('mesh', () => {
  it('ME1: a peer dials whom the tracker names, up to 8 links and attempts, and nobody twice', () => {
    const rig = viewer();
    rig.handle({ kind: 'neighboursOffered', neighbours: described(10, 20) });
    rig.handle({ kind: 'neighboursOffered', neighbours: described(15, 40) });
    const dialled = rig.all('dial').map(({ peerId: id }) => id);
    expect(dialled).toHaveLength(8);
    expect(new Set(dialled).size).toBe(8);
  });

  it('ME2: it keeps up to 32 links, the last of them for the origin’s seeder; an attempt that ends so is over', () => {
    const rig = viewer();
    rig.handle({ kind: 'neighboursOffered', neighbours: described(31, 40) });
    const opened = Array.from({ length: 34 }, () => rig.link());
    expect(rig.closed).toEqual(opened.slice(31));
    expect(rig.sent('bye', 32)).toEqual([{ kind: 'bye', reason: 'tooManyLinks' }]);
    const seeder = rig.link({ peer: 99, role: 'origin' });
    expect(rig.closed).not.toContain(seeder);
    expect(rig.engine.state.neighbours).toHaveLength(32);
    for (let linkId = 1; linkId <= 32; linkId++) rig.handle({ kind: 'linkEnded', linkId });
    for (let number = 35; number <= 40; number++) rig.handle({ kind: 'dialFailed', peerId: peerId(number) });
    rig.clear();
    rig.handle({ kind: 'neighboursOffered', neighbours: described(50, 80) });
    expect(rig.all('dial')).toHaveLength(7);
  });

  it('ME3: with fewer than 6 links it asks for more every 5 s, then ever more seldom while nobody new is named', () => {
    const rig = viewer();
    rig.handle({ kind: 'neighboursOffered', neighbours: described(10, 10) });
    rig.handle({ kind: 'dialFailed', peerId: peerId(10) });
    const linkId = rig.link({ peer: 77 });
    const asked: number[] = [];
    for (let second = 0; second < 400; second++) {
      rig.hear(linkId, { kind: 'ping', nonce: 0 });
      rig.clear();
      rig.runFor(1_000);
      for (const wanted of rig.all('wantNeighbours')) {
        expect(wanted.count).toBe(7);
        expect(wanted.exclude).toContain(peerId(77));
        asked.push(second);
        rig.handle({ kind: 'neighboursOffered', neighbours: [] });
      }
    }
    const pauses = asked.slice(1).map((second, index) => second - asked[index]!);
    expect(asked[0]).toBeLessThanOrEqual(5);
    expect(pauses.every((pause, index) => index === 0 || pause >= pauses[index - 1]! - 1)).toBe(true);
    expect(pauses.at(-1)).toBeGreaterThanOrEqual(59);
  });

  it('ME4: every 2 s each neighbour gets PING and STATUS; the answer gives the round trip', () => {
    const rig = viewer();
    const linkId = rig.link();
    rig.runFor(2_000);
    const ping = rig.sent('ping', linkId).at(-1)!;
    rig.nowMs += 80;
    rig.hear(linkId, { kind: 'pong', nonce: ping.nonce + 1 });
    expect(rig.engine.state.neighbours[0]?.roundTripMs.isMeasured).toBe(false);
    rig.hear(linkId, { kind: 'pong', nonce: ping.nonce });
    expect(rig.engine.state.neighbours[0]?.roundTripMs.isMeasured).toBe(true);
    expect(rig.sent('status', linkId).length).toBeGreaterThanOrEqual(1);
    rig.hear(linkId, { kind: 'ping', nonce: 7 });
    expect(rig.sent('pong', linkId)).toEqual([{ kind: 'pong', nonce: 7 }]);
  });

  it('ME5: a neighbour that says nothing for 10 s is given up', () => {
    const rig = viewer();
    const [silent, alive] = [rig.link(), rig.link()];
    for (let second = 0; second < 14; second++) {
      rig.hear(alive, { kind: 'pong', nonce: 0 });
      rig.runFor(1_000);
    }
    expect(rig.closed).toEqual([silent]);
    expect(rig.engine.state.neighbours.map(({ linkId }) => linkId)).toEqual([alive]);
  });

  it('ME6: of two links to one peer the newer stays', () => {
    const rig = viewer();
    const before = rig.link({ peer: 5 });
    rig.tell(before, 1);
    const after = rig.link({ peer: 5 });
    expect(rig.closed).toEqual([before]);
    expect(rig.engine.state.neighbours.map(({ linkId }) => linkId)).toEqual([after]);
    rig.tell(after, 2);
    expect(rig.sent('request', after)).toHaveLength(1);
    rig.handle({ kind: 'linkEnded', linkId: before });
    expect(rig.engine.state.neighbours.map(({ linkId }) => linkId)).toEqual([after]);
  });

  it('ME7: who could not be reached, left or had no room is not dialled for 15 s', () => {
    const rig = viewer();
    rig.handle({ kind: 'neighboursOffered', neighbours: described(10, 10) });
    rig.handle({ kind: 'dialFailed', peerId: peerId(10) });
    rig.hear(rig.link({ peer: 11 }), { kind: 'bye', reason: 'tooManyLinks' });
    rig.clear();
    rig.handle({ kind: 'neighboursOffered', neighbours: described(10, 11) });
    rig.runFor(14_000);
    rig.handle({ kind: 'neighboursOffered', neighbours: described(10, 11) });
    expect(rig.all('dial')).toEqual([]);
    rig.runFor(2_000);
    rig.handle({ kind: 'neighboursOffered', neighbours: described(10, 11) });
    expect(rig.all('dial')).toHaveLength(2);
  });

  it('ME8: a hidden viewer says so, and goes on serving', () => {
    const rig = viewer();
    const linkId = rig.link();
    rig.handle({ kind: 'visibility', isVisible: false });
    expect(rig.sent('status', linkId).at(-1)?.status).toMatchObject({ isVisible: false, isUploading: true });
    rig.hear(linkId, { kind: 'request', ...ref(0), firstBlock: 0, blockCount: 1, deadlineInMs: 0 });
    expect(rig.sent('block', linkId)).toHaveLength(1);
  });
});

describe('seeding', () => {
  const EVERYONE = { stripes: Array.from({ length: 8 }, (_, stripe) => [peerId(1 + (stripe % 2))]) };

  function seeder(): EngineRig {
    const rig = new EngineRig({ role: 'origin' });
    rig.handle({ kind: 'dutyMap', map: EVERYONE });
    return rig;
  }

  it('SE1: the origin’s peer dials those on duty, keeps no other link, and tries again every 2 s whom it lacks', () => {
    const rig = seeder();
    expect(rig.all('dial').map(({ peerId: id }) => id)).toEqual([peerId(1), peerId(2)]);
    const linkId = rig.link({ peer: 1 });
    rig.handle({ kind: 'dialFailed', peerId: peerId(2) });
    rig.clear();
    for (let second = 0; second < 20; second++) {
      rig.hear(linkId, { kind: 'pong', nonce: 0 });
      rig.runFor(1_000);
    }
    expect(rig.all('dial').map(({ peerId: id }) => id)).toEqual([peerId(2)]);
    rig.handle({ kind: 'dutyMap', map: { stripes: EVERYONE.stripes.map(() => [peerId(3)]) } });
    expect(rig.closed).toEqual([linkId]);
  });

  it('SE1: one on duty who has no room is not dialled again at once', () => {
    const rig = seeder();
    for (let count = 0; count < 5; count++) rig.hear(rig.link({ peer: 1 }), { kind: 'bye', reason: 'tooManyLinks' });
    expect(rig.all('dial')).toHaveLength(2);
  });

  it('SE2: each new chunk is pushed, header first, to those on duty for its stripe, once', () => {
    const rig = seeder();
    const [one, two] = [rig.link({ peer: 1 }), rig.link({ peer: 2 })];
    for (const sequence of [0, 1, 2]) rig.handle({ kind: 'published', ...publish(sequence) });
    expect(rig.sent('block', one).map(({ sequence }) => sequence)).toEqual([0, 0, 0, 0, 0, 2, 2, 2, 2, 2]);
    expect(rig.sent('block', two).map(({ sequence }) => sequence)).toEqual([1, 1, 1, 1, 1]);
    const kinds = rig.all('send').filter(({ linkId, message }) => linkId === two && message.kind !== 'hello').map(({ message }) => message.kind);
    expect(kinds.filter((kind) => kind === 'header' || kind === 'block')).toEqual(['header', 'block', 'block', 'block', 'block', 'block']);
    expect(rig.engine.state.sentMediaBytes).toBe(3 * publish(0).bytes.length);
  });

  it('SE3: while nobody on duty for a stripe is linked, another of its links that uploads stands in', () => {
    const rig = seeder();
    const two = rig.link({ peer: 2 });
    expect(stripeOf(ref(0).sequence)).toBe(0);
    rig.handle({ kind: 'published', ...publish(0) });
    expect(rig.sent('block', two)).toHaveLength(5);
    rig.hear(two, { kind: 'status', status: { uplinkKbps: 0, queuedBytes: 0, isUploading: false, isVisible: true } });
    rig.handle({ kind: 'published', ...publish(2) });
    expect(rig.sent('block', two)).toHaveLength(5);
  });

  it('SE4: who gets a pushed chunk takes it without asking; who has it, or gets it already, cancels', () => {
    const rig = viewer();
    const [seederLink, source] = [rig.link({ role: 'origin' }), rig.link()];
    rig.tell(seederLink, 1);
    rig.sendAll(seederLink, 1);
    expect(rig.engine.bytesOf(ref(1))).toEqual(publish(1).bytes);
    expect(rig.sent('request')).toEqual([]);
    expect(rig.engine.state).toMatchObject({ counters: { seedsReceived: 1 }, verifiedBytes: { seederBytes: publish(1).bytes.length } });
    rig.tell(source, 2);
    rig.send(source, 2, 0);
    rig.tell(seederLink, 2);
    rig.tell(seederLink, 1);
    expect(rig.sent('cancel', seederLink).map(({ sequence }) => sequence)).toEqual([2, 1]);
    rig.send(seederLink, 2, 1);
    expect(rig.closed).toEqual([]);
  });

  it('SE5: the seeder stops a push at CANCEL', () => {
    const rig = seeder();
    const one = rig.link({ peer: 1 });
    rig.stuck.add(one);
    rig.handle({ kind: 'published', ...publish(0) });
    expect(rig.sent('block', one)).toHaveLength(3);
    rig.hear(one, { kind: 'cancel', ...ref(0) });
    rig.drain(one);
    expect(rig.sent('block', one)).toHaveLength(3);
  });

  it('SE6: a volunteer begins at the first independent chunk that it hears of, needs no origin, and serves', () => {
    const rig = new EngineRig({ role: 'seeder' });
    const [source, asker] = [rig.link(), rig.link()];
    for (let sequence = 12; sequence <= 16; sequence++) {
      rig.tell(source, sequence);
      if (rig.sent('request', source).some((request) => request.sequence === sequence)) rig.sendAll(source, sequence);
    }
    expect(rig.playable).toEqual([15, 16]);
    rig.hear(asker, { kind: 'request', ...ref(16), firstBlock: 0, blockCount: 5, deadlineInMs: 0 });
    expect(rig.sent('block', asker)).toHaveLength(5);
    expect(rig.all('fetchChunk')).toEqual([]);
    expect(rig.all('followHeaders')).toEqual([]);
  });
});
