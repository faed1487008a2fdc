import { BLOCK_BYTES, type RenditionId } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import type { PartialEngineOptions } from '../../src/engine/engine-options.js';
import { EngineRig, ref } from './engine-rig.js';
import { offering } from './push-mesh.js';
import { FIRST_DATE_MS, PART_MS, publish, RENDITION } from './published-stream.js';

const BLOCKS = 5;
const EVERY_STRIPE = offering({ 0: 50, 1: 50, 2: 50, 3: 50, 4: 50, 5: 50, 6: 50, 7: 50 });

/** A viewer that holds chunk 0; its playhead is far away. */
function viewer(engine: PartialEngineOptions = {}): EngineRig {
  const rig = new EngineRig({ engine: { fallback: { jitterParts: 0 }, ...engine } });
  rig.hold(0, 0);
  rig.handle({ kind: 'playback', position: { playheadMs: FIRST_DATE_MS + PART_MS - 60_000, rate: 1 } });
  rig.clear();
  return rig;
}

/** A neighbour that is the parent of every stripe. */
function parentOf(rig: EngineRig): number {
  const parent = rig.link();
  rig.hear(parent, { kind: 'offers', rendition: RENDITION, pathMs: EVERY_STRIPE });
  expect(rig.sent('subscribe', parent)).toHaveLength(8);
  return parent;
}

/** A neighbour that has asked for the stripe of a chunk. */
function childOf(rig: EngineRig, sequence: number): number {
  const child = rig.link();
  rig.hear(child, { kind: 'subscribe', rendition: RENDITION, stripe: sequence % 8 });
  return child;
}

describe('a push that comes', () => {
  it('LP12: its blocks need no request, and none is sent', () => {
    const rig = viewer();
    const parent = parentOf(rig);
    rig.tell(parent, 1, 'incoming');
    rig.sendAll(parent, 1);
    expect(rig.engine.bytesOf(ref(1))).toEqual(publish(1).bytes);
    expect(rig.sent('request')).toEqual([]);
    expect(rig.closed).toEqual([]);
    expect(rig.engine.state.counters).toMatchObject({ pushesReceived: 1, pulls: 0, bans: 0 });
  });

  it('LP12, IN10: who is no parent of the stripe, and was not within the last 10 s, loses the link by it', () => {
    const rig = viewer();
    const stranger = rig.link();
    rig.tell(stranger, 1, 'none');
    rig.send(stranger, 1, 0);
    expect(rig.closed).toEqual([stranger]);
    const late = viewer();
    const parent = parentOf(late);
    late.hear(parent, { kind: 'unsubscribe', rendition: RENDITION, stripe: 1 });
    // Else it would be asked again.
    late.hear(parent, { kind: 'offers', rendition: RENDITION, pathMs: offering({}) });
    late.tell(parent, 1, 'none');
    late.send(parent, 1, 0);
    expect(late.closed).toEqual([]);
    late.runFor(10_000);
    late.tell(parent, 9, 'none');
    late.send(parent, 9, 0);
    expect(late.closed).toEqual([parent]);
  });

  it('LP12: who has the chunk, or is getting it from somebody else, answers CANCEL', () => {
    const rig = viewer();
    const other = rig.link();
    rig.tell(other, 1);
    rig.send(other, 1, 0);
    const parent = parentOf(rig);
    rig.tell(parent, 1, 'incoming');
    expect(rig.sent('cancel', parent)).toEqual([{ kind: 'cancel', ...ref(1) }]);
    rig.send(parent, 1, 0);
    expect(rig.closed).toEqual([]);
  });

  it('LP12: who sends what is there already, and was not asked, is told so once', () => {
    const rig = viewer();
    const [parent, other] = [parentOf(rig), rig.link()];
    rig.hear(parent, { kind: 'unsubscribe', rendition: RENDITION, stripe: 1 });
    rig.tell(other, 1);
    rig.sendAll(other, 1);
    rig.clear();
    rig.send(parent, 1, 0);
    rig.send(parent, 1, 1);
    expect(rig.sent('cancel', parent)).toEqual([{ kind: 'cancel', ...ref(1) }]);
    expect(rig.closed).toEqual([]);
  });

  it('LP13: a parent that keeps its word is waited for, 400 ms at first, when somebody else has the chunk', () => {
    const rig = viewer();
    const parent = parentOf(rig);
    const other = rig.link();
    rig.tell(other, 1);
    rig.runFor(399);
    expect(rig.sent('request')).toEqual([]);
    rig.runFor(2);
    expect(rig.sent('request', other)).toMatchObject([ref(1)]);
    expect(rig.sent('request', parent)).toEqual([]);
  });

  it('LP13: one that did not bring the last chunk of the stripe is not waited for', () => {
    const rig = viewer();
    parentOf(rig);
    const other = rig.link();
    rig.tell(other, 1);
    rig.runFor(401);
    rig.sendAll(other, 1);
    rig.tell(other, 9);
    expect(rig.sent('request', other)).toMatchObject([ref(1), ref(9)]);
  });

  it.each([
    [20, 200, 201],
    [250, 251, 330],
    [390, 391, 400],
  ])('LP13: a parent that usually comes %d ms after the news is waited for %d to %d ms', (lagMs, least, most) => {
    const rig = viewer({ disabled: ['switching'] });
    const parent = parentOf(rig);
    const other = rig.link();
    for (let sequence = 1; sequence <= 160; sequence++) {
      // The stripe in question is that of chunk 1; the others come at once.
      if (sequence % 8 === 1) {
        rig.tell(other, sequence);
        rig.runFor(lagMs);
      }
      rig.tell(parent, sequence);
      rig.sendAll(parent, sequence);
    }
    expect(rig.sent('request')).toEqual([]);
    rig.tell(other, 161);
    const startMs = rig.nowMs;
    while (rig.sent('request').length === 0 && rig.nowMs < startMs + 2_000) rig.runFor(1);
    expect(rig.nowMs - startMs).toBeGreaterThanOrEqual(least);
    expect(rig.nowMs - startMs).toBeLessThanOrEqual(most);
  });

  it('LP13: when it is time to fall back, nobody is waited for any more', () => {
    const rig = viewer();
    parentOf(rig);
    const other = rig.link();
    // Due in 300 ms; fetches have taken no time, and half a part is kept in hand.
    rig.handle({ kind: 'playback', position: { playheadMs: FIRST_DATE_MS + PART_MS - 420, rate: 1 } });
    rig.tell(other, 1);
    rig.runFor(195);
    expect(rig.all('fetchChunk')).toEqual([]);
    rig.runFor(10);
    expect(rig.all('fetchChunk')).toHaveLength(1);
  });

  it.each([
    [1, 0],
    [2, 0],
    [3, 1],
  ])('SC7: of a push of %d blocks that another could bring sooner, %d are moved there', (blocks, moves) => {
    const rig = viewer();
    const parent = parentOf(rig);
    const other = rig.link();
    const { signed } = publish(1, { byteLength: blocks * BLOCK_BYTES });
    rig.hear(parent, { kind: 'header', signed, holding: 'incoming' });
    rig.hear(other, { kind: 'header', signed, holding: 'complete' });
    rig.runFor(100);
    expect(rig.sent('request', other)).toHaveLength(moves);
    expect(rig.sent('cancel', parent)).toHaveLength(moves);
    expect(rig.engine.state.counters.switches).toBe(moves);
  });

  it('LP8: a parent that stalls in the middle of a push is left for that stripe alone', () => {
    const rig = viewer();
    const parent = parentOf(rig);
    rig.tell(parent, 1, 'incoming');
    rig.send(parent, 1, 0);
    rig.runFor(900);
    expect(rig.sent('unsubscribe', parent)).toEqual([{ kind: 'unsubscribe', rendition: RENDITION, stripe: 1 }]);
    expect(rig.closed).toEqual([]);
  });
});

describe('a push that goes out', () => {
  it('LP14: a child hears of the chunk first, and gets each block once it is verified, in order', () => {
    const rig = viewer();
    const parent = parentOf(rig);
    const child = childOf(rig, 1);
    rig.clear();
    rig.tell(parent, 1, 'incoming');
    expect(rig.sent('block', child)).toEqual([]);
    for (let index = 0; index < BLOCKS; index++) {
      rig.send(parent, 1, index);
      expect(rig.sent('block', child).map((block) => block.index)).toEqual(Array.from({ length: index + 1 }, (_, at) => at));
    }
    const kinds = rig.all('send').filter(({ linkId }) => linkId === child).map(({ message }) => message.kind);
    expect(kinds.indexOf('header')).toBeGreaterThanOrEqual(0);
    expect(kinds.indexOf('header')).toBeLessThan(kinds.indexOf('block'));
  });

  it('LP14: of other stripes nothing is pushed, nor after UNSUBSCRIBE, nor what the child has told of itself', () => {
    const rig = viewer();
    const parent = parentOf(rig);
    const child = childOf(rig, 1);
    rig.tell(parent, 2);
    rig.sendAll(parent, 2);
    expect(rig.sent('block', child)).toEqual([]);
    rig.tell(child, 9, 'incoming');
    rig.tell(parent, 9);
    rig.sendAll(parent, 9);
    expect(rig.sent('block', child)).toEqual([]);
    rig.tell(parent, 17);
    rig.sendAll(parent, 17);
    expect(rig.sent('block', child)).toHaveLength(BLOCKS);
    rig.hear(child, { kind: 'unsubscribe', rendition: RENDITION, stripe: 1 });
    rig.tell(parent, 25);
    rig.sendAll(parent, 25);
    expect(rig.sent('block', child)).toHaveLength(BLOCKS);
  });

  it('LP14: CANCEL of a child ends the push of that chunk, not the subscription', () => {
    const rig = viewer();
    const parent = parentOf(rig);
    const child = childOf(rig, 1);
    rig.tell(parent, 1, 'incoming');
    rig.send(parent, 1, 0);
    rig.hear(child, { kind: 'cancel', ...ref(1) });
    for (const index of [1, 2, 3, 4]) rig.send(parent, 1, index);
    expect(rig.sent('block', child)).toHaveLength(1);
    rig.tell(parent, 9);
    rig.sendAll(parent, 9);
    expect(rig.sent('block', child)).toHaveLength(1 + BLOCKS);
  });

  it('LP16: to a child that leaves goes what was begun, and no more', () => {
    const rig = viewer({ push: { assumedUplinkBitsPerSecond: 12_000_000 } });
    const parent = parentOf(rig);
    const child = childOf(rig, 1);
    rig.stuck.add(child);
    for (const sequence of [1, 9]) {
      rig.tell(parent, sequence);
      rig.sendAll(parent, sequence);
    }
    expect(new Set(rig.sent('block', child).map(({ sequence }) => sequence))).toEqual(new Set([1]));
    rig.hear(child, { kind: 'unsubscribe', rendition: RENDITION, stripe: 1 });
    for (let round = 0; round < 8; round++) rig.drain(child);
    expect(rig.sent('block', child).map(({ sequence }) => sequence)).toEqual(new Array(BLOCKS).fill(1));
  });

  it('UP12: children of one chunk are served in turn, a block each', () => {
    const rig = viewer({ push: { assumedUplinkBitsPerSecond: 12_000_000 } });
    const parent = parentOf(rig);
    const children = [childOf(rig, 1), childOf(rig, 1), childOf(rig, 1)];
    for (const linkId of children) rig.stuck.add(linkId);
    rig.tell(parent, 1);
    rig.sendAll(parent, 1);
    for (let round = 0; round < 8; round++) for (const linkId of children) rig.drain(linkId);
    const order = rig
      .all('send')
      .flatMap(({ linkId, message }) => (message.kind === 'block' ? [`${children.indexOf(linkId)}:${message.index}`] : []));
    expect(order).toHaveLength(3 * BLOCKS);
    for (let index = 0; index < BLOCKS; index++) {
      expect(order.slice(index * 3, index * 3 + 3).sort()).toEqual([`0:${index}`, `1:${index}`, `2:${index}`]);
    }
  });

  it('UP12: a request due within 250 ms goes before pushes, another after them, and so does what is too late already', () => {
    for (const [deadlineInMs, waitMs, expected] of [
      [200, 61, 'asker'],
      [2_000, 61, 'child'],
      [60, 61, 'child'],
    ] as const) {
      const rig = viewer();
      const parent = parentOf(rig);
      const [child, asker] = [childOf(rig, 1), rig.link()];
      for (const linkId of [child, asker]) rig.stuck.add(linkId);
      rig.tell(parent, 1);
      rig.sendAll(parent, 1);
      expect(rig.sent('block', child)).toHaveLength(3);
      rig.hear(asker, { kind: 'request', ...ref(0), firstBlock: 0, blockCount: 1, deadlineInMs });
      rig.nowMs += waitMs;
      rig.drain(child);
      const next = rig.all('send').filter(({ message }) => message.kind === 'block')[3];
      expect(next?.linkId).toBe(expected === 'asker' ? asker : child);
    }
  });

  it('LP11: news of another rendition ends no push of the one that is watched', () => {
    const rig = viewer();
    const parent = parentOf(rig);
    const child = childOf(rig, 1);
    const other = publish(4, { rendition: 1 as RenditionId });
    rig.hear(parent, { kind: 'header', signed: other.signed, holding: 'complete' });
    expect(rig.sent('unsubscribe')).toEqual([]);
    rig.tell(parent, 1);
    rig.sendAll(parent, 1);
    expect(rig.sent('block', child)).toHaveLength(BLOCKS);
  });

  it('LP18: a new stripe of duty is left to the parent that pushes it until the origin’s seeder is linked', () => {
    const rig = viewer();
    const parent = rig.link();
    rig.hear(parent, { kind: 'offers', rendition: RENDITION, pathMs: EVERY_STRIPE });
    expect(rig.sent('subscribe', parent)).toHaveLength(8);
    rig.handle({ kind: 'duty', rendition: RENDITION, stripes: [2] });
    rig.runFor(1_000);
    expect(rig.sent('unsubscribe', parent)).toEqual([]);
    rig.link({ peer: 77, role: 'origin' });
    expect(rig.sent('unsubscribe', parent)).toMatchObject([{ stripe: 2 }]);
  });

  it('LP15: push switched off, nothing is offered, asked or taken', () => {
    const rig = viewer({ disabled: ['push'] });
    const linkId = rig.link();
    rig.hear(linkId, { kind: 'offers', rendition: RENDITION, pathMs: EVERY_STRIPE });
    rig.handle({ kind: 'duty', rendition: RENDITION, stripes: [0, 1, 2, 3] });
    rig.hear(linkId, { kind: 'subscribe', rendition: RENDITION, stripe: 0 });
    rig.runFor(3_000);
    expect(rig.sent('subscribe')).toEqual([]);
    expect(rig.sent('offers')).toEqual([]);
    expect(rig.sent('unsubscribe', linkId)).toMatchObject([{ stripe: 0 }]);
  });
});

describe('a stripe that nobody has room for', () => {
  /** A viewer that had to fetch chunks 1, 9, … of stripe 1 from the origin, each when its deadline was near. */
  function fetching(count: number): EngineRig {
    const rig = viewer();
    const other = rig.link();
    for (let index = 0; index < count; index++) {
      const sequence = 1 + 8 * index;
      rig.clear();
      rig.tell(other, sequence, 'none');
      expect(rig.all('fetchChunk')).toEqual([]);
      rig.handle({ kind: 'playback', position: { playheadMs: FIRST_DATE_MS + sequence * PART_MS - 200, rate: 1 } });
      rig.deliver(rig.all('fetchChunk')[0]!);
      rig.handle({ kind: 'playback', position: { playheadMs: FIRST_DATE_MS + sequence * PART_MS - 60_000, rate: 1 } });
    }
    return rig;
  }

  it('LP17: whose last two chunks of a stripe came from the origin offers a way of 250 ms, and fetches for its children at once', () => {
    const rig = fetching(2);
    const child = rig.link();
    const offered = rig.sent('offers', child).at(-1)?.pathMs[1] ?? 0;
    expect(offered).toBeGreaterThan(250);
    expect(offered).toBeLessThan(400);
    rig.hear(child, { kind: 'subscribe', rendition: RENDITION, stripe: 1 });
    expect(rig.sent('unsubscribe', child)).toEqual([]);
    rig.clear();
    rig.tell(rig.link(), 17, 'incoming');
    expect(rig.all('fetchChunk')).toHaveLength(1);
    rig.deliver(rig.all('fetchChunk')[0]!);
    expect(rig.sent('block', child)).toHaveLength(BLOCKS);
    expect(rig.engine.state.counters).toMatchObject({ rootFetches: 1 });
  });

  it('LP17: one chunk is not enough, and without children nothing is fetched before its time', () => {
    const once = fetching(1);
    const child = once.link();
    once.hear(child, { kind: 'subscribe', rendition: RENDITION, stripe: 1 });
    expect(once.sent('unsubscribe', child)).toHaveLength(1);
    const childless = fetching(2);
    childless.clear();
    childless.tell(childless.link(), 17, 'none');
    expect(childless.all('fetchChunk')).toEqual([]);
  });

  it('LP17: who has a parent again fetches no more; a root with children takes none but a shorter way, after 10 s any', () => {
    const rig = fetching(2);
    const child = rig.link();
    rig.hear(child, { kind: 'subscribe', rendition: RENDITION, stripe: 1 });
    const parent = rig.link();
    rig.clear();
    rig.hear(parent, { kind: 'offers', rendition: RENDITION, pathMs: offering({ 1: 260 }) });
    rig.runFor(3_000);
    expect(rig.sent('subscribe', parent)).toEqual([]);
    expect(rig.sent('unsubscribe', child)).toEqual([]);
    rig.runFor(6_000);
    rig.hear(parent, { kind: 'pong', nonce: 0 });
    rig.hear(child, { kind: 'pong', nonce: 0 });
    rig.runFor(7_500);
    expect(rig.sent('unsubscribe', child)).toHaveLength(1);
    expect(rig.sent('subscribe', parent)).toHaveLength(1);
    rig.clear();
    rig.tell(parent, 17, 'incoming');
    expect(rig.all('fetchChunk')).toEqual([]);
  });
});
