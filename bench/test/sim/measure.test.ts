import type { ChunkHeader, RenditionId } from '@p2ptv/protocol';
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

function measureOf(firstViewers: number, queue = new EventQueue()): Measure {
  return new Measure(queue, { firstViewers, ladder: ladderOf(3e6, 1), endMs: 20_000 });
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

  it('counts delays from 5 s after a join to 3 s before the end: of later chunks only those that were quick would be there', () => {
    const queue = new EventQueue();
    const measure = measureOf(1, queue);
    const peer = viewer(1);
    measure.viewerCame(peer);
    [4_900, 5_000, 17_000, 17_100].forEach((publishedMs, sequence) => {
      const header = { rendition: RENDITION, sequence, byteLength: 1 } as ChunkHeader;
      queue.nowMs = publishedMs;
      measure.published(header, true);
      queue.nowMs = publishedMs + 100 * (sequence + 1);
      measure.chunkVerified(peer, header);
    });
    expect([measure.delays.count, Math.floor(measure.delays.quantile(1))]).toEqual([2, 301]);
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
