import { describe, expect, it } from 'vitest';
import { outsideSeconds } from '../../src/browser/page/buffered-distance.js';

describe('outsideSeconds', () => {
  const ranges = [{ from: 0, to: 4 }, { from: 10, to: 12 }];

  it('is 0 within a range, and the way to the nearest one elsewhere', () => {
    expect([0, 3, 4, 11].map((place) => outsideSeconds(ranges, place))).toEqual([0, 0, 0, 0]);
    expect([5, 9, 15].map((place) => outsideSeconds(ranges, place))).toEqual([1, 1, 3]);
  });

  it('is endless where nothing is buffered', () => {
    expect(outsideSeconds([], 3)).toBe(Infinity);
  });
});
