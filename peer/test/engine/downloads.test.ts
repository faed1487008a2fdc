import { describe, expect, it } from 'vitest';
import { Estimate } from '../../src/engine/estimate.js';
import { EngineRig, peerId, ref } from './engine-rig.js';
import { CHUNK_BYTES, FIRST_DATE_MS, PART_MS, publish, RENDITION } from './published-stream.js';

type Options = ConstructorParameters<typeof EngineRig>[0];

/** H95 before anything was measured, 120 + 2.5 × 60, and m after a prompt delivery, a quarter of a part; ms. */
const H95_MS = 270;
const MARGIN_MS = 50;
const NO_JITTER: Options = { engine: { fallback: { jitterParts: 0 } } };

/** A viewer that holds chunk 0. Nothing of the origin's speed is known. */
function viewer(options: Options = NO_JITTER): EngineRig {
  const rig = new EngineRig(options);
  rig.join(0);
  rig.link({ status: { isUploading: true } });
  rig.tell(1, 0);
  for (const { fetchId } of rig.all('fetchChunk')) rig.handle({ kind: 'fetchFailed', fetchId, failure: 'unavailable' });
  rig.runFor(0);
  rig.sendAll(1, 0);
  rig.nowMs = 10_000;
  rig.handle({ kind: 'linkEnded', linkId: 1 });
  rig.clear();
  return rig;
}

/** The playhead so that chunk `sequence` is due in that many ms, append margin included. */
function playUntil(rig: EngineRig, sequence: number, dueInMs: number, rate = 1): void {
  const playheadMs = FIRST_DATE_MS + sequence * PART_MS - (dueInMs + 120) * (rate || 1);
  rig.handle({ kind: 'playback', position: { playheadMs, rate } });
}

function fetched(rig: EngineRig): number[] {
  return rig.all('fetchChunk').map(({ chunk }) => chunk.sequence);
}

/** Ms from now until the engine fetches a chunk from the origin. */
function fetchesAfterMs(rig: EngineRig, limitMs = 5_000): number {
  const startMs = rig.nowMs;
  while (rig.all('fetchChunk').length === 0 && rig.nowMs < startMs + limitMs) rig.runFor(1);
  return rig.nowMs - startMs;
}

describe('deadlines', () => {
  it('SC1: a chunk is due when the playhead reaches its first frame, less the append margin of 120 ms', () => {
    const rig = viewer();
    const linkId = rig.link();
    playUntil(rig, 1, 700);
    rig.tell(linkId, 1);
    expect(rig.sent('request', linkId)[0]?.deadlineInMs).toBeCloseTo(700, 6);
    playUntil(rig, 2, 900, 1.5);
    rig.tell(linkId, 2);
    expect(rig.sent('request', linkId)[1]?.deadlineInMs).toBeCloseTo(900, 6);
    rig.nowMs += 100;
    rig.tell(linkId, 3);
    expect(rig.sent('request', linkId)[2]?.deadlineInMs).toBeCloseTo((900 + 120 - 100) + PART_MS / 1.5 - 120, 6);
  });

  it('SC2: until the player has reported, a chunk is due 500 ms after its header was accepted', () => {
    const rig = viewer();
    const linkId = rig.link();
    rig.tell(linkId, 1);
    expect(rig.sent('request', linkId)[0]?.deadlineInMs).toBe(500);
  });

  it('SC2: of the join’s parts each is due 200 ms and what is played before it after the answer, if that is later', () => {
    const rig = new EngineRig(NO_JITTER);
    const linkId = rig.link();
    rig.join(0, 9);
    for (let sequence = 0; sequence <= 9; sequence++) rig.tell(linkId, sequence);
    const requests = rig.sent('request', linkId);
    const dueInMs = (sequence: number): number | undefined => requests.find((it) => it.sequence === sequence)?.deadlineInMs;
    expect([0, 1, 2, 4, 7].map(dueInMs)).toEqual([500, 500, 600, 1_000, 1_600]);
  });

  it('SC3: while playback is paused, distances stay and are taken at normal speed', () => {
    const rig = viewer();
    const linkId = rig.link();
    playUntil(rig, 1, 700, 0);
    rig.handle({ kind: 'playback', position: { playheadMs: FIRST_DATE_MS + PART_MS - 820, rate: 0 } });
    rig.nowMs += 5_000;
    for (const position of [
      { playheadMs: NaN, rate: 1 },
      { playheadMs: -Infinity, rate: 0 },
      { playheadMs: FIRST_DATE_MS, rate: NaN },
    ]) {
      rig.handle({ kind: 'playback', position });
    }
    rig.tell(linkId, 1);
    expect(rig.sent('request', linkId)[0]?.deadlineInMs).toBeCloseTo(700, 6);
  });
});

describe('choice of neighbour', () => {
  it('SC4: a chunk has one source at a time, and the nearest deadline is asked for first', () => {
    const rig = viewer({ engine: { fallback: { jitterParts: 0 }, scheduler: { requestsPerNeighbour: 1 } } });
    const [linkId, other] = [rig.link(), rig.link()];
    rig.tell(linkId, 1);
    for (const sequence of [4, 2, 3]) rig.tell(linkId, sequence);
    rig.tell(other, 1);
    expect(rig.sent('request').map(({ sequence }) => sequence)).toEqual([1]);
    playUntil(rig, 1, 2_000);
    rig.sendAll(linkId, 1);
    expect(rig.sent('request').map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  it('SC5: the neighbour with the earliest predicted finish is asked: what is queued there counts', () => {
    const rig = viewer();
    const [busy, idle] = [rig.link(), rig.link()];
    playUntil(rig, 1, 3_000);
    rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [publish(1).signed] });
    rig.hear(busy, { kind: 'have', ...ref(1), aheadKib: 500 });
    expect(rig.sent('request', busy)).toHaveLength(1);
    rig.hear(idle, { kind: 'have', ...ref(1) });
    expect(rig.sent('cancel', busy)).toHaveLength(1);
    expect(rig.sent('request', idle)).toHaveLength(1);
    expect(rig.engine.state.counters.switches).toBe(1);
  });

  it('SC6: nobody is asked who does not upload, has not said that it has the chunk, or holds 8 requests already', () => {
    const rig = viewer();
    const [off, knowing, full] = [rig.link({ status: { isUploading: false } }), rig.link(), rig.link()];
    playUntil(rig, 1, 9_000);
    rig.tell(off, 1);
    rig.tell(knowing, 1, 'none');
    expect(rig.sent('request')).toEqual([]);
    for (let sequence = 2; sequence < 14; sequence++) rig.tell(full, sequence);
    expect(rig.sent('request', full)).toHaveLength(8);
  });

  it('SC7: a request that moves to another is withdrawn, at most six times a chunk, and never once its blocks come', () => {
    const rig = viewer();
    const first = rig.link();
    playUntil(rig, 1, 60_000);
    rig.tell(first, 1);
    let holder = first;
    for (let count = 0; count < 10; count++) {
      rig.hear(holder, { kind: 'queued', ...ref(1), aheadBytes: 3_000_000 });
      const next = rig.link();
      rig.tell(next, 1);
      if (rig.sent('request', next).length > 0) holder = next;
    }
    expect(rig.engine.state.counters).toMatchObject({ switches: 6, cancels: 6, pulls: 8 });
    const begun = viewer();
    const [source, sooner] = [begun.link(), begun.link()];
    playUntil(begun, 1, 60_000);
    begun.tell(source, 1);
    begun.send(source, 1, 0);
    begun.hear(source, { kind: 'queued', ...ref(1), aheadBytes: 3_000_000 });
    begun.tell(sooner, 1);
    expect(begun.sent('request', sooner)).toEqual([]);
  });

  it('SC8: who is silent for 300 ms beyond what was expected loses the request, and is not asked for that chunk again', () => {
    const rig = viewer();
    const [claimer, honest] = [rig.link(), rig.link()];
    playUntil(rig, 1, 60_000);
    rig.tell(claimer, 1);
    rig.runFor(2_000);
    expect(rig.sent('cancel', claimer)).toHaveLength(1);
    expect(rig.sent('request', claimer)).toHaveLength(1);
    rig.tell(honest, 1);
    expect(rig.sent('request', honest)).toHaveLength(1);
  });

  it('SC8: each promise that was not kept makes a neighbour the later choice, until it keeps one', () => {
    const rig = viewer();
    const claimer = rig.link();
    playUntil(rig, 1, 60_000);
    for (let sequence = 1; sequence <= 4; sequence++) {
      rig.tell(claimer, sequence);
      rig.runFor(1_000);
    }
    expect(rig.engine.state.neighbours[0]?.brokenPromises).toBeGreaterThan(2);
    const honest = rig.link();
    rig.hear(honest, { kind: 'queued', ...ref(50), aheadBytes: 300_000 });
    rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [publish(5).signed] });
    rig.hear(honest, { kind: 'have', ...ref(5) });
    rig.hear(claimer, { kind: 'have', ...ref(5) });
    expect(rig.sent('request', honest).map(({ sequence }) => sequence)).toContain(5);
    rig.runFor(60_000);
    expect(rig.engine.state.neighbours[0]?.brokenPromises ?? 0).toBeLessThan(1);
  });

  it('SC9: a refusal frees the request at once; what was asked there no longer counts as outstanding', () => {
    const rig = viewer();
    const linkId = rig.link();
    playUntil(rig, 1, 9_000);
    for (const sequence of [1, 2, 3]) rig.tell(linkId, sequence);
    const neighbour = rig.engine.state.neighbours[0]!;
    expect(neighbour.outstandingBytes).toBe(3 * CHUNK_BYTES);
    rig.hear(linkId, { kind: 'reject', ...ref(2), reason: 'notHeld' });
    expect(neighbour.outstandingBytes).toBe(2 * CHUNK_BYTES);
    expect(neighbour.outstandingChunks).toBe(2);
    rig.hear(linkId, { kind: 'have', ...ref(2) });
    expect(rig.sent('request', linkId)).toHaveLength(3);
  });

  it('SC9: who refuses what it could not send in time counts as busy until then, and is asked again when it is the only one left', () => {
    const rig = viewer();
    const linkId = rig.link();
    playUntil(rig, 1, 1_000);
    rig.tell(linkId, 1);
    expect(rig.sent('request', linkId)).toHaveLength(1);
    rig.hear(linkId, { kind: 'reject', ...ref(1), reason: 'tooLate' });
    // Not in time, as far as is known: so it is the origin's turn, when it is time.
    rig.runFor(500);
    expect(rig.sent('request', linkId)).toHaveLength(1);
    rig.runFor(300);
    rig.handle({ kind: 'fetchFailed', fetchId: rig.all('fetchChunk')[0]!.fetchId, failure: 'unavailable' });
    expect(rig.sent('request', linkId).at(-1)).toMatchObject({ ...ref(1), deadlineInMs: 65_535 });
    expect(rig.sent('request', linkId)).toHaveLength(2);
  });

  it('SC10: no single sample moves an estimate by more than three eighths', () => {
    const estimate = new Estimate(50);
    estimate.add(1e9);
    expect(estimate.mean).toBe(200);
    estimate.add(1e9);
    expect(estimate.mean).toBe(200 + (3 * 200) / 8);
    for (let count = 0; count < 40; count++) estimate.add(10);
    expect(estimate.mean).toBeLessThan(15);
    expect(estimate.deviation).toBeLessThan(5);
  });

  it('SC10: a first sample of 0 does not keep an estimate at 0 for ever', () => {
    const estimate = new Estimate(50);
    estimate.add(0);
    for (let count = 0; count < 40; count++) estimate.add(100);
    expect(estimate.mean).toBeGreaterThan(90);
  });

  it('SC10: a neighbour that was once slow, and has not been asked since, is believed in again after a while', () => {
    const rig = viewer();
    const linkId = rig.link();
    playUntil(rig, 1, 60_000);
    rig.tell(linkId, 1);
    for (let index = 0; index < 5; index++) {
      rig.nowMs += 250;
      rig.send(linkId, 1, index);
    }
    const { msPerKib } = rig.engine.state.neighbours[0]!;
    expect(msPerKib.mean).toBeGreaterThan(2);
    for (let count = 0; count < 20; count++) {
      rig.hear(linkId, { kind: 'ping', nonce: 0 });
      rig.runFor(2_000);
    }
    expect(msPerKib.mean).toBeLessThan(1.3);
  });
});

describe('fallback', () => {
  it('FB1: without a holder the origin is asked at deadline − H95 − m − X, not before', () => {
    const rig = viewer();
    rig.link();
    playUntil(rig, 1, 1_000);
    rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [publish(1).signed] });
    const waitedMs = fetchesAfterMs(rig);
    expect(waitedMs).toBeGreaterThanOrEqual(1_000 - H95_MS - MARGIN_MS);
    expect(waitedMs).toBeLessThanOrEqual(1_000 - H95_MS - MARGIN_MS + 1);
  });

  it('FB1: X differs from viewer to viewer, evenly over half a part', () => {
    const waits = Array.from({ length: 40 }, (_, seed) => {
      const rig = viewer({ seed });
      rig.link();
      playUntil(rig, 1, 1_000);
      rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [publish(1).signed] });
      return 1_000 - H95_MS - MARGIN_MS - fetchesAfterMs(rig);
    });
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...waits)).toBeLessThanOrEqual(PART_MS / 2);
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(PART_MS / 4);
  });

  it('FB2: with nobody who uploads there is nothing to wait for', () => {
    const rig = viewer();
    rig.link({ status: { isUploading: false } });
    playUntil(rig, 1, 5_000);
    rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [publish(1).signed] });
    expect(fetched(rig)).toEqual([1]);
  });

  it('FB2: a newcomer to a crowd, whose dials are under way, waits for up to 2 s as FB1 says', () => {
    for (const [dials, fetchedAtOnce] of [
      [3, 10],
      [4, 0],
    ] as const) {
      const rig = new EngineRig(NO_JITTER);
      const neighbours = Array.from({ length: dials }, (_, index) => ({ peerId: peerId(50 + index), role: 'viewer' as const, uplinkBitsPerSecond: 0 }));
      rig.handle({ kind: 'neighboursOffered', neighbours });
      rig.join(0, 9);
      expect(rig.all('fetchChunk')).toHaveLength(fetchedAtOnce);
      // Chunk 0 is due in 500 ms, chunk 9 in 2 s.
      rig.runFor(500 - H95_MS + 1);
      expect(fetched(rig)).toContain(0);
      expect(fetched(rig).includes(9)).toBe(fetchedAtOnce > 0);
      rig.runFor(2_000);
      expect(fetched(rig)).toContain(9);
    }
  });

  it('FB3: who would come too late is not asked, but when the origin has failed or is taken: then without a deadline', () => {
    const rig = viewer();
    const linkId = rig.link();
    playUntil(rig, 1, 60);
    // Done after some 200 ms, the origin after 120.
    rig.hear(linkId, { kind: 'header', signed: publish(1).signed, holding: 'complete', aheadKib: 100 });
    expect(rig.sent('request')).toEqual([]);
    const { fetchId } = rig.all('fetchChunk')[0]!;
    rig.handle({ kind: 'fetchFailed', fetchId, failure: 'unavailable' });
    expect(rig.sent('request', linkId)).toMatchObject([{ ...ref(1), deadlineInMs: 65_535 }]);
  });

  it('FB3: who would come too late, but not later than the origin, is asked without a deadline', () => {
    const rig = viewer();
    const linkId = rig.link({ status: { uplinkKbps: 20_000 } });
    playUntil(rig, 1, 60);
    rig.tell(linkId, 1);
    expect(rig.all('fetchChunk')).toEqual([]);
    expect(rig.sent('request', linkId)).toMatchObject([{ ...ref(1), deadlineInMs: 65_535 }]);
  });

  it('FB3: at that time a neighbour is still asked if it is predicted to finish by deadline − m, and else the origin', () => {
    for (const [queuedBytes, fetchCount] of [
      [0, 0],
      [200 * 1024, 1],
    ] as const) {
      const rig = viewer();
      const linkId = rig.link();
      playUntil(rig, 1, 300);
      rig.hear(linkId, { kind: 'header', signed: publish(1).signed, holding: 'complete', aheadKib: queuedBytes / 1024 });
      expect(rig.sent('request', linkId)).toHaveLength(1 - fetchCount);
      expect(rig.all('fetchChunk')).toHaveLength(fetchCount);
    }
  });

  it('FB4: a transfer that will be late is withdrawn, and only what is missing at the end is fetched', () => {
    const rig = viewer();
    const linkId = rig.link();
    playUntil(rig, 1, 1_000);
    rig.tell(linkId, 1);
    rig.send(linkId, 1, 0);
    rig.send(linkId, 1, 1);
    fetchesAfterMs(rig);
    expect(rig.all('fetchChunk')).toMatchObject([{ firstByte: 2 * 16384, byteLength: CHUNK_BYTES }]);
    expect(rig.sent('cancel', linkId)).toHaveLength(1);
    expect(rig.engine.state.counters).toMatchObject({ rangeTails: 1 });
    rig.deliver(rig.all('fetchChunk')[0]!);
    expect(rig.engine.bytesOf(ref(1))).toEqual(publish(1).bytes);
    expect(rig.events('chunkVerified').at(-1)?.sources).toEqual({
      peerBytes: 2 * 16384,
      seederBytes: 0,
      cacheBytes: 0,
      originBytes: CHUNK_BYTES - 2 * 16384,
    });
  });

  it('FB5: a transfer that is expected in time spares the fallback, and is looked at again when it should be over', () => {
    const rig = viewer();
    const linkId = rig.link();
    playUntil(rig, 1, 390);
    rig.tell(linkId, 1);
    rig.runFor(80);
    expect(rig.all('fetchChunk')).toEqual([]);
    expect(rig.engine.state.counters.fallbacksSpared).toBe(1);
    rig.runFor(500);
    expect(rig.all('fetchChunk')).toHaveLength(1);
  });

  it('FB13: a fetch of which nothing comes for H95 is left for a neighbour that has the chunk, as one that failed', () => {
    const rig = viewer();
    const linkId = rig.link();
    playUntil(rig, 1, 60);
    rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [publish(1).signed] });
    const [fetch] = rig.all('fetchChunk');
    rig.runFor(100);
    rig.tell(linkId, 1);
    rig.runFor(H95_MS - 101);
    expect(rig.sent('request', linkId)).toEqual([]);
    rig.runFor(2);
    expect(rig.all('abortFetch')).toEqual([{ kind: 'abortFetch', fetchId: fetch!.fetchId }]);
    expect(rig.sent('request', linkId)).toMatchObject([{ ...ref(1), deadlineInMs: 65_535 }]);
    rig.sendAll(linkId, 1);
    expect(rig.engine.bytesOf(ref(1))).toEqual(publish(1).bytes);
  });

  it('FB13: a neighbour that would take longer than the origin was silent for is not asked instead', () => {
    const rig = viewer();
    const linkId = rig.link();
    playUntil(rig, 1, 60);
    rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [publish(1).signed] });
    rig.hear(linkId, { kind: 'header', signed: publish(1).signed, holding: 'complete', aheadKib: 600 });
    rig.runFor(H95_MS + 20);
    expect(rig.all('abortFetch')).toEqual([]);
    expect(rig.sent('request', linkId)).toEqual([]);
    rig.runFor(300);
    expect(rig.all('abortFetch')).toHaveLength(1);
    expect(rig.sent('request', linkId)).toHaveLength(1);
  });

  it('FB13: a fetch that goes on, or that nobody could replace, is left alone', () => {
    const rig = viewer();
    const linkId = rig.link();
    playUntil(rig, 1, 60, 0.01);
    rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [publish(1).signed] });
    rig.runFor(1_000);
    const { fetchId } = rig.all('fetchChunk')[0]!;
    for (let block = 0; block < 3; block++) {
      rig.handle({ kind: 'fetchBytes', fetchId, bytes: publish(1).bytes.slice(block * 16_384, (block + 1) * 16_384) });
      rig.tell(linkId, 1);
      rig.runFor(H95_MS - 1);
    }
    expect(rig.all('abortFetch')).toEqual([]);
    expect(rig.sent('request', linkId)).toEqual([]);
  });

  it('FB12: an origin that refused one chunk is not asked for another meanwhile, peers are', () => {
    const rig = viewer();
    const linkId = rig.link();
    playUntil(rig, 1, 60);
    rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [publish(1).signed] });
    rig.handle({ kind: 'fetchFailed', fetchId: rig.all('fetchChunk')[0]!.fetchId, failure: 'unavailable' });
    playUntil(rig, 2, 60);
    rig.hear(linkId, { kind: 'header', signed: publish(2).signed, holding: 'complete', aheadKib: 100 });
    expect(rig.sent('request', linkId)).toMatchObject([{ ...ref(2), deadlineInMs: 65_535 }]);
    rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [publish(3).signed] });
    playUntil(rig, 3, 60, 0.01);
    rig.runFor(490);
    expect(fetched(rig)).toEqual([1]);
    rig.runFor(20);
    expect(fetched(rig)).toContain(3);
  });

  it('FB6: the first to fall back says INCOMING at once', () => {
    const rig = viewer();
    const linkId = rig.link({ status: { isUploading: false } });
    playUntil(rig, 1, 5_000);
    rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [publish(1).signed] });
    expect(rig.sent('header', linkId).at(-1)).toMatchObject({ holding: 'incoming', signed: publish(1).signed });
  });

  it('FB6: whose own time was less than half a part away asks the first to fall back instead, and counts that', () => {
    for (const [toldMs, left] of [
      [PART_MS / 2 + 30, 0],
      [PART_MS / 2 - 30, 1],
    ] as const) {
      const rig = viewer();
      const linkId = rig.link();
      playUntil(rig, 1, 1_000);
      rig.handle({ kind: 'originHeaders', rendition: RENDITION, headers: [publish(1).signed] });
      rig.runFor(1_000 - H95_MS - MARGIN_MS - toldMs);
      rig.tell(linkId, 1, 'incoming');
      expect(rig.sent('request', linkId)).toHaveLength(1);
      expect([fetched(rig), rig.engine.state.counters.fallbacksLeft]).toEqual([[], left]);
    }
  });

  it('FB7: after a failure the origin is left alone for 250 ms, doubling up to 4 s', () => {
    const rig = new EngineRig(NO_JITTER);
    rig.join(0);
    rig.handle({ kind: 'playback', position: { playheadMs: FIRST_DATE_MS - 20_000, rate: 0 } });
    const atMs: number[] = [];
    for (let count = 0; count < 6; count++) {
      const { fetchId } = rig.all('fetchChunk').at(-1)!;
      const failedAtMs = rig.nowMs;
      rig.handle({ kind: 'fetchFailed', fetchId, failure: 'unavailable' });
      while (rig.all('fetchChunk').length === count + 1 && rig.nowMs < failedAtMs + 5_000) rig.runFor(1);
      atMs.push(rig.nowMs - failedAtMs);
    }
    expect(atMs).toEqual([250, 500, 1_000, 2_000, 4_000, 4_000]);
  });

  it('FB8: at most 12 fetches at a time; the others wait their turn by deadline', () => {
    const rig = new EngineRig(NO_JITTER);
    rig.join(0, 19);
    expect(fetched(rig)).toEqual(Array.from({ length: 12 }, (_, sequence) => sequence));
    // Waiting for a place costs a look every 20 ms, no more.
    expect(rig.runFor(1_000)).toBeLessThanOrEqual(60);
    rig.deliver(rig.all('fetchChunk')[5]!);
    rig.runFor(25);
    expect(fetched(rig)).toHaveLength(13);
    expect(fetched(rig).at(-1)).toBe(12);
  });

  it('FB9: a fetch whose chunk was completed by others meanwhile, or is not wanted any more, is aborted', () => {
    const rig = new EngineRig(NO_JITTER);
    rig.join(0, 1);
    rig.handle({ kind: 'playback', position: { playheadMs: FIRST_DATE_MS + PART_MS + 1, rate: 1 } });
    expect(rig.all('abortFetch').map(({ fetchId }) => fetchId)).toEqual([rig.all('fetchChunk')[0]?.fetchId]);
  });

  it('FB10: an answer that ends early is a failure; one that is whole but not verified within 1 s is fetched again', () => {
    const rig = new EngineRig(NO_JITTER);
    rig.join(0);
    const { fetchId } = rig.all('fetchChunk')[0]!;
    rig.handle({ kind: 'fetchBytes', fetchId, bytes: publish(0).bytes.slice(0, 20_000) });
    rig.handle({ kind: 'fetchDone', fetchId });
    rig.runFor(260);
    expect(rig.all('fetchChunk').at(-1)).toMatchObject({ firstByte: 16384 });
    rig.answersAtOnce = false;
    rig.deliver(rig.all('fetchChunk').at(-1)!);
    rig.runFor(999);
    expect(rig.all('fetchChunk')).toHaveLength(2);
    rig.runFor(2);
    expect(rig.all('fetchChunk')).toHaveLength(3);
  });

  it('FB11: only viewers fall back; others give up what nobody brings within 10 s', () => {
    const rig = new EngineRig({ role: 'seeder' });
    const linkId = rig.link();
    rig.tell(linkId, 0);
    rig.sendAll(linkId, 0);
    rig.tell(linkId, 1, 'none');
    for (let sequence = 2; sequence <= 10; sequence++) {
      rig.tell(linkId, sequence);
      rig.sendAll(linkId, sequence);
    }
    for (let count = 0; count < 12; count++) {
      rig.hear(linkId, { kind: 'ping', nonce: 0 });
      rig.runFor(1_000);
      rig.handle({ kind: 'tick' });
    }
    expect(rig.all('fetchChunk')).toEqual([]);
    expect(rig.playable).toEqual([10]);
  });
});
