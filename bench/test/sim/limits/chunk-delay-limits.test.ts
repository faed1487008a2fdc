import { describe, expect, it } from 'vitest';

import type { LimitedRun } from '../../../src/sim/limits/chunk-delay-limits.js';
import { chunkDelayLimits } from '../../../src/sim/limits/chunk-delay-limits.js';

/** 3 Mb/s in parts of 200 ms, everybody with 10 Mb/s, 25 ms apart. */
function run(viewers: number, changes: Partial<LimitedRun> = {}): LimitedRun {
  return {
    viewers,
    uplinksBitsPerSecond: Array.from({ length: viewers }, () => 10e6),
    delaysMs: { median: 25, least: 25 },
    chunkBytes: 75_000,
    blockBytes: 16_384,
    seedsPerChunk: 3,
    originCopies: 3,
    downlinkBitsPerSecond: 50e6,
    ...changes,
  };
}

describe('limits of a run', () => {
  it.each([
    [10, 0.17],
    [100, 0.41],
    [1000, 0.64],
    [10_000, 0.88],
    [100_000, 1.12],
  ])('D* for %i peers is the %f s of the design', (viewers, seconds) => {
    // The design gives hundredths, cut off: .885 is .88 there.
    expect(Math.floor(chunkDelayLimits(run(viewers)).chunkDelayLimitMs / 10)).toBe(Math.round(seconds * 100));
  });

  it('draws a curve that begins with the seeds and reaches everybody at D*', () => {
    const { chunkDelayLimitMs, diffusionLimit } = chunkDelayLimits(run(10_000));
    expect(diffusionLimit[0]).toEqual({ atMs: 0, share: 3 / 10_000 });
    expect(diffusionLimit.at(-1)).toEqual({ atMs: chunkDelayLimitMs, share: 1 });
    expect(diffusionLimit.length).toBeLessThan(250);
    for (const [index, point] of diffusionLimit.entries()) {
      const before = diffusionLimit[index - 1];
      if (!before) continue;
      expect(point.atMs).toBeGreaterThan(before.atMs);
      expect(point.share).toBeGreaterThan(before.share);
    }
  });

  it('cut-through from one source is faster than store and forward, and the hard bound is below both', () => {
    const limits = chunkDelayLimits(run(1000));
    expect(limits.chunkDelayCutThroughMs).toBeLessThan(limits.chunkDelayLimitMs);
    expect(limits.chunkDelayHardBoundMs).toBeLessThan(limits.chunkDelayCutThroughMs);
    expect(limits.chunkDelayHardBoundMs).toBeGreaterThan(0);
  });

  it('with equal uplinks the snowball takes D*', () => {
    const { chunkDelayLimitMs, chunkDelaySnowballMs } = chunkDelayLimits(run(500));
    expect(chunkDelaySnowballMs).toBeCloseTo(chunkDelayLimitMs, 6);
  });

  it('takes the median of the uplinks that there are, and the fastest for the hard bound', () => {
    const mixed = Array.from({ length: 300 }, (_, index) => [2e6, 10e6, 30e6][index % 3] ?? 0);
    const limits = chunkDelayLimits(run(300, { uplinksBitsPerSecond: mixed }));
    const equal = chunkDelayLimits(run(300));
    expect(limits.chunkDelayLimitMs).toBe(equal.chunkDelayLimitMs);
    expect(limits.chunkDelayHardBoundMs).toBeLessThan(equal.chunkDelayHardBoundMs);
    expect(limits.chunkDelaySnowballMs).toBeLessThan(limits.chunkDelayLimitMs);
  });

  it('takes the uplinks of who came and went for those of a time', () => {
    const cameAndWent = Array.from({ length: 1200 }, (_, index) => [2e6, 10e6, 30e6][index % 3] ?? 0);
    expect(chunkDelayLimits(run(300, { uplinksBitsPerSecond: cameAndWent }))).toEqual(
      chunkDelayLimits(run(300, { uplinksBitsPerSecond: cameAndWent.slice(0, 300) })),
    );
  });

  it('counts no free rider into the median', () => {
    const half = Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? 0 : 10e6));
    expect(chunkDelayLimits(run(100, { uplinksBitsPerSecond: half })).chunkDelayLimitMs).toBe(
      chunkDelayLimits(run(100)).chunkDelayLimitMs,
    );
  });

  it('is 0 when the origin gives it to everybody, and takes less than one seed for one', () => {
    expect(chunkDelayLimits(run(3))).toMatchObject({ chunkDelayLimitMs: 0, chunkDelayHardBoundMs: 0, diffusionLimit: [{ atMs: 0, share: 1 }] });
    expect(chunkDelayLimits(run(50, { seedsPerChunk: 0 }))).toEqual(chunkDelayLimits(run(50, { seedsPerChunk: 1 })));
  });

  it('refuses a swarm in which nobody can send', () => {
    expect(() => chunkDelayLimits(run(10, { uplinksBitsPerSecond: Array.from({ length: 10 }, () => 0) }))).toThrow(RangeError);
  });
});
