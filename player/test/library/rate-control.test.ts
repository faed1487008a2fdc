import { describe, expect, it } from 'vitest';
import { DelayTarget, delayTargetOptions } from '../../src/library/delay-target.js';
import { DEFAULT_RATE_OPTIONS, nextRate } from '../../src/library/rate-control.js';

const TARGET_MS = 600;

/** Plays on virtual time from a delay; parts arrive evenly. */
function play(startDelayMs: number, seconds: number) {
  let delayMs = startDelayMs;
  let rate = 1;
  let changedMs = 0;
  const rates: number[] = [];
  for (let nowMs = 0; nowMs < seconds * 1000; nowMs += 100) {
    rate = nextRate(rate, { delayMs, targetMs: TARGET_MS, bufferedMs: delayMs - 200 }, DEFAULT_RATE_OPTIONS);
    rates.push(rate);
    if (rate !== 1) changedMs += 100;
    delayMs -= (rate - 1) * 100;
  }
  return { delayMs, rates, changedMs };
}

describe('rate control', () => {
  it('binding: stays within .95–1.1', () => {
    for (const delayMs of [-5_000, 0, 300, 500, 700, 1_000, 2_000, 60_000]) {
      const input = { delayMs, targetMs: TARGET_MS, bufferedMs: 1_000 };
      const rate = nextRate(1, input, DEFAULT_RATE_OPTIONS);
      expect(rate).toBeGreaterThanOrEqual(0.95);
      expect(rate).toBeLessThanOrEqual(1.1);
    }
  });

  it('comes down to the target from above, and is then exactly 1', () => {
    const { delayMs, rates, changedMs } = play(1_400, 30);
    expect(Math.abs(delayMs - TARGET_MS)).toBeLessThan(20);
    expect(rates.at(-1)).toBe(1);
    expect(changedMs).toBeLessThan(15_000);
  });

  it('goes up to the target from below', () => {
    const { delayMs, rates } = play(350, 30);
    expect(Math.abs(delayMs - TARGET_MS)).toBeLessThan(20);
    expect(rates[0]).toBe(0.95);
    expect(rates.at(-1)).toBe(1);
  });

  it('leaves small errors alone, and carries a correction through once it has begun', () => {
    const input = { delayMs: TARGET_MS + 40, targetMs: TARGET_MS, bufferedMs: 440 };
    expect(nextRate(1, input, DEFAULT_RATE_OPTIONS)).toBe(1);
    expect(nextRate(1.05, input, DEFAULT_RATE_OPTIONS)).toBe(1.03);
  });

  it('ends a correction rather than turning it round', () => {
    expect(nextRate(1.05, { delayMs: 480, targetMs: TARGET_MS, bufferedMs: 400 }, DEFAULT_RATE_OPTIONS)).toBe(1);
  });

  it('does not speed up on an empty buffer', () => {
    const input = { delayMs: 2_000, targetMs: TARGET_MS, bufferedMs: 100 };
    expect(nextRate(1, input, DEFAULT_RATE_OPTIONS)).toBe(1);
  });
});

describe('delay target', () => {
  const options = delayTargetOptions(TARGET_MS, 200);
  const calm = (target: DelayTarget, fromMs: number, toMs: number): void => {
    for (let nowMs = fromMs; nowMs <= toMs; nowMs += 100) target.observe(nowMs, 300);
  };

  it('begins at the base and stays there when all is well', () => {
    const target = new DelayTarget(options);
    calm(target, 0, 60_000);
    expect(target.targetMs).toBe(TARGET_MS);
  });

  it('rises by a part with each stall, within its limit', () => {
    const target = new DelayTarget(options);
    target.stalled(0);
    expect(target.targetMs).toBe(TARGET_MS + 200);
    for (let count = 0; count < 100; count++) target.stalled(count);
    expect(target.targetMs).toBe(options.maxMs);
  });

  it('rises once by what a shortage lacked, however often it is seen', () => {
    const target = new DelayTarget(options);
    target.observe(0, 300);
    for (let nowMs = 1_000; nowMs <= 1_100; nowMs += 10) target.observe(nowMs, 20);
    expect(target.targetMs).toBe(TARGET_MS + 40);
  });

  it('stays up for a calm time after the last trouble, and comes down slowly', () => {
    const target = new DelayTarget(options);
    target.stalled(0);
    calm(target, 0, 10_000);
    expect(target.targetMs).toBe(TARGET_MS + 200);
    calm(target, 10_100, 30_000);
    expect(target.targetMs).toBeCloseTo(TARGET_MS + 100, -1);
    calm(target, 30_100, 60_000);
    expect(target.targetMs).toBe(TARGET_MS);
  });
});
