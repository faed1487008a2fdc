import fc from 'fast-check';
import { expect, it } from 'vitest';

import { CaptureClock } from '../../src/encode/capture-clock.js';

it('dates rise with every part and never lie after the arrival of the part, whatever the jitter', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 800 }), { minLength: 2, maxLength: 400 }), (delaysMs) => {
      const clock = new CaptureClock();
      let lastMs = 0;
      for (const [index, delayMs] of delaysMs.entries()) {
        const arrivedAtMs = 1_000_000 + index * 200 + 160 + delayMs;
        const dateMs = clock.date({ decodeTimeUs: index * 200_000, durationUs: 200_000, videoFrameCount: 5, arrivedAtMs });
        expect(dateMs).toBeGreaterThan(lastMs);
        // What the very first part was late by is slewed away; beyond that a date is exact.
        expect(dateMs).toBeGreaterThanOrEqual(1_000_000 + index * 200);
        expect(dateMs).toBeLessThanOrEqual(1_000_000 + index * 200 + 800);
        lastMs = dateMs;
      }
    }),
  );
});
