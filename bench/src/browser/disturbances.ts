import { percentile } from '../metrics/percentile.js';
import type { Figures } from './report.js';
import type { RunEvent } from './system-run.js';
import type { ViewerOutcome } from './watched-viewer.js';

/** What happens so soon after a killing counts as its doing, ms: the next one is as far away. */
const KILL_EFFECT_MS = 10_000;
/** Who stood still so shortly before the end had not recovered, ms. */
const STILL_STANDING_MS = 500;

type Span = { readonly fromMs: number; readonly toMs: number };

/** How long pictures stood after neighbours had been killed: by survivor and killing, most often 0. */
export function rebufferAfterKill(viewers: readonly ViewerOutcome[], events: readonly RunEvent[]): Figures['rebufferAfterKillMs'] {
  const kills = events.filter(({ kind }) => kind === 'viewersKilled');
  if (kills.length === 0) return null;
  const samples = viewers
    .filter((viewer) => !viewer.wasKilled)
    .flatMap((viewer) => {
      const report = viewer.report;
      if (report?.startupMs === undefined) return [];
      const playingFromMs = report.fromMs + report.startupMs;
      const seen = kills.filter(({ atMs }) => atMs > playingFromMs && atMs < report.toMs);
      return seen.map(({ atMs }) => stoodWithin(standstills(viewer), { fromMs: atMs, toMs: atMs + KILL_EFFECT_MS }));
    });
  return { p50: percentile(samples, 0.5) ?? null, p95: percentile(samples, 0.95) ?? null, most: samples.length > 0 ? Math.max(...samples) : null, samples: samples.length };
}

/** What an origin's death and return did to those who watched; null where it did not die. */
export function originOutage(viewers: readonly ViewerOutcome[], events: readonly RunEvent[]): Figures['originOutage'] {
  const killedAtMs = events.find(({ kind }) => kind === 'originKilled')?.atMs;
  const returnedAtMs = events.find(({ kind }) => kind === 'originReturned')?.atMs;
  if (killedAtMs === undefined || returnedAtMs === undefined) return null;
  const playedOn: number[] = [];
  const stood: number[] = [];
  for (const viewer of viewers) {
    const stills = standstills(viewer).filter(({ toMs }) => toMs > killedAtMs);
    const [first] = stills;
    if (first && first.fromMs < returnedAtMs) playedOn.push(Math.max(0, first.fromMs - killedAtMs));
    stood.push(stoodWithin(stills, { fromMs: returnedAtMs, toMs: Infinity }));
  }
  return {
    awayMs: returnedAtMs - killedAtMs,
    playedOnLeastMs: playedOn.length > 0 ? Math.min(...playedOn) : null,
    playedOnP50Ms: percentile(playedOn, 0.5) ?? null,
    stoodAfterReturnP50Ms: percentile(stood, 0.5) ?? null,
    stoodAfterReturnMostMs: stood.length > 0 ? Math.max(...stood) : null,
  };
}

/** Whether a picture still stood at the end of its viewer's watching, and not of the viewer, though it was the origin that had died and come back. */
export function hasNotRecovered({ report, wasKilled }: ViewerOutcome): boolean {
  if (wasKilled) return false;
  const last = report?.playback.stallLog.at(-1);
  return last !== undefined && report !== undefined && report.fromMs + last.atMs + last.lengthMs > report.toMs - STILL_STANDING_MS;
}

/** By wall clock. */
function standstills({ report }: ViewerOutcome): Span[] {
  if (!report) return [];
  return report.playback.stallLog.map(({ atMs, lengthMs }) => ({ fromMs: report.fromMs + atMs, toMs: report.fromMs + atMs + lengthMs }));
}

function stoodWithin(stills: readonly Span[], within: Span): number {
  return stills.reduce((sum, { fromMs, toMs }) => sum + Math.max(0, Math.min(toMs, within.toMs) - Math.max(fromMs, within.fromMs)), 0);
}
