import { describe, expect, it } from 'vitest';

import { LOOK_EVERY_MS, SpeedWatch } from '../../src/encode/speed-watch.js';

const PART_MS = 200;

/** Runs a watch over so many seconds; `arrival` tells when the part that ends at a media time comes. */
function verdicts(seconds: number, arrival: (mediaEndMs: number) => number, isInputWaiting: (atMs: number) => boolean = () => true): { atMs: number; speed: number }[] {
  const watch = new SpeedWatch();
  const found: { atMs: number; speed: number }[] = [];
  let mediaEndMs = PART_MS;
  for (let nowMs = 0; nowMs <= seconds * 1000; nowMs += 10) {
    for (; arrival(mediaEndMs) <= nowMs; mediaEndMs += PART_MS) watch.came({ mediaEndMs, atMs: arrival(mediaEndMs) });
    if (nowMs % LOOK_EVERY_MS !== 0) continue;
    const speed = watch.look(nowMs, { isInputWaiting: isInputWaiting(nowMs), partMs: PART_MS });
    if (speed !== undefined) found.push({ atMs: nowMs, speed });
  }
  return found;
}

/** Parts come so many ms late, in a pattern that repeats. */
const jitter = (mediaEndMs: number): number => [0, 35, 10, 60, 5, 20, 45][(mediaEndMs / PART_MS) % 7]!;

describe('SpeedWatch', () => {
  it('finds nothing in an encoder that keeps pace, however its parts jitter', () => {
    expect(verdicts(120, (mediaEndMs) => mediaEndMs + jitter(mediaEndMs))).toEqual([]);
  });

  it.each([0.5, 0.8, 0.92])('says so after some five seconds at a speed of %s', (speed) => {
    const [first] = verdicts(20, (mediaEndMs) => mediaEndMs / speed + jitter(mediaEndMs));
    expect(first!.atMs).toBeGreaterThanOrEqual(5000);
    expect(first!.atMs).toBeLessThanOrEqual(9000);
    expect(first!.speed).toBeGreaterThan(speed - 0.06);
    expect(first!.speed).toBeLessThan(speed + 0.06);
  });

  it('does not mind a hiccup, made up for or not', () => {
    expect(verdicts(30, (mediaEndMs) => Math.max(mediaEndMs, mediaEndMs > 10_000 ? 13_000 : 0))).toEqual([]);
    expect(verdicts(30, (mediaEndMs) => mediaEndMs + (mediaEndMs > 10_000 ? 3000 : 0))).toEqual([]);
  });

  it('leaves an encoder that gives nothing at all to whoever watches for that', () => {
    expect(verdicts(20, (mediaEndMs) => (mediaEndMs > 3000 ? Infinity : mediaEndMs))).toEqual([]);
  });

  it('does not blame it for input that does not come', () => {
    expect(verdicts(20, (mediaEndMs) => mediaEndMs / 0.5, () => false)).toEqual([]);
    // Five seconds with input are needed, on end.
    expect(verdicts(20, (mediaEndMs) => mediaEndMs / 0.5, (atMs) => atMs % 4000 !== 0)).toEqual([]);
  });
});
