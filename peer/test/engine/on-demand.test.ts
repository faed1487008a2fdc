import type { ChunkSequence, RenditionId } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import type { LinkId } from '../../src/engine/engine-io.js';
import { EngineRig, ref } from './engine-rig.js';
import { CHUNK_BYTES, FIRST_DATE_MS, PART_MS, publish, RENDITION } from './published-stream.js';

type EngineOptions = NonNullable<NonNullable<ConstructorParameters<typeof EngineRig>[0]>['engine']>;

/** Parts of the recording. */
const LENGTH = 600;
const EVERYTHING: readonly [number, number] = [0, LENGTH];

/** One engine on demand, and a recording at an origin that answers questions for headers at once. */
class RecordingRig extends EngineRig {
  /** False: questions are left open. */
  answersPlaces = true;

  constructor(engine: EngineOptions = {}) {
    super({ isOnDemand: true, engine: { ...engine, fallback: { jitterParts: 0 } } });
  }

  open(sequence: number): void {
    this.handle({ kind: 'opened', rendition: RENDITION, headers: this.headers(sequence, 16), isEnd: sequence + 16 >= LENGTH });
    this.settle();
  }

  seek(sequence: number): void {
    this.handle({ kind: 'seek', dateMs: dateOf(sequence) });
    this.settle();
  }

  /** Answers all questions for headers, those too that the answers lead to. */
  settle(): void {
    for (let index = 0; this.answersPlaces && index < this.all('headersAt').length; index++) {
      const { requestId, dateMs, count } = this.all('headersAt')[index]!;
      const sequence = Math.floor((dateMs - FIRST_DATE_MS) / PART_MS);
      const headers = this.headers(sequence - (sequence % 5), count);
      this.handle({ kind: 'placeHeaders', requestId, headers, isEnd: headers.length < count });
    }
  }

  play(sequence: number, rate = 1): void {
    this.handle({ kind: 'playback', position: { playheadMs: dateOf(sequence), rate } });
    this.settle();
  }

  /** A neighbour that has all from a sequence on up to another, but some. */
  holder([from, to]: readonly [number, number], lacking: readonly number[] = []): LinkId {
    const linkId = this.link();
    this.hold8(linkId, [from, to], lacking);
    return linkId;
  }

  hold8(linkId: LinkId, [from, to]: readonly [number, number], lacking: readonly number[] = []): void {
    const bits = new Uint8Array(Math.ceil((to - from) / 8));
    for (let sequence = from; sequence < to; sequence++) {
      if (!lacking.includes(sequence)) bits[(sequence - from) >> 3]! |= 1 << (sequence - from) % 8;
    }
    this.hear(linkId, { kind: 'holdings', rendition: RENDITION, sequence: from as ChunkSequence, bits });
  }

  get fetched(): number[] {
    return this.all('fetchChunk').map(({ chunk }) => chunk.sequence);
  }

  requested(linkId?: LinkId): number[] {
    return this.sent('request', linkId).map(({ sequence }) => sequence);
  }

  get placed(): number[] {
    return this.events('playbackPlaced').map(({ header }) => header.sequence);
  }

  headers(from: number, count: number): ReturnType<typeof publish>['signed'][] {
    return Array.from({ length: Math.min(count, LENGTH - from) }, (_, index) => publish(from + index).signed);
  }
}

function dateOf(sequence: number): number {
  return FIRST_DATE_MS + sequence * PART_MS;
}

describe('a recording', () => {
  it('OD1: playback begins with the first header of the answer, and with its independent part after a seek', () => {
    const rig = new RecordingRig();
    rig.open(20);
    expect(rig.placed).toEqual([20]);
    // 20 to 299 are known by now.
    rig.play(20);
    const asked = rig.all('headersAt').length;
    rig.seek(33);
    expect(rig.placed).toEqual([20, 30]);
    expect(rig.all('headersAt')).toHaveLength(asked);
    rig.seek(503);
    expect(rig.placed).toEqual([20, 30, 500]);
    expect(rig.all('headersAt')[asked]).toMatchObject({ dateMs: dateOf(503), count: 16 });
  });

  it('OD1: an engine that watches live takes no notice of a seek, and one on demand lists nothing', () => {
    const live = new EngineRig();
    live.join(0);
    live.clear();
    live.handle({ kind: 'seek', dateMs: dateOf(30) });
    expect(live.all('headersAt')).toEqual([]);
    const rig = new RecordingRig();
    rig.open(0);
    for (const fetch of rig.all('fetchChunk')) rig.deliver(fetch);
    expect(rig.events('chunkVerified').length).toBeGreaterThan(0);
    expect(rig.playable).toEqual([]);
    expect(rig.engine.has(ref(0))).toBe(true);
    expect(rig.engine.has(ref(9))).toBe(false);
  });

  it('OD2: parts whose order nobody has told are not walked through, and the last one has no successor', () => {
    const rig = new RecordingRig();
    rig.answersPlaces = false;
    rig.holder(EVERYTHING);
    rig.open(0);
    rig.runFor(5_000);
    // Sixteen headers are known, and what follows them was asked for once.
    expect(Math.max(...rig.requested(), ...rig.fetched)).toBe(15);
    expect(rig.all('headersAt')).toMatchObject([{ dateMs: dateOf(16), count: 64 }]);
    const end = new RecordingRig();
    end.open(590);
    end.runFor(3_000);
    expect(end.all('headersAt').filter(({ dateMs }) => dateMs >= dateOf(LENGTH))).toEqual([]);
  });

  it('OD3: all of the urgent part is asked of who has it, and of the spread part the four that are rarest', () => {
    const rare = [120, 130, 140, 150];
    const rig = new RecordingRig();
    for (let count = 0; count < 8; count++) rig.holder(EVERYTHING, rare);
    for (let count = 0; count < 6; count++) rig.holder(EVERYTHING);
    rig.open(0);
    rig.runFor(600);
    const requested = [...new Set(rig.requested())].sort((left, right) => left - right);
    expect(requested.filter((sequence) => sequence >= 50)).toEqual(rare);
    expect(requested.filter((sequence) => sequence < 50).length).toBeGreaterThan(40);
    expect(rig.engine.state.counters.spreads).toBe(4);
  });

  it('OD3: without rarest-first the spread part is asked for in the order of playback, and without it not at all', () => {
    const ask = (...disabled: NonNullable<EngineOptions['disabled']>): number[] => {
      const rig = new RecordingRig({ disabled });
      for (let count = 0; count < 8; count++) rig.holder(EVERYTHING, [120]);
      rig.holder(EVERYTHING);
      rig.open(0);
      rig.runFor(600);
      return rig.requested().filter((sequence) => sequence >= 50);
    };
    expect(ask('rarestFirst')).toEqual([50, 51, 52, 53]);
    expect(ask('spread')).toEqual([]);
  });

  it('OD3: what nobody has is not asked for before it is urgent, and then waits for its time', () => {
    const rig = new RecordingRig();
    rig.open(0);
    rig.play(0);
    rig.runFor(400);
    expect(rig.requested()).toEqual([]);
    expect(Math.max(...rig.fetched)).toBeLessThan(8);
  });

  it('OD3: half of the store’s budget ends the window', () => {
    const rig = new RecordingRig({ store: { budgetBytes: 120 * CHUNK_BYTES } });
    for (let count = 0; count < 8; count++) rig.holder(EVERYTHING, [58, 59, 61]);
    rig.holder(EVERYTHING);
    rig.open(0);
    rig.runFor(600);
    expect(rig.requested()).toContain(59);
    expect(rig.requested()).not.toContain(61);
  });

  it('OD4: the first part is due at once, the next ones as they are played, whoever might bring them', () => {
    const rig = new RecordingRig();
    rig.holder([16, 600]);
    rig.open(0);
    // H95 + m = 370 ms before anything was measured.
    expect(rig.fetched).toEqual([0, 1]);
    rig.runFor(29);
    expect(rig.fetched).toEqual([0, 1]);
    rig.runFor(2);
    expect(rig.fetched).toEqual([0, 1, 2]);
    rig.runFor(200);
    expect(rig.fetched).toEqual([0, 1, 2, 3]);
  });

  it('OD4: later the origin is asked up to 3 s sooner than it would have to be', () => {
    const aheadAfter = (ms: number): number => {
      const rig = new RecordingRig();
      rig.answersPlaces = true;
      rig.open(0);
      rig.nowMs += ms;
      rig.play(0, 0);
      rig.runFor(1);
      // None is ever answered: at most 12 run at a time.
      return Math.max(...rig.fetched);
    };
    // Due 370 + 120 ms and the reserve before its time: 245 ms of it after a second, all of it after 12.
    expect(aheadAfter(1_000)).toBe(3);
    expect(aheadAfter(2_000)).toBe(4);
  });

  it('OD5: a question that failed is asked again, later each time; an answer to an old one is used all the same', () => {
    const rig = new RecordingRig();
    rig.open(0);
    rig.answersPlaces = false;
    rig.seek(400);
    const first = rig.all('headersAt').at(-1)!;
    rig.handle({ kind: 'placeHeadersFailed', requestId: first.requestId });
    rig.runFor(124);
    expect(rig.all('headersAt').at(-1)).toBe(first);
    rig.runFor(252);
    const second = rig.all('headersAt').at(-1)!;
    expect(second).toMatchObject({ dateMs: first.dateMs, count: 16 });
    expect(second.requestId).not.toBe(first.requestId);
    rig.handle({ kind: 'placeHeaders', requestId: second.requestId, headers: [], isEnd: false });
    rig.runFor(249);
    expect(rig.all('headersAt').at(-1)).toBe(second);
    rig.handle({ kind: 'placeHeaders', requestId: first.requestId, headers: rig.headers(400, 16), isEnd: false });
    expect(rig.placed).toEqual([0, 400]);
  });

  it('OD6: a seek withdraws what is far from the new place, and keeps what is near and what is stored', () => {
    const rig = new RecordingRig();
    const linkId = rig.holder([16, LENGTH]);
    rig.open(0);
    for (const fetch of rig.all('fetchChunk')) rig.deliver(fetch);
    rig.runFor(500);
    const asked = rig.requested();
    rig.clear();
    rig.seek(450);
    const [withdrawn] = rig.sent('cancel', linkId).map(({ sequence }) => sequence);
    expect(asked).toContain(withdrawn);
    expect(rig.engine.has(ref(0))).toBe(true);
    rig.clear();
    rig.seek(0);
    expect(rig.placed).toEqual([0]);
    expect(rig.fetched).not.toContain(0);
    // A block that was on its way when it was withdrawn is nobody's fault.
    rig.send(linkId, withdrawn!, 0);
    expect(rig.closed).toEqual([]);
  });

  it('OD7: a new neighbour hears of all that is whole at once, the others of what has come within 500 ms', () => {
    const rig = new RecordingRig();
    const early = rig.link();
    rig.open(10);
    for (const fetch of rig.all('fetchChunk')) rig.deliver(fetch);
    const late = rig.link();
    expect(rig.sent('holdings', late)).toMatchObject([{ sequence: 8, bits: Uint8Array.of(0b1100) }]);
    expect(rig.sent('holdings', early)).toEqual([]);
    expect(rig.sent('incoming', early).map(({ sequence }) => sequence)).toEqual([10, 11]);
    rig.runFor(500);
    expect(rig.sent('holdings', early).at(-1)).toMatchObject({ sequence: 8 });
    expect(rig.sent('have')).toEqual([]);
    expect(rig.sent('header')).toEqual([]);
  });

  it('OD7: for whom a cap left no room hears of everything when there is, also when nothing is new', () => {
    const rig = new RecordingRig();
    rig.open(10);
    for (const fetch of rig.all('fetchChunk')) rig.deliver(fetch);
    rig.runFor(1_000);
    // A cap's bucket begins empty.
    rig.handle({ kind: 'upload', policy: { mode: 'capped', bitsPerSecond: 1_000_000 } });
    const late = rig.link();
    expect(rig.sent('holdings', late)).toEqual([]);
    rig.runFor(1_500);
    expect(rig.sent('holdings', late)).toMatchObject([{ sequence: 8, bits: Uint8Array.of(0b1100) }]);
  });

  it('OD7: who serves nobody tells nothing', () => {
    const rig = new RecordingRig();
    rig.handle({ kind: 'upload', policy: { mode: 'off' } });
    rig.open(0);
    for (const fetch of rig.all('fetchChunk')) rig.deliver(fetch);
    rig.link();
    rig.runFor(1_000);
    expect([...rig.sent('holdings'), ...rig.sent('incoming')]).toEqual([]);
  });

  it('OD9: who has nothing of what is wanted next counts for nothing, and others are looked for', () => {
    const rig = new RecordingRig();
    rig.open(100);
    rig.play(100);
    rig.handle({ kind: 'neighboursOffered', neighbours: [] });
    const behind = Array.from({ length: 7 }, () => rig.holder([0, 80]));
    rig.holder(EVERYTHING);
    rig.runFor(8_000);
    expect(rig.all('wantNeighbours').map(({ count }) => count)).toEqual([7]);
    // They come to where it is.
    for (const linkId of behind) rig.hold8(linkId, [80, LENGTH]);
    rig.runFor(2_500);
    rig.clear();
    rig.runFor(6_000);
    expect(rig.all('wantNeighbours')).toEqual([]);
  });

  it('OD8: beyond the budget what is far away goes, first what most neighbours have, and neighbours hear of it', () => {
    const rig = new RecordingRig({ store: { budgetBytes: 20 * CHUNK_BYTES } });
    const watch = (from: number, count: number): void => {
      for (let sequence = from; sequence < from + count; sequence++) {
        rig.play(sequence);
        for (const fetch of rig.all('fetchChunk')) rig.deliver(fetch);
        rig.runFor(200);
      }
    };
    rig.open(0);
    watch(0, 6);
    const linkId = rig.holder([0, 8], [0, 1]);
    rig.runFor(500);
    expect([0, 1, 2, 3].map((sequence) => rig.engine.has(ref(sequence)))).toEqual([true, true, true, true]);
    rig.seek(300);
    for (let count = 1; rig.engine.has(ref(2)); count++) watch(300, count);
    expect([0, 1, 2].map((sequence) => rig.engine.has(ref(sequence)))).toEqual([true, true, false]);
    rig.runFor(500);
    const last = rig.sent('holdings', linkId).findLast(({ sequence }) => sequence === 0)!;
    expect(last.bits[0]! & 0b111).toBe(0b11);
  });

  it('OD10: who follows a live edge goes back and returns, over the same links, and nobody pushes to it meanwhile', () => {
    const rig = new EngineRig({ engine: { fallback: { jitterParts: 0 } } });
    rig.hold(400, 403);
    expect(rig.playable).toEqual([400, 401, 402, 403]);
    const linkId = rig.link();
    rig.clear();
    rig.handle({ kind: 'opened', rendition: RENDITION, headers: Array.from({ length: 16 }, (_, index) => publish(20 + index).signed), isEnd: false });
    rig.runFor(600);
    expect(rig.events('playbackPlaced').map(({ header }) => header.sequence)).toEqual([20]);
    for (const fetch of rig.all('fetchChunk')) rig.deliver(fetch);
    expect(rig.engine.has(ref(20))).toBe(true);
    // It is told what was kept of the live edge, and of the recording, in one way.
    rig.runFor(600);
    expect(rig.sent('holdings', linkId).length).toBeGreaterThan(0);
    expect(rig.all('followHeaders')).toEqual([]);
    rig.clear();
    rig.join(500, 503);
    for (let asked = 0; asked < 4; asked++) {
      rig.runFor(1_000);
      for (const fetch of rig.all('fetchChunk').slice(asked)) rig.deliver(fetch);
    }
    expect(rig.playable[0]).toBe(500);
    expect(rig.all('closeLink')).toEqual([]);
    expect(rig.engine.state.neighbourCount).toBe(1);
  });

  it('OD12: of a rendition that was played before everything is got that is not stored', () => {
    const rig = new RecordingRig();
    rig.open(0);
    rig.runFor(500);
    for (const fetch of rig.all('fetchChunk')) rig.deliver(fetch);
    rig.handle({ kind: 'opened', rendition: 1 as RenditionId, headers: [publish(0, { rendition: 1 as RenditionId }).signed], isEnd: true });
    const before = rig.fetched.length;
    rig.open(0);
    rig.runFor(4_000);
    expect(rig.placed).toEqual([0, 0, 0]);
    expect(rig.fetched.slice(before)).toContain(before);
  });

  it('OD11: what lies before the picture is due at once', () => {
    const ask = (pictureMs: number | undefined): number => {
      const rig = new RecordingRig();
      rig.open(0);
      rig.seek(300);
      rig.clear();
      rig.handle({ kind: 'seek', dateMs: dateOf(200), ...(pictureMs === undefined ? {} : { pictureMs }) });
      rig.settle();
      return rig.all('fetchChunk').length;
    };
    const fromTheFirst = ask(undefined);
    expect(ask(dateOf(209))).toBeGreaterThanOrEqual(fromTheFirst + 7);
  });

  it.each([0, -1, -20, 20])('OD1: begins with the part that is named, and asks for none before it, though its date is listed %i ms off', (offMs) => {
    const rig = new RecordingRig();
    rig.open(0);
    rig.clear();
    rig.handle({ kind: 'seek', dateMs: dateOf(300) + offMs, sequence: 300 as ChunkSequence });
    rig.settle();
    rig.handle({ kind: 'playback', position: { playheadMs: dateOf(300) + offMs, segmentMs: dateOf(300) + offMs, rate: 0 } });
    rig.runFor(2_000);
    expect(rig.placed).toEqual([300]);
    expect(Math.min(...rig.fetched)).toBe(300);
  });

  it('OD1: finds the part that is named beyond an answer that ends before it', () => {
    const rig = new RecordingRig({ onDemand: { firstHeaders: 3 } });
    rig.open(0);
    rig.clear();
    rig.handle({ kind: 'seek', dateMs: dateOf(300) - 1, sequence: 300 as ChunkSequence });
    rig.settle();
    rig.runFor(2_000);
    expect(rig.all('headersAt').slice(0, 2).map(({ dateMs }) => dateMs - dateOf(300))).toEqual([-1, 19]);
    expect(rig.placed).toEqual([300]);
  });

  it('OD1: begins with what is played at the date where there is no part that is named so', () => {
    const rig = new RecordingRig();
    rig.open(0);
    rig.clear();
    rig.handle({ kind: 'seek', dateMs: dateOf(300), sequence: 9_999 as ChunkSequence });
    rig.settle();
    rig.runFor(2_000);
    expect(rig.placed).toEqual([300]);
  });

  it('OD13: what is behind the playhead takes nothing from the room for what is ahead, and is not dropped while it is wanted', () => {
    const rig = new RecordingRig({ store: { budgetBytes: 124 * CHUNK_BYTES } });
    let delivered = 0;
    const run = (seconds: number): void => {
      for (let ms = 0; ms < seconds * 1000; ms += 100) {
        rig.runFor(100);
        rig.settle();
        for (; delivered < rig.all('fetchChunk').length; delivered++) rig.deliver(rig.all('fetchChunk')[delivered]!);
      }
    };
    rig.open(300);
    rig.play(300);
    run(16);
    rig.handle({ kind: 'seek', dateMs: dateOf(0), pictureMs: dateOf(60) });
    rig.settle();
    rig.handle({ kind: 'playback', position: { playheadMs: dateOf(60), segmentMs: dateOf(0), rate: 0 } });
    run(10);
    const fetched = rig.fetched.filter((sequence) => sequence < 300);
    expect(rig.fetched.length).toBeGreaterThan(124);
    expect(new Set(fetched)).toEqual(new Set(Array.from({ length: fetched.length }, (_, sequence) => sequence)));
    expect(fetched.length).toBeGreaterThan(70);
  });

  it('takes a segment’s date that is no number for none', () => {
    const lastFetched = (segment: { segmentMs?: number }): number => {
      const rig = new RecordingRig();
      rig.open(0);
      for (let ms = 0; ms < 4_000; ms += 200) {
        rig.handle({ kind: 'playback', position: { playheadMs: dateOf(0) + ms, rate: 1, ...segment } });
        rig.runFor(200);
        rig.settle();
      }
      return Math.max(...rig.fetched);
    };
    expect(lastFetched({ segmentMs: NaN })).toBe(lastFetched({}));
  });

  it('OD13: of the segment that is played all is wanted, though its dates lie before the playhead', () => {
    const lacking = (segmentMs: number | undefined): number[] => {
      const rig = new RecordingRig();
      rig.open(0);
      rig.handle({ kind: 'playback', position: { playheadMs: dateOf(8), rate: 0, ...(segmentMs === undefined ? {} : { segmentMs }) } });
      rig.runFor(600);
      for (let delivered = 0, ms = 0; ms < 10_000; ms += 100) {
        rig.runFor(100);
        for (; delivered < rig.all('fetchChunk').length; delivered++) rig.deliver(rig.all('fetchChunk')[delivered]!);
      }
      return Array.from({ length: 20 }, (_, sequence) => sequence).filter((sequence) => !rig.engine.has(ref(sequence)));
    };
    expect(lacking(dateOf(0))).toEqual([]);
    // Part 4 ends at its very date.
    expect(lacking(dateOf(5))).toEqual([0, 1, 2, 3]);
    expect(lacking(undefined)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('FB14: what the origin does not have is asked of it four times, and then of neighbours only', () => {
    const rig = new RecordingRig();
    rig.open(0);
    rig.play(0, 0);
    const missing = (): ReturnType<typeof rig.all<'fetchChunk'>> => rig.all('fetchChunk').filter(({ chunk }) => chunk.sequence === 3);
    for (let answered = 0, ms = 0; ms < 60_000; ms += 100) {
      rig.runFor(100);
      for (; answered < rig.all('fetchChunk').length; answered++) {
        const fetch = rig.all('fetchChunk')[answered]!;
        if (fetch.chunk.sequence === 3) rig.handle({ kind: 'fetchFailed', fetchId: fetch.fetchId, failure: 'notFound' });
        else rig.deliver(fetch);
      }
    }
    expect(missing()).toHaveLength(4);
    expect(rig.events('chunkVerified').length).toBeGreaterThan(10);
    const linkId = rig.holder([0, 8]);
    rig.runFor(1_000);
    expect(rig.requested(linkId)).toEqual([3]);
    rig.sendAll(linkId, 3);
    expect(rig.engine.has(ref(3))).toBe(true);
    expect(missing()).toHaveLength(4);
  });
});
