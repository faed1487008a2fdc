import { expect, it } from 'vitest';

import { summarizeReleases, type ReleaseRound } from '../../src/origin/release-turns.js';
import { judgeOrigin } from '../../src/origin/table.js';

const round = (delayMs: number): ReleaseRound => ({ delaysMs: [delayMs], bodyBytes: 1, askCpuSeconds: 0, releaseCpuSeconds: 0 });
const release = (clients: number, turn: { readonly ours: number; readonly bare: number }): ReturnType<typeof summarizeReleases> =>
  summarizeReleases({ waitedFor: 'playlist', clients }, [{ p2ptv: round(turn.ours), bare: round(turn.bare) }]);

it('the bar is the origin’s own, whatever a bare server needs; that stands beside it', () => {
  const releases = [release(1_000, { ours: 300, bare: 10 }), release(5_000, { ours: 110, bare: 105 }), release(6_000, { ours: 90, bare: 30 })];
  const bars = judgeOrigin({ results: { p2ptv: { releases, segments: null, channelCpuRatio: null, failures: [] } } });
  expect(bars.map(({ name, value, isMet }) => [name, value, isMet])).toEqual([
    ['p99 of the release of 5000 clients (bare TCP server: 105.0 ms)', 110, false],
    ['p99 of the release of 6000 clients (bare TCP server: 30.0 ms)', 90, true],
  ]);
});
