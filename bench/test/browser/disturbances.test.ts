import { describe, expect, it } from 'vitest';
import { hasNotRecovered, originOutage, rebufferAfterKill } from '../../src/browser/disturbances.js';
import type { RunEvent } from '../../src/browser/system-run.js';
import type { ViewerOutcome } from '../../src/browser/watched-viewer.js';
import { viewerOutcome, viewerReport } from './outcome.js';

/** A viewer who clicked at 1,000 and watched to 61,000, and whose picture stood: from when after the click, how long. */
function standing(stills: readonly (readonly [number, number])[], some: Partial<ViewerOutcome> = {}): ViewerOutcome {
  const stallLog = stills.map(([atMs, lengthMs]) => ({ atMs, lengthMs }));
  const { playback } = viewerReport();
  return viewerOutcome({ report: viewerReport({ fromMs: 1_000, toMs: 61_000, playback: { ...playback, stallLog } }), ...some });
}

function killedAt(...times: number[]): RunEvent[] {
  return times.map((atMs) => ({ kind: 'viewersKilled', atMs }));
}

describe('after a killing', () => {
  it('each survivor counts for each of them, also if it noticed nothing', () => {
    const viewers = [
      standing([
        [11_000, 300],
        [15_000, 200],
        [50_000, 900],
      ]),
      standing([]),
      // The dead stand still for ever.
      standing([[10_500, 9_000]], { wasKilled: true }),
    ];
    const figures = rebufferAfterKill(viewers, killedAt(12_000, 22_000));
    expect(figures).toEqual({ p50: 0, p95: expect.closeTo(425) as number, most: 500, samples: 4 });
  });

  it('only what comes after it is its doing', () => {
    // Begun 400 ms before.
    expect(rebufferAfterKill([standing([[10_600, 1_000]])], killedAt(12_000))?.most).toBe(600);
  });

  it('whoever had no picture yet, or came later, says nothing', () => {
    const never = viewerOutcome({ report: viewerReport({ startupMs: undefined }) });
    const late = viewerOutcome({ report: viewerReport({ fromMs: 30_000 }) });
    expect(rebufferAfterKill([never, late], killedAt(12_000))).toEqual({ p50: null, p95: null, most: null, samples: 0 });
    expect(rebufferAfterKill([standing([])], [])).toBeNull();
  });
});

describe('an origin that dies and returns', () => {
  const events: RunEvent[] = [
    { kind: 'originKilled', atMs: 20_000 },
    { kind: 'originReturned', atMs: 24_500 },
  ];

  it('is played on without, and waited for', () => {
    const viewers = [
      standing([
        [5_000, 700],
        [20_000, 5_000],
      ]),
      standing([
        [20_200, 4_000],
        [25_000, 200],
      ]),
    ];
    expect(originOutage(viewers, events)).toEqual({
      awayMs: 4_500,
      playedOnLeastMs: 1_000,
      playedOnP50Ms: 1_100,
      stoodAfterReturnP50Ms: expect.closeTo((1_500 + 900) / 2) as number,
      stoodAfterReturnMostMs: 1_500,
    });
    expect(viewers.some(hasNotRecovered)).toBe(false);
  });

  it('is not missed by who had enough in hand', () => {
    expect(originOutage([standing([])], events)).toMatchObject({ playedOnP50Ms: null, stoodAfterReturnMostMs: 0 });
    expect(originOutage([standing([])], [])).toBeNull();
  });

  it('may leave somebody standing', () => {
    expect(hasNotRecovered(standing([[20_000, 40_000]]))).toBe(true);
    // Killed while its picture stood: it had no time left to recover in.
    expect(hasNotRecovered(standing([[20_000, 40_000]], { wasKilled: true }))).toBe(false);
  });
});
