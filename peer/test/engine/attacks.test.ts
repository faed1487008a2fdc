import { renditionBit, type NamedPeer, type PeerId, type PeerStatus, type RenditionId } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import type { LinkId } from '../../src/engine/engine-io.js';
import { EngineRig, peerId, ref } from './engine-rig.js';
import { offering } from './push-mesh.js';
import { FIRST_DATE_MS, PART_MS, publish, RENDITION } from './published-stream.js';

const BLOCKS = 5;
const OTHER = 1 as RenditionId;
const SERVING: PeerStatus = { uplinkKbps: 10_000, queuedBytes: 0, isUploading: true, isVisible: true };
/** Ms before its deadline of chunk 1 that {@link watching} leaves. */
const SLACK_MS = 1_080;
/** What the origin takes in {@link watching}. */
const FETCH_MS = 120;

/** A viewer that has chunk 0 from the origin, in {@link FETCH_MS}, and plays it so that chunk 1 is due after {@link SLACK_MS}. */
function watching(): EngineRig {
  const rig = new EngineRig({ engine: { fallback: { jitterParts: 0 } } });
  rig.join(0, 0);
  rig.runFor(FETCH_MS);
  rig.deliver(rig.all('fetchChunk')[0]!);
  rig.handle({ kind: 'playback', position: { playheadMs: FIRST_DATE_MS + PART_MS - SLACK_MS - 120, rate: 1 } });
  rig.clear();
  return rig;
}

describe('who costs most for least', () => {
  it('IN19: following one rendition and another to and fro draws headers four times, and then every 5 s', () => {
    const rig = new EngineRig();
    rig.hold(0, 19);
    const linkId = rig.link({ status: { renditions: renditionBit(OTHER) } });
    rig.clear();
    const toAndFro = (times: number): void => {
      for (let count = 0; count < times; count++) {
        for (const rendition of [RENDITION, OTHER]) rig.hear(linkId, { kind: 'status', status: { ...SERVING, renditions: renditionBit(rendition) } });
      }
    };
    toAndFro(200);
    const first = rig.sent('header', linkId).length;
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThanOrEqual(4 * 16);
    rig.runFor(5_000);
    rig.clear();
    toAndFro(200);
    expect(rig.sent('header', linkId).length).toBeLessThanOrEqual(16);
    expect(rig.closed).toEqual([]);
  });

  it('IN19: who changes over as viewers do is told of the newest chunks each time', () => {
    const rig = new EngineRig();
    rig.hold(0, 19);
    const linkId = rig.link({ status: { renditions: renditionBit(OTHER) } });
    for (let count = 0; count < 6; count++) {
      rig.clear();
      rig.hear(linkId, { kind: 'status', status: { ...SERVING, renditions: renditionBit(RENDITION) } });
      expect(rig.sent('header', linkId)).toHaveLength(16);
      rig.hear(linkId, { kind: 'status', status: { ...SERVING, renditions: renditionBit(OTHER) } });
      rig.runFor(9_000);
      rig.hear(linkId, { kind: 'pong', nonce: 0 });
    }
  });

  it('SE7: the origin’s seeder serves a peer on duty with what it told it of, and takes nobody’s word for more', () => {
    const rig = new EngineRig({ role: 'origin' });
    const linkId = rig.link({ peer: 1 });
    rig.handle({ kind: 'dutyMap', map: { stripes: [[peerId(1)], [], [], [], [], [], [], []] } });
    // Others are on duty for the other stripes, and are not linked yet.
    rig.link({ peer: 2 });
    rig.handle({ kind: 'dutyMap', map: { stripes: [[peerId(1)], ...Array.from({ length: 7 }, () => [peerId(2)])] } });
    for (let sequence = 0; sequence < 16; sequence++) {
      rig.handle({ kind: 'published', signed: publish(sequence).signed, bytes: publish(sequence).bytes });
      rig.runFor(PART_MS);
    }
    rig.clear();
    for (let sequence = 0; sequence < 16; sequence++) {
      rig.tell(linkId, sequence);
      rig.hear(linkId, { kind: 'request', ...ref(sequence), firstBlock: 0, blockCount: BLOCKS, deadlineInMs: 0xffff });
      rig.runFor(PART_MS);
    }
    expect(new Set(rig.sent('block', linkId).map(({ sequence }) => sequence))).toEqual(new Set([0, 8]));
    expect(rig.sent('reject', linkId).every(({ reason }) => reason === 'notHeld')).toBe(true);
    expect(rig.all('checkSignature')).toEqual([]);
  });

  it.each([10_000, 0xffff_ffff])('SC13: a neighbour (%i kb/s by its word) that says again and again that it is about to send holds the fallback up no longer than one that is silent', (uplinkKbps) => {
    const fetchedAfterMs = (isTalking: boolean): number => {
      const rig = watching();
      const beganAtMs = rig.nowMs;
      const liar = rig.link({ status: { uplinkKbps } });
      rig.tell(liar, 1);
      expect(rig.sent('request', liar)).toHaveLength(1);
      while (rig.all('fetchChunk').length === 0 && rig.nowMs < beganAtMs + 2 * SLACK_MS) {
        rig.runFor(10);
        if (isTalking) rig.hear(liar, { kind: 'queued', ...ref(1), aheadBytes: 0 });
      }
      return rig.nowMs - beganAtMs;
    };
    const silentMs = fetchedAfterMs(false);
    expect(silentMs).toBeLessThan(SLACK_MS - 2 * FETCH_MS);
    expect(fetchedAfterMs(true)).toBeLessThanOrEqual(silentMs + 10);
  });

  it.each([10, 50, 100])('SC13: nor does one that sends the same block every %i ms', (everyMs) => {
    const rig = watching();
    const beganAtMs = rig.nowMs;
    const liar = rig.link();
    rig.tell(liar, 1);
    while (rig.all('fetchChunk').length === 0 && rig.nowMs < beganAtMs + 2 * SLACK_MS) {
      rig.runFor(everyMs);
      rig.send(liar, 1, 0);
    }
    expect(rig.nowMs - beganAtMs).toBeLessThan(SLACK_MS - 2 * FETCH_MS);
  });
});

describe('a parent that promises the shortest way and brings nothing', () => {
  it('LP9: is believed ever more seldom, and not for long', () => {
    const rig = new EngineRig({ engine: { fallback: { jitterParts: 0 } } });
    rig.hold(0, 0);
    const [liar, honest] = [rig.link(), rig.link()];
    rig.hear(honest, { kind: 'offers', rendition: RENDITION, pathMs: offering({ 0: 100, 1: 100, 2: 100, 3: 100, 4: 100, 5: 100, 6: 100, 7: 100 }) });
    rig.hear(liar, { kind: 'offers', rendition: RENDITION, pathMs: offering({ 0: 0, 1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0 }) });
    let believed = 0;
    const chunks = 240;
    const parents = new Map<number, LinkId>();
    /** What was asked for since the last look is sent, and who is whose parent noted. */
    const look = (): void => {
      const asked = rig.sent('request', honest);
      for (const { linkId, message } of rig.all('send')) {
        if (message.kind === 'subscribe') parents.set(message.stripe, linkId);
        if (message.kind === 'unsubscribe' && parents.get(message.stripe) === linkId) parents.delete(message.stripe);
      }
      rig.clear();
      for (const { sequence } of asked) rig.sendAll(honest, sequence);
    };
    for (let sequence = 1; sequence <= chunks; sequence++) {
      rig.handle({ kind: 'playback', position: { playheadMs: FIRST_DATE_MS + PART_MS * sequence - 1_000, rate: 1 } });
      look();
      const parent = parents.get(sequence % 8);
      believed += Number(parent === liar);
      rig.tell(honest, sequence);
      if (parent === honest) rig.sendAll(honest, sequence);
      for (let count = 0; count < 5; count++) {
        rig.runFor(PART_MS / 5);
        look();
      }
      for (const linkId of [liar, honest]) rig.hear(linkId, { kind: 'pong', nonce: 0 });
    }
    expect(rig.closed).toEqual([]);
    expect(believed).toBeGreaterThan(8);
    // It was .4 while it was asked again after 4 s each time.
    expect(believed / chunks).toBeLessThan(0.3);
  });
});

describe('names that lead nowhere', () => {
  it.each([1, 2, 3])('ME11: a neighbour that invents peers by the dozen, with uplinks beyond measure, takes no more than its turn (seed %i)', (seed) => {
    const rig = new EngineRig({ seed });
    rig.hold(0, 0);
    rig.handle({ kind: 'neighboursOffered', neighbours: [] });
    const [honest, liar] = [rig.link({ peer: 1 }), rig.link({ peer: 2 })];
    const real = Array.from({ length: 8 }, (_, index) => named(100 + index, 8_000));
    let invented = 1_000;
    /** Dials of those who do not exist, and when they time out. */
    const vain: { readonly id: PeerId; readonly untilMs: number }[] = [];
    const beganAtMs = rig.nowMs;
    while (rig.engine.state.neighbourCount < 6 && rig.nowMs < beganAtMs + 300_000) {
      rig.clear();
      rig.hear(liar, { kind: 'peers', peers: Array.from({ length: 16 }, () => named(invented++, 0xffff_ffff)) });
      rig.hear(honest, { kind: 'peers', peers: real });
      rig.runFor(1_000);
      for (; vain[0] && vain[0].untilMs <= rig.nowMs; vain.shift()) rig.handle({ kind: 'dialFailed', peerId: vain[0].id });
      for (const { peerId: id } of rig.all('dial')) {
        const number = Number.parseInt(id, 16);
        if (number >= 1_000) vain.push({ id, untilMs: rig.nowMs + 10_000 });
        else rig.link({ peer: number });
      }
      for (const { linkId } of rig.engine.state.neighbours) rig.hear(linkId, { kind: 'pong', nonce: 0 });
    }
    expect(rig.engine.state.neighbourCount).toBeGreaterThanOrEqual(6);
    expect(rig.nowMs - beganAtMs).toBeLessThan(45_000);
  });
});

function named(number: number, uplinkKbps: number): NamedPeer {
  return { peerId: peerId(number), role: 'viewer', uplinkKbps, isUploading: true, isVisible: true };
}

describe('time', () => {
  it.each([['an hour', 3_600_000], ['a month', 30 * 86_400_000], ['a thousand years', 2 ** 45]])('IN17: %s passes in one step, as when a laptop wakes: the engine goes on, and comes to rest', (_name, jumpMs) => {
    const rig = new EngineRig();
    rig.hold(0, 9);
    const linkId = rig.link();
    rig.tell(linkId, 10);
    rig.nowMs += jumpMs;
    rig.handle({ kind: 'tick' });
    expect(rig.runFor(2_000)).toBeLessThan(100);
    expect(rig.engine.state.neighbourCount).toBe(0);
    expect(rig.all('followHeaders').length).toBeGreaterThan(0);
  });
});

describe('the last sequences that there are', () => {
  const LAST = 0xffff_ffff;

  it('IN17, IN18: are played, passed on and told of like any others, and nothing beyond them is asked for', () => {
    const rig = new EngineRig();
    rig.hold(LAST - 6, LAST - 3);
    const [one, other] = [rig.link(), rig.link()];
    rig.hear(one, { kind: 'holdings', ...ref(LAST - 7), bits: Uint8Array.of(0xff) });
    for (let sequence = LAST - 2; sequence <= LAST; sequence++) {
      rig.tell(one, sequence);
      for (const { sequence: asked } of rig.sent('request', one).filter((request) => request.sequence === sequence)) rig.sendAll(one, asked);
      rig.hear(other, { kind: 'request', ...ref(sequence), firstBlock: 0, blockCount: BLOCKS, deadlineInMs: 0xffff });
      rig.runFor(PART_MS);
    }
    rig.runFor(2_000);
    expect(rig.playable.at(-1)).toBe(LAST);
    expect(new Set(rig.sent('block', other).map(({ sequence }) => sequence))).toEqual(new Set([LAST - 2, LAST - 1, LAST]));
    expect(rig.closed).toEqual([]);
    expect(rig.all('followHeaders').every(({ after }) => (after ?? 0) <= LAST)).toBe(true);
  });
});
