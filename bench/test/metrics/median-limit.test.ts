import { describe, expect, it } from 'vitest';
import { medianUpperLimit } from '../../src/metrics/median-limit.js';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => count - index);

describe('the upper confidence limit of a median', () => {
  it('is the order statistic of the binomial tables', () => {
    // P(B ≤ 4) of five is .969, P(B ≤ 8) of twelve .927 and P(B ≤ 9) .981; of twenty P(B ≤ 13) is .942.
    expect(medianUpperLimit(upTo(5), 0.95)).toBe(5);
    expect(medianUpperLimit(upTo(12), 0.95)).toBe(10);
    expect(medianUpperLimit(upTo(20), 0.95)).toBe(15);
  });

  it('does not exist for too few samples', () => {
    expect(medianUpperLimit([], 0.95)).toBeUndefined();
    expect(medianUpperLimit(upTo(4), 0.95)).toBeUndefined();
  });

  it('comes close to the median where there are many', () => {
    // Normal approximation: n/2 + 1.645 √n / 2.
    expect(medianUpperLimit(upTo(10_000), 0.95)).toBeCloseTo(5083, -1);
  });
});
