import type { RenditionFigures, SlowDownlinkFigures } from './rendition-tally.js';

/** Two quantiles of a sample, ms; null: there was none. */
type Quantiles = { readonly p50: number | null; readonly p95: number | null };

/** Figures of delays: a recording was published long ago, and in a run of some seconds nobody settles. */
export type LiveFigures = {
  /** From publication to complete at the viewer. */
  readonly chunkDelayMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  readonly chunkDelayLimitMs: number;
  readonly chunkDelayCutThroughMs: number;
  readonly chunkDelayHardBoundMs: number;
  /** Passed on whole over the real uplinks, the strongest first; null: some can't be reached so. */
  readonly chunkDelaySnowballMs: number | null;
  /** p99 over the limit; null: all are seeds, and there is none. */
  readonly chunkDelayOverLimit: number | null;
  /** Glass to glass: publication delay plus `captureToPublishMs`; looked at while the picture moves, from 10 s after each join. */
  readonly playoutDelayMs: Quantiles;
};

/**
 * What is measured of a run, in virtual time or in real. Field names are those of the project's issues; ratios are of 1.
 * Null: there was nothing to measure it by, and it meets no bar.
 */
export type MeasuredFigures = CommonFigures & Partial<LiveFigures>;

/** What one simulated run gives, for one strategy. */
export type SimResult = MeasuredFigures & SimulatedRun;

/** See {@link MeasuredFigures}: of a live stream that somebody watched for long enough. */
export type LiveResult = MeasuredFigures & LiveFigures;

/** What the simulator says of a run itself. */
type SimulatedRun = {
  readonly strategy: string;
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly wallSeconds: number;
  readonly peakRssBytes: number;
  /** Rolling fingerprint of the run's trace, 16 hex digits: the same seed gives the same. */
  readonly traceHash: string;
};

/** True for a run that has figures of delays. */
export function isLiveResult(result: MeasuredFigures): result is LiveResult {
  return result.chunkDelayMs !== undefined;
}

type CommonFigures = {
  readonly offloadRatio: number;
  readonly offloadSteadyRatio: number;
  /** 1 − 1/N̄, with several renditions 1 − those that are watched/N̄; on demand 1 − what has to come from the origin once, because somebody plays it first, over all that is played. */
  readonly offloadLimitRatio: number;
  readonly offloadSteadyLimitRatio: number;
  readonly offloadOverLimit: number;
  /** ηΣu/(N r), at most 1: what the viewers' uplinks allow. */
  readonly offloadUplinkLimitRatio: number;
  /** Application bytes that the origin sent; they add up to all that it sent. */
  readonly originBytes: {
    readonly seed: number;
    readonly fallback: number;
    readonly join: number;
    readonly playlist: number;
    readonly header: number;
  };
  /** Largest number of bits that left the origin in any one second. */
  readonly originPeakBitsPerSecond: number;
  /** Stalled over watched time, from each viewer's first frame; `stalledSteadyRatio` from 10 s after its join. */
  readonly stalledRatio: number | null;
  readonly stalledSteadyRatio: number | null;
  /** Media left out, because they never came or came too late, over watched time; the steady one from 10 s after each join. */
  readonly skippedRatio: number | null;
  readonly skippedSteadyRatio: number | null;
  /** Of those only who came at first, before any crowd. */
  readonly firstViewersStalledRatio: number | null;
  readonly firstViewersSkippedRatio: number | null;
  /** After the origin's outage: until nobody stood still because of it any more; left out: there was none. */
  readonly recoveryMs?: number;
  /** Share of those who watched as it began that have played all that had been published before it. */
  readonly outagePlayedRatio?: number;
  readonly startupMs: Quantiles;
  /** Only on demand: from the viewer's wish to the first frame at the new place. */
  readonly seekMs?: Quantiles;
  /** Media bytes that viewers got more than once, over those that they could use. */
  readonly duplicateRatio: number;
  /** Bytes on links that are no media, over those that are. */
  readonly controlRatio: number;
  readonly uploadFairness: {
    /** (Σx)² / (n Σx²) of what viewers sent over what their uplinks could. */
    readonly jain: number;
    /** p99 of the chunk delay of those who upload at all; this and the next two of a live stream only. */
    readonly contributorsP99Ms?: number | null;
    /** p99 of the chunk delay of the quarter of the viewers that gave least, and of the one that gave most. */
    readonly leastContributorsP99Ms?: number | null;
    readonly mostContributorsP99Ms?: number | null;
  };
  readonly badBlocksPlayed: number;
  readonly badBlocksForwarded: number;
  /** Longest that an altering peer stayed linked to one that it had sent an altered block; null: it still was at the end, 0: nobody altered any. */
  readonly pollutersRemainingAfterMs: number | null;
  /** Copies of a chunk that left the origin, fallbacks not counted. */
  readonly seedsPerChunk: number;
  /** Only where there are several. */
  readonly renditions?: RenditionFigures;
  /** Only where some are slow. */
  readonly slowDownlinks?: SlowDownlinkFigures;
  /** Engine counters, summed over viewers. */
  readonly mechanisms: Readonly<Record<string, number>>;
  readonly viewers: number;
  readonly meanViewers: number;
  readonly series: SimSeries;
};

/** What the plots are drawn from; bounded in size whatever the number of viewers. */
export type SimSeries = {
  /** Share of the viewers that had a chunk so long after its publication: mean over settled chunks. */
  readonly diffusion: readonly { readonly atMs: number; readonly share: number }[];
  /** The same after the store-and-forward limit D*. */
  readonly diffusionLimit: readonly { readonly atMs: number; readonly share: number }[];
  /** Chunk delays in bins. */
  readonly delayHistogram: readonly { readonly fromMs: number; readonly toMs: number; readonly count: number }[];
  /** A point a second. */
  readonly overTime: readonly {
    readonly atSeconds: number;
    readonly viewers: number;
    readonly offloadRatio: number;
    readonly stalledViewers: number;
    readonly origin: CommonFigures['originBytes'];
  }[];
  /** At most 2,000 viewers, drawn evenly. */
  readonly peers: readonly {
    readonly uplinkKbps: number;
    readonly sentBytes: number;
    readonly receivedBytes: number;
    /** Null: it watched for some seconds only. */
    readonly delayP95Ms: number | null;
  }[];
};
