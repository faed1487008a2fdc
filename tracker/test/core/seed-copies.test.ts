import type { PeerReport } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { peerId, TrackerWorld } from './tracker-world.js';

/** A swarm whose viewers all watch 3 Mb/s, and report what they had to fetch. */
class WatchingWorld extends TrackerWorld {
  readonly #count: number;
  readonly #fallbackBytes = new Map<number, number>();
  #receivedBytes = 0;
  maxCopies: number | undefined;

  constructor(count: number, options = {}) {
    super(options);
    this.#count = count;
    this.joinOrigin();
    for (let index = 1; index <= count; index++) this.joined(index);
    for (let index = 1; index <= count; index++) this.report(index);
    // They settle: what newcomers fetch says nothing about the copies.
    this.watch(10_000, () => 1);
  }

  get copies(): number {
    return this.scrape().seedCopies;
  }

  /** @param share of its media that a viewer fetches because a deadline comes near */
  watch(durationMs: number, share: (index: number) => number): void {
    for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs += 2_000) {
      this.#receivedBytes += 750_000;
      for (let index = 1; index <= this.#count; index++) {
        const fallbackBytes = (this.#fallbackBytes.get(index) ?? 0) + Math.round(750_000 * share(index));
        this.#fallbackBytes.set(index, fallbackBytes);
        this.report(index, { fromPeersBytes: this.#receivedBytes - fallbackBytes, fromOriginBytes: fallbackBytes, fallbackBytes });
      }
      this.seeded([1], 0xff, this.maxCopies);
      this.advance(2_000);
    }
  }

  /** Nothing is published; one viewer says that it fetches all the same. */
  pause(durationMs: number, liar: number): void {
    let inventedBytes = 0;
    for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs += 2_000) {
      inventedBytes += 750_000;
      for (let index = 1; index <= this.#count; index++) {
        const known = this.#fallbackBytes.get(index) ?? 0;
        const more = index === liar ? inventedBytes : 0;
        this.report(index, { fromPeersBytes: this.#receivedBytes - known, fromOriginBytes: known + more, fallbackBytes: known + more });
      }
      this.seeded([1], 0xff, this.maxCopies);
      this.advance(2_000);
    }
  }
}

describe('seedCopies', () => {
  it.each([[1, 1], [10, 1], [11, 2], [60, 2], [61, 3], [100, 3], [300, 3], [301, 4], [1_000, 10]])(
    'of %i viewers without fallbacks: %i, the same share at every size',
    (count, copies) => {
      const world = new TrackerWorld();
      world.joinOrigin();
      for (let index = 1; index <= count; index++) world.joined(index);
      world.advance(5_000);
      expect(world.scrape().seedCopies).toBe(copies);
    },
  );

  it('follow a crowd before the next review once it is no small one any more, and once it has doubled', () => {
    const world = new TrackerWorld();
    world.joinOrigin();
    for (let index = 1; index <= 11; index++) world.joined(index);
    expect(world.scrape().seedCopies).toBe(2);
    for (let index = 12; index <= 61; index++) world.joined(index);
    expect(world.scrape().seedCopies).toBe(3);
    for (let index = 62; index <= 500; index++) world.joined(index);
    expect(world.scrape().seedCopies).toBe(3);
    world.joined(501);
    expect(world.scrape().seedCopies).toBe(6);
  });

  it('rise a step a review while fallbacks exceed half the seeds, fall by a fifth when they are under a quarter, and rest in between', () => {
    const world = new WatchingWorld(100);
    expect(world.copies).toBe(3);
    // 1.8 copies of each chunk are fetched in need: more than 3 / 2, but less than 4 / 2.
    world.watch(6_000, () => 0.018);
    expect(world.copies).toBe(4);
    world.watch(30_000, () => 0.018);
    expect(world.copies).toBe(4);
    world.watch(30_000, () => 0.2);
    expect(world.copies).toBeGreaterThanOrEqual(9);
    const raised = world.copies;
    world.watch(30_000, () => raised / 100 / 3);
    expect(world.copies).toBe(raised);
    world.watch(6_000, () => 0);
    expect(world.copies).toBe(raised - Math.floor(raised / 5));
    world.watch(100_000, () => 0);
    expect(world.copies).toBe(3);
  });

  it('are not doubled for less than the second one costs', () => {
    const world = new WatchingWorld(10);
    world.watch(20_000, () => 0.09);
    expect(world.copies).toBe(1);
    world.watch(10_000, () => 0.12);
    expect(world.copies).toBe(2);
  });

  it('rise by a tenth of what is fetched in need, where that is more than a tenth of them', () => {
    const world = new WatchingWorld(200);
    world.watch(6_000, () => 0.2);
    // 40 of 200 copies are fetched in need.
    expect(world.copies).toBe(3 + 4);
  });

  it('give each further stripe to others, and leave those on duty theirs', () => {
    const world = new WatchingWorld(100);
    const before = world.dutyMap();
    world.watch(6_000, () => 0.018);
    const after = world.dutyMap();
    expect(after.flat()).toHaveLength(32);
    before.forEach((holders, stripe) => expect(after[stripe]!.slice(0, 3)).toEqual(holders));
  });

  it('never exceed what the uplink of the origin carries, by its last word', () => {
    const world = new WatchingWorld(100);
    world.maxCopies = 4;
    world.watch(60_000, () => 0.5);
    expect(world.copies).toBe(4);
    world.maxCopies = 2;
    world.watch(4_000, () => 0.5);
    expect(world.copies).toBe(2);
    expect(world.dutyMap().flat()).toHaveLength(16);
    world.maxCopies = 0;
    world.watch(6_000, () => 0.5);
    expect(world.copies).toBe(1);
    // Only the seeder is believed, and another one begins without a limit.
    world.tracker.seeded('c1', { peers: [], maxCopies: 50 });
    world.watch(4_000, () => 0.5);
    expect(world.copies).toBe(1);
    world.maxCopies = undefined;
    world.joinOrigin(0xfe);
    world.watch(6_000, () => 0.5);
    expect(world.copies).toBeGreaterThan(2);
  });

  it('never exceed what two stripes each of all viewers give', () => {
    const world = new WatchingWorld(20);
    world.watch(120_000, () => 1);
    expect(world.copies).toBe(5);
  });

  it('do not rise while the stream pauses, on the word of one that goes on receiving', () => {
    const world = new WatchingWorld(100);
    world.watch(6_000, () => 0);
    expect(world.copies).toBe(3);
    world.pause(30_000, 7);
    expect(world.copies).toBe(3);
  });

  it('do not rise for newcomers, old clients, one that claims much, or one that reports often', () => {
    const world = new WatchingWorld(100);
    const share = (index: number): number => (index === 7 ? 1 : 0);
    world.watch(30_000, share);
    expect(world.copies).toBe(3);
    for (let count = 0; count < 500; count++) {
      world.report(7, { fromOriginBytes: 1e9 + count, fallbackBytes: 1e9 + count });
    }
    world.watch(10_000, share);
    expect(world.copies).toBe(3);

    const others = new TrackerWorld();
    others.joinOrigin();
    for (let index = 1; index <= 50; index++) others.joined(index);
    others.advance(8_000, () => {
      for (let index = 1; index <= 50; index++) others.report(index, { fromOriginBytes: others.nowMs, fallbackBytes: others.nowMs });
    });
    others.advance(30_000, () => {
      for (let index = 1; index <= 50; index++) others.report(index, { fromOriginBytes: others.nowMs });
    });
    expect(others.scrape().seedCopies).toBe(2);
  });
});

describe('seedCopies of a crowd that comes', () => {
  /** All fetch all, as newcomers do; 4 s after they came they have measured their uplinks. */
  function copiesAfter(seconds: number, uplinkBitsPerSecond: (index: number) => number, change: Partial<PeerReport> = {}): number {
    const world = new TrackerWorld();
    world.joinOrigin();
    for (let index = 1; index <= 100; index++) {
      world.joined(index);
      world.report(index, { uplinkBitsPerSecond: uplinkBitsPerSecond(index), ...change });
    }
    for (let second = 2; second <= seconds; second += 2) {
      world.advance(2_000);
      const bytes = second * 375_000;
      for (let index = 1; index <= 100; index++) {
        world.report(index, { uplinkBitsPerSecond: uplinkBitsPerSecond(index), fromOriginBytes: bytes, fallbackBytes: bytes, ...change });
      }
    }
    return world.scrape().seedCopies;
  }

  it('rise at once where the uplinks, too, carry less than three quarters of the stream', () => {
    expect(copiesAfter(2, () => 2_000_000)).toBe(3);
    expect(copiesAfter(6, () => 2_000_000)).toBe(25);
    // .7 × 3.6 Mb/s are .84 of the stream.
    expect(copiesAfter(8, () => 3_600_000)).toBe(3);
  });

  it('count those who upload nothing, wait for half of the others to know their uplinks, and believe no claim beyond ten streams', () => {
    expect(copiesAfter(8, () => 5_000_000, { isUploading: false })).toBeGreaterThan(10);
    expect(copiesAfter(4, (index) => (index % 3 === 0 ? 2_000_000 : 0))).toBe(3);
    expect(copiesAfter(6, (index) => (index <= 2 ? 1e9 : 2_000_000))).toBe(20);
  });
});

describe('a deal', () => {
  it('comes at once after a pause, then twice a second at most, with the last word', () => {
    const world = new TrackerWorld({ duty: { dealIntervalMs: 500 } });
    world.joinOrigin();
    for (let index = 1; index <= 40; index++) {
      world.joined(index);
      world.report(index);
    }
    world.advance(5_500, () => {
      for (let index = 1; index <= 40; index++) world.report(index);
    });
    const sent = () => world.got(0xff, 'dutyMap').length;
    const before = sent();
    const holders = [...new Set(world.dutyMap().flat())].map((id) => Number.parseInt(id, 16));
    world.leave(holders[0]!);
    expect(sent()).toBe(before + 1);
    for (const index of holders.slice(1, 6)) {
      world.nowMs += 50;
      world.leave(index);
    }
    expect(sent()).toBe(before + 1);
    expect(world.dutyMap().flat()).toContain(peerId(holders[5]!));
    expect(world.tracker.nextTickMs).toBe(world.nowMs + 250);
    world.advance(250);
    expect(sent()).toBe(before + 2);
    for (const index of holders.slice(0, 6)) expect(world.dutyMap().flat()).not.toContain(peerId(index));
    for (const stripe of world.dutyMap()) expect(stripe).toHaveLength(2);
    world.advance(600, () => {
      for (let index = 1; index <= 40; index++) world.report(index);
    });
    expect(sent()).toBe(before + 2);
  });
});
