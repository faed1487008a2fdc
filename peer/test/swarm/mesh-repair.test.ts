import { describe, expect, it } from 'vitest';
import type { PartialEngineOptions } from '../../src/engine/engine-options.js';
import { VirtualSwarm, type Viewer } from './virtual-swarm.js';

const SPARSE: PartialEngineOptions = { swarm: { targetLinks: 6, minLinks: 5 } };

/** Links of a viewer. */
function degree(viewer: Viewer): number {
  return viewer.session.stats().neighbours.length;
}

function sumOf(viewers: readonly Viewer[], name: 'pexDials' | 'relayedSignals' | 'peersExchanged'): number {
  return viewers.reduce((sum, { session }) => sum + session.stats().mechanisms[name], 0);
}

/** A sparse swarm of 30 that loses its tracker at 16 s, and half of its viewers, one every 400 ms, from then on. */
function halved(engine: PartialEngineOptions): { swarm: VirtualSwarm; alive: Viewer[]; leastBefore: number } {
  const swarm = new VirtualSwarm({
    seed: 6,
    chunkBytes: 10_000,
    uplinkBitsPerSecond: 12_000_000,
    playoutDelayMs: 1_300,
  });
  swarm.origin.publishUntil(40_000);
  swarm.time.runUntil(2_000);
  expect(swarm.seeder.peerId).toHaveLength(32);
  for (let count = 0; count < 30; count++) {
    swarm.time.runFor(50);
    swarm.join({ engine });
  }
  swarm.time.runUntil(16_000);
  const leastBefore = Math.min(...swarm.viewers.map(degree));
  swarm.isTrackerAway = true;
  for (let count = 0; count < 15; count++) {
    const alive = swarm.viewers.filter(({ isGone }) => !isGone);
    swarm.kill(alive[Math.floor(swarm.random.next() * alive.length)]!);
    swarm.time.runFor(400);
  }
  swarm.time.runFor(14_000);
  return { swarm, alive: swarm.viewers.filter(({ isGone }) => !isGone), leastBefore };
}

describe('a swarm that loses its tracker, and then half of its viewers', () => {
  it('ME11, ME13: links to the killed are replaced on neighbours’ word, over neighbours, and nobody stalls', () => {
    const { alive, leastBefore } = halved(SPARSE);
    expect(leastBefore).toBeGreaterThanOrEqual(5);
    expect(Math.min(...alive.map(degree))).toBeGreaterThanOrEqual(5);
    expect(sumOf(alive, 'peersExchanged')).toBeGreaterThan(0);
    expect(sumOf(alive, 'pexDials')).toBeGreaterThan(5);
    // Offer and answer for each link that came about.
    expect(sumOf(alive, 'relayedSignals')).toBeGreaterThan(10);
    for (const { stalledMs, playedMs } of alive) expect(stalledMs / playedMs).toBeLessThan(0.01);
  });

  it('ME11: without exchange the mesh stays as thin as it became', () => {
    const { alive } = halved({ ...SPARSE, disabled: ['exchange'] });
    expect(Math.min(...alive.map(degree))).toBeLessThan(4);
    expect(alive.filter((viewer) => degree(viewer) < 5).length).toBeGreaterThan(2);
    expect(sumOf(alive, 'pexDials') + sumOf(alive, 'relayedSignals')).toBe(0);
  });
});
