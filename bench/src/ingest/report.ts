import * as z from 'zod';

import { machineSchema } from '../machine.js';

const ms = z.number().min(0);
const moment = ms.nullable();

/** One publication, ms from its start; null: it did not come to that, or (`takenMs` of a file) there is no such thing. */
export const roundSchema = z.strictObject({
  /** The first frame was presented on a page that had waited for it. */
  firstFrameMs: moment,
  /** The origin had the publisher, and knew what it sends. */
  takenMs: moment,
  /** The first part was published. */
  firstPartMs: moment,
  /** The waiting page was told that the stream is on air. */
  toldMs: moment,
  /** It had the answer to its join. */
  joinedMs: moment,
  /** From the opening of another page, seconds later, to its first frame. */
  openedLaterMs: moment,
  /** Encoder sessions of the whole round. Each after the first is a break for viewers: a picture that changed its size, or a machine that is too slow. */
  encoderSessions: z.int().min(0),
});
/** See {@link roundSchema}. */
export type WayRound = z.infer<typeof roundSchema>;

/** The figures of a round that are times. */
export const TIMES = ['firstFrameMs', 'takenMs', 'firstPartMs', 'toldMs', 'joinedMs', 'openedLaterMs'] as const satisfies readonly (keyof WayRound)[];

/** One way in: medians over its rounds, and the longest first frame. */
export const waySchema = z.strictObject({
  ...Object.fromEntries(TIMES.map((name) => [name, moment])) as Record<(typeof TIMES)[number], typeof moment>,
  mostFirstFrameMs: moment,
  rounds: z.array(roundSchema),
  failures: z.array(z.string()),
});
/** See {@link waySchema}. */
export type WayResult = z.infer<typeof waySchema>;

/** One rendition of one channel. */
export const renditionSchema = z.strictObject({
  channel: z.string(),
  rendition: z.int().min(0),
  parts: z.int().min(0),
  /** Time of the media that was published, over the time that passed: 1 keeps up. */
  paceRatio: z.number().min(0),
  /** From the capture of a part's first frame to its publication, less the part itself, ms. */
  behindMs: z.strictObject({ p50: z.number().nullable(), p99: z.number().nullable() }),
  /** Median of the last quarter less that of the first, ms: what it has fallen behind. */
  behindGrowthMs: z.number().nullable(),
});
/** See {@link renditionSchema}. */
export type RenditionPace = z.infer<typeof renditionSchema>;

const memorySchema = z.strictObject({ atSeconds: z.number(), rssBytes: ms, liveBytes: ms });

/** Several channels at once. */
export const channelsSchema = z.strictObject({
  renditions: z.array(renditionSchema),
  /** The origin's process; `liveBytes` is what was left after a collection of its garbage. */
  memory: z.array(memorySchema),
  /** What it grew by in ten minutes, by a line through the readings; a long run is judged by it. */
  liveGrowthBytesPerTenMinutes: z.number().nullable(),
  /** Share of a core, origin alone and without its encoders. */
  originCpuRatio: z.number().min(0),
  failures: z.array(z.string()),
});
/** See {@link channelsSchema}. */
export type ChannelsResult = z.infer<typeof channelsSchema>;

/** A publisher on a line that loses packets. */
export const lossySchema = z.strictObject({
  /** Of the packets that went to the origin. */
  lossRatio: z.number().min(0).max(1),
  /** From the start until pictures had the size of the camera's; null: they never had. */
  sharpAfterMs: moment,
  /** What came, in the second half; median. */
  kbps: z.number().min(0),
  /** Packets that were asked for again, and the share of them that came. */
  nackedPackets: z.int().min(0),
  recoveredRatio: z.number().min(0).max(1).nullable(),
  /** Pictures that could not be used, of all. */
  lostFramesRatio: z.number().min(0).max(1),
  encoderSessions: z.int().min(0),
});
/** See {@link lossySchema}. */
export type LossyResult = z.infer<typeof lossySchema>;

/** What was seen of a flash and a beep every two seconds in some of what was published. */
export const avSyncWindowSchema = z.strictObject({
  /** Since the first window's beginning. */
  atSeconds: z.number().min(0),
  flashes: z.int().min(0),
  /** Flashes with a beep within a second. */
  pairs: z.int().min(0),
  /** The beep's time less the flash's, ms; median. Negative: sound comes first. */
  offsetMs: z.number().nullable(),
  /** The farthest that any two were apart, ms. */
  mostOffsetMs: moment,
  /** From the flash before a page's camera to the publication of the part that has it; median. Null: the client does not tell. */
  delayMs: z.number().nullable(),
});
/** See {@link avSyncWindowSchema}. */
export type AvSyncWindow = z.infer<typeof avSyncWindowSchema>;

/** Sound against picture on one way in; medians over windows, and from the first window to the last. */
export const avSyncSchema = z.strictObject({
  offsetMs: z.number().nullable(),
  /** Null: a flash had no beep, or nothing was measured. */
  mostOffsetMs: moment,
  offsetDriftMs: z.number().nullable(),
  delayMs: z.number().nullable(),
  delayDriftMs: z.number().nullable(),
  encoderSessions: z.int().min(0),
  windows: z.array(avSyncWindowSchema),
});
/** See {@link avSyncSchema}. */
export type AvSyncResult = z.infer<typeof avSyncSchema>;

/** What the ingest suite writes. */
export const ingestReportSchema = z.strictObject({
  suite: z.literal('ingest'),
  startedAt: z.iso.datetime(),
  machine: machineSchema,
  config: z.strictObject({
    ways: z.array(z.string()),
    rounds: z.int().min(0),
    channels: z.int().min(0),
    seconds: z.int().min(0),
    lossPercent: z.array(z.int().min(0)),
    /** Why something was left out. */
    notes: z.array(z.string()),
  }),
  results: z.strictObject({ ways: z.record(z.string(), waySchema), channels: channelsSchema.nullable(), lossy: z.array(lossySchema), avSync: z.record(z.string(), avSyncSchema) }),
});
/** See {@link ingestReportSchema}. */
export type IngestReport = z.infer<typeof ingestReportSchema>;
