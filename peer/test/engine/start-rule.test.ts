import { describe, expect, it } from 'vitest';
import { startRule } from '../../src/engine/start-rule.js';
import { EngineRig } from './engine-rig.js';
import { publish } from './published-stream.js';

/** Every fifth chunk is independent, each lasts 200 ms. */
function headers(from: number, to: number): ReturnType<typeof publish>['signed'][] {
  return Array.from({ length: to - from + 1 }, (_, index) => publish(from + index).signed);
}

function newcomer(delayMs?: number): { rig: EngineRig; peer: number } {
  const rig = new EngineRig({ engine: { fallback: { jitterParts: 0 } } });
  rig.join(0, 11, { isUplinkTaken: true, ...(delayMs === undefined ? {} : { delayMs }) });
  return { rig, peer: rig.link() };
}

function take(rig: EngineRig, peer: number, from: number, to: number): void {
  for (let sequence = from; sequence <= to; sequence++) rig.tell(peer, sequence);
  for (let sequence = from; sequence <= to; sequence++) rig.sendAll(peer, sequence);
}

describe('where playback begins', () => {
  it('PT2: with the join answer’s first part, where the origin has room', () => {
    const start = startRule(10_000, { headers: headers(0, 11), isUplinkTaken: false, delayMs: 1_700, startupMs: 200 });
    expect(start).toMatchObject({ first: { sequence: 0 }, atMs: 10_200, leap: { atMs: 12_000 } });
  });

  it('PT9: with the last independent part that is no more than 1.2 s newer, where it has none', () => {
    const join = (from: number, to: number): number | undefined =>
      startRule(10_000, { headers: headers(from, to), isUplinkTaken: true, delayMs: 1_700, startupMs: 200 })?.first.sequence;
    expect(join(0, 4)).toBe(0);
    expect(join(0, 5)).toBe(5);
    expect(join(0, 25)).toBe(5);
    expect(startRule(10_000, { headers: headers(0, 11), isUplinkTaken: true, delayMs: 1_700, startupMs: 200 })).toMatchObject({ atMs: 11_200, leap: { atMs: 10_000, patientUntilMs: 15_000 } });
    expect(startRule(10_000, { headers: [], isUplinkTaken: true, delayMs: 1_700, startupMs: 200 })).toBeUndefined();
  });

  it('FB12: an origin without room for a newcomer is asked for nothing in its first 2 s', () => {
    const { rig } = newcomer();
    rig.runFor(1_990);
    expect(rig.all('fetchChunk')).toEqual([]);
    rig.runFor(20);
    expect(rig.all('fetchChunk').map(({ chunk }) => chunk.sequence)).toEqual(expect.arrayContaining([5, 6, 7, 8]));
  });

  it('PT9: it begins where 800 ms of the media are there, be it later than planned', () => {
    const { rig, peer } = newcomer();
    take(rig, peer, 6, 12);
    expect(rig.playable).toEqual([]);
    take(rig, peer, 13, 13);
    expect(rig.playable).toEqual([10, 11, 12, 13]);
    expect(rig.events('partReady').map(({ isRestart }) => isRestart)).toEqual([false, false, false, false]);
    // What lies before is wanted no more.
    rig.runFor(3_000);
    expect(rig.all('fetchChunk')).toEqual([]);
  });

  it('PT9: not while more than 800 ms of what is known are missing, for 5 s', () => {
    const { rig, peer } = newcomer();
    const other = rig.link();
    // Part 15 is not known of: it would be a nearer place.
    for (const sequence of [17, 18]) rig.tell(other, sequence);
    take(rig, peer, 10, 13);
    expect(rig.playable).toEqual([]);
    take(rig, peer, 14, 14);
    expect(rig.playable).toEqual([10, 11, 12, 13, 14]);

    const late = newcomer();
    const another = late.rig.link();
    for (const sequence of [17, 18]) late.rig.tell(another, sequence);
    take(late.rig, late.peer, 10, 13);
    late.rig.runFor(4_990);
    expect(late.rig.playable).toEqual([]);
    late.rig.runFor(20);
    expect(late.rig.playable).toEqual([10, 11, 12, 13]);
  });

  it('PT9: while it waits, parts before the last independent one that lies 400 ms before the newest are wanted no more', () => {
    const { rig, peer } = newcomer();
    for (let sequence = 12; sequence <= 16; sequence++) rig.tell(peer, sequence);
    rig.runFor(2_100);
    // Nothing came of what the neighbour was asked for: the origin is asked, now that it may be.
    const fetched = rig.all('fetchChunk').map(({ chunk }) => chunk.sequence);
    expect(Math.min(...fetched)).toBe(10);
    for (const sequence of [17, 18]) rig.tell(peer, sequence);
    const left = rig.all('abortFetch').map(({ fetchId }) => rig.all('fetchChunk').find((fetch) => fetch.fetchId === fetchId)?.chunk.sequence);
    expect(left).toEqual(fetched.filter((sequence) => sequence < 15));
    take(rig, peer, 12, 18);
    expect(rig.playable).toEqual([15, 16, 17, 18]);
  });

  it('PT9: what peers bring sooner than it is due waits for its time', () => {
    const { rig, peer } = newcomer(1_700);
    take(rig, peer, 10, 14);
    expect(rig.playable).toEqual([]);
    // The newest part of the answer ended 400 ms after part 10 began.
    rig.runFor(1_290);
    expect(rig.playable).toEqual([]);
    take(rig, peer, 15, 17);
    rig.runFor(20);
    expect(rig.playable).toEqual([10, 11, 12, 13, 14, 15, 16, 17]);
  });

  it('PT9: but no longer than those 5 s, whatever delay was asked for', () => {
    const { rig, peer } = newcomer(30_000);
    take(rig, peer, 10, 14);
    rig.runFor(4_990);
    expect(rig.playable).toEqual([]);
    rig.runFor(20);
    expect(rig.playable).toEqual([10, 11, 12, 13, 14]);
  });

  it('PT9: not where one of them is missing', () => {
    const { rig, peer } = newcomer();
    take(rig, peer, 5, 7);
    take(rig, peer, 9, 11);
    expect(rig.playable).toEqual([]);
    take(rig, peer, 8, 8);
    expect(rig.playable).toEqual([5, 6, 7, 8, 9, 10, 11]);
  });

  it('PT9: a first part that has not come 2 s after the join answer is passed over', () => {
    const rig = new EngineRig();
    rig.join(0, 4);
    const peer = rig.link();
    for (const { fetchId } of rig.all('fetchChunk')) rig.handle({ kind: 'fetchFailed', fetchId, failure: 'unavailable' });
    take(rig, peer, 1, 9);
    rig.runFor(1_990);
    expect(rig.playable).toEqual([]);
    rig.runFor(20);
    expect(rig.playable).toEqual([5, 6, 7, 8, 9]);
  });
});
