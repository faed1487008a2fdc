import type { SimResult } from '../../src/sim/sim-result.js';

/** A result whose figures fit each other, as a run of 1,000 viewers may give. Nothing in it is drawn: the same every time. */
export function simResult(changes: Partial<SimResult> = {}): SimResult {
  const limitMs = 640;
  return {
    strategy: 'p2ptv',
    offloadRatio: 0.948,
    offloadSteadyRatio: 0.962,
    offloadLimitRatio: 0.999,
    offloadSteadyLimitRatio: 0.999,
    offloadOverLimit: 0.963,
    offloadUplinkLimitRatio: 1,
    originBytes: { seed: 640e6, fallback: 210e6, join: 300e6, playlist: 1e6, header: 12e6 },
    originPeakBitsPerSecond: 84e6,
    chunkDelayMs: { p50: 520, p95: 830, p99: 1010 },
    chunkDelayLimitMs: limitMs,
    chunkDelayCutThroughMs: 410,
    chunkDelayHardBoundMs: 160,
    chunkDelaySnowballMs: 480,
    chunkDelayOverLimit: 1010 / limitMs,
    stalledRatio: 0.0004,
    stalledSteadyRatio: 0.0002,
    skippedRatio: 0.0002,
    skippedSteadyRatio: 0,
    firstViewersStalledRatio: 0.0004,
    firstViewersSkippedRatio: 0.0002,
    startupMs: { p50: 240, p95: 430 },
    playoutDelayMs: { p50: 1310, p95: 1370 },
    duplicateRatio: 0.011,
    controlRatio: 0.008,
    uploadFairness: { jain: 0.71, contributorsP99Ms: 1005, leastContributorsP99Ms: 1090, mostContributorsP99Ms: 940 },
    badBlocksPlayed: 0,
    badBlocksForwarded: 0,
    pollutersRemainingAfterMs: 0,
    seedsPerChunk: 10.2,
    mechanisms: { splits: 312, fallbacks: 2204 },
    viewers: 1000,
    meanViewers: 990.4,
    events: 21_400_000,
    eventsPerSecond: 410_000,
    wallSeconds: 52.2,
    peakRssBytes: 1.4e9,
    traceHash: '00c0ffee00c0ffee',
    series: {
      diffusion: Array.from({ length: 60 }, (_, index) => ({ atMs: index * 20, share: 1 / (1 + Math.exp((520 - index * 20) / 95)) })),
      diffusionLimit: [0, 85, 145, 170, 230, 290, 350, 410, 470, 530, 590, limitMs].map((atMs, index) => ({ atMs, share: Math.min(1, 0.003 * 1.7 ** index + (index === 11 ? 1 : 0)) })),
      delayHistogram: Array.from({ length: 60 }, (_, index) => ({
        fromMs: index * 20,
        toMs: index * 20 + 20,
        count: Math.round(4000 * Math.exp(-(((index * 20 - 520) / 190) ** 2))),
      })),
      overTime: Array.from({ length: 60 }, (_, atSeconds) => ({
        atSeconds,
        viewers: Math.min(1000, atSeconds * 330),
        offloadRatio: atSeconds < 4 ? -0.2 + atSeconds * 0.2 : 0.94 + 0.02 * Math.sin(atSeconds),
        stalledViewers: atSeconds % 17 === 0 ? 3 : 0,
        origin: {
          seed: atSeconds < 2 ? 1e6 : 11e6,
          fallback: Math.round(3e6 + 1e6 * Math.sin(atSeconds)),
          join: atSeconds < 4 ? 70e6 : 0,
          playlist: 1e4,
          header: 2e5,
        },
      })),
      peers: Array.from({ length: 400 }, (_, index) => {
        const uplinkKbps = [3000, 8000, 15_000, 30_000][index % 4] ?? 3000;
        return {
          uplinkKbps,
          sentBytes: Math.round(uplinkKbps * 1500 * (0.6 + ((index * 37) % 100) / 130)),
          receivedBytes: 20_000_000,
          delayP95Ms: 1000 - Math.sqrt(uplinkKbps) * 2 + ((index * 61) % 140),
        };
      }),
    },
    ...changes,
  };
}
