import { describe, expect, it } from 'vitest';
import type { ChunkHeader } from '@p2ptv/protocol';
import { EngineRig, ref } from './engine-rig.js';
import { blockOf, CHUNK_BYTES, FIRST_DATE_MS, PART_MS, publish, RENDITION } from './published-stream.js';

/** A viewer with one neighbour that serves, begun at chunk 0. */
function viewer(engine: ConstructorParameters<typeof EngineRig>[0] = {}): { rig: EngineRig; peer: number } {
  const rig = new EngineRig(engine);
  rig.hold(0, 0);
  const peer = rig.link();
  rig.clear();
  return { rig, peer };
}

function take(rig: EngineRig, peer: number, sequence: number): void {
  rig.tell(peer, sequence);
  rig.sendAll(peer, sequence);
}

/** A chunk that differs from the regular one of its sequence comes from a neighbour. */
function takeOdd(rig: EngineRig, peer: number, chunk: { sequence: number; overrides: Partial<ChunkHeader> }): void {
  const published = publish(chunk.sequence, chunk.overrides);
  rig.hear(peer, { kind: 'header', signed: published.signed, holding: 'complete' });
  published.signed.header.blockHashes.forEach((_, index) =>
    rig.hear(peer, { kind: 'block', ...ref(chunk.sequence), index, bytes: blockOf(published, index) }),
  );
}

/** Bytes of whole chunks that the engine would still serve. */
function heldSequences(rig: EngineRig, to: number): number[] {
  return Array.from({ length: to + 1 }, (_, sequence) => sequence).filter((sequence) => rig.engine.bytesOf(ref(sequence)));
}

describe('play order', () => {
  it('PT1: a part is listed when it is whole and verified, and all before it too', () => {
    const { rig, peer } = viewer();
    for (const sequence of [1, 2, 3]) rig.tell(peer, sequence);
    rig.sendAll(peer, 3);
    rig.sendAll(peer, 2);
    for (const index of [0, 1, 2, 3]) rig.send(peer, 1, index);
    expect(rig.playable).toEqual([0]);
    rig.send(peer, 1, 4);
    expect(rig.playable).toEqual([0, 1, 2, 3]);
    expect(rig.events('partReady').map(({ header, isRestart }) => [header.sequence, isRestart])).toEqual([
      [1, false],
      [2, false],
      [3, false],
    ]);
  });

  it('PT2: playback begins at the join answer’s first header; what is older is not wanted', () => {
    const rig = new EngineRig();
    rig.join(10, 12);
    expect(rig.all('fetchChunk').map(({ chunk }) => chunk.sequence)).toEqual([10, 11, 12]);
    rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [publish(9).signed] });
    expect(rig.all('fetchChunk')).toHaveLength(3);
  });

  it('PT3: a header that is missing is waited for 1.5 s, then its segment is left and the next restarts the timeline', () => {
    const { rig, peer } = viewer();
    take(rig, peer, 1);
    for (let sequence = 3; sequence <= 11; sequence++) take(rig, peer, sequence);
    rig.runFor(1_499);
    expect(rig.playable).toEqual([0, 1]);
    rig.runFor(2);
    expect(rig.playable).toEqual([10, 11]);
    expect(rig.events('partReady').map(({ header, isRestart }) => [header.sequence, isRestart])).toEqual([
      [1, false],
      [10, true],
      [11, false],
    ]);
  });

  it('PT3: a missing header that comes in time leaves no trace', () => {
    const { rig, peer } = viewer();
    take(rig, peer, 1);
    take(rig, peer, 3);
    rig.runFor(1_000);
    take(rig, peer, 2);
    expect(rig.playable).toEqual([0, 1, 2, 3]);
  });

  it('PT4: a chunk that the origin no longer has is given up 500 ms after its deadline, and playback goes on behind it', () => {
    const { rig, peer } = viewer();
    rig.tell(peer, 1, 'none');
    for (let sequence = 2; sequence <= 11; sequence++) take(rig, peer, sequence);
    for (let count = 0; count < 40 && rig.playable.length === 1; count++) {
      rig.runFor(50);
      rig.handle({ kind: 'tick' });
      for (const { fetchId } of rig.all('fetchChunk')) rig.handle({ kind: 'fetchFailed', fetchId, failure: 'notFound' });
    }
    expect(rig.playable).toEqual([10, 11]);
    expect(rig.nowMs - 1_000).toBeGreaterThanOrEqual(1_000);
    expect(rig.nowMs - 1_000).toBeLessThan(1_300);
  });

  it('PT5: after a restart of the publisher, the cut segment is waited for 400 ms, then the new epoch follows', () => {
    const { rig, peer } = viewer();
    take(rig, peer, 1);
    const next = { epoch: 2, mediaSequence: 1, partIndex: 0, isIndependent: true, isSegmentLast: false };
    takeOdd(rig, peer, { sequence: 1_000, overrides: next });
    rig.runFor(399);
    expect(rig.playable).toEqual([0, 1]);
    rig.runFor(2);
    expect(rig.playable).toEqual([0, 1, 1_000]);
    expect(rig.events('partReady').at(-1)?.isRestart).toBe(false);
    takeOdd(rig, peer, { sequence: 1_001, overrides: { ...next, partIndex: 1, isIndependent: false } });
    expect(rig.playable).toEqual([0, 1, 1_000, 1_001]);
  });

  it('PT6: what the playhead has passed while it was incomplete is given up, whole chunks stay', () => {
    const { rig, peer } = viewer();
    rig.tell(peer, 1);
    rig.tell(peer, 2);
    rig.sendAll(peer, 2);
    rig.handle({ kind: 'playback', position: { playheadMs: FIRST_DATE_MS + 2 * PART_MS + 1, rate: 1 } });
    expect(rig.sent('cancel', peer)).toMatchObject([{ sequence: 1 }]);
    expect(heldSequences(rig, 3)).toEqual([0, 2]);
  });

  /** A player that stands before part 1, as it reports for a second, and then for so long without a word, ms. */
  function wait(rig: EngineRig, silentMs: number): void {
    for (let reports = 0; reports <= 10; reports++) {
      rig.handle({ kind: 'playback', position: { playheadMs: FIRST_DATE_MS + PART_MS, rate: 1 } });
      rig.runFor(100);
    }
    rig.runFor(silentMs);
  }

  it('PT6: what a player waits for is played when it comes late, while there is nothing else to go on with', () => {
    const { rig, peer } = viewer();
    rig.tell(peer, 1);
    wait(rig, 700);
    const fetch = rig.all('fetchChunk').at(-1);
    expect(fetch?.chunk.sequence).toBe(1);
    if (fetch) rig.deliver(fetch);
    expect(rig.playable).toEqual([0, 1]);
  });

  it('PT6: a player that waits goes on without what is missing when a later part is whole', () => {
    const { rig, peer } = viewer();
    for (const sequence of [1, 5]) rig.tell(peer, sequence);
    rig.sendAll(peer, 5);
    wait(rig, 700);
    const fetch = rig.all('fetchChunk').at(-1);
    expect(fetch?.chunk.sequence).toBe(1);
    if (fetch) rig.deliver(fetch);
    expect(heldSequences(rig, 6)).toEqual([0, 5]);
  });

  it('PT6: a player waits for 2 s, and not for what was missing then', () => {
    const { rig, peer } = viewer();
    rig.tell(peer, 1);
    wait(rig, 1_500);
    const fetch = rig.all('fetchChunk').at(-1);
    if (fetch) rig.deliver(fetch);
    expect(heldSequences(rig, 2)).toEqual([0]);
  });

  /** Parts are published one after the other, and come soon where they are asked for. */
  function publishAll(rig: EngineRig, peer: number, parts: { from: number; to: number; everyMs: number }): void {
    for (let sequence = parts.from; sequence <= parts.to; sequence++) {
      rig.tell(peer, sequence);
      rig.runFor(PART_MS / 2);
      if (rig.sent('request', peer).some((request) => request.sequence === sequence)) rig.sendAll(peer, sequence);
      rig.runFor(parts.everyMs - PART_MS / 2);
    }
  }

  it('PT6: after a long pause of the publisher playback goes on with the next independent part, though the playhead is taken to have passed all of it', () => {
    const { rig, peer } = viewer();
    wait(rig, 6_000);
    publishAll(rig, peer, { from: 1, to: 20, everyMs: PART_MS });
    expect(rig.playable).toEqual(Array.from({ length: 11 }, (_, place) => 10 + place));
  });

  it('PT6: a publisher that makes a second of media in two is watched', () => {
    const { rig, peer } = viewer();
    wait(rig, 0);
    publishAll(rig, peer, { from: 1, to: 40, everyMs: 2 * PART_MS });
    expect(rig.playable.at(-1)).toBe(40);
  });

  it('PT6: what was published while the origin was away is given up when the newest is heard of with it', () => {
    const { rig, peer } = viewer();
    wait(rig, 10 * PART_MS);
    for (let sequence = 1; sequence <= 20; sequence++) rig.tell(peer, sequence);
    rig.runFor(10 * PART_MS);
    const asked = rig.all('fetchChunk').map(({ chunk }) => chunk.sequence);
    expect(asked).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  });

  it('PT6: a playhead that leaps far ahead or back harms nothing: sane reports later, playback goes on', () => {
    const { rig, peer } = viewer();
    for (const playheadMs of [1e15, -1e15, NaN, Infinity]) {
      rig.handle({ kind: 'playback', position: { playheadMs, rate: 1 } });
      rig.tell(peer, 1);
      expect(rig.runFor(2_000)).toBeLessThan(200);
    }
    rig.handle({ kind: 'playback', position: { playheadMs: FIRST_DATE_MS + 5 * PART_MS, rate: 1 } });
    for (let sequence = 10; sequence < 14; sequence++) take(rig, peer, sequence);
    rig.runFor(2_000);
    expect(rig.playable).toEqual([10, 11, 12, 13]);
  });
});

describe('the store', () => {
  it('PT7: media older than the time to keep goes, by whole segments, from timeline and store alike', () => {
    const { rig, peer } = viewer({ engine: { store: { keepMs: 4_000 } } });
    for (let sequence = 1; sequence <= 59; sequence++) take(rig, peer, sequence);
    expect(rig.playable[0]).toBe(40);
    expect(heldSequences(rig, 59)).toEqual(rig.playable);
  });

  it('PT7: over its byte budget the store gives up its oldest segments, and the timeline with them', () => {
    const { rig, peer } = viewer({ engine: { store: { budgetBytes: 25 * CHUNK_BYTES } } });
    for (let sequence = 1; sequence <= 99; sequence++) {
      take(rig, peer, sequence);
      expect(heldSequences(rig, sequence).length).toBeLessThanOrEqual(25);
    }
    expect(heldSequences(rig, 99)).toEqual(rig.playable);
  });

  it('PT7: what a restart of the timeline leaves behind goes too, and so do parts that could not be placed', () => {
    const { rig, peer } = viewer({ engine: { store: { keepMs: 2_000 } } });
    let sequence = 1;
    for (let round = 0; round < 20; round++) {
      // Every seventh header never comes.
      for (let count = 0; count < 7; count++, sequence++) if (count < 6) take(rig, peer, sequence);
      rig.runFor(1_600);
    }
    const held = heldSequences(rig, sequence);
    expect(held[0]).toBe(rig.playable[0]);
    expect(held.length).toBeLessThanOrEqual(40);
  });

  it('PT5: a new epoch whose media sequences begin again restarts the timeline', () => {
    const { rig, peer } = viewer();
    for (let sequence = 1; sequence <= 12; sequence++) take(rig, peer, sequence);
    const next = { epoch: 2, mediaSequence: 0, partIndex: 0, isIndependent: true, isSegmentLast: false };
    takeOdd(rig, peer, { sequence: 1_000, overrides: next });
    rig.runFor(1_600);
    expect(rig.playable).toEqual([1_000]);
    expect(rig.events('partReady').at(-1)?.isRestart).toBe(true);
  });

  it('PT8: the first of two signed headers for one chunk stands', () => {
    const { rig, peer } = viewer();
    rig.tell(peer, 1);
    rig.hear(peer, { kind: 'header', signed: publish(1, { durationUs: 100_000 }).signed, holding: 'complete' });
    rig.sendAll(peer, 1);
    expect(rig.engine.timeline(ref(1).rendition).last?.durationUs).toBe(200_000);
    expect(rig.closed).toEqual([]);
  });
});
