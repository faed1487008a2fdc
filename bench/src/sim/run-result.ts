import { BLOCK_BYTES } from '@p2ptv/protocol';
import type { Histogram } from './histogram.js';
import { chunkDelayLimits } from './limits/chunk-delay-limits.js';
import { offloadUplinkLimit } from './limits/rate-limit.js';
import { SETTLED_AFTER_MS, type Measure, type ViewerTally } from './measure.js';
import type { SimConfig } from './sim-config.js';
import type { LiveFigures, MeasuredFigures, SimResult, SimSeries } from './sim-result.js';
import type { Simulation } from './simulation.js';
import { SimulationError } from './simulation-error.js';

/** Share of an uplink that the scheduler means to use (DESIGN: Upload). */
const USABLE_UPLINK_RATIO = 0.7;
const HISTOGRAM_BIN_MS = 20;
const DIFFUSION_STEP_MS = 20;
const MAX_DIFFUSION_MS = 5_000;
const BYTE_KINDS = ['seed', 'fallback', 'join', 'playlist', 'header'] as const;

/** What the machine adds to a run's own figures. */
export type RunCost = { readonly wallSeconds: number; readonly peakRssBytes: number };

/** Puts the figures of a finished run together. */
export function runResult(strategy: string, config: SimConfig, ran: { simulation: Simulation; cost: RunCost }): SimResult {
  const { simulation, cost } = ran;
  const { measure, queue, trace } = simulation;
  return {
    strategy,
    ...measuredFigures(config, measure),
    events: queue.ran,
    eventsPerSecond: Math.round(ratioOf(queue.ran, cost.wallSeconds)),
    wallSeconds: cost.wallSeconds,
    peakRssBytes: cost.peakRssBytes,
    traceHash: trace.hex,
  };
}

/** What was measured of viewers and origin, in virtual time or in real. */
export function measuredFigures(config: SimConfig, measure: Measure): MeasuredFigures {
  const tallies = [...measure.viewers];
  const originTotal = BYTE_KINDS.reduce((sum, kind) => sum + measure.originBytes[kind], 0);
  const uplinks = tallies.map(({ peer }) => (peer.isUploading ? peer.line.uplinkBitsPerSecond : 0));
  const seedsPerChunk = ratioOf(measure.seedMediaBytes, measure.publishedBytes);
  // A run that ended before anybody had settled has no delays either.
  const live = config.onDemand || measure.delays.count === 0 ? undefined : liveFiguresOf(config, measure, { uplinks, seedsPerChunk, downlinks: tallies.map(({ peer }) => peer.line.downlinkBitsPerSecond) });
  const limit = offloadLimitsOf(config, measure);
  const offloadSteadyRatio = measure.handedSteadyBytes > 0 ? 1 - measure.originSteadyBytes / measure.handedSteadyBytes : 0;
  return {
    offloadRatio: measure.handedBytes > 0 ? 1 - originTotal / measure.handedBytes : 0,
    offloadSteadyRatio,
    offloadLimitRatio: limit.ratio,
    offloadSteadyLimitRatio: limit.steadyRatio,
    offloadOverLimit: ratioOf(offloadSteadyRatio, limit.steadyRatio),
    offloadUplinkLimitRatio: offloadUplinkLimit({
      uplinksBitsPerSecond: uplinks,
      rateBitsPerSecond: meanRateOf(config, measure),
      usableUplinkRatio: USABLE_UPLINK_RATIO,
    }),
    originBytes: { ...measure.originBytes },
    originPeakBitsPerSecond: measure.originPeakBitsPerSecond,
    ...live?.figures,
    stalledRatio: measuredRatio(measure.stalledMs, measure.watchedMs),
    stalledSteadyRatio: measuredRatio(measure.stalledSteadyMs, measure.watchedSteadyMs),
    skippedRatio: measuredRatio(measure.skippedMs, measure.watchedMs),
    skippedSteadyRatio: measuredRatio(measure.skippedSteadyMs, measure.watchedSteadyMs),
    firstViewersStalledRatio: measuredRatio(measure.firstStalledMs, measure.firstWatchedMs),
    firstViewersSkippedRatio: measuredRatio(measure.firstSkippedMs, measure.firstWatchedMs),
    ...outageFiguresOf(measure),
    startupMs: medianAndP95(measure.startups),
    ...(config.onDemand ? { seekMs: medianAndP95(measure.seeks) } : {}),
    duplicateRatio: measure.duplicateRatio,
    controlRatio: ratioOf(measure.linkControlBytes, measure.linkMediaBytes),
    uploadFairness: fairnessOf(tallies, measure, live !== undefined),
    badBlocksPlayed: measure.badBlocksPlayed,
    badBlocksForwarded: measure.badBlocksForwarded,
    pollutersRemainingAfterMs: measure.pollutersRemainingAfterMs,
    seedsPerChunk,
    ...(measure.renditionFigures ? { renditions: measure.renditionFigures } : {}),
    ...(config.slowDownlinks && measure.slowDownlinkFigures ? { slowDownlinks: measure.slowDownlinkFigures } : {}),
    mechanisms: mechanismsOf(tallies),
    viewers: tallies.length,
    meanViewers: measure.meanViewers,
    series: seriesOf({ measure, seconds: config.seconds }, live?.diffusionLimit ?? [], tallies),
  };
}

/**
 * Checks that every byte which left a sender was received, was of no use, or is under way.
 *
 * @throws SimulationError when the accounts do not close
 */
export function checkAccounts(simulation: Simulation): void {
  const { network, httpBytes, measure } = simulation;
  const link = network.bytes;
  const http = httpBytes;
  const problems = [
    [link.sent, link.received + link.dropped + network.bytesUnderWay, 'links'],
    [http.sent, http.used + http.unused + simulation.httpBytesUnderWay, 'HTTP'],
    [network.bytes.sent, measure.linkMediaBytes + measure.linkControlBytes, 'messages by kind'],
  ] as const;
  for (const [sent, accounted, what] of problems) {
    if (sent !== accounted) throw new SimulationError(`Bytes do not add up (${what}): ${sent} sent, ${accounted} accounted for.`);
  }
}

/** Live each chunk has to leave the origin once for all who watch its rendition; of a recording, once for whoever plays it first. */
function offloadLimitsOf(config: SimConfig, measure: Measure): { readonly ratio: number; readonly steadyRatio: number } {
  if (!config.onDemand) {
    const { meanViewers, meanRenditions, steadyLimitRatio } = measure;
    return { ratio: meanViewers > meanRenditions ? 1 - meanRenditions / meanViewers : 0, steadyRatio: steadyLimitRatio };
  }
  const limit = (first: number, handed: number): number => (handed > 0 ? 1 - first / handed : 0);
  return {
    ratio: limit(measure.firstPlayedBytes, measure.handedBytes),
    steadyRatio: limit(measure.firstPlayedSteadyBytes, measure.handedSteadyBytes),
  };
}

function liveFiguresOf(
  config: SimConfig,
  measure: Measure,
  run: Parameters<typeof limitsOf>[2],
): { readonly figures: LiveFigures; readonly diffusionLimit: SimSeries['diffusionLimit'] } {
  const { diffusionLimit, ...limits } = limitsOf(config, measure, run);
  const p99 = measure.delays.quantile(0.99);
  return {
    figures: {
      chunkDelayMs: { p50: measure.delays.quantile(0.5), p95: measure.delays.quantile(0.95), p99 },
      ...limits,
      chunkDelayOverLimit: measuredRatio(p99, limits.chunkDelayLimitMs),
      playoutDelayMs: medianAndP95(measure.playoutDelays),
    },
    diffusionLimit,
  };
}

function limitsOf(
  config: SimConfig,
  measure: Measure,
  run: { readonly uplinks: readonly number[]; readonly downlinks: readonly number[]; readonly seedsPerChunk: number },
): ReturnType<typeof chunkDelayLimits> {
  const { uplinks, downlinks, seedsPerChunk } = run;
  // Each rendition spreads among those who watch it.
  const viewers = Math.max(1, Math.round(measure.meanViewers / Math.max(1, measure.meanRenditions)));
  const chunkBytes = ratioOf(measure.publishedBytes, measure.chunksPublished);
  const sent = measure.originBytes.seed + measure.originBytes.fallback;
  return chunkDelayLimits({
    viewers,
    uplinksBitsPerSecond: uplinks.some((uplink) => uplink > 0) ? uplinks : uplinks.map(() => 1),
    delaysMs: { median: (config.delayMs.least + config.delayMs.most) / 2, least: config.delayMs.least },
    chunkBytes: Math.max(1, chunkBytes),
    blockBytes: BLOCK_BYTES,
    seedsPerChunk,
    originCopies: Math.max(1, Math.ceil(ratioOf(sent, measure.publishedBytes))),
    downlinkBitsPerSecond: downlinks.reduce((most, downlink) => Math.max(most, downlink), 1),
  });
}

/** Media bits a second of what a viewer gets, in the mean. */
function meanRateOf(config: SimConfig, measure: Measure): number {
  if (config.renditions === 1 || measure.watchedMs === 0) return config.rateBitsPerSecond;
  return (measure.handedBytes * 8_000) / measure.watchedMs;
}

function outageFiguresOf({ outage }: Measure): Pick<MeasuredFigures, 'recoveryMs' | 'outagePlayedRatio'> {
  return {
    ...(outage?.recoveryMs === undefined ? {} : { recoveryMs: outage.recoveryMs }),
    ...(outage?.playedRatio === undefined ? {} : { outagePlayedRatio: outage.playedRatio }),
  };
}

function fairnessOf(tallies: readonly ViewerTally[], measure: Measure, isLive: boolean): MeasuredFigures['uploadFairness'] {
  const given = tallies
    .map((tally) => {
      const { peer, leftAtMs = measure.endedAtMs } = tally;
      const seconds = (leftAtMs - peer.joinedAtMs) / 1_000;
      return { tally, ratio: ratioOf(peer.state.sentMediaBytes * 8, peer.line.uplinkBitsPerSecond * seconds), seconds };
    })
    .filter(({ seconds }) => seconds > SETTLED_AFTER_MS / 1_000)
    .sort((left, right) => left.ratio - right.ratio);
  const sum = given.reduce((total, { ratio }) => total + ratio, 0);
  const squares = given.reduce((total, { ratio }) => total + ratio * ratio, 0);
  const sampled = given.filter(({ tally }) => tally.delaysMs.length > 0);
  const quarter = Math.max(1, Math.floor(sampled.length / 4));
  const p99 = (some: typeof sampled): number | null => quantileOf(some.flatMap(({ tally }) => tally.delaysMs), 0.99);
  const jain = squares > 0 ? (sum * sum) / (given.length * squares) : 1;
  if (!isLive) return { jain };
  return {
    jain,
    contributorsP99Ms: measuredQuantile(measure.contributorDelays, 0.99),
    leastContributorsP99Ms: p99(sampled.slice(0, quarter)),
    mostContributorsP99Ms: p99(sampled.slice(-quarter)),
  };
}

function mechanismsOf(tallies: readonly ViewerTally[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { peer } of tallies) {
    for (const [name, count] of Object.entries(peer.state.counters)) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}

function seriesOf({ measure, seconds }: { measure: Measure; seconds: number }, diffusionLimit: SimSeries['diffusionLimit'], tallies: readonly ViewerTally[]): SimSeries {
  const { delays } = measure;
  const lastMs = Math.min(MAX_DIFFUSION_MS, Math.ceil(delays.quantile(1) / DIFFUSION_STEP_MS) * DIFFUSION_STEP_MS);
  const diffusion: SimSeries['diffusion'][number][] = [];
  for (let atMs = 0; atMs <= lastMs; atMs += DIFFUSION_STEP_MS) {
    diffusion.push({ atMs, share: ratioOf(delays.countBelow(atMs), delays.count) });
  }
  const histogram: SimSeries['delayHistogram'][number][] = [];
  for (let fromMs = 0; fromMs < lastMs; fromMs += HISTOGRAM_BIN_MS) {
    const toMs = fromMs + HISTOGRAM_BIN_MS;
    histogram.push({ fromMs, toMs, count: delays.countBelow(toMs) - delays.countBelow(fromMs) });
  }
  return {
    diffusion,
    diffusionLimit,
    delayHistogram: histogram,
    // What happens at the very end is no second of its own.
    overTime: measure.seconds.slice(0, Math.ceil(seconds)).map(({ viewers, handedBytes, stalledViewers, origin }, atSeconds) => ({
      atSeconds,
      viewers,
      offloadRatio: handedBytes > 0 ? 1 - BYTE_KINDS.reduce((sum, kind) => sum + origin[kind], 0) / handedBytes : 0,
      stalledViewers,
      origin,
    })),
    peers: tallies
      .filter(({ isSampled }) => isSampled)
      .map(({ peer, receivedMediaBytes, delaysMs }) => ({
        uplinkKbps: Math.round(peer.line.uplinkBitsPerSecond / 1_000),
        sentBytes: peer.state.sentMediaBytes,
        receivedBytes: receivedMediaBytes,
        delayP95Ms: quantileOf(delaysMs, 0.95),
      })),
  };
}

/** Null without samples: what was not measured meets no bar. */
function quantileOf(samples: readonly number[], ratio: number): number | null {
  const sorted = [...samples].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * ratio))] ?? null;
}

/** See {@link quantileOf}. */
function measuredQuantile(samples: Histogram, ratio: number): number | null {
  return samples.count > 0 ? samples.quantile(ratio) : null;
}

function medianAndP95(samples: Histogram): { readonly p50: number | null; readonly p95: number | null } {
  return { p50: measuredQuantile(samples, 0.5), p95: measuredQuantile(samples, 0.95) };
}

/** Null where there is nothing to hold it against: what was not measured meets no bar. */
function measuredRatio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

function ratioOf(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
