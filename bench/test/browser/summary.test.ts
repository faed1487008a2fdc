import { describe, expect, it } from 'vitest';
import { roundResultSchema } from '../../src/browser/report.js';
import { summarize } from '../../src/browser/summary.js';
import { bytes, systemOutcome, viewerOutcome, viewerReport } from './outcome.js';

const QUIET = { originWarnings: [], isRecorded: false, bestHeight: 360 };

describe('the summary of a run', () => {
  it('takes percentiles over all viewers’ samples', () => {
    const viewers = [
      viewerOutcome({ report: viewerReport({ startupMs: 300, delaysMs: [1000, 1100] }) }),
      viewerOutcome({ report: viewerReport({ startupMs: 500, delaysMs: [1200, 1300, 1400] }) }),
    ];
    const result = summarize(systemOutcome(viewers), QUIET);
    expect(result.startupMs).toEqual({ p50: 400, p95: 490, first: 300, laterP50: 500, all: [300, 500] });
    expect(result.playoutDelayMs).toMatchObject({ p50: 1200, p95: 1380, samples: 5 });
  });

  it('counts every kind of byte that the origin sent against what hls.js was handed', () => {
    const originBytes = { media: 100, init: 10, playlists: 20, headers: 30, join: 40, seeder: 300 };
    const result = summarize(systemOutcome([viewerOutcome(), viewerOutcome()], { originBytes }), QUIET);
    expect(result.handedBytes).toBe(2000);
    expect(result.offloadRatio).toBeCloseTo(0.75);
    expect(result.headersRatio).toBeCloseTo(0.015);
    expect(result.offloadLimitRatio).toBe(0.5);
  });

  it('takes the steady share from 10 s after each click to the end', () => {
    const viewers = [
      viewerOutcome(),
      // Left early: nothing steady to be told of it.
      viewerOutcome({ steady: undefined, total: { received: bytes({ media: 900 }), handedBytes: 900, handedSegments: {} } }),
    ];
    const result = summarize(systemOutcome(viewers), QUIET);
    expect(result.offloadSteadyRatio).toBeCloseTo(1 - 150 / 800);
    // Two watched all the while.
    expect(result.offloadSteadyLimitRatio).toBeCloseTo(0.5);
    expect(result.offloadOverLimit).toBeCloseTo((1 - 150 / 800) / 0.5);
  });

  it('keeps the first viewer apart, from the click and from navigation', () => {
    const viewers = [900, 500, 300].map((navigationMs, index) => viewerOutcome({ report: viewerReport({ startupMs: 400 - index * 100 }), navigationMs }));
    const result = summarize(systemOutcome(viewers), QUIET);
    expect(result.startupMs).toMatchObject({ first: 400, laterP50: 250, p50: 300 });
    expect(result.startupFromNavigationMs).toMatchObject({ first: 900, laterP50: 400, p50: 500 });
    expect(result.viewers.map(({ startupFromNavigationMs }) => startupFromNavigationMs)).toEqual([900, 500, 300]);
    const late = summarize(systemOutcome([viewerOutcome({ report: viewerReport({ startupMs: undefined }) }), viewerOutcome()]), QUIET);
    expect(late.startupMs).toMatchObject({ first: null, laterP50: 400 });
  });

  it('takes all clicks of a viewer, and names one that brought no picture', () => {
    const viewers = [{ startupMs: 400, laterStartupsMs: [200, 300] }, { startupMs: 500, laterStartupsMs: [undefined, 700] }].map(({ startupMs, laterStartupsMs }) =>
      viewerOutcome({ report: viewerReport({ startupMs }), laterStartupsMs }),
    );
    const result = summarize(systemOutcome(viewers), QUIET);
    expect(result.startupMs).toMatchObject({ first: 300, laterP50: 600, p50: 400, all: [400, 200, 300, 500, 700] });
    expect(result.viewers.map(({ laterStartupsMs }) => laterStartupsMs)).toEqual([[200, 300], [null, 700]]);
  });

  it('counts the copies that left the origin, over what all viewers together were handed', () => {
    const handed = (handedSegments: Record<string, number>) => viewerOutcome({ report: viewerReport({ system: { ...viewerReport().system, handedSegments } }) });
    // The second came while the first segment was under way, and left later.
    const viewers = [handed({ 'main/0/1': 500, 'main/0/2': 500 }), handed({ 'main/0/1': 100, 'main/0/2': 500, 'main/0/3': 200 })];
    const originBytes = bytes({ media: 400, seeder: 1400, playlists: 999 });
    expect(summarize(systemOutcome(viewers, { originBytes }), QUIET).copiesPerChunk).toBeCloseTo(1800 / 1200);
  });

  it('finds the busiest second of the origin', () => {
    expect(summarize(systemOutcome([viewerOutcome()]), QUIET).originPeakBitsPerSecond).toBe(3e6);
    expect(summarize(systemOutcome([viewerOutcome()], { originBitsPerSecond: [] }), QUIET).originPeakBitsPerSecond).toBeNull();
  });

  it('compares the origin’s total with the viewers’, whatever the kinds', () => {
    const viewers = [viewerOutcome({ total: { received: bytes({ media: 500, seeder: 480 }), handedBytes: 1000, handedSegments: {} } })];
    const result = summarize(systemOutcome(viewers, { originBytes: bytes({ media: 1000 }) }), QUIET);
    expect(result.totalsDifferenceRatio).toBeCloseTo(0.02);
  });

  it('relates stalls and rates to the time played', () => {
    const stallLog = [20, 30].map((lengthMs) => ({ atMs: lengthMs * 100, lengthMs }));
    const playback = { playedMs: 10_000, stalls: 2, stalledMs: 50, stallLog, rateChangedMs: 1_000, rateChanges: 4, leastRate: 0.97, mostRate: 1, skips: 1, skippedMs: 300 };
    const faster = { ...playback, leastRate: 1, mostRate: 1.08 };
    const viewers = [viewerOutcome({ report: viewerReport({ playback }) }), viewerOutcome({ report: viewerReport({ playback: faster }) })];
    expect(summarize(systemOutcome(viewers), QUIET)).toMatchObject({
      stalls: 4,
      stalledRatio: 0.005,
      rateChangedRatio: 0.1,
      rateChanges: 8,
      leastRate: 0.97,
      mostRate: 1.08,
      skips: 2,
      skippedMs: 600,
    });
  });

  it('adds up mechanisms and chunks', () => {
    const result = summarize(systemOutcome([viewerOutcome(), viewerOutcome()]), QUIET);
    expect(result).toMatchObject({ mechanisms: { pulls: 6 }, chunksVerified: 20, chunksRejected: 0 });
  });

  it('tells processor time by the minute, and nothing where it cannot be told', () => {
    const viewers = [viewerOutcome(), viewerOutcome()];
    expect(summarize(systemOutcome(viewers), QUIET)).toMatchObject({
      cpuSecondsPerViewerMinute: 6,
      originCpuSecondsPerMinute: 2,
      encoderCpuSecondsPerMinute: 6,
      othersCpuRatio: 0.25,
    });
    expect(summarize(systemOutcome(viewers, { cpuSeconds: undefined }), QUIET).cpuSecondsPerViewerMinute).toBeNull();
  });

  it('tells groups apart, and whom it does not know', () => {
    const stalled = { ...viewerReport().playback, playedMs: 10_000, stalls: 1, stalledMs: 500 };
    const viewers = [
      viewerOutcome({ group: 'settled' }),
      viewerOutcome({ group: 'late', report: viewerReport({ startupMs: 250, playback: stalled }), total: { received: bytes({ media: 50, seeder: 50 }), handedBytes: 400, handedSegments: {} } }),
    ];
    const { groups, viewers: shown } = summarize(systemOutcome(viewers), QUIET);
    expect(groups['late']).toMatchObject({ viewers: 1, startupP50Ms: 250, stalls: 1, stalledRatio: 0.05, originBytes: 100, handedBytes: 400, offloadRatio: 0.75 });
    expect(groups['settled']).toMatchObject({ viewers: 1, stalls: 0, originBytes: 250, peerMediaBytes: 750 });
    expect(shown.map(({ group }) => group)).toEqual(['settled', 'late']);
    expect(summarize(systemOutcome([viewerOutcome()]), QUIET).groups).toEqual({});
  });

  it('does not hide a picture that still stands after the origin’s return', () => {
    const stallLog = [{ atMs: 20_000, lengthMs: 40_000 }];
    const standing = viewerOutcome({ report: viewerReport({ playback: { ...viewerReport().playback, stallLog } }) });
    const events = [{ kind: 'originKilled' as const, atMs: 19_000 }, { kind: 'originReturned' as const, atMs: 23_000 }];
    expect(summarize(systemOutcome([viewerOutcome(), standing], { events }), QUIET).failures).toEqual(['Viewer 2: its picture still stood at the end.']);
    expect(summarize(systemOutcome([standing]), QUIET).failures).toEqual([]);
  });

  it('does not hide a viewer that crashed, nor what the origin complained of', () => {
    const crashed = viewerOutcome({ report: undefined, total: undefined, steady: undefined, failure: 'its page crashed' });
    const result = summarize(systemOutcome([viewerOutcome(), crashed]), { originWarnings: ['ffmpeg died'], isRecorded: false, bestHeight: 360 });
    expect(result.failures).toEqual(['Viewer 2: its page crashed.', 'The origin said: ffmpeg died']);
    expect(result.viewers[1]).toMatchObject({ viewer: 2, startupMs: null, failure: 'its page crashed' });
  });

  it('fits the schema, even when nobody saw anything', () => {
    const nothing = viewerOutcome({ report: undefined, total: undefined, steady: undefined, failure: 'it never answered' });
    const result = summarize(systemOutcome([nothing], { originBytes: bytes() }), QUIET);
    expect(roundResultSchema.parse(result)).toMatchObject({ offloadRatio: null, headersRatio: null, stalledRatio: 0 });
    expect(() => roundResultSchema.parse(summarize(systemOutcome([viewerOutcome()]), QUIET))).not.toThrow();
  });

  it('on demand the limit is what somebody had to be handed as the first of all, seeks in the buffer count apart', () => {
    const one = { 'main/0/1': 600, 'main/0/2': 400 };
    const other = { 'main/0/2': 400, 'main/0/3': 600 };
    const seeks = [{ tookMs: 300, isOutside: true }, { tookMs: 10, isOutside: false }, { tookMs: 20, isOutside: false }];
    const viewers = [one, other].map((handedSegments) =>
      viewerOutcome({
        report: viewerReport({ seeks }),
        seeksUnfinished: 1,
        total: { received: bytes({ media: 800 }), handedBytes: 1000, handedSegments },
        steady: { received: bytes({ media: 400 }), handedBytes: 400, handedSegments: { 'main/0/2': 400 } },
      }),
    );
    const result = summarize(systemOutcome(viewers), { originWarnings: [], isRecorded: true, bestHeight: 360 });
    // 1600 different bytes of 2000; of the 1200 that came once all were settled, 1200 that nobody had had.
    expect(result.offloadLimitRatio).toBeCloseTo(0.2);
    expect(result.offloadSteadyLimitRatio).toBe(0);
    expect(result.seekMs).toEqual({ p50: 300, p95: 300, samples: 2 });
    expect(result.seekInBufferMs).toMatchObject({ samples: 4 });
    // They have no time, and are not forgotten.
    expect(result.seeksUnfinished).toBe(2);
    expect(summarize(systemOutcome([viewerOutcome()]), QUIET).seeksUnfinished).toBeNull();
  });
});
