import { describe, expect, it } from 'vitest';
import { startRule } from '../../src/engine/start-rule.js';
import { EngineRig } from './engine-rig.js';
import { publish } from './published-stream.js';

/** Every fifth chunk is independent, each lasts 200 ms. */
function headers(from: number, to: number): ReturnType<typeof publish>['signed'][] {
  return Array.from({ length: to - from + 1 }, (_, index) => publish(from + index).signed);
}

function newcomer(): { rig: EngineRig; peer: number } {
  const rig = new EngineRig({ engine: { fallback: { jitterParts: 0 } } });
  rig.join(0, 11, { isUplinkTaken: true });
  return { rig, peer: rig.link() };
}

function take(rig: EngineRig, peer: number, from: number, to: number): void {
  for (let sequence = from; sequence <= to; sequence++) rig.tell(peer, sequence);
  for (let sequence = from; sequence <= to; sequence++) rig.sendAll(peer, sequence);
}

describe('where playback begins', () => {
  it('PT2: with the join answer’s first part, where the origin has room', () => {
    const start = startRule(10_000, { headers: headers(0, 11), isUplinkTaken: false, startupMs: 200 });
    expect(start).toMatchObject({ first: { sequence: 0 }, atMs: 10_200, leap: { atMs: 12_000 } });
  });

  it('PT9: with the last independent part that is no more than 1.2 s newer, where it has none', () => {
    const join = (from: number, to: number): number | undefined =>
      startRule(10_000, { headers: headers(from, to), isUplinkTaken: true, startupMs: 200 })?.first.sequence;
    expect(join(0, 4)).toBe(0);
    expect(join(0, 5)).toBe(5);
    expect(join(0, 25)).toBe(5);
    expect(startRule(10_000, { headers: headers(0, 11), isUplinkTaken: true, startupMs: 200 })).toMatchObject({ atMs: 11_200, leap: { atMs: 10_000, patientUntilMs: 15_000 } });
    expect(startRule(10_000, { headers: [], isUplinkTaken: true, startupMs: 200 })).toBeUndefined();
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
    for (let sequence = 17; sequence <= 20; sequence++) rig.tell(other, sequence);
    take(rig, peer, 10, 15);
    expect(rig.playable).toEqual([]);
    take(rig, peer, 16, 16);
    expect(rig.playable).toEqual([10, 11, 12, 13, 14, 15, 16]);

    const late = newcomer();
    const another = late.rig.link();
    for (let sequence = 17; sequence <= 20; sequence++) late.rig.tell(another, sequence);
    take(late.rig, late.peer, 10, 15);
    late.rig.runFor(4_990);
    expect(late.rig.playable).toEqual([]);
    late.rig.runFor(20);
    expect(late.rig.playable).toEqual([10, 11, 12, 13, 14, 15]);
  });

  it('PT9: not where one of them is missing', () => {
    const { rig, peer } = newcomer();
    take(rig, peer, 5, 7);
    take(rig, peer, 9, 12);
    expect(rig.playable).toEqual([]);
    take(rig, peer, 8, 8);
    expect(rig.playable).toEqual([5, 6, 7, 8, 9, 10, 11, 12]);
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
