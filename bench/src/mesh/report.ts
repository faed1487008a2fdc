import * as z from 'zod';

import { machineSchema, type Machine } from '../machine.js';
import { originBytesSchema } from '../origin-bytes.js';
import { measuredFiguresSchema, simResultSchema } from '../sim/sim-report.js';
import type { MeasuredFigures, SimResult } from '../sim/sim-result.js';

const count = z.int().min(0);
const amount = z.number().min(0);

/** What the processes of a run used, s of processor time; the bench itself is among `bench`. */
const cpuSecondsSchema = z.strictObject({
  workers: amount,
  browsers: amount,
  origin: amount,
  encoder: amount,
  bench: amount,
  others: amount,
  machine: amount,
});

const browserSchema = z.strictObject({
  viewer: count,
  startupMs: amount.nullable(),
  playoutDelayMs: z.strictObject({ p50: amount.nullable(), p95: amount.nullable() }),
  stalls: count,
  stalledMs: amount,
  handedBytes: count,
  mediaBytes: z.strictObject({ origin: count, peers: count }),
  sentBytes: count,
});

/** What can only be told of a real mesh. */
const realFiguresSchema = z.strictObject({
  /** As the origin counts what it sent; null: it had ended before it was asked. */
  originCounted: originBytesSchema.nullable(),
  /** Difference of the totals, the origin's and the viewers', over the larger. */
  totalsDifferenceRatio: amount.nullable(),
  /** From leaving an uplink to the receiving peer. */
  linkDelayMs: z.strictObject({ p5: amount.nullable(), p50: amount.nullable(), p95: amount.nullable(), p99: amount.nullable(), samples: count }),
  /** From the dial to an open link. */
  linkSetupMs: z.strictObject({ p50: amount.nullable(), p95: amount.nullable(), samples: count }),
  /** From capture of a part's first frame to its publication, median. */
  captureToPublishMs: amount,
  /** Of what was published during the run. */
  streamBitsPerSecond: amount,
  neighbours: z.strictObject({ least: count, median: count, most: count }),
  browsers: z.array(browserSchema),
  ranSeconds: amount,
  cpuSeconds: cpuSecondsSchema.nullable(),
  /** Share of the machine's processor time that was used, by whomever. */
  machineBusyRatio: amount,
  /** Each worker was kept on one processor, in batches. */
  hasOwnProcessors: z.boolean(),
  /** How late the workers' timers were, of the worst worker. */
  loopDelayP99Ms: amount.nullable(),
  /** What went wrong, a sentence each; empty in a run that can be trusted. */
  failures: z.array(z.string()),
});
/** The figures of a mesh: those that the simulator gives too, and what can only be told of a real one. */
export type MeshResult = MeasuredFigures & z.infer<typeof realFiguresSchema>;

const meshConfigSchema = z.strictObject({
  peers: count,
  browsers: count,
  seconds: amount,
  arrivalSeconds: amount,
  processes: count,
  uplink: z.string(),
  downlinkKbps: amount.nullable(),
  rateKbps: amount,
  partMs: count,
  width: count,
  height: count,
  input: z.string(),
  playoutMs: amount,
  originUplinkKbps: amount.nullable(),
  seed: count,
});

/** What the mesh suite writes. */
export type MeshReport = {
  readonly suite: 'mesh';
  readonly startedAt: string;
  readonly machine: Machine;
  readonly config: z.infer<typeof meshConfigSchema>;
  readonly results: {
    readonly mesh: MeshResult;
    /** The simulator's run of the same; left out when the mesh ended early. */
    readonly sim?: SimResult;
  };
};

/** See {@link MeshReport}. */
export const meshReportSchema = z.strictObject({
  suite: z.literal('mesh'),
  startedAt: z.iso.datetime(),
  machine: machineSchema,
  config: meshConfigSchema,
  results: z.strictObject({
    mesh: z.strictObject({ ...measuredFiguresSchema.shape, ...realFiguresSchema.shape }),
    sim: simResultSchema.exactOptional(),
  }),
}) satisfies z.ZodType<MeshReport>;
