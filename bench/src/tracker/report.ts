import * as z from 'zod';

import { machineSchema } from '../machine.js';

/** What one core is to manage. */
export const WANTED_JOINS_PER_SECOND = 3_000;

const count = z.int().min(0);
const amount = z.number().min(0);

/** Something done as fast as it is answered. */
const rateSchema = z.strictObject({
  perSecond: amount,
  /** By the tracker's own processor time, which clients on the same machine cannot take from it. */
  perCpuSecond: amount,
});

/** Joins at an even pace, each from when it was due to its answer. */
const pacedSchema = z.strictObject({ perSecond: amount, samples: count, p50Ms: amount.nullable(), p99Ms: amount.nullable(), maxMs: amount.nullable() });
/** See {@link pacedSchema}. */
export type PacedJoins = z.infer<typeof pacedSchema>;

/** What a tracker did while it held so many connections. */
export const levelSchema = z.strictObject({
  sockets: count,
  /** Resident memory beyond that of the tracker that has just started, over the connections. */
  bytesPerSocket: amount,
  /** Of that live objects, and what they hold outside the heap. */
  liveBytesPerSocket: amount,
  socketsPerGib: amount,
  /** Share of a core that it takes to hold them: reports and pings. */
  holdingCpuRatio: amount,
  /** Connections opened and joined, without and with others going. */
  arrivals: rateSchema,
  /** Joins over connections that are open, each after a leave. */
  joins: rateSchema,
  signals: rateSchema,
  /** At half the rate that was reached. */
  pacedJoins: pacedSchema,
  /** At half the rate that a tracker is wanted to reach, {@link WANTED_JOINS_PER_SECOND}. */
  wantedJoins: pacedSchema,
});
/** See {@link levelSchema}. */
export type TrackerLevel = z.infer<typeof levelSchema>;

/** What the tracker suite writes. */
export const trackerReportSchema = z.strictObject({
  suite: z.literal('tracker'),
  startedAt: z.iso.datetime(),
  machine: machineSchema,
  config: z.strictObject({
    sockets: z.array(count),
    /** Why it is fewer than were asked for, if it is. */
    note: z.string().nullable(),
    seconds: count,
    clients: count,
    atOnce: count,
  }),
  results: z.record(z.string(), z.strictObject({ levels: z.array(levelSchema), failures: z.array(z.string()) })),
});
/** See {@link trackerReportSchema}. */
export type TrackerReport = z.infer<typeof trackerReportSchema>;
