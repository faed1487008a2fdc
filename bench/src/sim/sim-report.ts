import * as z from 'zod';

import { machineSchema } from '../machine.js';
import { barSchema } from './bars.js';
import type { MeasuredFigures, SimResult } from './sim-result.js';

const count = z.int().min(0);
const amount = z.number().min(0);
const ratio = z.number().max(1);
/** What several senders did may exceed what one could. */
const share = amount;

const quantilesSchema = z.strictObject({ p50: amount.nullable(), p95: amount.nullable() });
const originBytesSchema = z.strictObject({ seed: count, fallback: count, join: count, playlist: count, header: count });
const pointsSchema = z.array(z.strictObject({ atMs: amount, share: ratio.min(0) }));

/** What is measured of a run; the type says what each figure is. */
export const measuredFiguresSchema = z.strictObject({
  offloadRatio: ratio,
  offloadSteadyRatio: ratio,
  offloadLimitRatio: ratio.min(0),
  offloadSteadyLimitRatio: ratio.min(0),
  offloadOverLimit: z.number(),
  offloadUplinkLimitRatio: ratio.min(0),
  originBytes: originBytesSchema,
  originPeakBitsPerSecond: amount,
  chunkDelayMs: z.strictObject({ p50: amount, p95: amount, p99: amount }).exactOptional(),
  chunkDelayLimitMs: amount.exactOptional(),
  chunkDelayCutThroughMs: amount.exactOptional(),
  chunkDelayHardBoundMs: amount.exactOptional(),
  chunkDelaySnowballMs: amount.nullable().exactOptional(),
  chunkDelayOverLimit: amount.nullable().exactOptional(),
  stalledRatio: ratio.min(0).nullable(),
  stalledSteadyRatio: ratio.min(0).nullable(),
  skippedRatio: amount.nullable(),
  skippedSteadyRatio: amount.nullable(),
  firstViewersStalledRatio: ratio.min(0).nullable(),
  firstViewersSkippedRatio: amount.nullable(),
  recoveryMs: amount.exactOptional(),
  outagePlayedRatio: ratio.min(0).exactOptional(),
  startupMs: quantilesSchema,
  seekMs: quantilesSchema.exactOptional(),
  playoutDelayMs: quantilesSchema.exactOptional(),
  duplicateRatio: share,
  controlRatio: share,
  uploadFairness: z.strictObject({
    jain: ratio.min(0),
    contributorsP99Ms: amount.nullable().exactOptional(),
    leastContributorsP99Ms: amount.nullable().exactOptional(),
    mostContributorsP99Ms: amount.nullable().exactOptional(),
  }),
  badBlocksPlayed: count,
  badBlocksForwarded: count,
  pollutersRemainingAfterMs: amount.nullable(),
  seedsPerChunk: amount,
  renditions: z.strictObject({ bestRatio: share, changesPerMinute: amount }).exactOptional(),
  slowDownlinks: z.strictObject({ stalledRatio: share, fittingRatio: share, bestAtEndRatio: share.nullable() }).exactOptional(),
  mechanisms: z.record(z.string(), amount),
  viewers: count,
  meanViewers: amount,
  series: z.strictObject({
    diffusion: pointsSchema,
    diffusionLimit: pointsSchema,
    delayHistogram: z.array(z.strictObject({ fromMs: amount, toMs: amount, count })),
    overTime: z.array(
      z.strictObject({ atSeconds: amount, viewers: count, offloadRatio: ratio, stalledViewers: count, origin: originBytesSchema }),
    ),
    peers: z
      .array(z.strictObject({ uplinkKbps: amount, sentBytes: count, receivedBytes: count, delayP95Ms: amount.nullable() }))
      .max(2_000),
  }),
}) satisfies z.ZodType<MeasuredFigures>;

/** The figures of one simulated run. */
export const simResultSchema = z.strictObject({
  strategy: z.string(),
  ...measuredFiguresSchema.shape,
  events: count,
  eventsPerSecond: amount,
  wallSeconds: amount,
  peakRssBytes: count,
  traceHash: z.string().min(1),
}) satisfies z.ZodType<SimResult>;

/** What stands behind one of the results. */
const plannedRunSchema = z.strictObject({
  /** Of a file in bench/scenarios; null when the command line's options were all there was. */
  scenario: z.string().nullable(),
  /** What the scenario is for; may be empty. */
  purpose: z.string(),
  /** All options the run was made with. */
  options: z.record(z.string(), z.unknown()),
  bars: z.array(barSchema),
  /** The run that this one is a change of: the tables show the difference. */
  comparedWith: z.string().nullable(),
  /** Why there is no result, in a sentence, where there is none. */
  failure: z.string().exactOptional(),
});
/** See {@link simReportSchema}: `config.runs`. */
export type PlannedRun = z.infer<typeof plannedRunSchema>;

/** What the sim suite writes, and its page is made of. */
export const simReportSchema = z
  .strictObject({
    suite: z.literal('sim'),
    startedAt: z.iso.datetime(),
    machine: machineSchema,
    config: z.strictObject({
      /** One line on what was compared. */
      title: z.string(),
      /** By the names of the results, in the order in which they are shown. */
      runs: z.record(z.string(), plannedRunSchema),
    }),
    results: z.record(z.string(), simResultSchema),
  })
  .refine(({ config, results }) => Object.keys(results).every((name) => Object.hasOwn(config.runs, name)), 'each result has its run in config.runs');
/** See {@link simReportSchema}. */
export type SimReport = Omit<z.infer<typeof simReportSchema>, 'results'> & { results: Record<string, SimResult> };
