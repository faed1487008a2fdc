import { percentile } from '../metrics/percentile.js';
import type { Figures } from './report.js';
import type { RunEvent } from './system-run.js';
import type { ViewerOutcome } from './watched-viewer.js';

/** Those whose lines change. */
const SLOWED = 'slowed';
const SECOND_MS = 1000;

/** What slower lines did to the pictures of those who have them; null where no line changed. */
export function lineChange(viewers: readonly ViewerOutcome[], events: readonly RunEvent[], bestHeight: number): Figures['lineChange'] {
  const slowedAtMs = events.find(({ kind }) => kind === 'linesSlowed')?.atMs;
  const restoredAtMs = events.find(({ kind }) => kind === 'linesRestored')?.atMs;
  if (slowedAtMs === undefined || restoredAtMs === undefined) return null;
  const slowed = viewers.filter(({ group }) => group === SLOWED).flatMap(({ report }) => report ?? []);
  const down: number[] = [];
  const up: number[] = [];
  let [stayedBest, stayedLow, stoodMs] = [0, 0, 0];
  for (const { fromMs, heights, playback } of slowed) {
    const log = heights.map(({ atMs, height }) => ({ atMs: fromMs + atMs, isBest: height >= bestHeight }));
    const isBestAt = (wallMs: number): boolean => log.findLast(({ atMs }) => atMs <= wallMs)?.isBest ?? false;
    if (isBestAt(slowedAtMs)) {
      const turn = log.find(({ atMs, isBest }) => atMs > slowedAtMs && atMs <= restoredAtMs && !isBest);
      if (turn) down.push(turn.atMs - slowedAtMs);
      else stayedBest++;
    }
    if (!isBestAt(restoredAtMs)) {
      const turn = log.find(({ atMs, isBest }) => atMs > restoredAtMs && isBest);
      if (turn) up.push(turn.atMs - restoredAtMs);
      else stayedLow++;
    }
    for (const { atMs, lengthMs } of playback.stallLog) {
      stoodMs += Math.max(0, Math.min(restoredAtMs, fromMs + atMs + lengthMs) - Math.max(slowedAtMs, fromMs + atMs));
    }
  }
  const firstMs = Math.min(...viewers.flatMap(({ report }) => report?.fromMs ?? []));
  return {
    slowedAtMs: slowedAtMs - firstMs,
    restoredAtMs: restoredAtMs - firstMs,
    wasBest: down.length + stayedBest,
    downMs: times(down),
    stayedBest,
    upMs: times(up),
    stayedLow,
    stalledWhileSlowRatio: slowed.length > 0 ? Math.min(1, stoodMs / (slowed.length * (restoredAtMs - slowedAtMs))) : 0,
  };
}

/** The mean height of the pictures of those whose lines change, second by second from the first click on, pixels; nothing where none do. */
export function heightsBySecond(viewers: readonly ViewerOutcome[]): number[] {
  const firstMs = Math.min(...viewers.flatMap(({ report }) => report?.fromMs ?? []));
  const slowed = viewers.filter(({ group }) => group === SLOWED).flatMap(({ report }) => report ?? []);
  const lastMs = Math.max(firstMs, ...slowed.map(({ toMs }) => toMs));
  return Array.from({ length: slowed.length > 0 ? Math.floor((lastMs - firstMs) / SECOND_MS) : 0 }, (_, second) => {
    const wallMs = firstMs + (second + 1) * SECOND_MS;
    const shown = slowed.flatMap(({ fromMs, toMs, heights }) => (wallMs <= toMs ? (heights.findLast(({ atMs }) => fromMs + atMs <= wallMs)?.height ?? []) : []));
    return shown.length > 0 ? shown.reduce((sum, height) => sum + height, 0) / shown.length : 0;
  });
}

function times(samples: readonly number[]): { p50: number | null; most: number | null } {
  return { p50: percentile(samples, 0.5) ?? null, most: samples.length > 0 ? Math.max(...samples) : null };
}
