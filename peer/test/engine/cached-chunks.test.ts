import type { EngineInput } from '../../src/engine/engine-io.js';
import { describe, expect, it } from 'vitest';
import { EngineRig, ref } from './engine-rig.js';
import { CHUNK_BYTES, FIRST_DATE_MS, PART_MS, publish, RENDITION } from './published-stream.js';

const LENGTH = 600;

/** A viewer of a recording, whose own cache answers when the test says so. */
class CachedRig extends EngineRig {
  constructor(held: readonly number[]) {
    super({ isOnDemand: true, engine: { fallback: { jitterParts: 0 } } });
    this.handle({ kind: 'cacheTold', chunks: held.map(ref) });
  }

  open(sequence = 0, count = 64): void {
    const headers = Array.from({ length: count }, (_, index) => publish(sequence + index).signed);
    this.handle({ kind: 'opened', rendition: RENDITION, headers, isEnd: sequence + count >= LENGTH });
  }

  play(sequence: number, rate = 1): void {
    this.handle({ kind: 'playback', position: { playheadMs: FIRST_DATE_MS + sequence * PART_MS, rate } });
  }

  get reads(): number[] {
    return this.all('readCached').map(({ signed }) => signed.header.sequence);
  }

  get fetched(): number[] {
    return this.all('fetchChunk').map(({ chunk }) => chunk.sequence);
  }

  answer(sequence: number, bytes: Uint8Array | undefined = publish(sequence).bytes): void {
    const input: EngineInput = { kind: 'cacheRead', signed: publish(sequence).signed, bytes };
    this.handle(input);
  }

  miss(sequence: number): void {
    this.handle({ kind: 'cacheRead', signed: publish(sequence).signed, bytes: undefined });
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

describe('a viewer with a cache of its own', () => {
  it('CA2: reads what is urgent from it, once each, and asks nobody else for it', () => {
    const rig = new CachedRig(range(0, 20));
    const linkId = rig.link();
    rig.hear(linkId, { kind: 'holdings', rendition: RENDITION, sequence: ref(0).sequence, bits: new Uint8Array(4).fill(255) });
    rig.open(0, 32);
    rig.play(0);
    rig.runFor(600);
    expect(rig.reads).toEqual(range(0, 20));
    const asked = [...rig.fetched, ...rig.sent('request', linkId).map(({ sequence }) => Number(sequence))];
    expect(asked.filter((sequence) => sequence < 20)).toEqual([]);
    expect(asked).toContain(20);
  });

  it('CA2: asks nobody before the cache has told what it holds, and then at once', () => {
    const rig = new CachedRig([]);
    rig.handle({ kind: 'cacheAwaited' });
    rig.open();
    rig.play(0, 0);
    rig.runFor(200);
    expect([...rig.fetched, ...rig.reads]).toEqual([]);
    rig.handle({ kind: 'cacheTold', chunks: range(0, 600).map(ref) });
    expect(rig.reads).toContain(0);
    rig.runFor(300);
    expect(rig.fetched).toEqual([]);
  });

  it('CA2: asks others when the cache has told nothing for 250 ms', () => {
    const rig = new CachedRig([]);
    rig.handle({ kind: 'cacheAwaited' });
    rig.runFor(2_000);
    rig.open();
    rig.play(0, 0);
    rig.runFor(249);
    expect(rig.fetched).toEqual([]);
    rig.runFor(10);
    expect(rig.fetched).toContain(0);
  });

  it('CA2: what it has read is there, is told of, and counted as its own', () => {
    const rig = new CachedRig(range(0, 20));
    rig.open();
    rig.play(0);
    for (const sequence of range(0, 20)) rig.answer(sequence);
    expect(rig.engine.bytesOf(ref(7))).toEqual(publish(7).bytes);
    expect(rig.events('chunkVerified').slice(0, 20).map(({ sources }) => sources.cacheBytes)).toEqual(range(0, 20).map(() => CHUNK_BYTES));
    expect(rig.engine.state.verifiedBytes).toMatchObject({ cacheBytes: 20 * CHUNK_BYTES, peerBytes: 0 });
  });

  it('CA4: neighbours hear of what came from it, and are served it', () => {
    const rig = new CachedRig([0]);
    const linkId = rig.link();
    rig.open();
    rig.play(0);
    rig.answer(0);
    rig.runFor(600);
    expect(rig.sent('holdings', linkId).length).toBeGreaterThan(0);
    rig.hear(linkId, { kind: 'request', ...ref(0), firstBlock: 0, blockCount: 1, deadlineInMs: 1_000 });
    expect(rig.sent('block', linkId)).toHaveLength(1);
  });

  it('CA2: reads ahead of what is urgent too, a few at a time', () => {
    const rig = new CachedRig(range(0, LENGTH));
    rig.open(0, 128);
    rig.play(0);
    const urgent = 10_000 / PART_MS;
    expect(rig.reads.length).toBeGreaterThanOrEqual(urgent);
    expect(rig.reads.length).toBeLessThanOrEqual(urgent + 2 * 16);
    for (const sequence of rig.reads) rig.answer(sequence);
    rig.runFor(2_000);
    expect(rig.reads.length).toBeGreaterThan(urgent + 2 * 16);
  });

  it('CA3: what the cache does not have, or has wrong, is asked of others, and never again of it', () => {
    const rig = new CachedRig(range(0, 5));
    rig.open();
    rig.play(0);
    rig.miss(0);
    rig.runFor(300);
    expect(rig.fetched).toContain(0);
    expect(rig.reads.filter((sequence) => sequence === 0)).toHaveLength(1);
  });

  it('CA3: a disk that does not answer for a second is not waited for', () => {
    const rig = new CachedRig(range(0, 5));
    rig.open();
    rig.play(0, 0);
    rig.runFor(900);
    expect(rig.fetched.filter((sequence) => sequence < 5)).toEqual([]);
    rig.runFor(1_200);
    expect(rig.fetched).toContain(0);
  });
});
