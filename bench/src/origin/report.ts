import * as z from 'zod';

import { machineSchema } from '../machine.js';

const count = z.int().min(0);
const amount = z.number().min(0);

/** What clients wait for: a playlist with the next part in it, or that part. */
export const WAITED_FOR = ['playlist', 'part'] as const;
/** See {@link WAITED_FOR}. */
export type WaitedFor = (typeof WAITED_FOR)[number];

/** Whether a name is one of {@link WAITED_FOR}. */
export function isWaitedFor(name: string): name is WaitedFor {
  return (WAITED_FOR as readonly string[]).includes(name);
}

/** How long those who waited took to be released, and what that cost the server. */
export const releaseFiguresSchema = z.strictObject({
  /** From the part's publication until a client had all of its answer, over all clients and rounds. */
  releaseMs: z.strictObject({ p50: amount.nullable(), p99: amount.nullable(), max: amount.nullable() }),
  /** Until the last client of a round had it. */
  lastMs: z.strictObject({ p50: amount.nullable(), max: amount.nullable() }),
  /** The server's processor time for a request until it waits, and from the part's publication to the answer. */
  askCpuMicroseconds: amount,
  releaseCpuMicroseconds: amount,
});
/** See {@link releaseFiguresSchema}. */
export type ReleaseFigures = z.infer<typeof releaseFiguresSchema>;

/** A TCP server without HTTP that writes the same bytes to as many, in turn with the origin: what this machine can do. */
export const bareReleaseSchema = z.strictObject({
  ...releaseFiguresSchema.shape,
  /** The origin's p99 over its. */
  releaseP99Ratio: amount.nullable(),
  /** When the origin's last client of a round was released, over the same of the bare server's: the median of the rounds. */
  lastRatio: amount.nullable(),
});
/** See {@link bareReleaseSchema}. */
export type BareRelease = z.infer<typeof bareReleaseSchema>;

/** How the clients that waited for a part were released. */
export const releaseSchema = z.strictObject({
  waitedFor: z.enum(WAITED_FOR),
  clients: count,
  rounds: count,
  ...releaseFiguresSchema.shape,
  bytesPerAnswer: amount,
  bare: bareReleaseSchema,
});
/** See {@link releaseSchema}. */
export type Release = z.infer<typeof releaseSchema>;

/** Whole segments, downloaded as fast as they come. */
export const throughputSchema = z.strictObject({
  bytesPerSecond: amount,
  /** By the server's own processor time, which clients on the same machine cannot take from it; null where that cannot be read. */
  bytesPerCpuSecond: amount.nullable(),
});
/** See {@link throughputSchema}. */
export type Throughput = z.infer<typeof throughputSchema>;

/** nginx with the same segments, and the origin's figures over its, the median of the turns. */
export const nginxSegmentsSchema = z.strictObject({
  segments: throughputSchema,
  bytesPerSecondRatio: amount,
  bytesPerCpuSecondRatio: amount.nullable(),
});
/** See {@link nginxSegmentsSchema}. */
export type NginxSegments = z.infer<typeof nginxSegmentsSchema>;

/** What the origin suite writes. */
export const originReportSchema = z.strictObject({
  suite: z.literal('origin'),
  startedAt: z.iso.datetime(),
  machine: machineSchema,
  config: z.strictObject({
    clients: z.array(count),
    /** Why there are fewer clients than were asked for, or no nginx. */
    notes: z.array(z.string()),
    rounds: count,
    seconds: count,
    connections: count,
    rateKbps: count,
    partMs: count,
    clientProcesses: count,
  }),
  results: z.strictObject({
    p2ptv: z.strictObject({
      releases: z.array(releaseSchema),
      segments: throughputSchema.nullable(),
      /** Of a core: a live channel that nobody watches, its encoder left out; null where that cannot be read. */
      channelCpuRatio: amount.nullable(),
      failures: z.array(z.string()),
    }),
    nginx: nginxSegmentsSchema.optional(),
  }),
});
/** See {@link originReportSchema}. */
export type OriginReport = z.infer<typeof originReportSchema>;
