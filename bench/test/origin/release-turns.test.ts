import { expect, it } from 'vitest';

import { summarizeReleases, type ReleaseRound } from '../../src/origin/release-turns.js';

const round = (...delaysMs: number[]): ReleaseRound => ({ delaysMs, bodyBytes: delaysMs.length * 100, askCpuSeconds: 1e-6, releaseCpuSeconds: 2e-6 });

it('the last ones are compared turn by turn: what slows a machine down for a while slows both', () => {
  const release = summarizeReleases({ waitedFor: 'playlist', clients: 2 }, [
    { p2ptv: round(10, 20), bare: round(5, 10) },
    { p2ptv: round(100, 200), bare: round(50, 100) },
    { p2ptv: round(10, 30), bare: round(10, 10) },
  ]);
  expect(release).toMatchObject({ rounds: 3, lastMs: { p50: 30, max: 200 }, bytesPerAnswer: 100, askCpuMicroseconds: 0.5, releaseCpuMicroseconds: 1 });
  expect(release.releaseMs).toMatchObject({ p50: 25, max: 200 });
  expect(release.bare).toMatchObject({ releaseMs: { p50: 10, max: 100 }, lastMs: { p50: 10, max: 100 }, lastRatio: 2, releaseCpuMicroseconds: 1 });
  expect(release.bare.releaseP99Ratio).toBeCloseTo(2, 1);
});

it('a server that answered nobody has no figures, and none is held against it', () => {
  const { releaseMs, bare } = summarizeReleases({ waitedFor: 'part', clients: 1 }, [{ p2ptv: round(10), bare: round() }]);
  expect(releaseMs).toEqual({ p50: 10, p99: 10, max: 10 });
  expect(bare).toMatchObject({ releaseMs: { p50: null, p99: null, max: null }, releaseP99Ratio: null, lastRatio: null });
});
