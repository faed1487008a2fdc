import type { OriginBytes } from '@p2ptv/protocol';

import { limitWithin, meanViewers, offloadLimitRatio } from '../metrics/audience.js';
import { differenceRatio, offloadRatio, sumBytes, totalBytes } from '../metrics/offload.js';
import { percentile } from '../metrics/percentile.js';
import type { SystemResult, ViewerResult } from './report.js';
import { STEADY_AFTER_SECONDS, type SystemOutcome, type ViewerOutcome } from './system-run.js';

/** What the bench adds to a run's outcome. */
export type SummaryContext = {
  /** What the origin complained of during the run. */
  readonly originWarnings: readonly string[];
};

const MS_PER_MINUTE = 60_000;

/** Sums a run up. */
export function summarize(outcome: SystemOutcome, context: SummaryContext): SystemResult {
  const { viewers, originBytes, cpuSeconds, elapsedMs } = outcome;
  const reports = viewers.flatMap(({ report }) => report ?? []);
  const totals = viewers.flatMap(({ total }) => total ?? []);
  const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

  const startupsMs = reports.flatMap(({ startupMs }) => startupMs ?? []);
  const delaysMs = reports.flatMap((report) => report.delaysMs);
  const playedMs = sum(reports.map(({ playback }) => playback.playedMs));
  const ofPlayed = (ms: number): number => (playedMs > 0 ? Math.min(1, ms / playedMs) : 0);

  const handedBytes = sum(totals.map((total) => total.handedBytes));
  const viewerBytes = sumBytes(totals.map(({ received }) => received));
  const audience = meanViewers(reports);
  const steady = steadyOffloadRatio(viewers);
  const steadyWindows = viewers.flatMap((viewer) =>
    viewer.report && viewer.steady
      ? { fromMs: viewer.report.fromMs + STEADY_AFTER_SECONDS * 1000, toMs: viewer.report.toMs }
      : [],
  );
  const steadyLimit = limitWithin(steadyWindows, reports);
  const watchedMs = sum(reports.map(({ fromMs, toMs }) => toMs - fromMs));
  const perMinute = (seconds: number | undefined, ms: number): number | null =>
    seconds === undefined || ms === 0 ? null : seconds / (ms / MS_PER_MINUTE);

  return {
    startupMs: { ...halves(startupsMs), all: startupsMs },
    playoutDelayMs: {
      ...halves(delaysMs),
      samples: delaysMs.length,
      invalidReads: sum(reports.map(({ invalidReads }) => invalidReads)),
    },
    stalls: sum(reports.map(({ playback }) => playback.stalls)),
    stalledRatio: ofPlayed(sum(reports.map(({ playback }) => playback.stalledMs))),
    skips: sum(reports.map(({ playback }) => playback.skips)),
    skippedMs: sum(reports.map(({ playback }) => playback.skippedMs)),
    rateChangedRatio: ofPlayed(sum(reports.map(({ playback }) => playback.rateChangedMs))),
    droppedFrames: sum(reports.map(({ droppedFrames }) => droppedFrames)),
    mediaBytes: {
      origin: sum(reports.map(({ system }) => system.mediaBytes.origin)),
      peers: sum(reports.map(({ system }) => system.mediaBytes.peers)),
    },
    handedBytes,
    originBytes,
    viewerBytes,
    totalsDifferenceRatio: differenceRatio(totalBytes(originBytes), totalBytes(viewerBytes)),
    headersRatio: handedBytes > 0 ? originBytes.headers / handedBytes : null,
    offloadRatio: offloadRatio(totalBytes(originBytes), handedBytes) ?? null,
    offloadSteadyRatio: steady ?? null,
    offloadLimitRatio: offloadLimitRatio(audience),
    offloadSteadyLimitRatio: steadyLimit ?? null,
    offloadOverLimit: steady === undefined || !steadyLimit ? null : steady / steadyLimit,
    meanViewers: audience,
    chunksVerified: sum(reports.map(({ system }) => system.chunksVerified)),
    chunksRejected: sum(reports.map(({ system }) => system.chunksRejected)),
    mechanisms: sumCounters(reports.map(({ system }) => system.mechanisms)),
    cpuSecondsPerViewerMinute: perMinute(cpuSeconds?.viewers, watchedMs),
    originCpuSecondsPerMinute: perMinute(cpuSeconds?.origin, elapsedMs),
    encoderCpuSecondsPerMinute: perMinute(cpuSeconds?.encoder, elapsedMs),
    othersCpuRatio: cpuSeconds && cpuSeconds.machine > 0 ? cpuSeconds.others / cpuSeconds.machine : null,
    viewers: viewers.map(viewerResult),
    failures: [
      ...viewers.flatMap(({ failure }, index) => (failure === undefined ? [] : [`Viewer ${index + 1}: ${failure}.`])),
      ...context.originWarnings.map((warning) => `The origin said: ${warning}`),
    ],
  };
}

/** From 10 s after each viewer's click to its end: what it got from the origin, for what it was handed. */
function steadyOffloadRatio(viewers: readonly ViewerOutcome[]): number | undefined {
  let sent = 0;
  let handed = 0;
  for (const { total, steady } of viewers) {
    if (!total || !steady) continue;
    sent += totalBytes(total.received) - totalBytes(steady.received);
    handed += total.handedBytes - steady.handedBytes;
  }
  return offloadRatio(sent, handed);
}

function viewerResult({ report, failure }: ViewerOutcome, index: number): ViewerResult {
  return {
    viewer: index + 1,
    watchedSeconds: report ? (report.toMs - report.fromMs) / 1000 : 0,
    startupMs: report?.startupMs ?? null,
    playoutDelayMs: halves(report?.delaysMs ?? []),
    stalls: report?.playback.stalls ?? 0,
    stalledMs: report?.playback.stalledMs ?? 0,
    stallLog: [...(report?.playback.stallLog ?? [])],
    mediaBytes: report?.system.mediaBytes ?? { origin: 0, peers: 0 },
    failure: failure ?? null,
  };
}

function halves(samples: readonly number[]): { p50: number | null; p95: number | null } {
  return { p50: percentile(samples, 0.5) ?? null, p95: percentile(samples, 0.95) ?? null };
}

function sumCounters(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const counters of all) {
    for (const [name, count] of Object.entries(counters)) sum[name] = (sum[name] ?? 0) + count;
  }
  return sum;
}

/** Kinds of bytes, in the order in which they are shown. */
export const BYTE_KINDS: readonly (keyof OriginBytes)[] = ['media', 'init', 'playlists', 'headers', 'join', 'seeder'];
