import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { LimitedRun } from '../../../src/sim/limits/chunk-delay-limits.js';
import { chunkDelayLimits } from '../../../src/sim/limits/chunk-delay-limits.js';

const RATE = { min: 1e6, max: 50e6, noNaN: true };

/** Runs as a simulation may have them: blocks smaller than a chunk or not, downlinks no slower than the median uplink. */
const runs: fc.Arbitrary<LimitedRun> = fc
  .record({
    uplinksBitsPerSecond: fc.array(fc.double(RATE), { minLength: 2, maxLength: 300 }),
    median: fc.double({ min: 0, max: 60, noNaN: true }),
    leastRatio: fc.double({ min: 0, max: 1, noNaN: true }),
    chunkBytes: fc.integer({ min: 5000, max: 300_000 }),
    seedsPerChunk: fc.double({ min: 1, max: 20, noNaN: true }),
    fallbacks: fc.double({ min: 0, max: 20, noNaN: true }),
  })
  .map(({ uplinksBitsPerSecond, median, leastRatio, chunkBytes, seedsPerChunk, fallbacks }) => ({
    viewers: uplinksBitsPerSecond.length,
    uplinksBitsPerSecond,
    delaysMs: { median, least: median * leastRatio },
    chunkBytes,
    blockBytes: 16_384,
    seedsPerChunk,
    originCopies: seedsPerChunk + fallbacks,
    downlinkBitsPerSecond: 50e6,
  }));

describe('limits of any run', () => {
  it('the hard bound is at most each of the others', () => {
    fc.assert(
      fc.property(runs, (run) => {
        const limits = chunkDelayLimits(run);
        expect(limits.chunkDelayHardBoundMs).toBeLessThanOrEqual(limits.chunkDelayLimitMs + 1e-6);
        expect(limits.chunkDelayHardBoundMs).toBeLessThanOrEqual(limits.chunkDelayCutThroughMs + 1e-6);
      }),
    );
  });

  it('the hard bound is at most the snowball, which has whole seeds', () => {
    fc.assert(
      fc.property(runs, (drawn) => {
        const whole = Math.ceil(drawn.seedsPerChunk);
        const limits = chunkDelayLimits({ ...drawn, seedsPerChunk: whole, originCopies: whole });
        expect(limits.chunkDelayHardBoundMs).toBeLessThanOrEqual((limits.chunkDelaySnowballMs ?? Infinity) + 1e-6);
      }),
    );
  });

  it('cut-through is at most store and forward', () => {
    fc.assert(
      fc.property(runs, (run) => {
        const limits = chunkDelayLimits(run);
        expect(limits.chunkDelayCutThroughMs).toBeLessThanOrEqual(limits.chunkDelayLimitMs + 1e-6);
      }),
    );
  });

  it('more viewers of the same kind never take less', () => {
    fc.assert(
      fc.property(runs, fc.integer({ min: 2, max: 4 }), (run, factor) => {
        const more = {
          ...run,
          viewers: run.viewers * factor,
          uplinksBitsPerSecond: Array.from({ length: factor }, () => run.uplinksBitsPerSecond).flat(),
        };
        const [few, many] = [chunkDelayLimits(run), chunkDelayLimits(more)];
        expect(many.chunkDelayLimitMs).toBeGreaterThanOrEqual(few.chunkDelayLimitMs - 1e-6);
        expect(many.chunkDelayCutThroughMs).toBeGreaterThanOrEqual(few.chunkDelayCutThroughMs - 1e-6);
        expect(many.chunkDelayHardBoundMs).toBeGreaterThanOrEqual(few.chunkDelayHardBoundMs - 1e-6);
      }),
    );
  });

  it('more seeds never take more', () => {
    fc.assert(
      fc.property(runs, fc.double({ min: 1, max: 30, noNaN: true }), (run, factor) => {
        const more = { ...run, seedsPerChunk: run.seedsPerChunk * factor, originCopies: run.originCopies * factor };
        const [few, many] = [chunkDelayLimits(run), chunkDelayLimits(more)];
        expect(many.chunkDelayLimitMs).toBeLessThanOrEqual(few.chunkDelayLimitMs + 1e-6);
        expect(many.chunkDelayCutThroughMs).toBeLessThanOrEqual(few.chunkDelayCutThroughMs + 1e-6);
        expect(many.chunkDelayHardBoundMs).toBeLessThanOrEqual(few.chunkDelayHardBoundMs + 1e-6);
        expect(many.chunkDelaySnowballMs ?? Infinity).toBeLessThanOrEqual((few.chunkDelaySnowballMs ?? Infinity) + 1e-6);
      }),
    );
  });

  it('the curve ends with everybody, at the limit', () => {
    fc.assert(
      fc.property(runs, (run) => {
        const { chunkDelayLimitMs, diffusionLimit } = chunkDelayLimits(run);
        expect(diffusionLimit.at(-1)).toEqual({ atMs: chunkDelayLimitMs, share: 1 });
      }),
    );
  });
});
