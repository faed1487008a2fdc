import type { HlsConfig, Loader, LoaderContext } from 'hls.js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMeshLoader } from '../../src/library/mesh-loader.js';
import { MeshRequests } from '../../src/library/mesh-requests.js';
import type { MacrotaskQueue } from '../../src/library/macrotask.js';
import { bytesOf, EPOCH_MS, headerOf, PART_MS } from '../support/chunk-headers.js';
import { FakeSession } from '../support/fake-session.js';
import { FEED_RECORD } from '../support/feed-record.js';
import { startLoad, type LoadResult } from '../support/load.js';

const BASE = 'http://origin.test/live/main';
const PLAYLIST = `${BASE}/0/live.m3u8`;

/** Tasks run when the test says so. */
class ManualQueue implements MacrotaskQueue {
  readonly #tasks: (() => void)[] = [];
  post(task: () => void): void {
    this.#tasks.push(task);
  }
  close(): void {
    this.#tasks.length = 0;
  }
  run(): void {
    for (let task = this.#tasks.shift(); task; task = this.#tasks.shift()) task();
  }
}

const textFrom = ({ response }: LoadResult): string => (typeof response?.data === 'string' ? response.data : '');

function setUp() {
  const session = new FakeSession();
  const queue = new ManualQueue();
  // Both clocks run with the fake timers, the wall clock as the publisher's.
  const startMs = Date.now();
  const clock = { nowMs: () => 1_000 + Date.now() - startMs, wallMs: () => EPOCH_MS + Date.now() - startMs };
  const starts: number[] = [];
  const requests = new MeshRequests(session, { clock, queue, beforeFirstPlaylist: (heldMs) => void starts.push(heldMs), picture: () => undefined });
  const LoaderClass = createMeshLoader<LoaderContext>({ requests, baseUrl: BASE, clock });
  const newLoader = (): Loader<LoaderContext> => new LoaderClass({} as HlsConfig);
  const addParts = (from: number, to: number): void => {
    for (let sequence = from; sequence <= to; sequence++) session.addPart(headerOf(sequence), bytesOf(sequence));
  };
  const load = (url: string, options: Parameters<typeof startLoad>[2] = {}) => {
    const loader = newLoader();
    return { loader, result: startLoad(loader, url, options) };
  };
  /** A session that has joined, holds parts 0 … 24 and has given its first playlist. */
  const joined = (): void => {
    session.join(FEED_RECORD);
    addParts(0, 24);
    load(PLAYLIST);
    vi.advanceTimersByTime(1_000);
    queue.run();
  };
  const textOf = (url: string): string => {
    const { result } = load(url);
    queue.run();
    // Longer than a playlist without news is kept back.
    vi.advanceTimersByTime(2_000);
    queue.run();
    return textFrom(result);
  };
  return { session, queue, clock, requests, starts, newLoader, load, addParts, joined, textOf };
}

describe('binding: playlists', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('come from the verified timeline alone: a part is listed only when all of it is verified', () => {
    const { joined, textOf, session, addParts } = setUp();
    joined();
    expect(textOf(PLAYLIST)).toContain('part-24.m4s"');
    // A header that is known, and a chunk that is verified out of order, list nothing.
    const header = headerOf(26);
    session.emit('chunkVerified', { header, sources: { peerBytes: 3, seederBytes: 0, originBytes: 0, cacheBytes: 0 } });
    expect(textOf(PLAYLIST)).not.toContain('URI="part-26.m4s"');
    addParts(25, 26);
    expect(textOf(PLAYLIST)).toContain('#EXT-X-PART:DURATION=0.2,URI="part-26.m4s"');
  });

  it('are never answered from within the request', () => {
    const { joined, load, queue } = setUp();
    joined();
    const { result } = load(`${PLAYLIST}?_HLS_msn=9&_HLS_part=0`);
    expect(result.calls).toBe(0);
    queue.run();
    expect(result.outcome).toBe('success');
  });

  it('block for the next part until it is ready', () => {
    const { joined, load, queue, addParts } = setUp();
    joined();
    const { result } = load(`${PLAYLIST}?_HLS_msn=9&_HLS_part=5`);
    queue.run();
    expect(result.calls).toBe(0);
    addParts(25, 25);
    queue.run();
    expect(textFrom(result)).toContain('part-25.m4s');
  });

  it('block for a whole segment when no part is named', () => {
    const { joined, load, queue, addParts } = setUp();
    joined();
    const { result } = load(`${PLAYLIST}?_HLS_msn=9`);
    addParts(25, 28);
    queue.run();
    expect(result.calls).toBe(0);
    addParts(29, 29);
    queue.run();
    expect(textFrom(result)).toContain('segment-1-9.m4s');
  });

  it('block for any place ahead of the log: tune-in asks beyond the next part', () => {
    const { joined, load, queue, addParts } = setUp();
    joined();
    const beyondPart = load(`${PLAYLIST}?_HLS_msn=9&_HLS_part=8`).result;
    const beyondSegment = load(`${PLAYLIST}?_HLS_msn=14&_HLS_part=0`).result;
    addParts(25, 27);
    queue.run();
    expect(beyondPart.calls).toBe(0);
    addParts(28, 28);
    queue.run();
    expect(beyondPart.outcome).toBe('success');
    expect(beyondSegment.calls).toBe(0);
    addParts(29, 70);
    queue.run();
    expect(beyondSegment.outcome).toBe('success');
  });

  it('are as old as their newest part: stats.loading.first is when the answer came to exist', () => {
    const { joined, load, queue, addParts, clock } = setUp();
    joined();
    const waiting = load(`${PLAYLIST}?_HLS_msn=9&_HLS_part=5`);
    const askedAtMs = clock.nowMs();
    vi.advanceTimersByTime(150);
    addParts(25, 25);
    const readyAtMs = clock.nowMs();
    vi.advanceTimersByTime(30);
    queue.run();
    expect(waiting.loader.stats.loading).toEqual({ start: askedAtMs, first: readyAtMs, end: readyAtMs + 30 });
    const late = load(`${PLAYLIST}?_HLS_msn=9&_HLS_part=5`);
    queue.run();
    expect(late.loader.stats.loading.first).toBe(late.loader.stats.loading.start);
  });

  it('are kept back while they would say nothing new, for a while, and come with the next part', () => {
    const { joined, load, queue, addParts } = setUp();
    joined();
    const first = load(PLAYLIST).result;
    queue.run();
    expect(first.calls).toBe(0);
    addParts(25, 25);
    queue.run();
    expect(textFrom(first)).toContain('part-25.m4s"');
    const second = load(PLAYLIST).result;
    vi.advanceTimersByTime(1_990);
    queue.run();
    expect(second.calls).toBe(0);
    vi.advanceTimersByTime(10);
    queue.run();
    expect(second.outcome).toBe('success');
  });

  it('wait for the join, and then for the parts that it brings, so that hls.js starts at the edge', () => {
    const { session, load, queue, addParts, starts } = setUp();
    const { result } = load(PLAYLIST);
    queue.run();
    session.join(FEED_RECORD);
    vi.setSystemTime(Date.now() + 25 * PART_MS);
    addParts(0, 9);
    queue.run();
    expect(result.calls).toBe(0);
    addParts(10, 23);
    queue.run();
    expect(textFrom(result)).toContain('part-23.m4s');
    expect(starts).toEqual([24 * PART_MS]);
  });

  it('wait no longer than a pause in the joining burst where the clocks differ', () => {
    const { session, load, queue, addParts } = setUp();
    const { result } = load(PLAYLIST);
    session.join(FEED_RECORD);
    vi.setSystemTime(Date.now() - 3_600_000);
    addParts(0, 9);
    queue.run();
    expect(result.calls).toBe(0);
    vi.advanceTimersByTime(60);
    queue.run();
    expect(textFrom(result)).toContain('part-9.m4s');
  });

  it('give hls.js one level, the one that the engine chose: there is nothing to switch', () => {
    const { session, textOf } = setUp();
    const [first] = FEED_RECORD.renditions;
    session.join({ ...FEED_RECORD, renditions: [{ ...first!, id: 1 as never, height: 90 }, first!] });
    const playlist = textOf(`${BASE}/index.m3u8`);
    expect(playlist.match(/#EXT-X-STREAM-INF/g)).toHaveLength(1);
    expect(playlist).toContain('RESOLUTION=320x180');
  });

  it('end when the stream has ended, and block no more', () => {
    const { joined, session, textOf } = setUp();
    joined();
    session.emit('recordChanged', { record: { ...FEED_RECORD, isEnded: true, revision: 2 } });
    expect(textOf(`${PLAYLIST}?_HLS_msn=9&_HLS_part=5`)).toContain('#EXT-X-ENDLIST');
  });

  it('put a gap before a timeline that begins within a segment, until that has left the window', () => {
    const { session, addParts, textOf } = setUp();
    session.join(FEED_RECORD);
    vi.setSystemTime(Date.now() + 9 * PART_MS);
    addParts(5, 7);
    const text = textOf(PLAYLIST);
    expect(text).toContain('#EXT-X-MEDIA-SEQUENCE:6\n');
    expect(text).toMatch(/#EXT-X-MAP:[^\n]*\n#EXT-X-GAP\n(#EXT-X-PART:DURATION=0.2,URI="gap.m4s",GAP=YES\n){10}#EXTINF:2,\ngap.m4s\n/);
    addParts(8, 400);
    session.timeline().trim(10_000);
    expect(textOf(PLAYLIST)).not.toContain('gap.m4s');
  });
});

describe('binding: media', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('serves parts, each time in a private buffer', () => {
    const { joined, load, queue } = setUp();
    joined();
    const first = load(`${BASE}/0/part-12.m4s`).result;
    queue.run();
    const buffer = first.response?.data as ArrayBuffer;
    structuredClone(buffer, { transfer: [buffer] });
    expect(buffer.byteLength).toBe(0);
    const second = load(`${BASE}/0/part-12.m4s`).result;
    queue.run();
    expect([...new Uint8Array(second.response?.data as ArrayBuffer)]).toEqual([12, 13, 14]);
  });

  it('serves whole segments joined from parts, and ranges of them', () => {
    const { joined, load, queue } = setUp();
    joined();
    const whole = load(`${BASE}/0/segment-1-8.m4s`).result;
    const range = load(`${BASE}/0/segment-1-8.m4s`, { rangeStart: 2, rangeEnd: 5 }).result;
    const beyond = load(`${BASE}/0/segment-1-8.m4s`, { rangeStart: 30, rangeEnd: 40 }).result;
    queue.run();
    const bytes = [...new Uint8Array(whole.response?.data as ArrayBuffer)];
    expect(bytes).toHaveLength(30);
    expect(bytes.slice(0, 6)).toEqual([10, 11, 12, 11, 12, 13]);
    expect([...new Uint8Array(range.response?.data as ArrayBuffer)]).toEqual([12, 11, 12]);
    expect(beyond.status).toBe(416);
  });

  it('serves init segments, and waits for one that is not there yet', () => {
    const { joined, load, queue, session } = setUp();
    joined();
    const { result } = load(`${BASE}/0/init-${'b'.repeat(64)}.mp4`);
    queue.run();
    expect(result.calls).toBe(0);
    session.addInit('b'.repeat(64), Uint8Array.of(1, 2));
    queue.run();
    expect([...new Uint8Array(result.response?.data as ArrayBuffer)]).toEqual([1, 2]);
  });

  it('answers 404 for what is not, or no longer, held, and for what is nothing of the stream', () => {
    const { joined, load, queue, session } = setUp();
    joined();
    session.evict(12);
    const urls = ['0/part-12.m4s', '0/segment-1-8.m4s', '0/segment-2-7.m4s', '0/segment-1-9.m4s', '0/part-99.m4s', 'x'];
    const results = urls.map((path) => load(`${BASE}/${path}`).result);
    const foreign = load('http://elsewhere.test/part-1.m4s').result;
    queue.run();
    expect([...results, foreign].map(({ status }) => status)).toEqual([404, 404, 404, 404, 404, 404, 404]);
  });
});

describe('binding: loads that end early', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('time out at hls.js’s limit, once, and are withdrawn', () => {
    const { joined, load, queue, addParts } = setUp();
    joined();
    const { result } = load(`${PLAYLIST}?_HLS_msn=9&_HLS_part=5`, { firstByteMs: 1_600 });
    vi.advanceTimersByTime(1_599);
    expect(result.calls).toBe(0);
    vi.advanceTimersByTime(1);
    expect(result.outcome).toBe('timeout');
    addParts(25, 30);
    queue.run();
    expect(result.calls).toBe(1);
  });

  it('give no answer after abort', () => {
    const { joined, load, queue } = setUp();
    joined();
    const { loader, result } = load(PLAYLIST);
    loader.abort();
    expect(result).toMatchObject({ outcome: 'abort', calls: 1 });
    expect(loader.stats.aborted).toBe(true);
    vi.advanceTimersByTime(60_000);
    queue.run();
    expect(result.calls).toBe(1);
  });

  it('give no answer after destroy', () => {
    const { joined, load, queue } = setUp();
    joined();
    const { loader, result } = load(PLAYLIST);
    loader.destroy();
    vi.advanceTimersByTime(60_000);
    queue.run();
    expect(result.calls).toBe(0);
  });

  it('are refused with 503 when the session is left, so that hls.js asks again elsewhere', () => {
    const { joined, load, queue, requests, session } = setUp();
    joined();
    const { result } = load(`${PLAYLIST}?_HLS_msn=9&_HLS_part=5`);
    requests.close();
    expect(result.calls).toBe(0);
    queue.run();
    expect(result.status).toBe(503);
    expect(session.listenerCount()).toBe(0);
  });

  it('load once each', () => {
    const { joined, newLoader } = setUp();
    joined();
    const loader = newLoader();
    startLoad(loader, PLAYLIST);
    expect(() => startLoad(loader, PLAYLIST)).toThrow('once');
  });
});
