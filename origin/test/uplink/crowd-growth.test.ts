import { describe, expect, it } from 'vitest';

import { CrowdGrowth } from '../../src/uplink/crowd-growth.js';

/** Newcomers that are let in when one asks every 10 ms. */
function letIn(growth: CrowdGrowth, during: { fromMs: number; toMs: number; viewers: number }): number {
  let count = 0;
  for (let nowMs = during.fromMs; nowMs < during.toMs; nowMs += 10) if (growth.admit(nowMs, during.viewers) === 0) count++;
  return count;
}

describe('the growth of a crowd', () => {
  it('is as much as itself in a second, after as much at once', () => {
    const growth = new CrowdGrowth();
    expect(letIn(growth, { fromMs: 5_000, toMs: 6_000, viewers: 50 })).toBe(99);
    expect(letIn(growth, { fromMs: 6_000, toMs: 8_000, viewers: 10 })).toBeGreaterThanOrEqual(19);
    expect(letIn(growth, { fromMs: 8_000, toMs: 10_000, viewers: 10 })).toBe(20);
  });

  it('is one at a time among few, and says when the next may come', () => {
    const growth = new CrowdGrowth();
    expect(growth.admit(0, 2)).toBe(0);
    expect(growth.admit(0, 2)).toBe(0);
    expect(growth.admit(0, 2)).toBe(500);
    expect(growth.admit(499, 2)).toBeGreaterThan(0);
    expect(growth.admit(500, 2)).toBe(0);
    expect(new CrowdGrowth().admit(0, 0)).toBe(0);
  });

  it('saves up no more than a second’s worth', () => {
    const growth = new CrowdGrowth();
    letIn(growth, { fromMs: 0, toMs: 1_000, viewers: 10 });
    let count = 0;
    while (growth.admit(60_000, 5) === 0) count++;
    expect(count).toBe(5);
  });
});
