import { describe, expect, it } from 'vitest';
import { heightsBySecond, lineChange } from '../../src/browser/line-change.js';
import type { RunEvent } from '../../src/browser/system-run.js';
import type { ViewerOutcome } from '../../src/browser/watched-viewer.js';
import { viewerOutcome, viewerReport } from './outcome.js';

const EVENTS: RunEvent[] = [
  { kind: 'linesSlowed', atMs: 21_000 },
  { kind: 'linesRestored', atMs: 41_000 },
];

/** A viewer who clicked at 1,000: what was on the screen from when on after the click, s, and when it stood. */
function watching(heights: readonly (readonly [number, number])[], stills: readonly (readonly [number, number])[] = [], group = 'slowed'): ViewerOutcome {
  const { playback } = viewerReport();
  const stallLog = stills.map(([at, length]) => ({ atMs: at * 1000, lengthMs: length * 1000 }));
  const shown = heights.map(([at, height]) => ({ atMs: at * 1000, height }));
  return viewerOutcome({ group, report: viewerReport({ fromMs: 1_000, toMs: 61_000, heights: shown, playback: { ...playback, stallLog } }) });
}

describe('lines that become slower', () => {
  it('are told by when pictures became smaller, and large again', () => {
    const viewers = [
      watching([[0, 180], [5, 360], [22, 180], [50, 360]], [[19, 2], [39, 4]]),
      watching([[0, 360], [24, 180]]),
      watching([[0, 360]]),
      // Never had the best one, and whose line stays as it was.
      watching([[0, 180]]),
      watching([[0, 360], [22, 180]], [], 'others'),
    ];
    expect(lineChange(viewers, EVENTS, 360)).toEqual({
      slowedAtMs: 20_000,
      restoredAtMs: 40_000,
      wasBest: 3,
      downMs: { p50: 3_000, most: 4_000 },
      stayedBest: 1,
      upMs: { p50: 10_000, most: 10_000 },
      stayedLow: 2,
      stalledWhileSlowRatio: 2 / 80,
    });
  });

  it('are none where no line changes', () => {
    expect(lineChange([watching([[0, 360]])], [], 360)).toBeNull();
  });

  it('show in the height of the pictures, second by second', () => {
    const heights = heightsBySecond([watching([[0.5, 180], [2.5, 360]]), watching([[0.5, 360]]), watching([[0, 90]], [], 'others')]);
    expect(heights.slice(0, 4)).toEqual([270, 270, 360, 360]);
    expect(heights).toHaveLength(60);
    expect(heightsBySecond([watching([[0, 360]], [], 'others')])).toEqual([]);
  });
});
