import { describe, expect, it } from 'vitest';
import { limitWithin, meanViewers, offloadLimitRatio } from '../../src/metrics/audience.js';

describe('the time-weighted number of viewers', () => {
  it('is 0 without viewing', () => {
    expect(meanViewers([])).toBe(0);
    expect(meanViewers([{ fromMs: 5, toMs: 5 }])).toBe(0);
  });

  it('is the number of those who watch all the time', () => {
    expect(meanViewers(Array.from({ length: 4 }, () => ({ fromMs: 100, toMs: 1100 })))).toBe(4);
  });

  it('weighs staggered viewers by time', () => {
    // 4 viewers, 60 s each, 1 s apart: 240 s of watching in 63 s.
    const attendances = [3, 0, 2, 1].map((at) => ({ fromMs: at * 1000, toMs: at * 1000 + 60_000 }));
    expect(meanViewers(attendances)).toBeCloseTo(240 / 63);
  });

  it('leaves out the time in which nobody watched', () => {
    expect(meanViewers([{ fromMs: 0, toMs: 10 }, { fromMs: 90, toMs: 100 }])).toBe(1);
  });

  it('counts a short stay within a long one', () => {
    expect(meanViewers([{ fromMs: 0, toMs: 100 }, { fromMs: 40, toMs: 60 }])).toBeCloseTo(1.2);
  });
});

describe('the limit of the offload', () => {
  it('is what is left when each byte is sent once', () => {
    expect(offloadLimitRatio(4)).toBe(0.75);
    expect(offloadLimitRatio(240 / 63)).toBeCloseTo(0.7375);
  });

  it('is 0 for a single viewer and for none', () => {
    expect(offloadLimitRatio(1)).toBe(0);
    expect(offloadLimitRatio(0)).toBe(0);
  });
});

describe('the limit within a part of the viewing', () => {
  const attendances = [0, 1000, 2000].map((fromMs) => ({ fromMs, toMs: fromMs + 10_000 }));

  it('is the limit of the whole over the whole', () => {
    expect(limitWithin(attendances, attendances)).toBeCloseTo(offloadLimitRatio(meanViewers(attendances)));
  });

  it('counts those who watch at the time, in the window or not', () => {
    expect(limitWithin([{ fromMs: 4000, toMs: 8000 }], attendances)).toBeCloseTo(2 / 3);
    // A second each with three, two and one viewer.
    expect(limitWithin([{ fromMs: 9000, toMs: 12_000 }], attendances)).toBeCloseTo((2 / 3 + 1 / 2) / 3);
  });

  it('is undefined for no part', () => {
    expect(limitWithin([], attendances)).toBeUndefined();
  });
});
