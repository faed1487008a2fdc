import { describe, expect, it } from 'vitest';

import { alignmentOf, delaysOf, summarizeAvSync, summarizeWindow, windowStarts } from '../../src/ingest/av-sync.js';
import { offsetsOf, parseLevels, risesOf } from '../../src/ingest/flash-reading.js';
import { parseMediaPlaylist } from '../../src/ingest/published-window.js';

const PRINTED = `frame:0    pts:0       pts_time:0
lavfi.astats.Overall.Peak_level=-inf
frame:1    pts:48      pts_time:0.001
lavfi.astats.Overall.Peak_level=-6.02
`;

describe('sound against picture', () => {
  it('reads what ffmpeg prints of each moment', () => {
    expect(parseLevels(PRINTED)).toEqual([
      { timeMs: 0, level: -Infinity },
      { timeMs: 1, level: -6.02 },
    ]);
  });

  it('a rise is one from below, once; what is high at the beginning is none', () => {
    const levels = [9, 9, 0, 0, 9, 0, 9, 9].map((level, index) => ({ timeMs: index * 100, level }));
    expect(risesOf(levels, 5)).toEqual([400]);
  });

  it('a beep belongs to the flash next to it, and one that is too far away to none', () => {
    expect(offsetsOf([1000, 3000, 9000], [990, 3045])).toEqual([
      { atMs: 1000, offsetMs: -10 },
      { atMs: 3000, offsetMs: 45 },
    ]);
  });

  it('flashes are known by their rhythm', () => {
    const captured = [0, 2300, 4100, 6450, 8200];
    expect(alignmentOf([4200, 6550], captured)).toBe(2);
    // The same rhythm, a turn of it later.
    expect(alignmentOf([4200 + 14_000, 6550 + 14_000], [...captured, ...captured.map((time) => time + 14_000)])).toBe(7);
    expect(alignmentOf([0, 900], captured)).toBeUndefined();
    expect(alignmentOf([0, 2300, 4100, 6450, 8200, 10_000], captured)).toBeUndefined();
  });

  it('a flash’s delay is that of the part in which it lies', () => {
    const parts = [0, 200, 400, 600].map((dateMs) => ({ dateMs: 50_000 + dateMs, atMs: 50_000 + dateMs + 260, durationMs: 200 }));
    expect(delaysOf([130], { firstDateMs: 50_200, capturedMs: [50_310], parts })).toEqual([150]);
    expect(delaysOf([130], { firstDateMs: 50_900, capturedMs: [50_310], parts })).toEqual([]);
  });

  it('a long run is looked at from its beginning to its end', () => {
    expect(windowStarts(30)).toEqual([0]);
    expect(windowStarts(90)).toEqual([0, 60]);
    const [first, ...more] = windowStarts(1800);
    expect([first, more.at(-1), more.length]).toEqual([0, 1770, 10]);
  });

  it('drift is from the first window to the last; a flash without a beep leaves no largest distance', () => {
    const windows = [summarizeWindow(0, { offsets: [-10, -20, -40], delays: [100], flashes: 3 }), summarizeWindow(60, { offsets: [5, 15, 10], delays: [130], flashes: 3 })];
    expect(summarizeAvSync(windows, 1)).toMatchObject({ offsetMs: -5, mostOffsetMs: 40, offsetDriftMs: 30, delayMs: 115, delayDriftMs: 30 });
    expect(summarizeAvSync([summarizeWindow(0, { offsets: [5], delays: [], flashes: 2 })], 1)).toMatchObject({ offsetMs: 5, mostOffsetMs: null, offsetDriftMs: null, delayMs: null });
  });

  it('of a playlist whole segments since the last discontinuity count', () => {
    const text = ['#EXTM3U', '#EXT-X-MAP:URI="init-1.mp4"', '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z', '#EXTINF:2,', 'a.m4s', '#EXT-X-DISCONTINUITY', '#EXT-X-MAP:URI="init-2.mp4"', '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:09.000Z', '#EXT-X-PART:DURATION=0.2,URI="part"', '#EXTINF:1.5,', 'b.m4s', '#EXTINF:2,', 'c.m4s', '#EXT-X-PART:DURATION=0.2,URI="part"', ''];
    const dateMs = Date.UTC(2026, 0, 1, 0, 0, 9);
    expect(parseMediaPlaylist(text.join('\n'))).toEqual({
      init: 'init-2.mp4',
      segments: [
        { uri: 'b.m4s', dateMs, durationMs: 1500 },
        { uri: 'c.m4s', dateMs: dateMs + 1500, durationMs: 2000 },
      ],
    });
  });
});
