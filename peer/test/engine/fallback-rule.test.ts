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
    for (let count = 0; count < 400; count++) slow.fetched(count % 2 === 0 ? 200 : 300);
    expect(headStartMs(slow) - slow.marginMs(PART_MS)).toBeGreaterThan(250 + 2 * 50);
    expect(headStartMs(slow) - slow.marginMs(PART_MS)).toBeLessThan(250 + 3 * 55);
  });

  it('FB1: an origin whose uplink is taken is not asked ever sooner: H95 is 600 ms at most', () => {
    const taken = rule();
    for (let count = 0; count < 100; count++) taken.fetched(count % 2 === 0 ? 1_000 : 3_000);
    expect(headStartMs(taken) - taken.marginMs(PART_MS)).toBe(600);
  });

  it('FB12: after refusals the origin is left alone for 250 ms, doubling up to 1 s, until a fetch succeeds', () => {
    const refused = rule();
    const awayMs: number[] = [];
    for (let count = 0; count < 4; count++) {
      refused.failed(count * 10_000);
      awayMs.push(refused.awayUntilMs - count * 10_000);
    }
    expect(awayMs).toEqual([250, 500, 1_000, 1_000]);
    refused.fetched(100);
    refused.failed(50_000);
    expect(refused.awayUntilMs).toBe(50_250);
  });
});
