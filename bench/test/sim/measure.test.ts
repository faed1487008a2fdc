import type { RenditionId } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';

import { AccessLine } from '../../src/sim/access-line.js';
import { EventQueue } from '../../src/sim/event-queue.js';
import { ladderOf } from '../../src/sim/ladder.js';
import { Measure, type CountedPeer } from '../../src/sim/measure.js';

const RENDITION = 0 as RenditionId;

function viewer(index: number): CountedPeer {
  return {
    index,
    role: 'viewer',
    line: new AccessLine({ accessDelayMs: 5, uplinkBitsPerSecond: 1e6, downlinkBitsPerSecond: 1e7 }),
    joinedAtMs: 0,
    isUp: true,
    isUploading: true,
    isStalled: false,
    isPolluter: false,
    rendition: RENDITION,
    state: { counters: {}, verifiedBytes: {} as never, sentMediaBytes: 0, sentFrameBytes: 0, neighbourCount: 0 },
    playheadMs: undefined,
  };
}

function measureOf(firstViewers: number): Measure {
  return new Measure(new EventQueue(), { firstViewers, ladder: ladderOf(3e6, 1) });
}

describe('Measure', () => {
  it.each([
    ['a few', 10, 10],
    ['as many as there is room for', 2_000, 2_000],
    ['one more', 2_001, 1_001],
    ['many', 9_000, 1_125],
  ])('keeps the delays of at most 2,000 viewers, drawn evenly, of %s, however few came at first', (_what, come, sampled) => {
    const measure = measureOf(10);
    for (let index = 1; index <= come; index++) measure.viewerCame(viewer(index));
    expect([...measure.viewers].filter(({ isSampled }) => isSampled)).toHaveLength(sampled);
  });

  it('tells the stalls and gaps of who came first from those of a crowd', () => {
    const measure = measureOf(1);
    const [first, later] = [viewer(1), viewer(2)];
    for (const peer of [first, later]) measure.viewerCame(peer);
    measure.skipped(first, 1_000, 1_200);
    measure.skipped(later, 1_000, 3_000);
    for (const [peer, toMs] of [[first, 500], [later, 900]] as const) {
      measure.stallBegan();
      measure.stallEnded(peer, 0, toMs);
    }
    expect([measure.firstSkippedMs, measure.skippedMs]).toEqual([200, 2_200]);
    expect([measure.firstStalledMs, measure.stalledMs]).toEqual([500, 1_400]);
  });
});
