import { renditionBit, type ChunkSequence, type PeerId, type RenditionId, type WireMessage } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import type { LinkId } from '../../src/engine/engine-io.js';
import { EngineRig, peerId, type CommandOf } from './engine-rig.js';
import { blockOf, FIRST_DATE_MS, PART_MS, publish, RENDITION, type Published } from './published-stream.js';

const OTHER = 1 as RenditionId;
/** The other rendition counts its chunks from elsewhere: what is the same is the date. */
const OFFSET = 1_000;
const BOTH = renditionBit(RENDITION) | renditionBit(OTHER);

/** The other rendition's part of the date of part n. */
function other(part: number): Published {
  const first = publish(part).signed.header;
  return publish(part, { rendition: OTHER, sequence: (OFFSET + part) as ChunkSequence, programDateTimeMs: first.programDateTimeMs });
}

/** A viewer that holds parts 0 to `to`, with a neighbour of each rendition. */
function watching(to: number): { rig: EngineRig; same: LinkId; stranger: LinkId } {
  const rig = new EngineRig();
  rig.hold(0, to);
  const same = rig.link({ status: { renditions: renditionBit(RENDITION) } });
  const stranger = rig.link({ status: { renditions: renditionBit(OTHER) } });
  rig.clear();
  return { rig, same, stranger };
}

function pin(rig: EngineRig, rendition: RenditionId): void {
  rig.handle({ kind: 'quality', choice: { mode: 'pinned', rendition } });
}

function tellOther(rig: EngineRig, linkId: LinkId, part: number): void {
  rig.hear(linkId, { kind: 'header', signed: other(part).signed, holding: 'complete' });
}

function sendOther(rig: EngineRig, linkId: LinkId, part: number): void {
  const { signed } = other(part);
  const { rendition, sequence } = signed.header;
  signed.header.blockHashes.forEach((_, index) => {
    rig.hear(linkId, { kind: 'block', rendition, sequence, index, bytes: blockOf(other(part), index) });
  });
}

function played(rig: EngineRig): number[] {
  return rig.events('partReady').map(({ header }) => (header.programDateTimeMs - FIRST_DATE_MS) / PART_MS + (header.rendition === OTHER ? OFFSET : 0));
}

function fetchesOf(rig: EngineRig, rendition: RenditionId): CommandOf<'fetchChunk'>[] {
  return rig.all('fetchChunk').filter(({ chunk }) => chunk.rendition === rendition);
}

function statuses(rig: EngineRig, linkId: LinkId): (number | undefined)[] {
  return rig.sent('status', linkId).map(({ status }) => status.renditions);
}

describe('changing over', () => {
  it('RE1, RE2: the old one up to an independent part of the new one at the live edge, the new one from there, without a hole', () => {
    const { rig, same, stranger } = watching(3);
    pin(rig, OTHER);
    // Part 0 is independent, but older than what is known; the next one is 5.
    for (const part of [0, 3, 4]) tellOther(rig, stranger, part);
    rig.tell(same, 4);
    for (const part of [5, 6]) tellOther(rig, stranger, part);
    rig.tell(same, 5);
    for (const part of [5, 6]) sendOther(rig, stranger, part);
    // The new one waits for what lies before it.
    expect(played(rig)).toEqual([]);
    rig.sendAll(same, 4);
    expect(played(rig)).toEqual([4, OFFSET + 5, OFFSET + 6]);
    expect(rig.sent('request', same).map(({ sequence }) => sequence)).toEqual([4]);
    expect(rig.closed).toEqual([]);
  });

  it('RE7: where the parts of the old one come before headers of the new one, it waits 200 ms before each part where that could begin', () => {
    const { rig, same, stranger } = watching(3);
    pin(rig, OTHER);
    for (const part of [4, 5]) {
      rig.tell(same, part);
      rig.sendAll(same, part);
    }
    expect(played(rig)).toEqual([4]);
    tellOther(rig, stranger, 5);
    sendOther(rig, stranger, 5);
    expect(played(rig)).toEqual([4, OFFSET + 5]);
    const late = watching(3);
    pin(late.rig, OTHER);
    for (const part of [4, 5]) {
      late.rig.tell(late.same, part);
      late.rig.sendAll(late.same, part);
    }
    late.rig.runFor(199);
    expect(played(late.rig)).toEqual([4]);
    late.rig.runFor(2);
    expect(played(late.rig)).toEqual([4, 5]);
  });

  it('RE1: what came of the old one beyond that part is given up, and its holders told', () => {
    const { rig, same, stranger } = watching(3);
    pin(rig, OTHER);
    for (const part of [4, 5, 6]) rig.tell(same, part);
    expect(rig.sent('request', same).map(({ sequence }) => sequence)).toEqual([4, 5, 6]);
    tellOther(rig, stranger, 5);
    expect(rig.sent('cancel', same).map(({ sequence }) => sequence)).toEqual([5, 6]);
    expect(played(rig)).toEqual([]);
  });

  it('RE2: a beginning that is known before the part that it begins with counts with it', () => {
    const { rig, same, stranger } = watching(3);
    pin(rig, OTHER);
    for (const part of [6, 7, 5]) tellOther(rig, stranger, part);
    rig.tell(same, 4);
    rig.sendAll(same, 4);
    for (const part of [5, 6, 7]) sendOther(rig, stranger, part);
    expect(played(rig)).toEqual([4, OFFSET + 5, OFFSET + 6, OFFSET + 7]);
  });

  it('RE3: neighbours are told which are followed, and tell of those alone; links and what is known of them stay', () => {
    const { rig, same, stranger } = watching(3);
    const known = rig.engine.state.neighbours.map(({ linkId, roundTripMs }) => [linkId, roundTripMs]);
    tellOther(rig, stranger, 3);
    expect(rig.all('checkSignature')).toEqual([]);
    pin(rig, OTHER);
    expect(statuses(rig, same)).toEqual([BOTH]);
    tellOther(rig, stranger, 5);
    expect(rig.all('checkSignature')).toHaveLength(1);
    rig.tell(same, 4);
    rig.sendAll(same, 4);
    expect(statuses(rig, same)).toEqual([BOTH, renditionBit(OTHER)]);
    rig.tell(same, 5);
    expect(rig.all('checkSignature')).toHaveLength(2);
    expect(rig.engine.state.neighbours.map(({ linkId, roundTripMs }) => [linkId, roundTripMs])).toEqual(known);
    sendOther(rig, stranger, 5);
    const heard = (linkId: LinkId): WireMessage[] => rig.sent('header', linkId).filter(({ signed }) => signed.header.rendition === OTHER);
    expect(heard(same)).toEqual([]);
  });

  it('RE3: who follows another one from now on is told of its newest chunks', () => {
    const { rig, stranger } = watching(3);
    expect(rig.sent('header', stranger)).toEqual([]);
    rig.hear(stranger, { kind: 'status', status: { uplinkKbps: 0, queuedBytes: 0, isUploading: true, isVisible: true, renditions: BOTH } });
    expect(rig.sent('header', stranger).length + rig.sent('have', stranger).length).toBe(4);
  });

  it('RE4: without news of the new one the origin is asked from its newest independent part on, of each one by itself', () => {
    const { rig } = watching(3);
    rig.runFor(1_000);
    expect(rig.all('followHeaders').map(({ rendition, after }) => [rendition, after])).toEqual([[RENDITION, 3]]);
    pin(rig, OTHER);
    rig.runFor(1_000);
    expect(rig.all('followHeaders').slice(1).map(({ rendition, after }) => [rendition, after])).toEqual([[OTHER, undefined]]);
    rig.handle({ kind: 'originHeaders', rendition: OTHER, headers: [other(5).signed] });
    rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [publish(4).signed, publish(5).signed] });
    rig.clear();
    rig.runFor(1_000);
    for (const fetch of fetchesOf(rig, RENDITION)) rig.deliver(fetch);
    expect(rig.all('stopHeaders').map(({ rendition }) => rendition)).toEqual([RENDITION]);
  });

  it('RE4: what is forgotten of one rendition is not of another whose sequences are lower', () => {
    const rig = new EngineRig({ engine: { store: { keepMs: 2_000 } } });
    rig.hold(500, 540);
    const stranger = rig.link({ status: { renditions: renditionBit(OTHER) } });
    pin(rig, OTHER);
    rig.clear();
    const late = publish(541, { rendition: OTHER, sequence: 3 as ChunkSequence, isIndependent: true });
    rig.hear(stranger, { kind: 'header', signed: late.signed, holding: 'complete' });
    expect(rig.sent('request', stranger).map(({ sequence }) => sequence)).toEqual([3]);
  });

  it('RE5: a choice is taken back while the new one has not begun, and waits while it has', () => {
    const { rig, same, stranger } = watching(3);
    pin(rig, OTHER);
    pin(rig, RENDITION);
    expect(statuses(rig, same)).toEqual([BOTH, renditionBit(RENDITION)]);
    pin(rig, OTHER);
    tellOther(rig, stranger, 5);
    pin(rig, RENDITION);
    rig.tell(same, 4);
    rig.sendAll(same, 4);
    expect(statuses(rig, same).at(-1)).toBe(BOTH);
    sendOther(rig, stranger, 5);
    rig.tell(same, 10);
    rig.sendAll(same, 10);
    for (const part of [6, 7, 8, 9]) {
      tellOther(rig, stranger, part);
      sendOther(rig, stranger, part);
    }
    expect(played(rig)).toEqual([4, ...[5, 6, 7, 8, 9].map((part) => OFFSET + part), 10]);
    expect(rig.closed).toEqual([]);
  });

  it('RE6: what former neighbours still send of the one that was left costs them nothing', () => {
    const { rig, same, stranger } = watching(3);
    pin(rig, OTHER);
    tellOther(rig, stranger, 5);
    rig.tell(same, 4);
    rig.sendAll(same, 4);
    rig.runFor(9_000);
    for (const part of [4, 6, 20]) rig.send(same, part, 0);
    expect(rig.engine.state.counters.bans).toBe(0);
  });
});

describe('the mesh', () => {
  it('ME16: another rendition wanted, those who follow it count, and the tracker is asked for more of them at once', () => {
    const rig = new EngineRig();
    rig.hold(0, 3);
    rig.handle({ kind: 'neighboursOffered', neighbours: [] });
    for (let count = 0; count < 7; count++) rig.link({ status: { renditions: renditionBit(RENDITION) } });
    const stranger = rig.link({ status: { renditions: renditionBit(OTHER) } });
    rig.runFor(1_000);
    expect(rig.all('wantNeighbours')).toEqual([]);
    pin(rig, OTHER);
    expect(rig.all('wantNeighbours')).toMatchObject([{ rendition: OTHER, count: 7 }]);
    const peers = Array.from({ length: 9 }, (_, index) => ({ peerId: peerId(100 + index), role: 'viewer' as const, uplinkBitsPerSecond: 0 }));
    rig.handle({ kind: 'neighboursOffered', neighbours: peers });
    expect(rig.all('dial')).toHaveLength(7);
    expect(rig.engine.state.neighbours.map(({ linkId }) => linkId)).toContain(stranger);
    expect(rig.closed).toEqual([]);
  });

  it('ME16: never more than 24 links are dialled', () => {
    const rig = new EngineRig();
    rig.hold(0, 3);
    for (let count = 0; count < 22; count++) rig.link({ status: { renditions: renditionBit(OTHER) } });
    rig.handle({
      kind: 'neighboursOffered',
      neighbours: Array.from({ length: 9 }, (_, index) => ({ peerId: peerId(100 + index), role: 'viewer' as const, uplinkBitsPerSecond: 0 })),
    });
    expect(rig.all('dial')).toHaveLength(2);
  });

  it('SE2, SE3: each rendition is seeded to those on duty for it who follow it, else to another who does', () => {
    const rig = new EngineRig({ role: 'origin' });
    const all = (number: number): PeerId[][] => Array.from({ length: 8 }, () => [peerId(number)]);
    rig.handle({ kind: 'dutyMap', map: { stripes: all(1) } });
    rig.handle({ kind: 'dutyMap', map: { rendition: OTHER, stripes: all(2) } });
    const first = rig.link({ peer: 1, status: { renditions: renditionBit(RENDITION) } });
    const second = rig.link({ peer: 2, status: { renditions: renditionBit(OTHER) } });
    const seeded = (linkId: LinkId): RenditionId[] => rig.sent('header', linkId).map(({ signed }) => signed.header.rendition);
    const publishBoth = (part: number): void => {
      for (const { signed, bytes } of [publish(part), other(part)]) rig.handle({ kind: 'published', signed, bytes });
    };
    publishBoth(0);
    expect([seeded(first), seeded(second)]).toEqual([[RENDITION], [OTHER]]);
    rig.hear(first, { kind: 'status', status: { uplinkKbps: 0, queuedBytes: 0, isUploading: true, isVisible: true, renditions: renditionBit(OTHER) } });
    publishBoth(1);
    expect([seeded(first), seeded(second)]).toEqual([[RENDITION], [OTHER, OTHER]]);
    rig.hear(second, { kind: 'status', status: { uplinkKbps: 0, queuedBytes: 0, isUploading: true, isVisible: true, renditions: renditionBit(RENDITION) } });
    publishBoth(2);
    expect([seeded(first), seeded(second)]).toEqual([[RENDITION, OTHER], [OTHER, OTHER, RENDITION]]);
  });
});

describe('the rule', () => {
  const ladder = [
    { rendition: RENDITION, bitsPerSecond: 2_660_000 },
    { rendition: OTHER, bitsPerSecond: 1_330_000 },
  ];

  it('QR4: three parts that were not there when they should have been: the old one is given up at once, and the new one begins where it ended', () => {
    const { rig, same, stranger } = watching(3);
    rig.handle({ kind: 'quality', choice: { mode: 'auto', ladder } });
    rig.handle({ kind: 'playback', position: { playheadMs: FIRST_DATE_MS + 2 * PART_MS, rate: 1 } });
    for (const part of [4, 5, 6, 7]) rig.tell(same, part);
    rig.runFor(1_200);
    expect(rig.events('renditionChosen')).toEqual([{ name: 'renditionChosen', rendition: OTHER }]);
    expect(statuses(rig, same).at(-1)).toBe(renditionBit(OTHER));
    tellOther(rig, stranger, 10);
    sendOther(rig, stranger, 10);
    expect(played(rig)).toEqual([OFFSET + 10]);
  });

  it('RE8: of one that the ladder no longer names nothing comes: the least of it is followed, where the old one ended', () => {
    const { rig, same, stranger } = watching(3);
    rig.handle({ kind: 'quality', choice: { mode: 'auto', ladder: [{ rendition: 2 as RenditionId, bitsPerSecond: 2_660_000 }, { rendition: OTHER, bitsPerSecond: 1_330_000 }] } });
    expect(rig.events('renditionChosen')).toEqual([{ name: 'renditionChosen', rendition: OTHER }]);
    expect(statuses(rig, same).at(-1)).toBe(renditionBit(OTHER));
    tellOther(rig, stranger, 5);
    sendOther(rig, stranger, 5);
    expect(played(rig)).toEqual([OFFSET + 5]);
  });

  it('RE8: one that was to be next and is gone is not waited for: what was given up for it is followed anew', () => {
    const { rig, same } = watching(3);
    rig.handle({ kind: 'quality', choice: { mode: 'auto', ladder } });
    rig.handle({ kind: 'playback', position: { playheadMs: FIRST_DATE_MS + 2 * PART_MS, rate: 1 } });
    for (const part of [4, 5, 6, 7]) rig.tell(same, part);
    rig.runFor(1_200);
    expect(statuses(rig, same).at(-1)).toBe(renditionBit(OTHER));
    rig.handle({ kind: 'quality', choice: { mode: 'auto', ladder: ladder.slice(0, 1) } });
    expect(statuses(rig, same).at(-1)).toBe(renditionBit(RENDITION));
    const another = rig.link({ status: { renditions: renditionBit(RENDITION) } });
    for (const part of [10, 11]) {
      rig.tell(another, part);
      rig.sendAll(another, part);
    }
    expect(played(rig)).toEqual([10, 11]);
    expect(rig.closed).toEqual([]);
  });

  it('QR4: a pinned rendition stays, whatever is late', () => {
    const { rig, same } = watching(3);
    rig.handle({ kind: 'quality', choice: { mode: 'auto', ladder } });
    pin(rig, RENDITION);
    rig.handle({ kind: 'playback', position: { playheadMs: FIRST_DATE_MS + 2 * PART_MS, rate: 1 } });
    for (const part of [4, 5, 6, 7]) rig.tell(same, part);
    rig.runFor(3_000);
    expect(rig.events('renditionChosen')).toEqual([]);
  });
});
