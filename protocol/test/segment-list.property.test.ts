import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS, packSegments, renderRecordingPlaylist, segmentListSchema, unpackSegments, type RecordedSegment, type RenditionId } from '../src/index.js';

const INIT = 'c'.repeat(64);
const FIRST_MS = 1_800_000_000_000;

/** Segments one behind the other, with a step now and then: of the epoch, of the numbers, or another length. */
const recording = fc
  .array(fc.record({ epochStep: fc.constantFrom(0, 0, 0, 1), hole: fc.constantFrom(0, 0, 0, 2), partCount: fc.constantFrom(10, 10, 7), lateMs: fc.integer({ min: 0, max: 4 }) }), { maxLength: 40 })
  .map((steps) => {
    const segments: RecordedSegment[] = [];
    for (const { epochStep, hole, partCount, lateMs } of steps) {
      const last = segments.at(-1);
      segments.push({
        mediaSequence: last ? last.mediaSequence + 1 + hole : 0,
        epoch: (last?.epoch ?? 1) + epochStep,
        initHash: INIT,
        sequence: last ? last.sequence + last.partCount + hole * 10 : 0,
        partCount,
        durationUs: partCount * 200_000,
        programDateTimeMs: last ? last.programDateTimeMs + last.durationUs / 1000 + lateMs : FIRST_MS,
      });
    }
    return segments;
  });

describe('the list of what is kept', () => {
  it('OR6: tells of every segment, dates within 20 ms, and passes the schema', () => {
    fc.assert(
      fc.property(recording, (segments) => {
        const answer = { version: 1, rendition: 0 as RenditionId, isEnded: false, runs: packSegments(segments) };
        const unpacked = unpackSegments(segmentListSchema.parse(JSON.parse(JSON.stringify(answer))).runs)!;
        const undated = (of: readonly RecordedSegment[]): unknown => of.map((segment) => ({ ...segment, programDateTimeMs: 0 }));
        expect(undated(unpacked)).toEqual(undated(segments));
        unpacked.forEach(({ programDateTimeMs }, index) => {
          expect(Math.abs(programDateTimeMs - segments[index]!.programDateTimeMs)).toBeLessThanOrEqual(20);
        });
      }),
    );
  });

  it('OR6: hours of equal segments are one run', () => {
    const segments = Array.from({ length: 5_400 }, (_, index): RecordedSegment => ({ mediaSequence: index, epoch: 1, initHash: INIT, sequence: index * 10, partCount: 10, durationUs: 2_000_000, programDateTimeMs: FIRST_MS + index * 2_000 }));
    expect(packSegments(segments)).toHaveLength(1);
    expect(unpackSegments(packSegments(segments))).toEqual(segments);
  });

  it('OR6, LM: refuses more than the limit, and what does not rise', () => {
    const run = { count: LIMITS.recordedSegments, mediaSequence: 0, epoch: 1, initHash: INIT, sequence: 0, partCount: 10, durationUs: 2_000_000, programDateTimeMs: FIRST_MS };
    expect(unpackSegments([run, { ...run, count: 1, mediaSequence: 300_000, sequence: 3_000_000 }])).toBeUndefined();
    expect(unpackSegments([{ ...run, count: 2 }, { ...run, count: 1, mediaSequence: 1, sequence: 20 }])).toBeUndefined();
    expect(segmentListSchema.safeParse({ version: 1, rendition: 0, isEnded: true, runs: [{ ...run, partCount: LIMITS.partsPerSegment + 1 }] }).success).toBe(false);
  });

  it('PL19, PL20: the playlist names each segment once, with its date, and breaks where the list does', () => {
    fc.assert(
      fc.property(recording, (segments) => {
        const lines = renderRecordingPlaylist(segments, { targetDurationSeconds: 2, isEnded: true }).split('\n');
        const of = (start: string): string[] => lines.filter((line) => line.startsWith(start));
        expect(of('segment-')).toEqual(segments.map(({ epoch, mediaSequence }) => `segment-${epoch}-${mediaSequence}.m4s`));
        expect(of('#EXT-X-PROGRAM-DATE-TIME')).toHaveLength(segments.length);
        expect(of('#EXT-X-PART')).toEqual([]);
        const breaks = segments.filter(({ epoch, mediaSequence }, index) => {
          const before = segments[index - 1];
          return before && (before.epoch !== epoch || before.mediaSequence + 1 !== mediaSequence);
        });
        expect(of('#EXT-X-DISCONTINUITY')).toHaveLength(breaks.length);
        expect(of('#EXT-X-ENDLIST')).toHaveLength(1);
        expect(of('#EXT-X-PLAYLIST-TYPE:VOD')).toHaveLength(1);
      }),
    );
  });
});
