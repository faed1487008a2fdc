import { describe, expect, it } from 'vitest';
import { percentile } from '../../src/metrics/percentile.js';

describe('percentile', () => {
  it('is undefined without samples', () => {
    expect(percentile([], 0.5)).toBeUndefined();
  });

  it('takes the middle, whatever the order', () => {
    expect(percentile([9, 1, 5], 0.5)).toBe(5);
    expect(percentile([4, 1, 3, 2], 0.5)).toBe(2.5);
  });

  it('interpolates between neighbours, and reaches both ends', () => {
    const samples = Array.from({ length: 101 }, (_, index) => index * 10);
    expect(percentile(samples, 0.95)).toBe(950);
    expect(percentile([0, 100], 0.95)).toBeCloseTo(95);
    expect(percentile(samples, 0)).toBe(0);
    expect(percentile(samples, 1)).toBe(1000);
  });

  it('leaves the samples as they were, and sorts numbers as numbers', () => {
    const samples = [100, 20, 3];
    expect(percentile(samples, 0)).toBe(3);
    expect(samples).toEqual([100, 20, 3]);
  });
});
