import { describe, expect, it } from 'vitest';
import { dutyShape, EMPTY_DUTY_PLAN, planDuty } from '../../src/core/duty-plan.js';
import { peerId, TrackerWorld } from './tracker-world.js';

/** A world with an origin and peers that have all reported. */
function reportedWorld(count: number, options = {}): TrackerWorld {
  const world = new TrackerWorld(options);
  world.joinOrigin();
  for (let index = 1; index <= count; index++) world.joined(index);
  for (let index = 1; index <= count; index++) world.report(index);
  return world;
}

function loads(world: TrackerWorld): number[] {
  const counts = new Map<string, number>();
  for (const id of world.dutyMap().flat()) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts.values()].sort((left, right) => right - left);
}

describe('dutyShape', () => {
  it.each([
    { peers: 1, candidates: 1, copies: 1, shape: { copies: 1, superPeers: 1, stripesEach: 8 } },
    { peers: 3, candidates: 3, copies: 1, shape: { copies: 1, superPeers: 3, stripesEach: 3 } },
    { peers: 8, candidates: 8, copies: 1, shape: { copies: 1, superPeers: 8, stripesEach: 1 } },
    { peers: 10, candidates: 10, copies: 1, shape: { copies: 1, superPeers: 8, stripesEach: 1 } },
    // Two stripes each are the most, so three copies take twelve peers.
    { peers: 11, candidates: 11, copies: 3, shape: { copies: 2, superPeers: 8, stripesEach: 2 } },
    { peers: 12, candidates: 12, copies: 3, shape: { copies: 3, superPeers: 12, stripesEach: 2 } },
    { peers: 200, candidates: 150, copies: 3, shape: { copies: 3, superPeers: 12, stripesEach: 2 } },
    { peers: 100_000, candidates: 9_000, copies: 3, shape: { copies: 3, superPeers: 12, stripesEach: 2 } },
    // Many watch, hardly anybody can upload: coverage comes first.
    { peers: 50, candidates: 2, copies: 3, shape: { copies: 1, superPeers: 2, stripesEach: 4 } },
    { peers: 5, candidates: 0, copies: 1, shape: { copies: 0, superPeers: 0, stripesEach: 0 } },
  ])('of $peers peers, $candidates of them candidates', ({ peers, candidates, copies, shape }) => {
    expect(dutyShape(peers, candidates, copies)).toEqual(shape);
  });
});

describe('planDuty', () => {
  it('prefers the best candidates', () => {
    const ranked = Array.from({ length: 20 }, (_, index) => peerId(index));
    const plan = planDuty(EMPTY_DUTY_PLAN, ranked, dutyShape(10, 20, 1));
    expect(new Set(plan.flat())).toEqual(new Set(ranked.slice(0, 8)));
  });

  it('swaps when only those who have a stripe already could take it once more', () => {
    const [a, b, c] = [peerId(1), peerId(2), peerId(3)];
    const previous = [[a, b], [a, b], [a, b], [a, b], [a, b], [a, b], [c], [c]];
    const plan = planDuty(previous, [a, b, c], { copies: 2, superPeers: 3, stripesEach: 6 });
    for (const holders of plan) expect(new Set(holders).size).toBe(2);
  });
});

describe('duty', () => {
  it('goes to the first viewer at once, in the answer to its join, and the seeder is told', () => {
    const world = new TrackerWorld();
    world.joinOrigin();
    expect(world.dutyMap()).toEqual(EMPTY_DUTY_PLAN);
    expect(world.joined(1).dutyStripes).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(world.got(1, 'duty')).toEqual([]);
    expect(world.dutyMap()).toEqual(Array.from({ length: 8 }, () => [peerId(1)]));
  });

  it('is shared with a newcomer once that has reported, without moving more than must be', () => {
    const world = new TrackerWorld();
    world.joinOrigin();
    world.joined(1);
    expect(world.joined(2).dutyStripes).toEqual([]);
    expect(world.got(1, 'duty')).toEqual([]);
    world.report(2);
    expect(world.got(1, 'duty').at(-1)).toEqual({ stripes: [0, 1, 2, 3] });
    expect(world.got(2, 'duty').at(-1)).toEqual({ stripes: [4, 5, 6, 7] });
    world.joined(3);
    world.report(3);
    expect(loads(world)).toEqual([3, 3, 2]);
    expect(world.dutyMap()[0]).toEqual([peerId(1)]);
    expect(world.dutyMap()[4]).toEqual([peerId(2)]);
  });

  it('is told to a seeder that comes late, or comes again', () => {
    const world = new TrackerWorld();
    world.joined(1);
    world.joinOrigin(0xfe);
    expect(world.dutyMap(0xfe)[0]).toEqual([peerId(1)]);
    world.joinOrigin(0xff);
    world.joined(2);
    world.report(2);
    expect(world.dutyMap(0xff)[7]).toEqual([peerId(2)]);
    expect(world.dutyMap(0xfe)[7]).toEqual([peerId(1)]);
  });

  it.each([
    ['hides its page', (world: TrackerWorld) => world.report(1, { isVisible: false })],
    ['stops uploading', (world: TrackerWorld) => world.report(1, { isUploading: false })],
    ['loses its connection', (world: TrackerWorld) => world.disconnect(1)],
    ['leaves', (world: TrackerWorld) => world.leave(1)],
  ])('moves at once from one that %s, and nobody else is moved', (_, lose) => {
    const world = reportedWorld(10);
    const before = world.dutyMap();
    expect(before.flat()).toContain(peerId(1));
    lose(world);
    const after = world.dutyMap();
    expect(after.flat()).not.toContain(peerId(1));
    before.forEach((holders, stripe) => {
      if (holders[0] === peerId(1)) expect(after[stripe]).toHaveLength(1);
      else expect(after[stripe]).toEqual(holders);
    });
  });

  it('never goes to viewers who are hidden, do not upload, or to the origin', () => {
    const world = new TrackerWorld();
    world.joinOrigin();
    world.joined(1, { isVisible: false });
    world.joined(2, { isUploading: false });
    world.report(1, { isVisible: false });
    world.report(2, { isUploading: false });
    expect(world.dutyMap().flat()).toEqual([]);
  });

  it('gives nobody more than two stripes from eight peers on, two copies up to sixty, and three in larger swarms', () => {
    for (const [count, copies] of [[8, 1], [10, 1], [11, 2], [40, 2], [60, 2], [61, 3], [200, 3]] as const) {
      const world = reportedWorld(count);
      expect(loads(world)[0]).toBeLessThanOrEqual(2);
      for (const holders of world.dutyMap()) expect(new Set(holders).size).toBe(copies);
    }
  });

  it('stays where it is through a minute of reports and joins that do not outgrow it', () => {
    const world = reportedWorld(20);
    const before = world.dutyMap();
    const sent = world.got(0xff, 'dutyMap').length;
    for (let index = 21; index <= 30; index++) world.joined(index);
    world.advance(60_000, () => {
      for (let index = 1; index <= 30; index++) {
        world.report(index, { uplinkBitsPerSecond: 4_000_000 + ((index * 7_919 + world.nowMs) % 3_000_000) });
      }
    });
    expect(world.dutyMap()).toEqual(before);
    expect(world.got(0xff, 'dutyMap')).toHaveLength(sent);
  });

  it('leaves one whom the seeder does not reach while it reaches others, for a minute', () => {
    const world = reportedWorld(9);
    const idle = Number.parseInt(world.dutyMap()[0]![0]!, 16);
    const run = (durationMs: number) =>
      world.advance(durationMs, () => {
        for (let index = 1; index <= 9; index++) {
          world.report(index, { fromSeederBytes: index === idle ? 0 : 1 + world.nowMs });
        }
      });
    run(7_000);
    expect(world.dutyMap().flat()).toContain(peerId(idle));
    run(5_000);
    expect(world.dutyMap().flat()).not.toContain(peerId(idle));
    // One more holder is lost, but the barred one is no candidate: seven share eight stripes.
    world.leave(Number.parseInt(world.dutyMap()[0]![0]!, 16));
    expect(world.dutyMap().flat()).not.toContain(peerId(idle));
    expect(loads(world)).toEqual([2, 1, 1, 1, 1, 1, 1]);
    run(66_000);
    expect(world.dutyMap().flat()).toContain(peerId(idle));
  });

  it('stays when nobody gets anything: the publisher pauses', () => {
    const world = reportedWorld(9);
    const before = world.dutyMap();
    world.advance(30_000, () => {
      for (let index = 1; index <= 9; index++) world.report(index);
    });
    expect(world.dutyMap()).toEqual(before);
  });

  it('is not kept by invented bytes: the seeder says whom it is linked to', () => {
    const world = reportedWorld(9);
    const liar = Number.parseInt(world.dutyMap()[0]![0]!, 16);
    const honest = [1, 2, 3, 4, 5, 6, 7, 8, 9].filter((index) => index !== liar);
    const run = (durationMs: number) =>
      world.advance(durationMs, () => {
        for (let index = 1; index <= 9; index++) world.report(index, { fromSeederBytes: 1 + world.nowMs });
        world.seeded(honest);
      });
    run(7_000);
    expect(world.dutyMap().flat()).toContain(peerId(liar));
    run(5_000);
    expect(world.dutyMap().flat()).not.toContain(peerId(liar));
    for (const holders of world.dutyMap()) expect(holders).toHaveLength(1);
    // Who is linked keeps it, though it is silent: the publisher pauses.
    const before = world.dutyMap();
    world.advance(30_000, () => {
      for (let index = 1; index <= 9; index++) world.report(index, { fromSeederBytes: index === liar ? world.nowMs : 0 });
      world.seeded(honest);
    });
    expect(world.dutyMap()).toEqual(before);
  });

  it('is given to others when all who hold it are impostors, and stays when nobody else is there', () => {
    const world = reportedWorld(8);
    const before = world.dutyMap();
    const run = (durationMs: number, count: number) =>
      world.advance(durationMs, () => {
        for (let index = 1; index <= count; index++) world.report(index, { fromSeederBytes: 1 + world.nowMs });
        world.seeded([]);
      });
    run(30_000, 8);
    expect(world.dutyMap()).toEqual(before);
    world.joined(9);
    run(10_000, 9);
    expect(new Set(world.dutyMap().flat())).toEqual(new Set([peerId(9)]));
  });

  it('comes to impostors with large claims once, not again after their bar', () => {
    const world = reportedWorld(12);
    const honest = Array.from({ length: 12 }, (_, index) => index + 1);
    const impostors = Array.from({ length: 24 }, (_, index) => index + 100);
    for (const index of impostors) world.joined(index);
    const run = (durationMs: number) =>
      world.advance(durationMs, () => {
        const fromSeederBytes = 1 + world.nowMs;
        for (const index of honest) world.report(index, { fromSeederBytes });
        for (const index of impostors) world.report(index, { fromSeederBytes, uplinkBitsPerSecond: 1e9 });
        world.seeded(honest);
      });
    run(150_000);
    const isHeldByHonest = () => world.dutyMap().flat().every((id) => honest.map(peerId).includes(id));
    for (let count = 0; count < 20; count++) {
      run(5_000);
      expect(isHeldByHonest()).toBe(true);
    }
  });

  it('stays where it is after the seeder came again, until that has had time to link', () => {
    const world = reportedWorld(9);
    world.advance(60_000, () => {
      for (let index = 1; index <= 9; index++) world.report(index);
    });
    const before = world.dutyMap();
    world.advance(7_000, () => {
      for (let index = 1; index <= 9; index++) world.report(index);
      world.seeded([1]);
    });
    expect(world.dutyMap()).toEqual(before);
  });

  it('does not listen to a viewer, or to a seeder that was followed by another, about who is linked', () => {
    const world = reportedWorld(9);
    world.joinOrigin(0xfe);
    const before = world.dutyMap(0xfe);
    world.advance(30_000, () => {
      for (let index = 1; index <= 9; index++) world.report(index);
      world.seeded([1], 1);
      world.seeded([1], 0xff);
    });
    expect(world.dutyMap(0xfe)).toEqual(before);
  });

  it('moves from the slowest to an idle peer four times as fast, not to one a little faster', () => {
    const world = reportedWorld(9);
    const idle = [1, 2, 3, 4, 5, 6, 7, 8, 9].find((index) => !world.dutyMap().flat().includes(peerId(index)))!;
    const run = (uplinkBitsPerSecond: number) =>
      world.advance(10_000, () => {
        for (let index = 1; index <= 9; index++) {
          const own = index === idle ? uplinkBitsPerSecond : 5_000_000 + index;
          world.report(index, { uplinkBitsPerSecond: own });
        }
      });
    run(19_000_000);
    expect(world.dutyMap().flat()).not.toContain(peerId(idle));
    run(21_000_000);
    expect(world.dutyMap().flat()).toContain(peerId(idle));
  });
});
