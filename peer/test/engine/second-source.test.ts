import { describe, expect, it } from 'vitest';
import type { PartialEngineOptions } from '../../src/engine/engine-options.js';
import { EngineRig, ref } from './engine-rig.js';
import { CHUNK_BYTES, FIRST_DATE_MS, PART_MS, publish } from './published-stream.js';

const BLOCKS = 5;
/** By then a transfer at 10 Mb/s that fell silent after its first block has a second source, ms after it was asked for. */
const SILENT_FOR_MS = 260;
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
  /** `first` has sent one block and falls silent; `second` has the chunk too. */
  function silent(engine: PartialEngineOptions = {}): { rig: EngineRig; first: number; second: number } {
    const rig = viewer(engine);
    const [first, second] = [rig.link(), rig.link()];
    waitForever(rig);
    rig.tell(first, 1);
    rig.send(first, 1, 0);
    rig.tell(second, 1);
    return { rig, first, second };
  }

  it('SC11: beyond 150 ms after the end that was expected when it was asked for gets a second source for all that is missing', () => {
    const { rig, first, second } = silent();
    // Five blocks at 10 Mb/s take 53 ms, and a round trip of 50 ms is assumed.
    rig.runFor(250);
    expect(rig.sent('request', second)).toEqual([]);
    rig.runFor(SILENT_FOR_MS - 250);
    expect(rig.sent('request', second)).toMatchObject([{ ...ref(1), firstBlock: 1, blockCount: BLOCKS - 1 }]);
    expect(rig.sent('cancel', first)).toEqual([]);
    expect(rig.engine.state.counters).toMatchObject({ hedges: 1, pulls: 1 });
  });

  it('SC11: a block that comes meanwhile defers that to 150 ms and two blocks’ time after it', () => {
    const { rig, first, second } = silent();
    rig.runFor(100);
    rig.send(first, 1, 1);
    // A block at 10 Mb/s takes 13 ms.
    rig.runFor(170);
    expect(rig.sent('request', second)).toEqual([]);
    rig.runFor(10);
    expect(rig.sent('request', second)).toMatchObject([{ ...ref(1), firstBlock: 2, blockCount: BLOCKS - 2 }]);
  });

  it('SC11: a report of the player has it looked at before that', () => {
    const { rig, second } = silent();
    rig.runFor(170);
    waitForever(rig);
    expect(rig.sent('request', second)).toEqual([]);
    rig.runFor(20);
    expect(rig.sent('request', second)).toHaveLength(1);
  });

  it('SC11: waits longer, two round trips, where those are longer', () => {
    const rig = viewer();
    const [first, second] = [rig.link(), rig.link()];
    waitForever(rig);
    rig.runFor(2_000);
    const ping = rig.sent('ping', first).at(-1)!;
    rig.nowMs += 200;
    rig.hear(first, { kind: 'pong', nonce: ping.nonce });
    rig.tell(first, 1);
    expect(rig.sent('request', first)).toHaveLength(1);
    rig.send(first, 1, 0);
    rig.tell(second, 1);
    // Expected after 253 ms.
    rig.runFor(645);
    expect(rig.sent('request', second)).toEqual([]);
    rig.runFor(15);
    expect(rig.sent('request', second)).toHaveLength(1);
  });

  it.each([
    ['the second', 1],
    ['the first', 0],
  ] as const)('SC11: whoever sends the next block stays, here %s; the other gets CANCEL, and what it sent already is no offence', (_who, winner) => {
    const { rig, first, second } = silent();
    rig.runFor(SILENT_FOR_MS);
    const [stays, goes] = winner === 1 ? [second, first] : [first, second];
    rig.send(stays, 1, 1);
    expect([rig.sent('cancel', goes), rig.sent('cancel', stays)]).toEqual([[{ kind: 'cancel', ...ref(1) }], []]);
    rig.send(goes, 1, 1);
    for (const index of [2, 3, 4]) rig.send(stays, 1, index);
    expect(rig.engine.bytesOf(ref(1))).toEqual(publish(1).bytes);
    expect([rig.closed, rig.engine.state.counters.duplicateBlocks]).toEqual([[], 1]);
    for (const neighbour of rig.engine.state.neighbours) {
      expect([neighbour.outstandingBytes, neighbour.outstandingChunks]).toEqual([0, 0]);
    }
  });

  it('SC11: a chunk has two sources at most', () => {
    const { rig, first, second } = silent();
    const third = rig.link();
    rig.tell(third, 1);
    rig.runFor(290);
    const asked = [first, second, third].map((linkId) => rig.sent('request', linkId).length);
    expect(asked.reduce((sum, count) => sum + count)).toBe(2);
    expect(rig.engine.state.counters.hedges).toBe(1);
  });

  it('SC11: when the first’s link ends, the second goes on alone', () => {
    const { rig, first, second } = silent();
    rig.runFor(SILENT_FOR_MS);
    expect(rig.sent('request', second)).toHaveLength(1);
    rig.handle({ kind: 'linkEnded', linkId: first });
    for (let index = 1; index < BLOCKS; index++) rig.send(second, 1, index);
    expect(rig.engine.bytesOf(ref(1))).toEqual(publish(1).bytes);
    expect(rig.sent('request', second)).toHaveLength(1);
  });

  it('SC8: when the first stalls, the second goes on alone', () => {
    const { rig, first, second } = silent();
    rig.runFor(SILENT_FOR_MS);
    rig.runFor(300);
    expect(rig.sent('cancel', first)).toHaveLength(1);
    expect(rig.sent('cancel', second)).toEqual([]);
    expect(rig.sent('request', second)).toHaveLength(1);
    for (let index = 1; index < BLOCKS; index++) rig.send(second, 1, index);
    expect(rig.engine.bytesOf(ref(1))).toEqual(publish(1).bytes);
  });

  it('SC11: hedging switched off, only the stall ends it', () => {
    const { rig, first, second } = silent({ disabled: ['hedging'] });
    rig.runFor(290);
    expect(rig.sent('request', second)).toEqual([]);
    rig.runFor(200);
    expect(rig.sent('cancel', first)).toHaveLength(1);
    expect(rig.sent('request', second)).toHaveLength(1);
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
    expect(rig.engine.state.counters).toMatchObject({ splits: 1, hedges: 0 });
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
});
