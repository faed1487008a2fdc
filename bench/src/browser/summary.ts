import type { OriginBytes } from '@p2ptv/protocol';

import { limitWithin, meanViewers, offloadLimitRatio } from '../metrics/audience.js';
import { differenceRatio, offloadRatio, sumBytes, totalBytes } from '../metrics/offload.js';
import { percentile } from '../metrics/percentile.js';
import type { SeekReport } from './page/seeker.js';
import type { Startups } from './page-visits.js';
import type { RoundResult, ViewerResult } from './report.js';
import { hasNotRecovered, originOutage, rebufferAfterKill } from './disturbances.js';
import { figuresByGroup } from './group-figures.js';
import { heightsBySecond, lineChange } from './line-change.js';
import { STEADY_AFTER_SECONDS, type SystemOutcome } from './system-run.js';
import type { ViewerOutcome } from './watched-viewer.js';

/** What the bench adds to a run's outcome. */
export type SummaryContext = {
  /** What the origin complained of during the run. */
  readonly originWarnings: readonly string[];
  /** Whether what they watched had ended before they came: then there is no edge at which all are. */
  readonly isRecorded: boolean;
  /** Of the best rendition, pixels. */
  readonly bestHeight: number;
};

const MS_PER_MINUTE = 60_000;
/** Steps of a distribution. */
const QUANTILES = 20;

/** Sums a run up. */
export function summarize(outcome: SystemOutcome, context: SummaryContext): RoundResult {
  const { viewers, originBytes, cpuSeconds, elapsedMs } = outcome;
  const reports = viewers.flatMap(({ report }) => report ?? []);
  const totals = viewers.flatMap(({ total }) => total ?? []);
  const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

  const delaysMs = reports.flatMap((report) => report.delaysMs);
  const playedMs = sum(reports.map(({ playback }) => playback.playedMs));
  const ofPlayed = (ms: number): number => (playedMs > 0 ? Math.min(1, ms / playedMs) : 0);

  const handedBytes = sum(totals.map((total) => total.handedBytes));
  const streamBytes = uniqueBytes(reports.map(({ system }) => system.handedSegments));
  const viewerBytes = sumBytes(totals.map(({ received }) => received));
  const audience = meanViewers(reports);
  const steady = steadyOffloadRatio(viewers);
  const steadyWindows = viewers.flatMap((viewer) =>
    viewer.report && viewer.steady
      ? { fromMs: viewer.report.fromMs + STEADY_AFTER_SECONDS * 1000, toMs: viewer.report.toMs }
      : [],
  );
  const limits = context.isRecorded
    ? recordedLimits(viewers)
    : { whole: offloadLimitRatio(audience), steady: limitWithin(steadyWindows, reports) };
  const watchedMs = sum(reports.map(({ fromMs, toMs }) => toMs - fromMs));
  const unfinished = viewers.flatMap(({ seeksUnfinished }) => seeksUnfinished ?? []);
  const outage = originOutage(viewers, outcome.events);
  const perMinute = (seconds: number | undefined, ms: number): number | null =>
    seconds === undefined || ms === 0 ? null : seconds / (ms / MS_PER_MINUTE);

  return {
    startupMs: startups(viewers.map(({ report, laterStartupsMs }) => [report?.startupMs, ...laterStartupsMs])),
    startupFromNavigationMs: startups(viewers.map(({ navigationMs }) => [navigationMs])),
    playoutDelayMs: {
      ...halves(delaysMs),
      samples: delaysMs.length,
      invalidReads: sum(reports.map(({ invalidReads }) => invalidReads)),
    },
    seekMs: seekFigures(reports.flatMap(({ seeks }) => seeks.filter(({ isOutside }) => isOutside))),
    seekInBufferMs: seekFigures(reports.flatMap(({ seeks }) => seeks.filter(({ isOutside }) => !isOutside))),
    seeksUnfinished: unfinished.length > 0 ? sum(unfinished) : null,
    stalls: sum(reports.map(({ playback }) => playback.stalls)),
    stalledRatio: ofPlayed(sum(reports.map(({ playback }) => playback.stalledMs))),
    skips: sum(reports.map(({ playback }) => playback.skips)),
    skippedMs: sum(reports.map(({ playback }) => playback.skippedMs)),
    rateChangedRatio: ofPlayed(sum(reports.map(({ playback }) => playback.rateChangedMs))),
    rateChanges: sum(reports.map(({ playback }) => playback.rateChanges)),
    leastRate: Math.min(1, ...reports.map(({ playback }) => playback.leastRate)),
    mostRate: Math.max(1, ...reports.map(({ playback }) => playback.mostRate)),
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
    originPeakBitsPerSecond: outcome.originBitsPerSecond.length > 0 ? Math.max(...outcome.originBitsPerSecond) : null,
    copiesPerChunk: streamBytes > 0 ? (originBytes.media + originBytes.seeder) / streamBytes : null,
    offloadRatio: offloadRatio(totalBytes(originBytes), handedBytes) ?? null,
    offloadSteadyRatio: steady ?? null,
    offloadLimitRatio: limits.whole,
    offloadSteadyLimitRatio: limits.steady ?? null,
    offloadOverLimit: steady === undefined || !limits.steady ? null : steady / limits.steady,
    meanViewers: audience,
    chunksVerified: sum(reports.map(({ system }) => system.chunksVerified)),
    chunksRejected: sum(reports.map(({ system }) => system.chunksRejected)),
    mechanisms: sumCounters(reports.map(({ system }) => system.mechanisms)),
    cpuSecondsPerViewerMinute: perMinute(cpuSeconds?.viewers, watchedMs),
    originCpuSecondsPerMinute: perMinute(cpuSeconds?.origin, elapsedMs),
    encoderCpuSecondsPerMinute: perMinute(cpuSeconds?.encoder, elapsedMs),
    othersCpuRatio: cpuSeconds && cpuSeconds.machine > 0 ? cpuSeconds.others / cpuSeconds.machine : null,
    groups: figuresByGroup(viewers),
    rebufferAfterKillMs: rebufferAfterKill(viewers, outcome.events),
    originOutage: outage,
    lineChange: lineChange(viewers, outcome.events, context.bestHeight),
    viewers: viewers.map(viewerResult),
    originBitsPerSecond: [...outcome.originBitsPerSecond],
    heightsBySecond: heightsBySecond(viewers),
    playoutDelayQuantilesMs: quantiles(delaysMs),
    failures: [
      ...viewers.flatMap(({ failure }, index) => (failure === undefined ? [] : [`Viewer ${index + 1}: ${failure}.`])),
      ...viewers.flatMap((viewer, index) => (outage && hasNotRecovered(viewer) ? [`Viewer ${index + 1}: its picture still stood at the end.`] : [])),
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

/** Where viewers are at different places, the origin has to send what somebody is handed as the first of all. */
function recordedLimits(viewers: readonly ViewerOutcome[]): { readonly whole: number; readonly steady: number | undefined } {
  const totals = viewers.flatMap(({ total }) => total ?? []);
  const settled = viewers.flatMap(({ steady, total }) => (steady && total ? { steady, total } : []));
  const unique = uniqueBytes(totals.map(({ handedSegments }) => handedSegments));
  const handed = totals.reduce((sum, { handedBytes }) => sum + handedBytes, 0);
  const uniqueBefore = uniqueBytes(settled.map(({ steady }) => steady.handedSegments));
  const handedSince = settled.reduce((sum, { steady, total }) => sum + total.handedBytes - steady.handedBytes, 0);
  return { whole: offloadRatio(unique, handed) ?? 0, steady: offloadRatio(unique - uniqueBefore, handedSince) };
}

/** What all viewers together were handed of the stream: each segment once, as far as whoever got most of it got it. */
function uniqueBytes(viewers: readonly Readonly<Record<string, number>>[]): number {
  const segments = new Map<string, number>();
  for (const handed of viewers) {
    for (const [name, bytes] of Object.entries(handed)) segments.set(name, Math.max(bytes, segments.get(name) ?? 0));
  }
  return [...segments.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** Whoever comes first finds no peers. */
function startups(byViewer: readonly Startups[]): RoundResult['startupMs'] {
  const [first = [], ...later] = byViewer.map((times) => times.filter((startupMs) => startupMs !== undefined));
  const all = [...first, ...later.flat()];
  return { ...halves(all), first: percentile(first, 0.5) ?? null, laterP50: percentile(later.flat(), 0.5) ?? null, all };
}

/** Null where nobody sought so. */
function seekFigures(seeks: readonly SeekReport[]): RoundResult['seekMs'] {
  return seeks.length === 0 ? null : { ...halves(seeks.map(({ tookMs }) => tookMs)), samples: seeks.length };
}

function quantiles(samples: readonly number[]): number[] {
  if (samples.length === 0) return [];
  return Array.from({ length: QUANTILES + 1 }, (_, index) => Math.round(percentile(samples, index / QUANTILES) ?? 0));
}

function viewerResult({ group, report, laterStartupsMs, navigationMs, failure }: ViewerOutcome, index: number): ViewerResult {
  return {
    viewer: index + 1,
    ...(group === undefined ? {} : { group }),
    watchedSeconds: report ? (report.toMs - report.fromMs) / 1000 : 0,
    startupMs: report?.startupMs ?? null,
    laterStartupsMs: laterStartupsMs.map((startupMs) => startupMs ?? null),
    startupFromNavigationMs: navigationMs ?? null,
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
