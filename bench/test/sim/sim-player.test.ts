import { describe, expect, it } from 'vitest';

import { EventQueue, Happening } from '../../src/sim/event-queue.js';
import { SimPlayer } from '../../src/sim/sim-player.js';

const PART_MS = 200;

/** A player whose parts, captured one after the other from 0 on, are ready when `readyMs` says. */
function play(readyMs: (part: number) => number | undefined, run: { parts: number; untilMs: number; targetMs?: number }): {
  stalls: [number, number][];
  skippedMs: number;
  startedMs: number;
  delays: number[];
  reports: { dateMs: number; rate: number; atMs: number }[];
} {
  const queue = new EventQueue();
  const seen = { stalls: [] as [number, number][], skippedMs: 0, startedMs: 0, delays: [] as number[], reports: [] as { dateMs: number; rate: number; atMs: number }[] };
  const player = new SimPlayer(
    { targetMs: run.targetMs ?? 1_000, partMs: PART_MS },
    {
      queue,
      peerIndex: 1,
      listener: {
        playheadMoved: (dateMs, rate) => void seen.reports.push({ dateMs, rate, atMs: queue.nowMs }),
        started: () => void (seen.startedMs = queue.nowMs),
        stallBegan: () => undefined,
        stallEnded: (fromMs, toMs) => void seen.stalls.push([fromMs, toMs]),
        skipped: (fromMs, toMs) => void (seen.skippedMs += toMs - fromMs),
        delaySampled: (_nowMs, delayMs) => void seen.delays.push(delayMs),
      },
    },
  );
  for (let part = 0; part < run.parts; part++) {
    const atMs = readyMs(part);
    if (atMs === undefined) continue;
    const fromMs = part * PART_MS;
    queue.schedule(new Happening(() => player.partReady(queue.nowMs, { fromMs, toMs: fromMs + PART_MS })), atMs);
  }
  queue.runUntil(run.untilMs, Infinity);
  player.close(run.untilMs);
  return seen;
}

describe('SimPlayer', () => {
  it('begins when the first part is decoded, and holds its target where parts come in time', () => {
    const seen = play((part) => Math.max(900, part * PART_MS + 500), { parts: 100, untilMs: 15_000 });
    expect(seen.startedMs).toBe(940);
    expect(seen.stalls).toEqual([]);
    expect(seen.delays.at(-1)).toBeGreaterThan(900);
    expect(seen.delays.at(-1)).toBeLessThan(1_100);
  });

  it('stands still exactly from the end of what there is until the next part is appended', () => {
    const lateMs = 7_000;
    const seen = play((part) => Math.max(900, part * PART_MS + 500, part >= 25 ? lateMs : 0), { parts: 60, untilMs: 12_000 });
    expect(seen.stalls).toHaveLength(1);
    const [fromMs, toMs] = seen.stalls[0] ?? [0, 0];
    // Part 25 was captured at 5,000 and is due 1,000 later, give or take what the rate control is about.
    expect(fromMs).toBeGreaterThan(5_900);
    expect(fromMs).toBeLessThan(6_150);
    expect(toMs).toBe(lateMs + 20);
  });

  it('plays on beyond parts that never come, and says how much was left out', () => {
    const seen = play((part) => (part === 20 || part === 21 ? undefined : Math.max(900, part * PART_MS + 500)), { parts: 60, untilMs: 10_000 });
    expect(seen.skippedMs).toBe(2 * PART_MS);
    expect(seen.stalls).toEqual([]);
  });

  it('raises its target after a stall, and catches up with speed or a seek', () => {
    const seen = play((part) => Math.max(900, part * PART_MS + 500, part >= 25 && part < 40 ? 9_000 : 0), { parts: 200, untilMs: 30_000 });
    expect(seen.stalls.length).toBeGreaterThan(0);
    expect(seen.delays.at(-1)).toBeGreaterThan(1_050);
    expect(seen.delays.at(-1)).toBeLessThan(1_500);
    for (const { rate } of seen.reports) expect(rate).toBeGreaterThanOrEqual(0.95);
    for (const { rate } of seen.reports) expect(rate).toBeLessThanOrEqual(1.1);
  });

  it('a stall under way at the end counts', () => {
    const seen = play((part) => Math.max(900, part * PART_MS + 500), { parts: 20, untilMs: 8_000 });
    expect(seen.stalls).toHaveLength(1);
    expect(seen.stalls[0]?.[1]).toBe(8_000);
  });
});
