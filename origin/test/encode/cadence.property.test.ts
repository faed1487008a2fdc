import fc from 'fast-check';
import { expect, it } from 'vitest';

import { planCadence } from '../../src/encode/cadence.js';
import { framesPerSecond, nearestStandardFrameRate } from '../../src/encode/frame-rate.js';

const requests = fc.record({
  frameRate: fc.double({ min: 5, max: 120, noNaN: true }).map(nearestStandardFrameRate),
  partMs: fc.integer({ min: 20, max: 3000 }),
  gopMs: fc.integer({ min: 200, max: 5000 }),
  segmentMs: fc.integer({ min: 200, max: 10_000 }),
});

it('parts fill GOPs and GOPs fill segments, at any rate and wish', () => {
  fc.assert(
    fc.property(requests, (request) => {
      const { framesPerPart, framesPerGop, framesPerSegment } = planCadence(request);
      expect(framesPerPart).toBeGreaterThanOrEqual(1);
      expect(framesPerGop % framesPerPart).toBe(0);
      expect(framesPerSegment % framesPerGop).toBe(0);
    }),
  );
});

it('no part exceeds PART-TARGET and none is below 85 % of it', () => {
  fc.assert(
    fc.property(requests, (request) => {
      const { partDurationMs, partTargetMs } = planCadence(request);
      const exactMs = partDurationMs.numerator / partDurationMs.denominator;
      expect(exactMs).toBeLessThanOrEqual(partTargetMs + 1e-6);
      expect(exactMs).toBeGreaterThanOrEqual(0.85 * partTargetMs);
    }),
  );
});

it('the GOP stays within one frame of the wish', () => {
  fc.assert(
    fc.property(requests, (request) => {
      const wanted = Math.max(1, Math.round((request.gopMs * framesPerSecond(request.frameRate)) / 1000));
      expect(Math.abs(planCadence(request).framesPerGop - wanted)).toBeLessThanOrEqual(1);
    }),
  );
});
