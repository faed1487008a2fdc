import { NO_OFFER, type RenditionId } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { keyOf, offering, PushMesh, type Pusher, type PusherOptions } from './push-mesh.js';
import { RENDITION } from './published-stream.js';

const OTHER = 1 as RenditionId;

/** A peer that offers whatever a test says, and takes everybody as a child or nobody. */
function tell(mesh: PushMesh, from: number, to: number, paths: Readonly<Record<number, number>>, rendition = RENDITION): void {
  const { subscriptions } = mesh.peers[to]!;
  subscriptions.offered(mesh.nowMs, mesh.peers[to]!.neighbour(from), { rendition, pathMs: offering(paths) });
  subscriptions.tick(mesh.nowMs);
}

function ask(mesh: PushMesh, from: number, to: number, stripe: number, rendition = RENDITION): void {
  mesh.peers[to]!.subscriptions.asked(mesh.nowMs, mesh.peers[to]!.neighbour(from), { rendition, stripe });
}

function end(mesh: PushMesh, from: number, to: number, stripe: number): void {
  const { subscriptions } = mesh.peers[to]!;
  subscriptions.ended(mesh.nowMs, mesh.peers[to]!.neighbour(from), { rendition: RENDITION, stripe });
  subscriptions.tick(mesh.nowMs);
}

/** Peer 0 under the hand of the test, linked to as many others, who do nothing by themselves. */
function alone(neighbours: number, options: PusherOptions = {}): { mesh: PushMesh; peer: Pusher } {
  const mesh = new PushMesh();
  const peer = mesh.add(options);
  for (let number = 1; number <= neighbours; number++) {
    mesh.addMute();
    mesh.link(0, number);
  }
  return { mesh, peer };
}

describe('offers', () => {
  it('LP1: who has no way to the origin offers nothing; who is on duty a hop and a block’s time, a child’s child the sum', () => {
    const mesh = new PushMesh();
    for (let count = 0; count < 3; count++) mesh.add();
    mesh.link(0, 1);
    mesh.link(1, 2);
    mesh.runFor(1_000);
    expect(mesh.messages('offers', 0, 1).flatMap(({ pathMs }) => pathMs).every((pathMs) => pathMs === NO_OFFER)).toBe(true);
    mesh.peers[0]!.subscriptions.setDuty(mesh.nowMs, { rendition: RENDITION, stripes: [3] });
    mesh.runFor(3_000);
    // A block of 16 KiB at 12 Mb/s is 11 ms, and each child of a stripe gets one before the next does.
    expect(mesh.messages('offers', 0, 1)[1]?.pathMs).toEqual(offering({ 3: 41 }));
    expect(mesh.peers[1]!.parent(3)).toBe(0);
    expect(mesh.messages('offers', 1, 2).at(-1)?.pathMs[3]).toBeGreaterThanOrEqual(82);
    expect(mesh.peers[2]!.parent(3)).toBe(1);
    expect(mesh.messages('offers', 2, 1).at(-1)?.pathMs[3]).toBeGreaterThanOrEqual(123);
  });

  it('LP1: a change below 25 ms is not told, and any other at most every 300 ms', () => {
    const { mesh } = alone(2);
    tell(mesh, 1, 0, { 0: 100 });
    mesh.runFor(600);
    const before = mesh.messages('offers', 0, 2).length;
    tell(mesh, 1, 0, { 0: 120 });
    mesh.runFor(600);
    expect(mesh.messages('offers', 0, 2)).toHaveLength(before);
    for (let count = 0; count < 30; count++) {
      tell(mesh, 1, 0, { 0: 200 + 30 * count });
      mesh.runFor(50);
    }
    const told = mesh.messages('offers', 0, 2).length - before;
    expect(told).toBeGreaterThanOrEqual(4);
    expect(told).toBeLessThanOrEqual(6);
  });

  it('LP1: a new neighbour is told at once, the origin’s seeder never', () => {
    const { mesh, peer } = alone(1);
    peer.subscriptions.setDuty(mesh.nowMs, { rendition: RENDITION, stripes: [0, 1] });
    mesh.addMute();
    mesh.link(0, 2);
    expect(mesh.messages('offers', 0, 2)).toMatchObject([{ pathMs: offering({ 0: 41, 1: 41 }) }]);
    peer.subscriptions.greet(mesh.nowMs, { ...peer.neighbour(2), role: 'origin' });
    expect(mesh.messages('offers', 0, 2)).toHaveLength(1);
  });

  it('LP2: of one stripe as many places are offered as the uplink carries whole streams, ten at most; of all as it carries stripes', () => {
    for (const [uplinkBitsPerSecond, inStripe, inAll] of [
      [2_000_000, 1, 4],
      [12_000_000, 3, 27],
      [100_000_000, 10, 80],
    ] as const) {
      const { mesh, peer } = alone(16, { uplinkBitsPerSecond });
      peer.subscriptions.setDuty(mesh.nowMs, { rendition: RENDITION, stripes: [0, 1, 2, 3, 4, 5, 6, 7] });
      for (let from = 1; from <= 16; from++) ask(mesh, from, 0, 5);
      expect(peer.children(5)).toHaveLength(inStripe);
      for (let stripe = 0; stripe < 8; stripe++) for (let from = 1; from <= 16; from++) ask(mesh, from, 0, stripe);
      const children = [0, 1, 2, 3, 4, 5, 6, 7].reduce((sum, stripe) => sum + peer.children(stripe).length, 0);
      expect(children).toBe(Math.min(inAll, 8 * inStripe));
      const refused = Array.from({ length: 16 }, (_, index) => mesh.messages('unsubscribe', 0, index + 1)).flat();
      // Who is a child already is not refused.
      expect(refused).toHaveLength(16 - inStripe + 8 * 16 - inStripe - (children - inStripe));
    }
  });

  it('LP2: who does not upload offers nothing, takes nobody, and lets its children go', () => {
    const { mesh, peer } = alone(3);
    peer.subscriptions.setDuty(mesh.nowMs, { rendition: RENDITION, stripes: [0] });
    ask(mesh, 1, 0, 0);
    expect(peer.children(0)).toEqual([1]);
    peer.links.setPolicy(mesh.nowMs, { mode: 'off' });
    peer.subscriptions.dropChildren(mesh.nowMs);
    expect(peer.children(0)).toEqual([]);
    expect(mesh.messages('unsubscribe', 0, 1)).toMatchObject([{ stripe: 0 }]);
    ask(mesh, 2, 0, 0);
    mesh.runFor(500);
    expect(peer.children(0)).toEqual([]);
    expect(mesh.messages('unsubscribe', 0, 2)).toMatchObject([{ stripe: 0 }]);
    expect(mesh.messages('offers', 0, 2).at(-1)?.pathMs).toEqual(offering({}));
  });
});

describe('choice of a parent', () => {
  it('LP3: the shortest way is taken, stripe by stripe, of those who upload; none above 2 s', () => {
    const { mesh, peer } = alone(4);
    peer.neighbour(4).status = { ...peer.neighbour(4).status!, isUploading: false };
    tell(mesh, 4, 0, { 0: 1, 1: 1, 2: 1, 3: 1 });
    peer.neighbours.noteOffers(peer.neighbour(1), { rendition: RENDITION, pathMs: offering({ 0: 90, 1: 50, 3: 2_000 }) });
    peer.neighbours.noteOffers(peer.neighbour(2), { rendition: RENDITION, pathMs: offering({ 0: 80, 1: 60, 3: 2_500 }) });
    tell(mesh, 3, 0, { 0: 85, 2: 1_999 });
    expect([0, 1, 2, 3].map((stripe) => peer.parent(stripe))).toEqual([2, 1, 3, undefined]);
    expect(mesh.messages('subscribe', 0, 2)).toEqual([{ kind: 'subscribe', rendition: RENDITION, stripe: 0 }]);
    expect(peer.counters.subscriptions).toBe(3);
  });

  it('LP3: who is on duty for a stripe looks for no parent of it', () => {
    const { mesh, peer } = alone(1);
    peer.subscriptions.setDuty(mesh.nowMs, { rendition: RENDITION, stripes: [2] });
    tell(mesh, 1, 0, { 2: 50, 3: 50 });
    expect([peer.parent(2), peer.parent(3)]).toEqual([undefined, 1]);
  });

  it('LP4: a better parent is taken after 1.5 to 4.5 s, for 40 ms and more, never before 3 s with the old one', () => {
    const { mesh, peer } = alone(3);
    tell(mesh, 1, 0, { 0: 200 });
    tell(mesh, 2, 0, { 0: 165 });
    mesh.runFor(20_000);
    expect(peer.parent(0)).toBe(1);
    tell(mesh, 3, 0, { 0: 155 });
    mesh.runFor(20_000);
    expect(peer.parent(0)).toBe(3);
    expect(mesh.messages('unsubscribe', 0, 1)).toMatchObject([{ stripe: 0 }]);
    expect(peer.counters.parentChanges).toBe(1);
    tell(mesh, 2, 0, { 0: 10 });
    mesh.runFor(4_600);
    expect(peer.parent(0)).toBe(2);
    const takenMs = mesh.nowMs;
    tell(mesh, 1, 0, { 0: 0 });
    tell(mesh, 2, 0, { 0: 300 });
    while (peer.parent(0) === 2 && mesh.nowMs < takenMs + 20_000) mesh.runFor(10);
    expect(peer.parent(0)).toBe(1);
    expect(mesh.nowMs - takenMs).toBeLessThanOrEqual(7_500);
  });

  it('LP4: a parent is kept for 3 s at least', () => {
    for (let lead = 0; lead < 4_000; lead += 500) {
      const { mesh, peer } = alone(2);
      mesh.runFor(lead);
      tell(mesh, 1, 0, { 0: 500 });
      tell(mesh, 2, 0, { 0: 10 });
      mesh.runFor(2_990);
      expect(peer.parent(0)).toBe(1);
      mesh.runFor(4_600);
      expect(peer.parent(0)).toBe(2);
    }
  });

  it('LP5: two never push one stripe to each other, however they ask', () => {
    for (let seed = 0; seed < 20; seed++) {
      const mesh = new PushMesh();
      mesh.delayMs = (from) => 10 + ((seed * 7 + from * 13) % 60);
      for (let number = 0; number < 3; number++) mesh.add();
      mesh.link(0, 1);
      // Each has offered once, from a parent that is gone by now: both ask each other at the same time.
      mesh.peers[0]!.neighbours.noteOffers(mesh.peers[0]!.neighbour(1), { rendition: RENDITION, pathMs: offering({ 4: 100 }) });
      mesh.peers[1]!.neighbours.noteOffers(mesh.peers[1]!.neighbour(0), { rendition: RENDITION, pathMs: offering({ 4: 100 }) });
      mesh.peers[0]!.subscriptions.setDuty(mesh.nowMs, { rendition: RENDITION, stripes: [] });
      mesh.peers[1]!.subscriptions.setDuty(mesh.nowMs, { rendition: RENDITION, stripes: [] });
      mesh.runFor(40);
      expect([mesh.peers[0]!.parent(4), mesh.peers[1]!.parent(4)]).toEqual([1, 0]);
      mesh.link(1, 2);
      mesh.peers[2]!.subscriptions.setDuty(mesh.nowMs, { rendition: RENDITION, stripes: [4] });
      let mutual = 0;
      mesh.runFor(15_000, () => {
        mutual += mesh.peers.filter((peer) => peer.children(4).includes(peer.parent(4) ?? -1)).length;
      });
      expect(mutual).toBe(0);
      expect([mesh.peers[0]!.parent(4), mesh.peers[1]!.parent(4)]).toEqual([1, 2]);
    }
  });
});

describe('children and loops', () => {
  it('LP6: a peer with children moves only to where the way is shorter than its own was', () => {
    const { mesh, peer } = alone(4);
    tell(mesh, 1, 0, { 0: 200 });
    ask(mesh, 4, 0, 0);
    expect(peer.children(0)).toEqual([4]);
    tell(mesh, 2, 0, { 0: 210 });
    end(mesh, 1, 0, 0);
    mesh.runFor(1_000);
    expect(peer.parent(0)).toBeUndefined();
    tell(mesh, 3, 0, { 0: 199 });
    expect(peer.parent(0)).toBe(3);
    expect(peer.children(0)).toEqual([4]);
  });

  it('LP6: after 1.5 s without such a way it lets its children go, and takes any; never one of its children', () => {
    const { mesh, peer } = alone(3);
    tell(mesh, 1, 0, { 0: 200 });
    ask(mesh, 3, 0, 0);
    tell(mesh, 2, 0, { 0: 400 });
    tell(mesh, 3, 0, { 0: 150 });
    end(mesh, 1, 0, 0);
    mesh.runFor(1_490);
    expect([peer.parent(0), peer.children(0)]).toEqual([undefined, [3]]);
    tell(mesh, 3, 0, {});
    mesh.runFor(50);
    expect([peer.parent(0), peer.children(0)]).toEqual([2, []]);
    expect(mesh.messages('unsubscribe', 0, 3)).toMatchObject([{ stripe: 0 }]);
  });

  it('LP6: who is not on duty any more does not take a descendant for a parent', () => {
    const mesh = new PushMesh();
    for (let count = 0; count < 3; count++) mesh.add();
    mesh.link(0, 1);
    mesh.link(1, 2);
    mesh.peers[0]!.subscriptions.setDuty(mesh.nowMs, { rendition: RENDITION, stripes: [0] });
    mesh.runFor(3_000);
    expect([mesh.peers[1]!.parent(0), mesh.peers[2]!.parent(0)]).toEqual([0, 1]);
    mesh.link(0, 2);
    mesh.runFor(100);
    mesh.peers[0]!.subscriptions.setDuty(mesh.nowMs, { rendition: RENDITION, stripes: [] });
    mesh.runFor(1_400, () => {
      for (const number of [0, 1, 2]) expect(mesh.isInLoop(number, 0), `at ${mesh.nowMs}`).toBe(false);
    });
  });

  it('LP6: a way that has become longer is known to descendants also when there is no place for one more child', () => {
    // 2 Mb/s: one child a stripe.
    const mesh = new PushMesh();
    for (let count = 0; count < 3; count++) mesh.add({ uplinkBitsPerSecond: 2_000_000 });
    mesh.addMute();
    mesh.link(3, 0);
    mesh.link(0, 1);
    mesh.link(1, 2);
    tell(mesh, 3, 0, { 0: 100 });
    mesh.runFor(2_000);
    expect([0, 1, 2].map((number) => mesh.peers[number]!.parent(0))).toEqual([3, 0, 1]);
    mesh.link(0, 2);
    mesh.runFor(100);
    tell(mesh, 3, 0, { 0: 900 });
    // News takes its time from hop to hop; a loop that it breaks is none that lasts.
    let loopedMs = 0;
    mesh.runFor(30_000, () => {
      if ([0, 1, 2].some((number) => mesh.isInLoop(number, 0))) loopedMs += 10;
    });
    expect(loopedMs).toBeLessThan(2_000);
  });

  it('LP7: where more children were taken than the uplink, now measured, carries, one goes at a time', () => {
    const { mesh, peer } = alone(8);
    peer.subscriptions.setDuty(mesh.nowMs, { rendition: RENDITION, stripes: [0, 1, 2, 3, 4, 5, 6, 7] });
    for (let from = 1; from <= 3; from++) for (let stripe = 0; stripe < 4; stripe++) ask(mesh, from, 0, stripe);
    const children = (): number => [0, 1, 2, 3, 4, 5, 6, 7].reduce((sum, stripe) => sum + peer.children(stripe).length, 0);
    expect(children()).toBe(12);
    peer.links.setPolicy(mesh.nowMs, { mode: 'capped', bitsPerSecond: 1_500_000 });
    let before = children();
    mesh.runFor(60_000, () => {
      expect(children()).toBeGreaterThanOrEqual(before - 1);
      before = children();
    });
    // .85 × 1.5 Mb/s carries 3 stripes; one more is let be.
    expect(children()).toBe(4);
    const gone = [1, 2, 3].flatMap((to) => mesh.messages('unsubscribe', 0, to));
    expect(gone).toHaveLength(8);
  });
});

describe('parents that fail', () => {
  it('LP8: two chunks in a row that others brought end a subscription, one does not; its chunk begins the count anew', () => {
    const { mesh, peer } = alone(2);
    tell(mesh, 1, 0, { 0: 100 });
    tell(mesh, 2, 0, { 0: 300 });
    const bring = (from: number | 'origin'): void => {
      peer.subscriptions.delivered(mesh.nowMs, { key: keyOf(0), from, lagMs: 0 });
      peer.subscriptions.tick(mesh.nowMs);
    };
    bring(2);
    expect(peer.subscriptions.isParentTrusted(keyOf(0))).toBe(false);
    bring(1);
    expect(peer.subscriptions.isParentTrusted(keyOf(0))).toBe(true);
    bring('origin');
    expect(peer.parent(0)).toBe(1);
    bring(2);
    expect(mesh.messages('unsubscribe', 0, 1)).toMatchObject([{ stripe: 0 }]);
    expect(peer.parent(0)).toBe(2);
  });

  it('LP8: a transfer that a parent let lapse ends its subscription at once; another’s does not', () => {
    const { mesh, peer } = alone(2);
    tell(mesh, 1, 0, { 0: 100 });
    peer.subscriptions.failed(mesh.nowMs, peer.neighbour(2), keyOf(0));
    expect(peer.parent(0)).toBe(1);
    peer.subscriptions.failed(mesh.nowMs, peer.neighbour(1), keyOf(0));
    expect(peer.parent(0)).toBeUndefined();
  });

  it('LP9: who refused or failed is not asked for that stripe for 4 s; the next best is asked at once', () => {
    const { mesh, peer } = alone(2);
    tell(mesh, 1, 0, { 0: 100, 1: 100 });
    tell(mesh, 2, 0, { 0: 900 });
    end(mesh, 1, 0, 0);
    expect([peer.parent(0), peer.parent(1)]).toEqual([2, 1]);
    end(mesh, 2, 0, 0);
    expect(peer.parent(0)).toBeUndefined();
    const endedMs = mesh.nowMs;
    while (peer.parent(0) === undefined && mesh.nowMs < endedMs + 20_000) mesh.runFor(10);
    expect(peer.parent(0)).toBe(1);
    expect(mesh.nowMs - endedMs).toBeGreaterThanOrEqual(3_990);
    expect(mesh.nowMs - endedMs).toBeLessThan(9_000);
  });

  it('LP9: when the link to a parent ends, the next best is asked at once', () => {
    const { mesh, peer } = alone(2);
    tell(mesh, 1, 0, { 0: 100 });
    tell(mesh, 2, 0, { 0: 900 });
    mesh.unlink(0, 1);
    peer.subscriptions.tick(mesh.nowMs);
    expect(peer.parent(0)).toBe(2);
    expect(mesh.messages('subscribe', 0, 2)).toHaveLength(1);
  });

  it('LP9: a parent whose way has become longer than 2 s is left: it counts to infinity in a loop', () => {
    const { mesh, peer } = alone(1);
    tell(mesh, 1, 0, { 0: 1_900 });
    expect(peer.parent(0)).toBe(1);
    tell(mesh, 1, 0, { 0: 2_001 });
    expect(peer.parent(0)).toBeUndefined();
  });

  it('LP10: what a left parent still pushes is no offence for 10 s, whoever ended it', () => {
    for (const isOurs of [true, false]) {
      const { mesh, peer } = alone(2);
      const mayPush = (): boolean => peer.subscriptions.mayPush(mesh.nowMs, peer.neighbour(1), keyOf(0));
      expect(mayPush()).toBe(false);
      tell(mesh, 1, 0, { 0: 100 });
      expect(mayPush()).toBe(true);
      if (isOurs) peer.subscriptions.failed(mesh.nowMs, peer.neighbour(1), keyOf(0));
      else end(mesh, 1, 0, 0);
      tell(mesh, 1, 0, {});
      mesh.nowMs += 9_999;
      expect(mayPush()).toBe(true);
      mesh.nowMs += 1;
      expect(mayPush()).toBe(false);
      expect(peer.subscriptions.mayPush(mesh.nowMs, peer.neighbour(2), keyOf(0))).toBe(false);
    }
  });
});

describe('renditions', () => {
  it('LP11: another rendition is followed beside the first, and has parents and children of its own', () => {
    const { mesh, peer } = alone(3);
    tell(mesh, 1, 0, { 0: 100, 1: 100 });
    ask(mesh, 2, 0, 0);
    peer.subscriptions.follow(mesh.nowMs, OTHER);
    peer.subscriptions.tick(mesh.nowMs);
    expect([peer.parent(0), peer.parent(0, OTHER), peer.children(0)]).toEqual([1, undefined, [2]]);
    tell(mesh, 3, 0, { 0: 500 }, OTHER);
    ask(mesh, 1, 0, 0, OTHER);
    expect([peer.parent(0), peer.parent(0, OTHER), peer.children(0), peer.children(0, OTHER)]).toEqual([1, 3, [2], [1]]);
    expect(mesh.messages('subscribe', 0, 3)).toEqual([{ kind: 'subscribe', rendition: OTHER, stripe: 0 }]);
    expect(mesh.messages('unsubscribe', 0, 1)).toEqual([]);
  });

  it('LP11: a rendition that is about to end lets its children go and takes no others, and is pushed on to us', () => {
    const { mesh, peer } = alone(3);
    tell(mesh, 1, 0, { 0: 100, 1: 100 });
    ask(mesh, 2, 0, 0);
    peer.subscriptions.retire(mesh.nowMs, RENDITION);
    ask(mesh, 3, 0, 0);
    expect([peer.parent(0), peer.children(0)]).toEqual([1, []]);
    expect(mesh.messages('unsubscribe', 0, 2)).toEqual([{ kind: 'unsubscribe', rendition: RENDITION, stripe: 0 }]);
    expect(mesh.messages('unsubscribe', 0, 3)).toEqual([{ kind: 'unsubscribe', rendition: RENDITION, stripe: 0 }]);
    expect(mesh.messages('unsubscribe', 0, 1)).toEqual([]);
  });

  it('LP11: one that is left ends all its subscriptions, and what its parents still push is no offence', () => {
    const { mesh, peer } = alone(3);
    tell(mesh, 1, 0, { 0: 100, 1: 100 });
    peer.subscriptions.follow(mesh.nowMs, OTHER);
    peer.subscriptions.leave(mesh.nowMs, RENDITION);
    expect(mesh.messages('unsubscribe', 0, 1)).toMatchObject([{ rendition: RENDITION, stripe: 0 }, { rendition: RENDITION, stripe: 1 }]);
    expect([peer.parent(0), peer.parent(1)]).toEqual([undefined, undefined]);
    expect(peer.subscriptions.mayPush(mesh.nowMs, peer.neighbour(1), keyOf(0))).toBe(true);
    tell(mesh, 1, 0, { 0: 100 });
    expect(peer.parent(0)).toBeUndefined();
  });

  it('LP11: duty is of one rendition: it counts when that is followed, and not after', () => {
    const { mesh, peer } = alone(2);
    peer.subscriptions.setDuty(mesh.nowMs, { rendition: OTHER, stripes: [0] });
    mesh.runFor(500);
    expect(mesh.messages('offers', 0, 1).every(({ pathMs }) => pathMs.every((path) => path === NO_OFFER))).toBe(true);
    peer.subscriptions.follow(mesh.nowMs, OTHER);
    mesh.runFor(500);
    expect(mesh.messages('offers', 0, 1).at(-1)).toMatchObject({ rendition: OTHER, pathMs: offering({ 0: 41 }) });
    peer.subscriptions.leave(mesh.nowMs, OTHER);
    peer.subscriptions.follow(mesh.nowMs, OTHER);
    mesh.runFor(500);
    expect(mesh.messages('offers', 0, 1).at(-1)).toMatchObject({ rendition: OTHER, pathMs: offering({}) });
  });

  it('LP11: children of one rendition leave less of the uplink for the other', () => {
    const { mesh, peer } = alone(9, { uplinkBitsPerSecond: 4_000_000 });
    peer.subscriptions.setDuty(mesh.nowMs, { rendition: RENDITION, stripes: [0, 1, 2, 3, 4, 5, 6, 7] });
    peer.subscriptions.follow(mesh.nowMs, OTHER);
    tell(mesh, 9, 0, { 0: 50 }, OTHER);
    // 3.4 of 4 Mb/s are nine stripes of 375 kb/s.
    for (let stripe = 0; stripe < 8; stripe++) ask(mesh, 1, 0, stripe);
    ask(mesh, 2, 0, 0, OTHER);
    ask(mesh, 3, 0, 0, OTHER);
    expect(peer.children(7)).toEqual([1]);
    expect(peer.children(0, OTHER)).toEqual([2]);
  });

  it('LP11: who asks for another rendition is refused, and offers of another count for nothing', () => {
    const { mesh, peer } = alone(2);
    peer.subscriptions.setDuty(mesh.nowMs, { rendition: RENDITION, stripes: [0] });
    ask(mesh, 1, 0, 0, OTHER);
    expect(peer.children(0, OTHER)).toEqual([]);
    expect(mesh.messages('unsubscribe', 0, 1)).toEqual([{ kind: 'unsubscribe', rendition: OTHER, stripe: 0 }]);
    tell(mesh, 2, 0, { 3: 50 }, OTHER);
    expect(peer.parent(3)).toBeUndefined();
  });

  it('LP11: what was offered before the first header was known counts once it is', () => {
    const mesh = new PushMesh();
    const peer = mesh.addNewcomer();
    mesh.addMute();
    mesh.link(0, 1);
    tell(mesh, 1, 0, { 0: 100 });
    peer.subscriptions.follow(mesh.nowMs, RENDITION);
    peer.subscriptions.tick(mesh.nowMs);
    expect(peer.parent(0)).toBe(1);
  });
});
