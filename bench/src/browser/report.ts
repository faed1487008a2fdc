import * as z from 'zod';

import { machineSchema } from '../machine.js';

const count = z.int().min(0);
const amount = z.number().min(0);
const ratio = z.number().max(1);

/** Application bytes by what they were; medians of them need not be whole. */
const byKind = <Value extends z.ZodType>(value: Value) =>
  z.strictObject({ media: value, init: value, playlists: value, headers: value, join: value, seeder: value });

const viewerSchema = z.strictObject({
  viewer: count,
  /** Undefined where the scenario tells nobody apart. */
  group: z.string().optional(),
  watchedSeconds: amount,
  startupMs: amount.nullable(),
  /** Of its later clicks, each in a fresh profile. */
  laterStartupsMs: z.array(amount.nullable()),
  startupFromNavigationMs: amount.nullable(),
  playoutDelayMs: z.strictObject({ p50: amount.nullable(), p95: amount.nullable() }),
  stalls: count,
  stalledMs: amount,
  /** Each stall: how long after the click it began, and how long it lasted, ms. */
  stallLog: z.array(z.strictObject({ atMs: amount, lengthMs: amount })),
  mediaBytes: z.strictObject({ origin: count, peers: count }),
  /** Why this viewer's figures are not whole, if they are not. */
  failure: z.string().nullable(),
});
/** One viewer of a {@link roundResultSchema | round}. */
export type ViewerResult = z.infer<typeof viewerSchema>;

const startupSchema = z.strictObject({
  p50: amount.nullable(),
  p95: amount.nullable(),
  /** Of the viewer that came first, when there were no peers yet. */
  first: amount.nullable(),
  /** The median of all others. */
  laterP50: amount.nullable(),
  all: z.array(amount),
});

const groupSchema = z.strictObject({
  viewers: amount,
  startupP50Ms: amount.nullable(),
  playoutDelayP50Ms: amount.nullable(),
  playoutDelayP95Ms: amount.nullable(),
  stalls: amount,
  stalledRatio: ratio.min(0),
  skips: amount,
  handedBytes: amount,
  /** All that they received of the origin, its seeder included. */
  originBytes: amount,
  peerMediaBytes: amount,
  offloadRatio: ratio.nullable(),
});

/** How long pictures stood after a killing, by survivor and killing. */
const rebufferSchema = z.strictObject({ p50: amount.nullable(), p95: amount.nullable(), most: amount.nullable(), samples: amount });

const outageSchema = z.strictObject({
  /** From its killing until it answered again. */
  awayMs: amount,
  /** From its killing until pictures stood: the least, and the median. */
  playedOnLeastMs: amount.nullable(),
  playedOnP50Ms: amount.nullable(),
  /** How long they went on standing after it answered again. */
  stoodAfterReturnP50Ms: amount.nullable(),
  stoodAfterReturnMostMs: amount.nullable(),
});

const turnSchema = z.strictObject({ p50: amount.nullable(), most: amount.nullable() });

const lineChangeSchema = z.strictObject({
  /** From the first click on. */
  slowedAtMs: amount,
  restoredAtMs: amount,
  /** Of those with slower lines, who showed the best rendition just before. */
  wasBest: amount,
  /** From then until a lesser one was on the screen; and how many stayed with the best. */
  downMs: turnSchema,
  stayedBest: amount,
  /** From the lines' return until the best one was on the screen again; and how many stayed with a lesser one. */
  upMs: turnSchema,
  stayedLow: amount,
  /** Of the time between, how long the pictures of those with slower lines stood. */
  stalledWhileSlowRatio: ratio.min(0),
});

const seekSchema = z.strictObject({ p50: amount.nullable(), p95: amount.nullable(), samples: amount });

const figures = {
  /** From the click, with the page loaded; of all clicks. */
  startupMs: startupSchema,
  /** From following a link to the page, in a fresh profile. */
  startupFromNavigationMs: startupSchema,
  playoutDelayMs: z.strictObject({ p50: amount.nullable(), p95: amount.nullable(), samples: amount, invalidReads: amount }),
  /** From a seek to the first frame painted of its place, where nothing near it was buffered. */
  seekMs: seekSchema.nullable(),
  /** The other seeks: within 2 s of what was buffered. */
  seekInBufferMs: seekSchema.nullable(),
  /** Seeks that came to no picture, which have no time; null where nobody was to seek. */
  seeksUnfinished: amount.nullable(),
  stalls: amount,
  stalledRatio: ratio.min(0),
  skips: amount,
  skippedMs: amount,
  rateChangedRatio: ratio.min(0),
  rateChanges: amount,
  leastRate: amount,
  mostRate: amount,
  droppedFrames: amount,
  /** As the viewers count them. */
  mediaBytes: z.strictObject({ origin: amount, peers: amount }),
  handedBytes: amount,
  /** As the origin counts them. */
  originBytes: byKind(amount),
  /** The same bytes, as the viewers count them. */
  viewerBytes: byKind(amount),
  totalsDifferenceRatio: ratio.min(0),
  headersRatio: amount.nullable(),
  originPeakBitsPerSecond: amount.nullable(),
  copiesPerChunk: amount.nullable(),
  offloadRatio: ratio.nullable(),
  offloadSteadyRatio: ratio.nullable(),
  offloadLimitRatio: ratio.min(0),
  offloadSteadyLimitRatio: ratio.min(0).nullable(),
  offloadOverLimit: z.number().nullable(),
  meanViewers: amount,
  chunksVerified: amount,
  chunksRejected: amount,
  mechanisms: z.record(z.string(), amount),
  cpuSecondsPerViewerMinute: amount.nullable(),
  originCpuSecondsPerMinute: amount.nullable(),
  encoderCpuSecondsPerMinute: amount.nullable(),
  othersCpuRatio: amount.nullable(),
  /** Those whom the scenario tells apart. */
  groups: z.record(z.string(), groupSchema),
  rebufferAfterKillMs: rebufferSchema.nullable(),
  originOutage: outageSchema.nullable(),
  lineChange: lineChangeSchema.nullable(),
};

/** The figures alone, of one round or as medians of several. */
export const figuresSchema = z.object(figures);
/** See {@link figuresSchema}. */
export type Figures = z.infer<typeof figuresSchema>;

/** One system in one round; bench/README.md says how each figure is measured. */
export const roundResultSchema = z.strictObject({
  ...figures,
  viewers: z.array(viewerSchema),
  /** What the origin sent in each second, bits. */
  originBitsPerSecond: z.array(amount),
  /** Mean height of the pictures of those whose lines change, by second from the first click on, pixels. */
  heightsBySecond: z.array(amount),
  /** Percentiles of all readings of the playout delay, from the least to the largest in twentieths, ms. */
  playoutDelayQuantilesMs: z.array(amount),
  /** What went wrong, a sentence each; empty in a run that can be trusted. */
  failures: z.array(z.string()),
});
/** See {@link roundResultSchema}. */
export type RoundResult = z.infer<typeof roundResultSchema>;

const pairedRatioSchema = z.strictObject({
  p50: amount.nullable(),
  /** Upper 95 % confidence limit of the median, by order statistics; null for fewer than five pairs. */
  upper95: amount.nullable(),
  all: z.array(amount),
});
/** The ratios of pairs, and their median. */
export type PairedRatio = z.infer<typeof pairedRatioSchema>;

const systemRatiosSchema = z.strictObject({
  /** A pair is viewer i of both in the same round. */
  startupMs: pairedRatioSchema,
  startupFromNavigationMs: pairedRatioSchema,
  /** A pair is the same round. */
  playoutDelayMs: pairedRatioSchema,
  cpuSecondsPerViewerMinute: pairedRatioSchema,
});
/** One system's figures over another's. */
export type SystemRatios = z.infer<typeof systemRatiosSchema>;

/** One system: medians over its rounds. */
export const systemResultSchema = z.strictObject({
  ...figures,
  /** Least and most of each figure over the rounds, by its path. */
  spread: z.record(z.string(), z.strictObject({ min: z.number(), max: z.number() })),
  /** To plain hls.js in the same round; null where that was not measured. */
  ratiosToHlsjs: systemRatiosSchema.nullable(),
  rounds: z.array(roundResultSchema),
  failures: z.array(z.string()),
});
/** See {@link systemResultSchema}. */
export type SystemResult = z.infer<typeof systemResultSchema>;

/** What the browser suite writes. */
export const browserReportSchema = z.strictObject({
  suite: z.literal('browser'),
  startedAt: z.iso.datetime(),
  machine: machineSchema,
  config: z.strictObject({
    scenario: z.string(),
    /** What that is, in one line. */
    scenarioSummary: z.string(),
    /** The viewers' lines, where they are limited. */
    lines: z.strictObject({ streamKbps: amount, uplinkKbps: amount, downlinkKbps: amount, hasNat: z.boolean() }).nullable(),
    viewers: count,
    seconds: count,
    partMs: count,
    segmentMs: count,
    systems: z.array(z.string()),
    /** What each of them is, and was set to. */
    settings: z.record(z.string(), z.string()),
    rounds: count,
    /** How often each viewer clicked in a round. */
    starts: count,
    /** In what order the systems ran in each round; shorter than planned if the bench was stopped. */
    order: z.array(z.array(z.string())),
    staggerMs: count,
    input: z.string(),
    width: count,
    height: count,
    warmUp: z.string(),
    steadyAfterSeconds: count,
    chromiumFlags: z.array(z.string()),
  }),
  results: z.record(z.string(), systemResultSchema),
});
/** See {@link browserReportSchema}. */
export type BrowserReport = z.infer<typeof browserReportSchema>;
