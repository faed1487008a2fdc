import { differenceRatio, totalBytes } from '../metrics/offload.js';
import { percentile } from '../metrics/percentile.js';
import { measuredFigures } from '../sim/run-result.js';
import type { SimConfig } from '../sim/sim-config.js';
import { streamBitsPerSecond } from './counterpart.js';
import type { MeshResult } from './report.js';
import { captureToPublishMs, type MeshOutcome } from './run.js';

/**
 * Sums a mesh up.
 *
 * @param config the simulator's run of the same, by which limits are worked out
 */
export function summarizeMesh(outcome: MeshOutcome, config: SimConfig): MeshResult {
  const { measure, linkDelays, linkSetups, published, neighbourCounts, originCounted, cpuSeconds } = outcome;
  const figures = measuredFigures(config, measure.measure);
  const viewerTotal = Object.values(figures.originBytes).reduce((sum, bytes) => sum + bytes, 0);
  const sortedCounts = [...neighbourCounts].sort((one, other) => one - other);
  return {
    ...figures,
    originCounted: originCounted ?? null,
    totalsDifferenceRatio: originCounted ? differenceRatio(totalBytes(originCounted), viewerTotal) : null,
    linkDelayMs: {
      p5: linkDelays.quantile(0.05) ?? null,
      p50: linkDelays.quantile(0.5) ?? null,
      p95: linkDelays.quantile(0.95) ?? null,
      p99: linkDelays.quantile(0.99) ?? null,
      samples: linkDelays.count,
    },
    linkSetupMs: { p50: linkSetups.quantile(0.5) ?? null, p95: linkSetups.quantile(0.95) ?? null, samples: linkSetups.count },
    captureToPublishMs: captureToPublishMs(published),
    streamBitsPerSecond: streamBitsPerSecond(published),
    neighbours: {
      least: sortedCounts[0] ?? 0,
      median: sortedCounts[Math.floor(sortedCounts.length / 2)] ?? 0,
      most: sortedCounts.at(-1) ?? 0,
    },
    browsers: outcome.browsers.flatMap(({ plan, report }) => {
      if (!report) return [];
      const { startupMs, delaysMs, playback, system } = report;
      return [
        {
          viewer: plan.index,
          startupMs: startupMs ?? null,
          playoutDelayMs: { p50: percentile(delaysMs, 0.5) ?? null, p95: percentile(delaysMs, 0.95) ?? null },
          stalls: playback.stalls,
          stalledMs: playback.stalledMs,
          handedBytes: system.handedBytes,
          mediaBytes: { ...system.mediaBytes },
          sentBytes: system.sentBytes ?? 0,
        },
      ];
    }),
    ranSeconds: outcome.ranMs / 1_000,
    cpuSeconds: cpuSeconds ?? null,
    machineBusyRatio: outcome.machineBusyRatio,
    hasOwnProcessors: outcome.hasOwnProcessors,
    loopDelayP99Ms: outcome.loopDelayP99Ms ?? null,
    failures: [...outcome.failures],
  };
}
