import type { WireMessage } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import type { PartialEngineOptions } from '../../src/engine/engine-options.js';
import { EngineRig, peerId, ref } from './engine-rig.js';
import { publish } from './published-stream.js';

const BLOCKS = 5;

/** A viewer that holds chunks 0 … last. */
function holder(last = 9, engine: PartialEngineOptions = {}): EngineRig {
  const rig = new EngineRig({ engine });
  rig.hold(0, last);
  rig.clear();
  return rig;
}

/** The same, with an uplink that has been sending for a while. */
function warmHolder(engine: PartialEngineOptions = {}): EngineRig {
  const rig = holder(9, engine);
  const linkId = rig.link({ peer: 99 });
  for (let count = 0; count < 2; count++) {
    rig.hear(linkId, { kind: 'request', ...ref(9), firstBlock: 0, blockCount: 1, deadlineInMs: 0 });
    rig.runFor(160);
  }
  rig.clear();
  return rig;
}

function request(sequence: number, deadlineInMs = 500): WireMessage {
  return { kind: 'request', ...ref(sequence), firstBlock: 0, blockCount: BLOCKS, deadlineInMs };
}

/** Who got which chunk, block by block. */
function served(rig: EngineRig): string[] {
  return rig.all('send').flatMap(({ linkId, message }) => (message.kind === 'block' ? [`${linkId}:${message.sequence}`] : []));
}

/** Most bytes sent in any window of two seconds from `fromMs` on. */
function mostInTwoSeconds(rig: EngineRig, fromMs: number): number {
  const frames = rig.frames.filter(({ atMs }) => atMs >= fromMs);
  let most = 0;
  let sum = 0;
  let first = 0;
  for (const frame of frames) {
    sum += frame.bytes;
    while ((frames[first]?.atMs ?? 0) <= frame.atMs - 2_000) sum -= frames[first++]?.bytes ?? 0;
    most = Math.max(most, sum);
  }
  return most;
}

describe('slots and order', () => {
  it('UP1: a request is answered with its blocks in order, and with no other', () => {
    const rig = holder();
    const linkId = rig.link();
    rig.hear(linkId, { kind: 'request', ...ref(3), firstBlock: 1, blockCount: 2, deadlineInMs: 100 });
    expect(rig.sent('block', linkId).map(({ sequence, index }) => [sequence, index])).toEqual([[3, 1], [3, 2]]);
    expect(rig.sent('block', linkId)[0]?.bytes).toEqual(publish(3).bytes.subarray(16384, 2 * 16384));
  });

  it('UP2: a verified block is passed on while its chunk is still coming, and the slot is lent meanwhile', () => {
    const rig = holder();
    const [source, asker, other] = [rig.link(), rig.link(), rig.link()];
    rig.tell(source, 10, 'incoming');
    rig.hear(asker, request(10));
    expect(rig.sent('block')).toEqual([]);
    rig.send(source, 10, 0);
    expect(rig.sent('block', asker).map(({ index }) => index)).toEqual([0]);
    rig.hear(other, request(3));
    expect(rig.sent('block', other)).toHaveLength(BLOCKS);
    rig.send(source, 10, 1);
    expect(rig.sent('block', asker).map(({ index }) => index)).toEqual([0, 1]);
    expect(rig.engine.state.counters.cutThroughForwards).toBe(1);
  });

  it('UP2: switched off, only what is whole is passed on, and nothing counts as forwarded early', () => {
    const rig = holder(9, { disabled: ['cutThrough'] });
    const [source, asker] = [rig.link(), rig.link()];
    rig.tell(source, 10, 'incoming');
    rig.hear(asker, request(10));
    for (let index = 0; index < BLOCKS - 1; index++) rig.send(source, 10, index);
    expect(rig.sent('block', asker)).toEqual([]);
    rig.send(source, 10, BLOCKS - 1);
    expect(rig.sent('block', asker)).toHaveLength(BLOCKS);
    expect(rig.engine.state.counters.cutThroughForwards).toBe(0);
  });

  it('UP3: a cold uplink serves two links at a time, a warm one finishes one chunk before the next', () => {
    for (const [rig, isWarm] of [[holder(), false], [warmHolder(), true]] as const) {
      const [first, second, third] = [rig.link(), rig.link(), rig.link()];
      for (const linkId of [first, second, third]) rig.stuck.add(linkId);
      // Two blocks are more than a slot’s 32 KiB, and less than what the uplink may be handed.
      rig.hear(first, { kind: 'request', ...ref(3), firstBlock: 0, blockCount: 2, deadlineInMs: 500 });
      rig.hear(second, request(4));
      rig.hear(third, request(5));
      expect(served(rig)).toEqual([`${first}:3`, `${first}:3`, ...(isWarm ? [] : [`${second}:4`])]);
      rig.drain(first);
      rig.runFor(20);
      expect(served(rig)).not.toContain(`${third}:5`);
      expect(served(rig)).toContain(`${second}:4`);
    }
  });

  it('UP3: all links together are handed no more than fills 40 KiB', () => {
    const rig = holder();
    const links = [rig.link(), rig.link(), rig.link()];
    for (const linkId of links) rig.stuck.add(linkId);
    for (const linkId of links) for (const sequence of [3, 4, 5]) rig.hear(linkId, request(sequence));
    const heldBytes = (): number => links.reduce((sum, linkId) => sum + (rig.buffered.get(linkId) ?? 0), 0);
    for (let round = 0; round < 6; round++) {
      for (const linkId of links) {
        expect(heldBytes()).toBeGreaterThan(0);
        expect(heldBytes()).toBeLessThan(40 * 1024 + 16_400);
        rig.drain(linkId);
      }
    }
    expect(new Set(served(rig)).size).toBeGreaterThan(3);
  });

  it('UP3: the origin’s seeder has no limit for all links together: what goes before its blocks is not its own', () => {
    const rig = new EngineRig({ role: 'origin' });
    const links = Array.from({ length: 6 }, (_, index) => rig.link({ peer: index + 1 }));
    for (const linkId of links) rig.stuck.add(linkId);
    const holders = Array.from({ length: 8 }, () => links.map((_, index) => peerId(index + 1)));
    rig.handle({ kind: 'dutyMap', map: { stripes: holders } });
    rig.handle({ kind: 'published', ...publish(0) });
    for (const linkId of links) expect(rig.sent('block', linkId).length).toBeGreaterThanOrEqual(2);
  });

  it('UP3: a weak uplink is handed 40 ms’ worth, two blocks at least; a stronger one more', () => {
    for (const [assumedUplinkBitsPerSecond, blocks] of [[500_000, 2], [3_000_000, 2], [5_000_000, 2], [8_000_000, 3]] as const) {
      const rig = holder(9, { push: { assumedUplinkBitsPerSecond } });
      const asker = rig.link();
      rig.stuck.add(asker);
      rig.hear(asker, request(3));
      expect(served(rig)).toHaveLength(blocks);
    }
  });

  it('UP3: on a weak uplink those who wait behind others’ bytes still count after a second', () => {
    const rig = warmHolder({ push: { assumedUplinkBitsPerSecond: 500_000 } });
    const [first, second, third] = [rig.link(), rig.link(), rig.link()];
    for (const linkId of [first, second, third]) rig.stuck.add(linkId);
    for (const linkId of [first, second, third]) rig.hear(linkId, request(3));
    expect(served(rig)).toHaveLength(2);
    const [busy] = [...rig.buffered.keys()];
    // A few bytes leave now and then: the uplink is at work.
    for (let round = 0; round < 30; round++) {
      rig.buffered.set(busy!, rig.buffered.get(busy!)! - 100);
      rig.runFor(100);
    }
    expect(served(rig)).toHaveLength(2);
  });

  it('UP3: a link whose buffer holds 40 KiB is handed nothing, and holds up the others for a second', () => {
    const rig = warmHolder();
    const [slow, quick] = [rig.link(), rig.link()];
    rig.stuck.add(slow);
    rig.hear(slow, request(3));
    rig.hear(quick, request(4));
    expect(served(rig)).toEqual([`${slow}:3`, `${slow}:3`, `${slow}:3`]);
    rig.runFor(999);
    expect(served(rig)).toHaveLength(3);
    // A full uplink is looked at every 15 ms.
    rig.runFor(20);
    expect(served(rig).filter((it) => it === `${quick}:4`)).toHaveLength(BLOCKS);
    rig.drain(slow);
    expect(served(rig).filter((it) => it === `${slow}:3`)).toHaveLength(BLOCKS);
  });

  it('UP4: the nearest deadline goes first; within 50 ms whoever asked first', () => {
    const rig = warmHolder();
    const links = [rig.link(), rig.link(), rig.link(), rig.link()] as const;
    const [busy, late, early, other] = links;
    rig.nowMs += 40;
    for (const linkId of links) rig.stuck.add(linkId);
    rig.hear(busy, request(3));
    rig.hear(late, request(4, 400));
    rig.hear(early, request(5, 310));
    rig.hear(other, request(6, 300));
    for (let round = 0; round < 5; round++) for (const linkId of links) rig.drain(linkId);
    const order = served(rig).filter((it, index, all) => all.indexOf(it) === index);
    expect(order).toEqual([`${busy}:3`, `${early}:5`, `${other}:6`, `${late}:4`]);
  });

  it('UP4: what is too late already goes after what can still be in time', () => {
    const rig = warmHolder();
    const links = [rig.link(), rig.link(), rig.link()] as const;
    const [busy, late, early] = links;
    rig.nowMs += 40;
    for (const linkId of links) rig.stuck.add(linkId);
    rig.hear(busy, request(3));
    rig.hear(late, request(4, 60));
    rig.hear(early, request(5, 400));
    rig.nowMs += 61;
    for (let round = 0; round < 4; round++) for (const linkId of links) rig.drain(linkId);
    const order = served(rig).filter((it, index, all) => all.indexOf(it) === index);
    expect(order).toEqual([`${busy}:3`, `${early}:5`, `${late}:4`]);
  });

  it('UP5: who has to wait is told how many bytes go before', () => {
    const rig = warmHolder();
    const [first, second, third] = [rig.link(), rig.link(), rig.link()];
    rig.stuck.add(first);
    rig.hear(first, request(3));
    rig.hear(second, request(4, 600));
    rig.hear(third, request(5, 900));
    expect(rig.sent('queued', first)).toEqual([]);
    expect(rig.sent('queued', second)).toMatchObject([{ aheadBytes: 2 * 16384 }]);
    expect(rig.sent('queued', third)).toMatchObject([{ aheadBytes: 7 * 16384 }]);
  });
});

describe('refusals', () => {
  it('UP6: what is not held, or not that long, is refused with notHeld', () => {
    const rig = holder();
    const linkId = rig.link();
    rig.hear(linkId, request(77));
    rig.hear(linkId, { kind: 'request', ...ref(3), firstBlock: 3, blockCount: 3, deadlineInMs: 0 });
    expect(rig.sent('reject', linkId)).toMatchObject([{ sequence: 77, reason: 'notHeld' }, { sequence: 3, reason: 'notHeld' }]);
    expect(rig.sent('block')).toEqual([]);
  });

  it('UP6: the 65th request that waits is refused with overLimit', () => {
    const rig = new EngineRig();
    rig.hold(0, 69);
    const linkId = rig.link();
    rig.buffered.set(linkId, 52 * 1024);
    for (let sequence = 0; sequence < 70; sequence++) rig.hear(linkId, request(sequence));
    expect(rig.sent('reject', linkId)).toHaveLength(6);
    expect(rig.sent('reject', linkId)[0]).toMatchObject({ sequence: 64, reason: 'overLimit' });
  });

  it('UP6: a chunk goes to the same neighbour twice at most: one who asks for ever is refused', () => {
    const rig = holder();
    const linkId = rig.link();
    for (let count = 0; count < 20; count++) rig.hear(linkId, request(3, 0));
    expect(rig.sent('block', linkId)).toHaveLength(2 * BLOCKS);
    expect(rig.sent('reject', linkId)).toHaveLength(18);
    expect(rig.sent('reject', linkId)[0]).toMatchObject({ reason: 'overLimit' });
    rig.hear(linkId, request(4));
    expect(rig.sent('block', linkId)).toHaveLength(3 * BLOCKS);
  });

  it('UP6: what would come more than 50 ms after its deadline is refused with tooLate, unless it has none', () => {
    const rig = holder();
    const linkId = rig.link();
    // Five blocks at 1 Mb/s take 655 ms.
    rig.handle({ kind: 'upload', policy: { mode: 'capped', bitsPerSecond: 1_000_000 } });
    rig.runFor(1_000);
    rig.hear(linkId, request(3, 600));
    expect(rig.sent('reject', linkId)).toMatchObject([{ sequence: 3, reason: 'tooLate' }]);
    rig.hear(linkId, request(4, 610));
    rig.hear(linkId, request(5, 65_535));
    rig.runFor(3_000);
    expect(rig.sent('reject', linkId)).toHaveLength(1);
    expect(rig.sent('block', linkId).map(({ sequence }) => sequence)).toEqual([4, 4, 4, 4, 4, 5, 5, 5, 5, 5]);
  });

  it('UP7: a new request for a chunk replaces the one before; CANCEL and the end of the link drop it', () => {
    const rig = holder();
    const linkId = rig.link();
    rig.buffered.set(linkId, 52 * 1024);
    rig.hear(linkId, request(3));
    rig.hear(linkId, { kind: 'request', ...ref(3), firstBlock: 4, blockCount: 1, deadlineInMs: 0 });
    rig.hear(linkId, request(4));
    rig.hear(linkId, { kind: 'cancel', ...ref(4) });
    rig.buffered.set(linkId, 0);
    rig.handle({ kind: 'linkDrained', linkId });
    expect(rig.sent('block', linkId)).toMatchObject([{ sequence: 3, index: 4 }]);
    rig.buffered.set(linkId, 52 * 1024);
    rig.hear(linkId, request(5));
    rig.handle({ kind: 'linkEnded', linkId });
    rig.buffered.set(linkId, 0);
    rig.runFor(1_000);
    expect(rig.sent('block')).toHaveLength(1);
  });

  it('UP8: a request for a chunk that is dropped while it waits is refused with notHeld', () => {
    const rig = new EngineRig({ engine: { store: { keepMs: 2_000 } } });
    rig.hold(0, 19);
    const linkId = rig.link();
    rig.buffered.set(linkId, 52 * 1024);
    rig.hear(linkId, request(0));
    const source = rig.link();
    for (let sequence = 20; sequence < 60; sequence++) {
      rig.tell(source, sequence);
      rig.sendAll(source, sequence);
    }
    expect(rig.sent('reject', linkId)).toMatchObject([{ sequence: 0, reason: 'notHeld' }]);
  });
});

describe('the viewer’s say', () => {
  it('UP9: switched off, all that waits is refused, neighbours are told, and nothing is announced or served', () => {
    const rig = holder();
    const linkId = rig.link();
    rig.buffered.set(linkId, 52 * 1024);
    rig.hear(linkId, request(3));
    rig.handle({ kind: 'upload', policy: { mode: 'off' } });
    expect(rig.sent('reject', linkId)).toMatchObject([{ sequence: 3, reason: 'notUploading' }]);
    expect(rig.sent('status', linkId).at(-1)?.status.isUploading).toBe(false);
    rig.clear();
    rig.buffered.set(linkId, 0);
    rig.hear(linkId, request(3));
    const source = rig.link();
    rig.tell(source, 10);
    rig.sendAll(source, 10);
    expect(rig.sent('reject', linkId)).toMatchObject([{ reason: 'notUploading' }]);
    expect([...rig.sent('block'), ...rig.sent('header'), ...rig.sent('have'), ...rig.sent('incoming')]).toEqual([]);
  });

  it('UP9: switched on again, neighbours are told so, and of the chunks that came meanwhile', () => {
    const rig = holder();
    rig.handle({ kind: 'upload', policy: { mode: 'off' } });
    const linkId = rig.link();
    expect(rig.sent('header', linkId)).toEqual([]);
    rig.handle({ kind: 'upload', policy: { mode: 'on' } });
    expect(rig.sent('status', linkId).at(-1)?.status.isUploading).toBe(true);
    expect(rig.sent('header', linkId).map(({ signed }) => signed.header.sequence)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it.each([400_000, 1_000_000, 8_000_000])(
    'UP10: no two seconds see more than a cap of %d bits a second, control and floods of questions included',
    (bitsPerSecond) => {
      const rig = new EngineRig();
      rig.hold(0, 69);
      const links = Array.from({ length: 12 }, () => rig.link());
      rig.frames.length = 0;
      rig.handle({ kind: 'upload', policy: { mode: 'capped', bitsPerSecond } });
      const startMs = rig.nowMs;
      for (let round = 0; round < 200; round++) {
        for (const linkId of links) {
          rig.hear(linkId, request((round * 7 + linkId) % 70, 60_000));
          for (let nonce = 0; nonce < 20; nonce++) rig.hear(linkId, { kind: 'ping', nonce });
          rig.hear(linkId, request(5000 + round));
        }
        rig.runFor(50);
      }
      const most = mostInTwoSeconds(rig, startMs);
      expect(most).toBeLessThanOrEqual((bitsPerSecond / 8) * 2);
      expect(most).toBeGreaterThan((bitsPerSecond / 8) * 1.3);
    },
  );

  it('UP10: a cap that is set again and again, or between other settings, is not exceeded either', () => {
    const rig = new EngineRig();
    rig.hold(0, 69);
    const links = Array.from({ length: 12 }, () => rig.link());
    const bitsPerSecond = 2_000_000;
    rig.frames.length = 0;
    rig.handle({ kind: 'upload', policy: { mode: 'capped', bitsPerSecond } });
    const startMs = rig.nowMs;
    for (let round = 0; round < 200; round++) {
      for (const linkId of links) rig.hear(linkId, request((round * 7 + linkId) % 70, 60_000));
      if (round % 3 === 0) rig.handle({ kind: 'upload', policy: { mode: 'off' } });
      rig.handle({ kind: 'upload', policy: { mode: 'capped', bitsPerSecond: bitsPerSecond - round } });
      rig.runFor(50);
    }
    expect(mostInTwoSeconds(rig, startMs)).toBeLessThanOrEqual(bitsPerSecond / 4);
  });

  it.each([
    ['', []],
    [', also by way of off', [{ mode: 'off' }] as const],
  ])('UP10: what is in the send buffers when a cap is set counts against it%s', (_way, before) => {
    const rig = holder();
    const linkId = rig.link();
    rig.buffered.set(linkId, 40_000);
    for (const policy of before) rig.handle({ kind: 'upload', policy });
    rig.handle({ kind: 'upload', policy: { mode: 'capped', bitsPerSecond: 400_000 } });
    rig.buffered.set(linkId, 0);
    rig.hear(linkId, request(3, 60_000));
    rig.runFor(1_000);
    expect(rig.sent('block')).toEqual([]);
    rig.runFor(1_000);
    expect(rig.sent('block').length).toBeGreaterThan(0);
    expect(rig.engine.state.counters.uploadCapWaits).toBeGreaterThan(0);
  });
});
