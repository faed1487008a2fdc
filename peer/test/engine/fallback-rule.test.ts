import { describe, expect, it } from 'vitest';
import { resolveEngineOptions } from '../../src/engine/engine-options.js';
import { FallbackRule } from '../../src/engine/fallback-rule.js';

const PART_MS = 200;

function rule(): FallbackRule {
  return new FallbackRule(resolveEngineOptions());
}

/** How long before its deadline a chunk is fetched, X left out, ms. */
function headStartMs(of: FallbackRule, jitterMs = 0): number {
  return 10_000 - of.fetchAtMs(10_000, { partMs: PART_MS, jitterMs });
}

describe('fallback rule', () => {
  it('FB1: before anything was measured, H95 is 120 + 2.5 × 60 ms and m half a part', () => {
    expect(rule().marginMs(PART_MS)).toBe(100);
    expect(headStartMs(rule())).toBe(120 + 150 + 100);
    expect(headStartMs(rule(), 70)).toBe(120 + 150 + 100 + 70);
  });

  it('FB1: m is 2 mean deviations of what peers take, a quarter of a part at least and half a part at most', () => {
    const steady = rule();
    for (let count = 0; count < 60; count++) steady.peersDelivered(150);
    expect(steady.marginMs(PART_MS)).toBe(50);
    expect(steady.marginMs(1_000)).toBe(250);

    const varying = rule();
    for (let count = 0; count < 200; count++) varying.peersDelivered(count % 2 === 0 ? 130 : 200);
    // They deviate from their mean by 35 ms.
    expect(varying.marginMs(PART_MS)).toBeGreaterThan(60);
    expect(varying.marginMs(PART_MS)).toBeLessThan(80);

    const wild = rule();
    for (let count = 0; count < 60; count++) wild.peersDelivered(count % 2 === 0 ? 20 : 900);
    expect(wild.marginMs(PART_MS)).toBe(100);
  });

  it('FB1: H95 follows the fetches: the mean and 2.5 mean deviations', () => {
    const quick = rule();
    for (let count = 0; count < 100; count++) quick.fetched(40);
    expect(headStartMs(quick) - quick.marginMs(PART_MS)).toBeCloseTo(40, 0);
    const slow = rule();
    for (let count = 0; count < 400; count++) slow.fetched(count % 2 === 0 ? 300 : 500);
    expect(headStartMs(slow) - slow.marginMs(PART_MS)).toBeGreaterThan(400 + 2 * 100);
    expect(headStartMs(slow) - slow.marginMs(PART_MS)).toBeLessThan(400 + 3 * 110);
  });
});
