import * as z from 'zod/mini';
import { LIMITS } from './limits.js';
import { countSchema, digestHexSchema, renditionIdSchema } from './schemas.js';

/** A whole segment of what is kept of a stream, as whoever plays it needs to know it: its parts follow each other without a hole. */
export type RecordedSegment = {
  readonly mediaSequence: number;
  readonly epoch: number;
  /** SHA-256 of the init segment that it needs, hex. */
  readonly initHash: string;
  /** Chunk sequence of its first part; the others follow one by one. */
  readonly sequence: number;
  readonly partCount: number;
  readonly durationUs: number;
  /** Capture date of its first frame, ms since the Unix epoch. */
  readonly programDateTimeMs: number;
};

const segmentRunSchema = z.object({
  count: z.int().check(z.gte(1), z.lte(LIMITS.recordedSegments)),
  mediaSequence: countSchema,
  epoch: countSchema,
  initHash: digestHexSchema,
  sequence: countSchema,
  partCount: z.int().check(z.gte(1), z.lte(LIMITS.partsPerSegment)),
  durationUs: z.int().check(z.gte(1)),
  programDateTimeMs: countSchema,
});

/** `GET <stream>/segments?rendition=&after=`: what can be played of a stream, the newest included. (SPEC OR6) */
export const segmentListSchema = z.object({
  version: z.literal(1),
  rendition: renditionIdSchema,
  /** Nothing will follow. */
  isEnded: z.boolean(),
  runs: z.array(segmentRunSchema).check(z.maxLength(LIMITS.recordedSegments)),
});
/** See {@link segmentListSchema}. */
export type SegmentList = z.infer<typeof segmentListSchema>;
/** `count` segments that differ only by their numbers and dates; the fields are the first one's. */
export type SegmentRun = z.infer<typeof segmentRunSchema>;

/** Dates are rounded, and follow the publisher's clock: what is off by no more than this is told as if it were not, ms. */
export const LISTED_DATE_TOLERANCE_MS = 20;

/**
 * Tells of many segments in few words: encoders make them all alike, so three hours are a handful of runs where
 * they would be a playlist of half a megabyte.
 *
 * @param segments in the order of their media sequences
 */
export function packSegments(segments: Iterable<RecordedSegment>): SegmentRun[] {
  const runs: { -readonly [Field in keyof SegmentRun]: SegmentRun[Field] }[] = [];
  for (const segment of segments) {
    const run = runs.at(-1);
    if (run && continues(run, segment)) run.count++;
    else runs.push({ count: 1, ...segment });
  }
  return runs;
}

/**
 * The segments of runs, one by one.
 *
 * @returns undefined for more than {@link LIMITS}.recordedSegments, or for what is not in rising order
 */
export function unpackSegments(runs: readonly SegmentRun[]): RecordedSegment[] | undefined {
  const segments: RecordedSegment[] = [];
  for (const { count, ...first } of runs) {
    const last = segments.at(-1);
    if (segments.length + count > LIMITS.recordedSegments) return undefined;
    if (last && (first.mediaSequence <= last.mediaSequence || first.sequence < last.sequence + last.partCount)) return undefined;
    for (let index = 0; index < count; index++) {
      segments.push({
        ...first,
        mediaSequence: first.mediaSequence + index,
        sequence: first.sequence + index * first.partCount,
        programDateTimeMs: dateIn(first, index),
      });
    }
  }
  return segments;
}

function continues(run: SegmentRun, segment: RecordedSegment): boolean {
  return (
    segment.epoch === run.epoch &&
    segment.initHash === run.initHash &&
    segment.partCount === run.partCount &&
    segment.durationUs === run.durationUs &&
    segment.mediaSequence === run.mediaSequence + run.count &&
    segment.sequence === run.sequence + run.count * run.partCount &&
    Math.abs(segment.programDateTimeMs - dateIn(run, run.count)) <= LISTED_DATE_TOLERANCE_MS
  );
}

function dateIn({ programDateTimeMs, durationUs }: Omit<SegmentRun, 'count'>, index: number): number {
  return Math.round(programDateTimeMs + (index * durationUs) / 1000);
}
