import { offloadRatio, sumBytes, totalBytes } from '../metrics/offload.js';
import { percentile } from '../metrics/percentile.js';
import type { Figures } from './report.js';
import type { ViewerOutcome } from './watched-viewer.js';

/** What some of a run's viewers saw, and where their bytes came from. */
export function groupFigures(viewers: readonly ViewerOutcome[]): Figures['groups'][string] {
  const reports = viewers.flatMap(({ report }) => report ?? []);
  const totals = viewers.flatMap(({ total }) => total ?? []);
  const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
  const delaysMs = reports.flatMap((report) => report.delaysMs);
  const playedMs = sum(reports.map(({ playback }) => playback.playedMs));
  const stalledMs = sum(reports.map(({ playback }) => playback.stalledMs));
  const handedBytes = sum(totals.map((total) => total.handedBytes));
  const originBytes = totalBytes(sumBytes(totals.map(({ received }) => received)));
  return {
    viewers: viewers.length,
    startupP50Ms: percentile(reports.flatMap(({ startupMs }) => startupMs ?? []), 0.5) ?? null,
    playoutDelayP50Ms: percentile(delaysMs, 0.5) ?? null,
    playoutDelayP95Ms: percentile(delaysMs, 0.95) ?? null,
    stalls: sum(reports.map(({ playback }) => playback.stalls)),
    stalledRatio: playedMs > 0 ? Math.min(1, stalledMs / playedMs) : 0,
    skips: sum(reports.map(({ playback }) => playback.skips)),
    handedBytes,
    originBytes,
    peerMediaBytes: sum(reports.map(({ system }) => system.mediaBytes.peers)),
    offloadRatio: offloadRatio(originBytes, handedBytes) ?? null,
  };
}

/** The groups of a run, each by itself; none where the scenario has but one. */
export function figuresByGroup(viewers: readonly ViewerOutcome[]): Figures['groups'] {
  const groups = new Map<string, ViewerOutcome[]>();
  for (const viewer of viewers) {
    if (viewer.group !== undefined) groups.set(viewer.group, [...(groups.get(viewer.group) ?? []), viewer]);
  }
  return Object.fromEntries([...groups].map(([name, members]) => [name, groupFigures(members)]));
}
