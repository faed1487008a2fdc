import { encodedMessageBytes, LIMITS, type NamedPeer, type PeerDescription, type Signal } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import type { LinkId } from '../../src/engine/engine-io.js';
import { DEFAULT_ENGINE_OPTIONS, type PartialEngineOptions } from '../../src/engine/engine-options.js';
import { EngineRig, peerId } from './engine-rig.js';

function viewer(options: { engine?: PartialEngineOptions; seed?: number } = {}): EngineRig {
  const rig = new EngineRig(options);
  rig.hold(0, 0);
  rig.clear();
  return rig;
}

function named(...numbers: number[]): NamedPeer[] {
  return numbers.map((number) => ({
    peerId: peerId(number),
    role: 'viewer',
    uplinkKbps: 5_000,
    isUploading: true,
    isVisible: true,
  }));
}

function described(number: number): PeerDescription {
  return { peerId: peerId(number), role: 'viewer', uplinkBitsPerSecond: 0 };
}

/** Time passes, and everybody linked says something now and then. */
function live(rig: EngineRig, ms: number): void {
  for (let leftMs = ms; leftMs > 0; leftMs -= 1_000) {
    for (const { linkId } of rig.engine.state.neighbours) rig.hear(linkId, { kind: 'pong', nonce: 0 });
    rig.runFor(Math.min(1_000, leftMs));
  }
}

/** A viewer whose tracker named one neighbour, which is linked, and then says nothing more. */
function withoutTracker(): { rig: EngineRig; linkId: LinkId } {
  const rig = viewer();
  rig.handle({ kind: 'neighboursOffered', neighbours: [described(1)] });
  const linkId = rig.link({ peer: 1 });
  live(rig, 10_000);
  expect(rig.all('wantNeighbours').length).toBeGreaterThan(0);
  rig.clear();
  return { rig, linkId };
}

function dialled(rig: EngineRig): [string, LinkId | undefined][] {
  return rig.all('dial').map(({ peerId: id, via }) => [id, via]);
}

function offer(from: number, to: number, sdp = 'v=0'): Signal {
  return { from: peerId(from), to: peerId(to), connectionId: '12345678', body: { kind: 'offer', sdp, ticket: 't' } };
}

describe('exchange of neighbours', () => {
  it('ME9: each neighbour is told every 8 to 12 s of 8 others, drawn among those that serve; the next 8 come when they come', () => {
    const rig = viewer();
    const links = Array.from({ length: 20 }, () => rig.link());
    live(rig, 60_000);
    const told = rig.sent('peers', links[0]);
    expect(told.length).toBeGreaterThanOrEqual(5);
    expect(told.length).toBeLessThanOrEqual(8);
    for (const linkId of links) {
      for (const { peers } of rig.sent('peers', linkId)) {
        expect(peers).toHaveLength(8);
        expect(new Set(peers.map(({ peerId: id }) => id)).size).toBe(8);
        expect(peers.map(({ peerId: id }) => id)).not.toContain(peerId(linkId));
      }
    }
    const everyone = new Set(told.flatMap(({ peers }) => peers.map(({ peerId: id }) => id)));
    expect(everyone.size).toBeGreaterThan(12);
  });

  it('ME9: those that serve are named first; the origin’s seeder, the hidden and the silent never', () => {
    const rig = viewer();
    const one = rig.link({ peer: 1 });
    rig.link({ peer: 2, status: { isUploading: false } });
    rig.link({ peer: 3, status: { uplinkKbps: 7_000 } });
    rig.link({ peer: 4, status: { isVisible: false } });
    const seeder = rig.link({ peer: 5, role: 'origin' });
    rig.link({ peer: 6, status: null });
    live(rig, 12_000);
    const told = rig.sent('peers', one);
    expect(told.length).toBeGreaterThan(0);
    for (const { peers } of told) expect(peers.map(({ peerId: id }) => id)).toEqual([peerId(3), peerId(2)]);
    expect(told[0]!.peers[0]).toEqual({ peerId: peerId(3), role: 'viewer', uplinkKbps: 7_000, isUploading: true, isVisible: true });
    expect(rig.sent('peers', seeder)).toEqual([]);
  });

  it('ME9: who serves nobody names nobody, nor does the origin’s seeder, nor who was told not to', () => {
    const free = viewer();
    free.handle({ kind: 'upload', policy: { mode: 'off' } });
    const seeder = new EngineRig({ role: 'origin' });
    const disabled = viewer({ engine: { disabled: ['exchange'] } });
    const plain = viewer();
    for (const rig of [free, seeder, disabled, plain]) {
      rig.link();
      rig.link();
      live(rig, 15_000);
    }
    expect([free, seeder, disabled].map((rig) => rig.sent('peers').length)).toEqual([0, 0, 0]);
    expect(plain.sent('peers').length).toBeGreaterThan(0);
  });

  it('ME10: a neighbour’s newest word counts alone, and one that follows within a second is not read', () => {
    const { rig, linkId } = withoutTracker();
    rig.link({ peer: 30 });
    rig.hear(linkId, { kind: 'peers', peers: named(30) });
    rig.runFor(500);
    rig.hear(linkId, { kind: 'peers', peers: named(41) });
    live(rig, 3_000);
    expect(dialled(rig)).toEqual([]);
    rig.hear(linkId, { kind: 'peers', peers: named(42) });
    expect(dialled(rig)).toEqual([[peerId(42), linkId]]);
    expect(rig.engine.state.counters.peersExchanged).toBe(2);
  });

  it('ME10: names are forgotten with the link to who told them, and when they were not repeated for 25 s', () => {
    const rig = viewer();
    rig.handle({ kind: 'neighboursOffered', neighbours: [described(1), described(2)] });
    const [one, two] = [rig.link({ peer: 1 }), rig.link({ peer: 2 })];
    rig.hear(one, { kind: 'peers', peers: named(51) });
    rig.hear(two, { kind: 'peers', peers: named(52) });
    rig.handle({ kind: 'linkEnded', linkId: one });
    // The loss itself calls for whoever stands by: that is 52, over the link that stays.
    expect(dialled(rig).slice(2)).toEqual([[peerId(52), two]]);
    rig.handle({ kind: 'dialFailed', peerId: peerId(52) });
    rig.hear(two, { kind: 'peers', peers: [] });

    const late = viewer();
    late.handle({ kind: 'neighboursOffered', neighbours: [described(1)] });
    const linkId = late.link({ peer: 1 });
    const other = late.link({ peer: 2 });
    late.hear(linkId, { kind: 'peers', peers: named(53) });
    for (let second = 0; second < 26; second++) {
      late.handle({ kind: 'neighboursOffered', neighbours: [described(60 + second)] });
      late.handle({ kind: 'dialFailed', peerId: peerId(60 + second) });
      live(late, 1_000);
    }
    late.clear();
    late.handle({ kind: 'linkEnded', linkId: other });
    live(late, 10_000);
    expect(dialled(late)).toEqual([]);
  });
});

describe('a mesh without its tracker', () => {
  it('ME11: short of links, whom neighbours name is dialled over them once the tracker has been silent for 2 s', () => {
    const rig = viewer();
    rig.handle({ kind: 'neighboursOffered', neighbours: [described(1)] });
    const linkId = rig.link({ peer: 1 });
    rig.hear(linkId, { kind: 'peers', peers: named(11, 12) });
    rig.clear();
    while (rig.all('wantNeighbours').length === 0) live(rig, 100);
    live(rig, 1_800);
    expect(dialled(rig)).toEqual([]);
    live(rig, 400);
    expect(new Map(dialled(rig))).toEqual(new Map([[peerId(11), linkId], [peerId(12), linkId]]));
    expect(rig.engine.state.counters.pexDials).toBe(2);
  });

  it('ME11: the same when the tracker names nobody new; not while it does, nor with links enough', () => {
    const rig = viewer();
    const linkId = rig.link({ peer: 1 });
    rig.handle({ kind: 'neighboursOffered', neighbours: [described(2)] });
    rig.hear(linkId, { kind: 'peers', peers: named(11) });
    expect(dialled(rig)).toEqual([[peerId(2), undefined]]);
    rig.handle({ kind: 'neighboursOffered', neighbours: [described(2)] });
    expect(dialled(rig)).toEqual([[peerId(2), undefined], [peerId(11), linkId]]);

    const full = viewer();
    full.handle({ kind: 'neighboursOffered', neighbours: [] });
    const links = Array.from({ length: 10 }, () => full.link());
    full.hear(links[0]!, { kind: 'peers', peers: named(99) });
    live(full, 20_000);
    expect(dialled(full)).toEqual([]);
  });

  it('ME11: four are tried at a time, the next when one has failed, up to the links of ME1; who serves comes first', () => {
    const { rig, linkId } = withoutTracker();
    const idle = named(11, 12, 13).map((peer) => ({ ...peer, isUploading: false }));
    rig.hear(linkId, { kind: 'peers', peers: [...idle, ...named(21, 22, 23, 24, 25, 26)] });
    expect(dialled(rig)).toHaveLength(4);
    rig.handle({ kind: 'dialFailed', peerId: rig.all('dial')[0]!.peerId });
    expect(dialled(rig)).toHaveLength(5);
    rig.link({ peer: Number.parseInt(rig.all('dial')[1]!.peerId, 16) });
    live(rig, 2_000);
    const order = dialled(rig).map(([id]) => Number.parseInt(id, 16));
    expect(order.slice(0, 6).every((number) => number > 20)).toBe(true);
    expect(new Set(order).size).toBe(order.length);
    for (let round = 0; round < 20; round++) {
      for (const { peerId: id } of rig.all('dial')) {
        if (!rig.engine.state.neighbours.some((neighbour) => neighbour.peerId === id)) rig.link({ peer: Number.parseInt(id, 16) });
      }
      rig.hear(linkId, { kind: 'peers', peers: named(...Array.from({ length: 8 }, (_, index) => 100 + round * 8 + index)) });
      live(rig, 2_000);
    }
    const { minLinks, targetLinks } = DEFAULT_ENGINE_OPTIONS.swarm;
    expect(rig.engine.state.neighbours.length).toBeGreaterThanOrEqual(minLinks);
    expect(rig.engine.state.neighbours.length).toBeLessThanOrEqual(targetLinks);
  });

  it('ME11: who could not be reached is not dialled on neighbours’ word for two minutes', () => {
    const { rig, linkId } = withoutTracker();
    const tell = (): void => {
      rig.hear(linkId, { kind: 'peers', peers: named(11) });
      live(rig, 5_000);
    };
    tell();
    rig.handle({ kind: 'dialFailed', peerId: peerId(11) });
    rig.clear();
    for (let count = 0; count < 22; count++) tell();
    expect(dialled(rig)).toEqual([]);
    for (let count = 0; count < 4; count++) tell();
    expect(dialled(rig)).toEqual([[peerId(11), linkId]]);
  });

  it('ME12: who loses a link, and has too few, dials one that stands by at once, whatever the tracker is doing', () => {
    const rig = viewer();
    const [one, two] = [rig.link({ peer: 1 }), rig.link({ peer: 2 })];
    rig.handle({ kind: 'neighboursOffered', neighbours: [described(3)] });
    rig.hear(one, { kind: 'peers', peers: named(11, 12, 13) });
    rig.clear();
    rig.handle({ kind: 'linkEnded', linkId: two });
    expect(dialled(rig)).toHaveLength(1);
    expect(dialled(rig)[0]![1]).toBe(one);
  });

  it('ME11: the banned are not dialled on a neighbour’s word, and the origin’s seeder heeds none', () => {
    const { rig, linkId } = withoutTracker();
    rig.handle({ kind: 'malformed', linkId: rig.link({ peer: 66 }) });
    rig.hear(linkId, { kind: 'peers', peers: named(66) });
    live(rig, 5_000);
    expect(dialled(rig)).toEqual([]);
    const seeder = new EngineRig({ role: 'origin' });
    seeder.hear(seeder.link(), { kind: 'peers', peers: named(11) });
    live(seeder, 5_000);
    expect(dialled(seeder)).toEqual([]);
    expect(seeder.engine.state.counters.peersExchanged).toBe(0);
  });
});

describe('relayed signals', () => {
  it('ME13: a neighbour’s own signal goes on to the neighbour that it names', () => {
    const rig = viewer();
    const [one, two, three] = [rig.link(), rig.link(), rig.link()];
    rig.clear();
    rig.hear(one, { kind: 'relay', signal: offer(1, 2) });
    expect(rig.sent('relay', two)).toEqual([{ kind: 'relay', signal: offer(1, 2) }]);
    expect([...rig.sent('relay', one), ...rig.sent('relay', three), ...rig.all('takeSignal')]).toEqual([]);
    expect(rig.engine.state.counters.relayedSignals).toBe(1);
  });

  it('ME13: what comes in another’s name is for us, and goes no further', () => {
    const rig = viewer();
    const [one, two] = [rig.link(), rig.link()];
    rig.clear();
    rig.hear(one, { kind: 'relay', signal: offer(77, 2) });
    expect(rig.sent('relay', two)).toEqual([]);
    expect(rig.all('takeSignal')).toEqual([{ kind: 'takeSignal', linkId: one, signal: offer(77, 2) }]);
  });

  it('ME13: an offer to nobody known is refused at once; what else cannot be passed on is dropped', () => {
    const rig = viewer();
    const one = rig.link();
    const seeder = rig.link({ role: 'origin', peer: 9 });
    rig.clear();
    for (const to of [50, 9, 1]) rig.hear(one, { kind: 'relay', signal: offer(1, to) });
    const refusals = rig.sent('relay', one).map(({ signal }) => signal);
    expect(refusals).toEqual(
      [50, 9, 1].map((to) => ({ from: peerId(to), to: peerId(1), connectionId: '12345678', body: { kind: 'refuse', reason: 'gone' } })),
    );
    rig.clear();
    rig.hear(one, { kind: 'relay', signal: { ...offer(1, 50), body: { kind: 'refuse', reason: 'full' } } });
    expect([...rig.sent('relay', one), ...rig.sent('relay', seeder)]).toEqual([]);
  });

  it('ME13: who serves nobody passes nothing on, and the origin’s seeder neither passes on nor takes', () => {
    const free = viewer();
    const seeder = new EngineRig({ role: 'origin' });
    for (const rig of [free, seeder]) {
      const [one, two] = [rig.link(), rig.link()];
      rig.handle({ kind: 'upload', policy: { mode: 'off' } });
      rig.hear(one, { kind: 'relay', signal: offer(1, 2) });
      if (rig === seeder) rig.hear(one, { kind: 'relay', signal: offer(77, 78) });
      expect(rig.sent('relay', two)).toEqual([]);
      expect(rig.all('takeSignal')).toEqual([]);
    }
  });

  it('ME14: of a flood of signals 96 pass a link, and then 16 a second, those for us included', () => {
    const rig = viewer();
    const [one, two] = [rig.link(), rig.link()];
    rig.clear();
    for (let count = 0; count < 500; count++) rig.hear(one, { kind: 'relay', signal: offer(1, 2) });
    expect(rig.sent('relay', two)).toHaveLength(LIMITS.relayBurst);
    for (let count = 0; count < 500; count++) rig.hear(one, { kind: 'relay', signal: offer(77, 78) });
    expect(rig.all('takeSignal')).toEqual([]);
    rig.runFor(1_000);
    for (let count = 0; count < 500; count++) rig.hear(one, { kind: 'relay', signal: offer(77, 78) });
    expect(rig.all('takeSignal')).toHaveLength(LIMITS.relaysPerSecond);
    expect(rig.closed).toEqual([]);
  });

  it('ME14: of a flood of bytes 96 KiB pass a link and 192 KiB all links, and then 16 and 32 KiB a second', () => {
    const rig = viewer();
    const target = rig.link({ peer: 100 });
    const senders = Array.from({ length: 4 }, (_, index) => rig.link({ peer: 1 + index }));
    rig.clear();
    const flood = (): number[] =>
      senders.map((linkId, index) => {
        const before = rig.sent('relay', target).length;
        for (let count = 0; count < 20; count++) rig.hear(linkId, { kind: 'relay', signal: offer(1 + index, 100, 'x'.repeat(8_000)) });
        const passed = rig.sent('relay', target).slice(before);
        return passed.reduce((sum, message) => sum + encodedMessageBytes(message), 0);
      });
    const first = flood();
    expect(Math.max(...first)).toBeLessThanOrEqual(LIMITS.relayBurstBytes);
    expect(first[0]).toBeGreaterThan(LIMITS.relayBurstBytes * 0.9);
    expect(first.reduce((sum, bytes) => sum + bytes)).toBeLessThanOrEqual(LIMITS.forwardedBurstBytes);
    rig.runFor(2_000);
    const second = flood();
    expect(Math.max(...second)).toBeLessThanOrEqual(2 * LIMITS.relayBytesPerSecond + 8_100);
    expect(second.reduce((sum, bytes) => sum + bytes)).toBeLessThanOrEqual(2 * LIMITS.forwardedBytesPerSecond + 8_100);
    expect(second.reduce((sum, bytes) => sum + bytes)).toBeGreaterThan(LIMITS.forwardedBytesPerSecond);
  });

  it('ME15: a signal of ours goes over the link that is given, else over one who named the peer, else nowhere', () => {
    const rig = viewer();
    const [one, two] = [rig.link(), rig.link()];
    rig.hear(two, { kind: 'peers', peers: named(11) });
    rig.clear();
    const signal = offer(9, 11);
    rig.handle({ kind: 'signal', signal, via: one });
    rig.handle({ kind: 'signal', signal, via: undefined });
    rig.handle({ kind: 'signal', signal: offer(9, 12), via: undefined });
    expect([rig.sent('relay', one), rig.sent('relay', two)]).toEqual([[{ kind: 'relay', signal }], [{ kind: 'relay', signal }]]);
    rig.handle({ kind: 'linkEnded', linkId: one });
    rig.clear();
    rig.handle({ kind: 'signal', signal, via: one });
    rig.handle({ kind: 'signal', signal: offer(9, 11, 'Ü'), via: two });
    expect(rig.all('send').filter(({ message }) => message.kind === 'relay')).toEqual([
      { kind: 'send', linkId: two, message: { kind: 'relay', signal } },
    ]);
  });
});
