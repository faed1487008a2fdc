import { describe, expect, it } from 'vitest';

import { CaptureClock } from '../../src/encode/capture-clock.js';

const PART_US = 200_000;

function dates(delaysMs: readonly number[], startMs = 1_000_000): number[] {
  const clock = new CaptureClock();
  return delaysMs.map((delayMs, index) =>
    clock.date({ decodeTimeUs: index * PART_US, durationUs: PART_US, videoFrameCount: 5, arrivedAtMs: startMs + index * 200 + 160 + delayMs }),
  );
}

describe('CaptureClock', () => {
  it('dates a part at the capture of its first frame', () => {
    expect(dates([0, 0, 0])).toEqual([1_000_000, 1_000_200, 1_000_400]);
  });

  it('is not moved by parts that come late', () => {
    expect(dates([0, 90, 0, 400, 199, 3])).toEqual([1_000_000, 1_000_200, 1_000_400, 1_000_600, 1_000_800, 1_001_000]);
  });

  it('mends a late first part within the next ones', () => {
    expect(dates([250, 0, 0, 0, 0])).toEqual([1_000_250, 1_000_270, 1_000_400, 1_000_600, 1_000_800]);
  });

  it('moves dates little by little once a session has settled', () => {
    const settled = dates([...Array.from({ length: 20 }, () => 40), 0, 0, 0, 0, 0]);
    expect(settled.slice(19).map((date, index) => date - 1_000_000 - (19 + index) * 200)).toEqual([40, 30, 20, 10, 0, 0]);
  });

  it('follows a source whose clock runs slow, once the last early part is half a minute old', () => {
    const drifting = dates(Array.from({ length: 1500 }, (_, index) => index * 0.02));
    expect(drifting.at(-1)! - 1_000_000 - 1499 * 200).toBeGreaterThan(25);
  });

  it('never goes back, not even from one session to the next', () => {
    const clock = new CaptureClock();
    const first = clock.date({ decodeTimeUs: 0, durationUs: PART_US, videoFrameCount: 5, arrivedAtMs: 5000 });
    clock.restart();
    expect(clock.date({ decodeTimeUs: 0, durationUs: PART_US, videoFrameCount: 5, arrivedAtMs: 5010 })).toBe(first + 20);
    clock.restart();
    expect(clock.date({ decodeTimeUs: 0, durationUs: PART_US, videoFrameCount: 5, arrivedAtMs: 90_000 })).toBe(89_840);
  });
});
