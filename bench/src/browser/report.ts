import * as z from 'zod';

import { machineSchema } from '../machine.js';
import { originBytesSchema } from '../origin-bytes.js';

const count = z.int().min(0);
const amount = z.number().min(0);
const ratio = z.number().max(1);

const viewerSchema = z.strictObject({
  viewer: count,
  watchedSeconds: amount,
  startupMs: amount.nullable(),
  playoutDelayMs: z.strictObject({ p50: amount.nullable(), p95: amount.nullable() }),
  stalls: count,
  stalledMs: amount,
  /** Each stall: how long after the click it began, and how long it lasted, ms. */
  stallLog: z.array(z.strictObject({ atMs: amount, lengthMs: amount })),
  mediaBytes: z.strictObject({ origin: count, peers: count }),
  /** Why this viewer's figures are not whole, if they are not. */
  failure: z.string().nullable(),
});
/** One viewer of a {@link systemResultSchema | system's run}. */
export type ViewerResult = z.infer<typeof viewerSchema>;

/** The figures of one system; bench/README.md says how each is measured. */
export const systemResultSchema = z.strictObject({
  startupMs: z.strictObject({ p50: amount.nullable(), p95: amount.nullable(), all: z.array(amount) }),
  playoutDelayMs: z.strictObject({ p50: amount.nullable(), p95: amount.nullable(), samples: count, invalidReads: count }),
  stalls: count,
  stalledRatio: ratio.min(0),
  skips: count,
  skippedMs: amount,
  rateChangedRatio: ratio.min(0),
  droppedFrames: count,
  /** As the viewers count them. */
  mediaBytes: z.strictObject({ origin: count, peers: count }),
  handedBytes: count,
  /** As the origin counts them. */
  originBytes: originBytesSchema,
  /** The same bytes, as the viewers count them. */
  viewerBytes: originBytesSchema,
  totalsDifferenceRatio: ratio.min(0),
  headersRatio: amount.nullable(),
  offloadRatio: ratio.nullable(),
  offloadSteadyRatio: ratio.nullable(),
  offloadLimitRatio: ratio.min(0),
  offloadSteadyLimitRatio: ratio.min(0).nullable(),
  offloadOverLimit: z.number().nullable(),
  meanViewers: amount,
  chunksVerified: count,
  chunksRejected: count,
  mechanisms: z.record(z.string(), count),
  cpuSecondsPerViewerMinute: amount.nullable(),
  originCpuSecondsPerMinute: amount.nullable(),
  encoderCpuSecondsPerMinute: amount.nullable(),
  othersCpuRatio: amount.nullable(),
  viewers: z.array(viewerSchema),
  /** What went wrong, a sentence each; empty in a run that can be trusted. */
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
    viewers: count,
    seconds: count,
    partMs: count,
    systems: z.array(z.string()),
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
