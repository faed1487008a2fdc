import { describe, expect, it } from 'vitest';

import { cutThroughMs } from '../../../src/sim/limits/cut-through.js';
import { hardBoundMs } from '../../../src/sim/limits/hard-bound.js';
import type { PostalStep } from '../../../src/sim/limits/postal-model.js';
import { postalReachMs, postalSteps } from '../../../src/sim/limits/postal-model.js';
import { offloadUplinkLimit } from '../../../src/sim/limits/rate-limit.js';
import { snowballArrivalsMs } from '../../../src/sim/limits/snowball.js';
import { storeAndForwardMs } from '../../../src/sim/limits/store-and-forward.js';

describe('postal model', () => {
  it('without delay doubles in each slot', () => {
    for (let slots = 0; slots <= 17; slots += 1) expect(postalReachMs({ sendMs: 1, handOverMs: 1 }, 2 ** slots)).toBe(slots);
  });

  it('with a delay of one slot grows as Fibonacci numbers do', () => {
    const reached = [1, 2, 3, 5, 8, 13, 21, 34].map((holders) => postalReachMs({ sendMs: 1, handOverMs: 2 }, holders));
    expect(reached).toEqual([0, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('meets its own recursion at every step', () => {
    const times = { sendMs: 7, handOverMs: 12 };
    const steps: PostalStep[] = [];
    for (const step of postalSteps(times)) {
      steps.push(step);
      if (step.holders > 5000) break;
    }
    const holdersAt = (atMs: number): number => (atMs < 0 ? 0 : (steps.findLast((step) => step.atMs <= atMs)?.holders ?? 0));
    for (const { atMs } of steps.slice(0, -1)) {
      if (atMs >= times.sendMs) expect(holdersAt(atMs)).toBe(holdersAt(atMs - times.sendMs) + holdersAt(atMs - times.handOverMs));
    }
  });

  it('refuses times that would let everybody have it at once', () => {
    expect(() => postalReachMs({ sendMs: 0, handOverMs: 1 }, 2)).toThrow(RangeError);
    expect(() => postalReachMs({ sendMs: 1, handOverMs: 1 }, Infinity)).toThrow(RangeError);
  });
});

describe('store and forward', () => {
  it('without delay, the source one of the holders, takes 1 + ⌊log₂ N⌋ slots', () => {
    for (const viewers of [1, 2, 3, 4, 7, 8, 15, 16, 100, 1000, 1023, 1024, 100_000]) {
      const slots = storeAndForwardMs({ viewers: viewers + 1, seeds: 1, chunkMs: 60, delayMs: 0 }) / 60;
      expect(slots).toBeCloseTo(1 + Math.floor(Math.log2(viewers)), 9);
    }
  });
});

describe('cut-through', () => {
  it('is store and forward when a chunk is one block', () => {
    const swarm = { viewers: 777, seeds: 2, chunkMs: 60, delayMs: 25 };
    expect(cutThroughMs({ ...swarm, blockMs: 60 })).toBe(storeAndForwardMs(swarm));
  });

  it('along a chain costs a block a hop, and the chunk once', () => {
    // Two viewers, one of them the seed: one hop.
    expect(cutThroughMs({ viewers: 2, seeds: 1, chunkMs: 60, blockMs: 12, delayMs: 25 })).toBe(12 + 25 + 48);
  });
});

describe('hard bound', () => {
  const bound = { viewers: 2, originCopies: 1, blockMs: 10, leastDelayMs: 5, blocks: 2, otherBlocksMs: 100 };

  it('lets two peers that got different blocks begin at once: they need the other one only', () => {
    expect(hardBoundMs(bound)).toBe(100);
  });

  it('makes a single block wait for its sender', () => {
    expect(hardBoundMs({ ...bound, blocks: 1, otherBlocksMs: 0 })).toBe(15);
  });
});

describe('rate limit', () => {
  it('of the offload is the usable uplinks over what is watched, at most all', () => {
    const uplinksBitsPerSecond = [1e6, 3e6];
    expect(offloadUplinkLimit({ uplinksBitsPerSecond, rateBitsPerSecond: 3e6, usableUplinkRatio: 0.9 })).toBeCloseTo(0.6);
    expect(offloadUplinkLimit({ uplinksBitsPerSecond, rateBitsPerSecond: 1e6, usableUplinkRatio: 0.9 })).toBe(1);
  });
});

describe('snowball', () => {
  it('feeds the strong first, and asks the weak only where nobody waits for them', () => {
    // 8 ms a chunk at 1 Mb/s. The strong peer hands on every 1 ms, so the weak ones never come to send.
    const arrivals = snowballArrivalsMs({ uplinksBitsPerSecond: [1e6, 8e6, 1e6, 1e6], seeds: 1, chunkBytes: 1000, delayMs: 0 });
    expect(arrivals).toEqual([0, 1, 2, 3]);
  });

  it('leaves out whom nobody can reach', () => {
    expect(snowballArrivalsMs({ uplinksBitsPerSecond: [0, 0], seeds: 1, chunkBytes: 1000, delayMs: 5 })).toEqual([0, Infinity]);
  });
});
