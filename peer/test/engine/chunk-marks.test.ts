import { chunkKey, type ChunkKey, type ChunkSequence, type RenditionId } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { ChunkMarks } from '../../src/engine/chunk-marks.js';

function key(sequence: number): ChunkKey {
  return chunkKey(3 as RenditionId, sequence as ChunkSequence);
}

describe('marks of a neighbour’s chunks', () => {
  it('IN7: are kept apart: what it has, what both know, what was asked, what failed, and what it was sent', () => {
    const marks = new ChunkMarks();
    const state = (): unknown[] => [
      marks.holding(key(1)),
      marks.isShared(key(1)),
      marks.isSolicited(key(1)),
      marks.hasFailed(key(1)),
      marks.servedBlocks(key(1)),
    ];
    expect(state()).toEqual(['none', false, false, false, 0]);
    marks.holds(key(1), 'incoming');
    expect(state()).toEqual(['incoming', false, false, false, 0]);
    marks.share(key(1));
    expect(state()).toEqual(['incoming', true, false, false, 0]);
    marks.solicit(key(1));
    expect(state()).toEqual(['incoming', true, true, false, 0]);
    marks.fail(key(1));
    expect(state()).toEqual(['incoming', true, true, true, 0]);
    for (let count = 0; count < 600; count++) marks.serve(key(1));
    expect(state()).toEqual(['incoming', true, true, true, 600]);
    marks.holds(key(1), 'complete');
    expect(state()).toEqual(['complete', true, true, true, 600]);
    marks.lacks(key(1));
    expect(state()).toEqual(['none', true, true, true, 600]);
    expect(marks.size).toBe(1);
    marks.forget(key(1));
    expect(state()).toEqual(['none', false, false, false, 0]);
    expect(marks.size).toBe(0);
  });

  it('IN7: of a chunk do not touch another’s, and who has all of one has not less of it later', () => {
    const marks = new ChunkMarks();
    marks.holds(key(1), 'complete');
    marks.holds(key(1), 'incoming');
    marks.lacks(key(2));
    expect([marks.holding(key(1)), marks.holding(key(2)), marks.size]).toEqual(['complete', 'none', 1]);
  });

  it('IN7: beyond 1024 chunks on its word the oldest go, but none that we asked for, gave up or served', () => {
    const marks = new ChunkMarks();
    marks.solicit(key(0));
    marks.fail(key(1));
    marks.serve(key(2));
    for (let sequence = 3; sequence < 5_000; sequence++) {
      if (sequence % 2 === 0) marks.holds(key(sequence), 'complete');
      else marks.share(key(sequence));
      expect(marks.size).toBeLessThanOrEqual(1024);
    }
    expect([marks.isSolicited(key(0)), marks.hasFailed(key(1)), marks.servedBlocks(key(2))]).toEqual([true, true, 1]);
    expect(marks.holding(key(4_998))).toBe('complete');
    expect(marks.isShared(key(4_999))).toBe(true);
    expect(marks.holding(key(3_900))).toBe('none');
  });

  it('IN7: of a chunk that is known already need no further room', () => {
    const marks = new ChunkMarks();
    for (let sequence = 0; sequence < 1024; sequence++) marks.holds(key(sequence), 'incoming');
    marks.share(key(0));
    marks.holds(key(1), 'complete');
    expect([marks.size, marks.isShared(key(0)), marks.holding(key(0)), marks.holding(key(1))]).toEqual([1024, true, 'incoming', 'complete']);
  });
});
