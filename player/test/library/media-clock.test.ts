import type { LevelDetails } from 'hls.js';
import { describe, expect, it } from 'vitest';
import { bufferedAheadMs, mediaTimeAt, placeAt, programDateTimeAt } from '../../src/library/media-clock.js';

const DATE_MS = 1_800_000_000_000;

/** Two segments, a discontinuity of an hour in the publisher's clock, and parts of a third. */
const details = {
  fragments: [
    { start: 10, programDateTime: DATE_MS },
    { start: 12, programDateTime: DATE_MS + 2_000 },
  ],
  fragmentHint: { start: 14, programDateTime: DATE_MS + 3_600_000 },
} as unknown as LevelDetails;

const ranges = (...pairs: [number, number][]): TimeRanges => ({
  length: pairs.length,
  start: (index) => pairs[index]![0],
  end: (index) => pairs[index]![1],
});

describe('media clock', () => {
  it.each([
    [10, 0],
    [11.5, 1_500],
    [12.25, 2_250],
    [14.4, 3_600_400],
    [9, -1_000],
  ])('media time %d s', (mediaTime, offsetMs) => {
    expect(programDateTimeAt(details, mediaTime)).toBeCloseTo(DATE_MS + offsetMs);
    expect(mediaTimeAt(details, DATE_MS + offsetMs)).toBeCloseTo(mediaTime);
  });

  it('tells of a date in which segment it is, where those of two overlap', () => {
    const overlapping = {
      fragments: [
        { start: 0, programDateTime: DATE_MS },
        { start: 2, programDateTime: DATE_MS + 1_100 },
      ],
    } as unknown as LevelDetails;
    expect(placeAt(overlapping, 1.5)).toEqual({ dateMs: DATE_MS + 1_500, segmentMs: DATE_MS });
    expect(placeAt(overlapping, 2.4)).toEqual({ dateMs: DATE_MS + 1_500, segmentMs: DATE_MS + 1_100 });
  });

  it('knows nothing of a playlist without dates', () => {
    const undated = { fragments: [{ start: 0, programDateTime: null }] } as unknown as LevelDetails;
    expect(programDateTimeAt(undated, 1)).toBeUndefined();
    expect(mediaTimeAt(undated, DATE_MS)).toBeUndefined();
  });

  it('measures what is buffered ahead without a hole', () => {
    expect(bufferedAheadMs(ranges([0, 4], [5, 9]), 3)).toBe(1_000);
    expect(bufferedAheadMs(ranges([0, 4], [5, 9]), 6)).toBe(3_000);
    expect(bufferedAheadMs(ranges([0, 4], [5, 9]), 4.5)).toBe(0);
    expect(bufferedAheadMs(ranges(), 1)).toBe(0);
  });
});
