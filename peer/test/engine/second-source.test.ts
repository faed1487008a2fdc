import { BLOCK_BYTES } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import type { PartialEngineOptions } from '../../src/engine/engine-options.js';
import { EngineRig, ref } from './engine-rig.js';
import { CHUNK_BYTES, FIRST_DATE_MS, PART_MS, publish } from './published-stream.js';

const BLOCKS = 5;
/** When the slow transfer is looked at: 584 ms after it was asked for it is expected to be over, and 150 more; ms. */
const SLOW_LOOK_MS = 734;

/** A viewer that holds chunk 0, whose playhead is far away, and who knows chunk 1 from the origin. */
function viewer(engine: PartialEngineOptions = {}): EngineRig {
  const rig = new EngineRig({ engine: { fallback: { jitterParts: 0 }, ...engine } });
  rig.hold(0, 0);
  rig.clear();
  return rig;
}

function waitForever(rig: EngineRig): void {
  rig.handle({ kind: 'playback', position: { playheadMs: FIRST_DATE_MS + PART_MS - 60_000, rate: 1 } });
}

describe('a transfer that falls silent', () => {
  it('SC11: is left to the rule of the stall: nobody else is asked before', () => {
    const rig = viewer();
    const [first, second] = [rig.link(), rig.link()];
    waitForever(rig);
    rig.tell(first, 1);
    rig.send(first, 1, 0);
    rig.tell(second, 1);
    // The four other blocks take 42 ms at 10 Mb/s; then 300 ms pass.
    rig.runFor(330);
    expect(rig.sent('request', second)).toEqual([]);
    rig.runFor(40);
    expect(rig.sent('cancel', first)).toHaveLength(1);
    expect(rig.sent('request', second)).toMatchObject([{ ...ref(1), firstBlock: 1, blockCount: BLOCKS - 1 }]);
  });
});

describe('a transfer that is slow', () => {
  /**
   * `slow` sends 1 Mb/s, so a block takes 131 ms; it sends its first `blocks` at once and so late that at
   * {@link SLOW_LOOK_MS} it is not silent. `quick` tells of the chunk when the other has begun.
   */
  function slowly(
    quickHas: 'complete' | 'incoming',
    how: { readonly engine?: PartialEngineOptions; readonly quickKbps?: number; readonly sentAtMs?: number; readonly blocks?: number } = {},
  ): { rig: EngineRig; slow: number; quick: number } {
    const { engine = {}, quickKbps = 10_000, sentAtMs = 650, blocks = 1 } = how;
    const rig = viewer(engine);
    const slow = rig.link({ status: { uplinkKbps: 1_000 } });
    const quick = rig.link({ status: { uplinkKbps: quickKbps } });
    waitForever(rig);
    rig.tell(slow, 1);
    expect(rig.sent('request', slow)).toHaveLength(1);
    rig.runFor(sentAtMs);
    for (let index = 0; index < blocks; index++) rig.send(slow, 1, index);
    rig.tell(quick, 1, quickHas);
    rig.runFor(SLOW_LOOK_MS - 4 - sentAtMs);
    expect(rig.sent('request', quick)).toEqual([]);
    rig.runFor(8);
    return { rig, slow, quick };
  }

  it('SC12: leaves the second half of what is missing to a neighbour that has all of the chunk and is done sooner', () => {
    const { rig, slow, quick } = slowly('complete');
    expect(rig.sent('request', quick)).toMatchObject([{ ...ref(1), firstBlock: 3, blockCount: 2 }]);
    expect(rig.engine.state.counters).toMatchObject({ splits: 1 });
    rig.runFor(31);
    rig.send(quick, 1, 3);
    rig.send(quick, 1, 4);
    rig.send(slow, 1, 1);
    expect(rig.sent('cancel', slow)).toEqual([]);
    rig.send(slow, 1, 2);
    expect(rig.engine.bytesOf(ref(1))).toEqual(publish(1).bytes);
    expect(rig.sent('cancel', slow)).toEqual([{ kind: 'cancel', ...ref(1) }]);
    expect(rig.events('chunkVerified').at(-1)?.sources.peerBytes).toBe(CHUNK_BYTES);
    for (const neighbour of rig.engine.state.neighbours) {
      expect([neighbour.outstandingBytes, neighbour.outstandingChunks]).toEqual([0, 0]);
    }
  });

  it('SC5: a neighbour owes what it was asked for and has not sent, whoever else sent some of it', () => {
    const { rig, slow, quick } = slowly('complete');
    const owedBy = (linkId: number): number | undefined =>
      rig.engine.state.neighbours.find((neighbour) => neighbour.linkId === linkId)?.outstandingBytes;
    const endBytes = CHUNK_BYTES - 3 * BLOCK_BYTES;
    expect([owedBy(slow), owedBy(quick)]).toEqual([CHUNK_BYTES - BLOCK_BYTES, endBytes]);
    rig.tell(slow, 2);
    for (const index of [3, 4]) rig.send(quick, 1, index);
    for (const index of [1, 2]) rig.send(slow, 1, index);
    expect([owedBy(slow), owedBy(quick)]).toEqual([CHUNK_BYTES, 0]);
    expect(rig.sent('cancel', quick)).toEqual([]);
  });

  it('SC12: who is still getting the chunk, or is slow too, is not asked for its end', () => {
    const incoming = slowly('incoming');
    expect(incoming.rig.sent('request', incoming.quick)).toEqual([]);
    const other = slowly('complete', { quickKbps: 500 });
    expect(other.rig.sent('request', other.quick)).toEqual([]);
  });

  it('SC12: somebody to split with is looked for every 60 ms', () => {
    const { rig, quick } = slowly('incoming');
    rig.tell(quick, 1, 'complete');
    rig.runFor(50);
    expect(rig.sent('request', quick)).toEqual([]);
    rig.runFor(10);
    expect(rig.sent('request', quick)).toMatchObject([{ ...ref(1), firstBlock: 3, blockCount: 2 }]);
  });

  it('SC12: one that will be over within 200 ms is not split', () => {
    const long = slowly('complete', { blocks: 2, sentAtMs: 690 });
    expect(long.rig.sent('request', long.quick)).toMatchObject([{ ...ref(1), firstBlock: 4, blockCount: 1 }]);
    const short = slowly('complete', { blocks: 2, sentAtMs: 640 });
    expect(short.rig.sent('request', short.quick)).toEqual([]);
  });

  it('SC12: one of which fewer than three blocks are missing is not split', () => {
    const rig = viewer();
    const slow = rig.link({ status: { uplinkKbps: 500 } });
    const quick = rig.link();
    waitForever(rig);
    rig.tell(slow, 1);
    // It is looked at after 1,270 ms, when two blocks, 278 ms, are to come for 200 ms more.
    rig.runFor(1_230);
    for (const index of [0, 1, 2]) rig.send(slow, 1, index);
    rig.tell(quick, 1);
    rig.runFor(100);
    expect(rig.sent('request', quick)).toEqual([]);
    expect(rig.engine.state.counters.splits).toBe(0);
  });

  it('SC12: splitting switched off, nothing is left to others', () => {
    const { rig, quick } = slowly('complete', { engine: { disabled: ['splitting'] } });
    expect(rig.sent('request', quick)).toEqual([]);
  });

  it('SC12: when the end is lost with its link, the first source brings it', () => {
    const { rig, slow, quick } = slowly('complete');
    expect(rig.sent('request', quick)).toHaveLength(1);
    rig.handle({ kind: 'linkEnded', linkId: quick });
    for (let index = 1; index < BLOCKS; index++) {
      rig.nowMs += 130;
      rig.send(slow, 1, index);
    }
    expect(rig.engine.bytesOf(ref(1))).toEqual(publish(1).bytes);
  });

  it('SC12: when the first source is lost, all that is missing is asked for anew', () => {
    const { rig, slow, quick } = slowly('complete');
    rig.send(quick, 1, 3);
    rig.handle({ kind: 'linkEnded', linkId: slow });
    expect(rig.sent('cancel', quick)).toEqual([{ kind: 'cancel', ...ref(1) }]);
    expect(rig.sent('request', quick)).toMatchObject([{ firstBlock: 3 }, { ...ref(1), firstBlock: 1, blockCount: BLOCKS - 1 }]);
  });
});
