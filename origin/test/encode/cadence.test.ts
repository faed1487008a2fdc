import { describe, expect, it } from 'vitest';

import { planCadence } from '../../src/encode/cadence.js';
import { nearestStandardFrameRate } from '../../src/encode/frame-rate.js';

const rates = {
  24: { numerator: 24, denominator: 1 },
  25: { numerator: 25, denominator: 1 },
  29.97: { numerator: 30_000, denominator: 1001 },
  30: { numerator: 30, denominator: 1 },
  50: { numerator: 50, denominator: 1 },
  60: { numerator: 60, denominator: 1 },
} as const;

describe('planCadence', () => {
  // fps, wanted ms, frames a part, frames a GOP, frames a segment, adjusted
  it.each([
    [24, 200, 4, 24, 48, true],
    [25, 200, 5, 25, 50, false],
    [29.97, 200, 6, 30, 60, false],
    [30, 200, 6, 30, 60, false],
    [50, 200, 10, 50, 100, false],
    [60, 200, 12, 60, 120, false],
    [24, 100, 2, 24, 48, false],
    [25, 100, 2, 24, 48, true],
    [29.97, 100, 3, 30, 60, false],
    [30, 100, 3, 30, 60, false],
    [50, 100, 5, 50, 100, false],
    [60, 100, 6, 60, 120, false],
    [24, 333, 8, 24, 48, false],
    [25, 333, 8, 24, 48, false],
    [29.97, 333, 10, 30, 60, false],
    [30, 333, 10, 30, 60, false],
    [50, 333, 17, 51, 102, false],
    [60, 333, 20, 60, 120, false],
    [24, 500, 12, 24, 48, false],
    [25, 500, 12, 24, 48, true],
    [30, 500, 15, 30, 60, false],
    [24, 1000, 24, 24, 48, false],
    [29.97, 1000, 30, 30, 60, false],
    [60, 1000, 60, 60, 120, false],
  ] as const)('at %s fps and %s ms: %s of %s frames, segments of %s', (fps, partMs, part, gop, segment, isAdjusted) => {
    expect(planCadence({ frameRate: rates[fps], partMs })).toMatchObject({
      framesPerPart: part,
      framesPerGop: gop,
      framesPerSegment: segment,
      isPartAdjusted: isAdjusted,
    });
  });

  it('gives the exact duration at 29.97 fps, and a target that rounds up', () => {
    const cadence = planCadence({ frameRate: rates[29.97], partMs: 200 });
    expect(cadence.partDurationMs).toEqual({ numerator: 6 * 1001 * 1000, denominator: 30_000 });
    expect(cadence.partTargetMs).toBe(200.2);
    expect(planCadence({ frameRate: rates[24], partMs: 200 }).partTargetMs).toBe(166.667);
  });

  it('says in one sentence why a part was adjusted', () => {
    expect(planCadence({ frameRate: rates[24], partMs: 200 }).message).toBe(
      'Parts are 166.667 ms (4 of 24 frames at 24 fps) instead of 200 ms, because a whole number of parts must fill the 24 frames between key frames.',
    );
    expect(planCadence({ frameRate: rates[30], partMs: 200 }).message).toBe('Parts are 200 ms (6 of 30 frames at 30 fps).');
  });

  it('refuses a duration that is no positive number', () => {
    expect(() => planCadence({ frameRate: rates[30], partMs: 0 })).toThrow(RangeError);
    expect(() => planCadence({ frameRate: rates[30], partMs: 200, gopMs: Number.NaN })).toThrow(RangeError);
  });
});

describe('nearestStandardFrameRate', () => {
  it.each([
    [23.98, 24_000 / 1001],
    [24, 24],
    [29.97, 30_000 / 1001],
    [30, 30],
    [27.1, 25],
    [14.9, 15],
    [59.94, 60_000 / 1001],
    [144, 60],
    [1000, 60],
    [0, 30],
    [Number.NaN, 30],
    [undefined, 30],
  ])('%s becomes %s', (measured, expected) => {
    const { numerator, denominator } = nearestStandardFrameRate(measured);
    expect(numerator / denominator).toBe(expected);
  });
});
