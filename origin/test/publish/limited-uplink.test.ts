import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';

import { decodeHeaderBatch, joinAnswerFromOriginSchema } from '@p2ptv/protocol';
import type { LightMyRequestResponse } from 'fastify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { UplinkBudget, WINDOW_MS } from '../../src/uplink/uplink-budget.js';
import { UplinkGate } from '../../src/uplink/uplink-gate.js';
import { temporaryFolder } from '../package/stream-fixture.js';
import { openOrigin, until, type TestOrigin } from './server-fixture.js';

const CHUNK_BYTES = 75_000;

let nowMs: number;
let gate: UplinkGate;
let origin: TestOrigin;
/** What left so far, by time: HTTP bodies and what the seeder was granted. */
let egress: { atMs: number; bytes: number }[];
let seededBytes: number;

/** Lets virtual time pass, a millisecond at a time; what answers do in between runs on real turns of the loop. */
async function advance(durationMs: number): Promise<void> {
  for (const endMs = nowMs + durationMs; nowMs < endMs; ) {
    nowMs++;
    vi.advanceTimersByTime(1);
    await nextTurn();
    await nextTurn();
    note();
  }
}

/** Lets virtual time pass until a promise is settled. */
async function settled<Value>(promise: Promise<Value>): Promise<Value> {
  const state = { isOver: false };
  const over = (): void => void (state.isOver = true);
  promise.then(over, over);
  while (!state.isOver) await advance(1);
  return promise;
}

/** Sends a request now. */
function get(url: string, headers: Record<string, string> = {}): Promise<LightMyRequestResponse> {
  return origin.server.inject({ url, headers }).then((response) => response);
}

function note(): void {
  const { media, init, playlists, headers, join: joins } = origin.published.originBytes();
  const total = media + init + playlists + headers + joins + seededBytes;
  const before = egress.at(-1)?.bytes ?? 0;
  if (total > before) egress.push({ atMs: nowMs, bytes: total });
}

function peakBitsPerSecond(): number {
  let peak = 0;
  for (const [index, { atMs }] of egress.entries()) {
    const before = egress[index - 1]?.bytes ?? 0;
    const last = egress.findLast((one) => one.atMs < atMs + WINDOW_MS);
    peak = Math.max(peak, (((last?.bytes ?? before) - before) * 8) / (WINDOW_MS / 1000));
  }
  return peak;
}

/** Pushes one copy of a chunk as the seeder does, block by block; the result is when its last byte may go. */
function seed(): Promise<number> {
  return new Promise((resolve) => {
    for (let left = CHUNK_BYTES; left > 0; left -= 16_384) {
      const bytes = Math.min(left, 16_384);
      const granted = (): void => {
        seededBytes += bytes;
        if (left <= 16_384) resolve(nowMs);
      };
      gate.ask({ bytes, priority: 'seed', granted });
    }
  });
}

async function open(bitsPerSecond: number, more: { playerFolder?: string; warmPeers?: number; thumbnail?: Buffer } = {}): Promise<void> {
  gate = new UplinkGate(new UplinkBudget(bitsPerSecond, nowMs), () => nowMs);
  origin = await openOrigin({ gate, ...more });
  origin.begin();
  origin.publish(20, CHUNK_BYTES);
}

beforeEach(() => {
  nowMs = 0;
  egress = [];
  seededBytes = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(async () => {
  vi.useRealTimers();
  gate.close();
  await origin.close();
});

/** A newcomer: asks until it is let in, then fetches its first parts; tells when it had them. */
async function newcomer(log: { turnedAway: number; readyMs: number[] }): Promise<void> {
  for (;;) {
    const answer = await origin.server.inject('/live/main/join?delayMs=600');
    if (answer.statusCode !== 200) {
      expect(answer.statusCode).toBe(503);
      expect(answer.headers['p2ptv-reason']).toBe('full');
      log.turnedAway++;
      const seconds = Number(answer.headers['retry-after']);
      expect(seconds).toBeGreaterThanOrEqual(1);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
      continue;
    }
    const { headers } = joinAnswerFromOriginSchema.parse(answer.json());
    const parts = decodeHeaderBatch(Buffer.from(headers, 'base64'))!;
    await Promise.all(
      parts.map(async ({ header }) => {
        const part = await origin.server.inject(`/live/main/0/part-${header.sequence}.m4s?purpose=join`);
        expect([part.statusCode, part.rawPayload.length]).toEqual([200, CHUNK_BYTES]);
      }),
    );
    log.readyMs.push(nowMs);
    return;
  }
}

describe('a limited uplink', () => {
  it('is never exceeded over 2 s, and seeds keep their time while fifty newcomers wait in line', async () => {
    await open(20_000_000);
    const log = { turnedAway: 0, readyMs: [] as number[] };
    const newcomers = Promise.all(Array.from({ length: 50 }, () => newcomer(log)));
    const late: number[] = [];
    for (let part = 0; part < 120 && log.readyMs.length < 50; part++) {
      const publishedMs = nowMs;
      const copies = Promise.all([seed(), seed(), seed(), seed()]);
      await advance(200);
      late.push(...(await copies).map((atMs) => atMs - publishedMs));
    }
    await settled(newcomers);
    // Four copies of 75 kB take 120 ms of 20 Mb/s.
    expect(Math.max(...late)).toBeLessThanOrEqual(135);
    expect(log.readyMs).toHaveLength(50);
    expect(log.turnedAway).toBeGreaterThan(20);
    expect(gate.stats()).toMatchObject({ joinsAdmitted: 50, joinsTurnedAway: log.turnedAway, limitBitsPerSecond: 20_000_000 });
    // The first have their parts soon: who is let in is not slowed down by those who wait.
    expect(log.readyMs[0]).toBeLessThan(600);
    expect(log.readyMs.filter((atMs) => atMs <= 2_500).length).toBeGreaterThanOrEqual(4);
    expect(peakBitsPerSecond()).toBeLessThanOrEqual(20_000_000);
    expect(peakBitsPerSecond()).toBeGreaterThan(15_000_000);
    const stats = (await origin.server.inject('/api/stats')).json<{ uplink: { sentBytes: Record<string, number> } }>();
    expect(stats.uplink.sentBytes['seed']).toBe(seededBytes);
    expect(stats.uplink.sentBytes['join']).toBeGreaterThan(origin.published.originBytes().media);
  });

  it('OR2: leaves the first frames of newcomers to a crowd that can feed them, once it has no room for these itself', async () => {
    await open(4_000_000, { warmPeers: 4 });
    const answers = [];
    for (let count = 0; count < 6; count++) answers.push(await settled(get('/live/main/join?delayMs=600')));
    // Three watch: a second one at once is more than they feed.
    for (const full of answers.filter(({ statusCode }) => statusCode !== 200)) expect(full.headers['retry-after']).toBe('1');
    await advance(1_000);
    answers.push(await settled(get('/live/main/join?delayMs=600')));
    const letIn = answers.filter(({ statusCode }) => statusCode === 200);
    const taken = letIn.map((answer) => joinAnswerFromOriginSchema.parse(answer.json()).isUplinkTaken ?? false);
    expect(taken).toContain(false);
    const joinsLeftToPeers = taken.filter((isTaken) => isTaken).length;
    expect(joinsLeftToPeers).toBeGreaterThanOrEqual(1);
    expect(gate.stats()).toMatchObject({ joinsAdmitted: letIn.length - joinsLeftToPeers, joinsLeftToPeers, joinsTurnedAway: answers.length - letIn.length });
    expect(letIn.length).toBeLessThan(answers.length);
  });

  it('OR4: turns nobody away whom it has let in: where the media would come too late, the answer comes alone', async () => {
    await open(4_000_000);
    // Newcomers that fetch nothing: so little is expected of the next ones that there seems to be room.
    for (let count = 0; count < 12; count++) {
      await settled(get('/live/main/join?delayMs=1800'));
      await advance(3_000);
    }
    // Seeds take most of it.
    for (let count = 0; count < 12; count++) {
      await settled(seed());
      await advance(20);
    }
    const { joinsAdmitted } = gate.stats();
    const response = await settled(get('/live/main/join?delayMs=1800&media=1'));
    expect(gate.stats().joinsAdmitted).toBe(joinsAdmitted + 1);
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toContain('application/json');
  });

  it('serves a viewer whose deadline is near before newcomers, and those before players without peers', async () => {
    await open(4_000_000);
    const done: string[] = [];
    const fetchPart = async (name: string, query: string): Promise<void> => {
      if ((await get(`/live/main/0/part-5.m4s${query}`)).statusCode === 200) done.push(name);
    };
    // The bucket is empty.
    gate.spend(50_000, 'seed');
    const all = [
      ...[1, 2].map((index) => fetchPart(`plain ${index}`, '')),
      fetchPart('join', '?purpose=join'),
      fetchPart('deadline', '?purpose=deadline'),
      fetchPart('twice', '?purpose=join&purpose=deadline'),
    ];
    await settled(Promise.all(all));
    expect(done.slice(0, 2)).toEqual(['deadline', 'join']);
    expect(done.slice(2).sort()).toEqual(['plain 1', 'plain 2', 'twice']);
  });

  it('turns away what would come too late to be of use, and tells when to ask again', async () => {
    await open(4_000_000);
    // A part takes .16 s of what 4 Mb/s leave: the fifth would come after .7 s.
    const answers = [5, 6, 7, 8, 9, 10].map((sequence) => get(`/live/main/0/part-${sequence}.m4s?purpose=deadline`));
    const responses = await settled(Promise.all(answers));
    const codes = responses.map(({ statusCode }) => statusCode);
    expect([codes.slice(0, 2), codes.slice(4)]).toEqual([[200, 200], [503, 503]]);
    expect(nowMs).toBeLessThan(600);
    expect(responses[5]?.headers).toMatchObject({ 'p2ptv-reason': 'full', 'cache-control': 'no-store' });
    expect(Number(responses[5]?.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(gate.stats().requestsTurnedAway).toBeGreaterThanOrEqual(2);
  });

  it('counts a Range for what is sent of it, and a 304 for its head', async () => {
    await open(20_000_000);
    const part = '/live/main/0/part-5.m4s?purpose=deadline';
    const tail = await origin.server.inject({ url: part, headers: { range: 'bytes=65536-' } });
    expect(tail.rawPayload.length).toBe(CHUNK_BYTES - 65_536);
    const afterTail = gate.stats().sentBytes.deadline;
    expect(afterTail).toBeLessThan(12_000);
    const same = await origin.server.inject({ url: part, headers: { 'if-none-match': tail.headers['etag'] as string } });
    expect(same.statusCode).toBe(304);
    expect(gate.stats().sentBytes.deadline - afterTail).toBeLessThan(1_000);
  });

  it('lets pages out last, as they are sent', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder.path, 'assets'));
    writeFileSync(join(folder.path, 'index.html'), '<!doctype html>player');
    const code = Array.from({ length: 30_000 }, (_, index) => `call${index * 7919}(${index});`).join('\n');
    writeFileSync(join(folder.path, 'assets', 'index-abc.js'), code);
    await open(2_000_000, { playerFolder: folder.path });
    expect((await settled(get('/assets/index-abc.js'))).body).toBe(code);
    expect(peakBitsPerSecond()).toBeLessThanOrEqual(2_000_000);
    const before = gate.stats().sentBytes.other;
    expect(before).toBeGreaterThanOrEqual(code.length);
    const packed = await settled(get('/assets/index-abc.js', { 'accept-encoding': 'gzip' }));
    expect(gunzipSync(packed.rawPayload).toString()).toBe(code);
    expect(gate.stats().sentBytes.other - before).toBe(packed.rawPayload.length);
    expect((await settled(get('/watch/main'))).body).toBe('<!doctype html>player');
    folder.remove();
  });

  it('lets pictures out last, as they are sent, and turns away who would wait for long', async () => {
    const thumbnail = Buffer.alloc(60_000, 'a picture ');
    await open(2_000_000, { thumbnail });
    const picture = '/api/streams/main/thumbnail.jpg';
    const beganMs = nowMs;
    const shown = await settled(get(picture));
    expect([shown.rawPayload.equals(thumbnail), shown.headers['content-length']]).toEqual([true, '60000']);
    expect(nowMs - beganMs).toBeGreaterThan(100);
    expect(gate.stats().sentBytes.other).toBe(60_000);
    const head = await origin.server.inject({ method: 'HEAD', url: picture });
    expect([head.statusCode, head.headers['content-length']]).toEqual([200, '60000']);
    const same = await get(picture, { 'if-none-match': shown.headers['etag'] as string });
    expect([same.statusCode, gate.stats().sentBytes.other]).toEqual([304, 60_000]);
    const crowd = await settled(Promise.all(Array.from({ length: 40 }, () => get(picture))));
    const codes = crowd.map(({ statusCode }) => statusCode);
    expect(new Set(codes)).toEqual(new Set([200, 503]));
    expect(crowd.find(({ statusCode }) => statusCode === 503)?.headers).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' });
  });

  it('lets answers of the API out last, as they are sent, and refusals at once', async () => {
    await open(2_000_000);
    const seen: string[] = [];
    gate.spend(400_000, 'seed');
    const streams = get('/api/streams').then((response) => {
      seen.push('streams');
      return response;
    });
    const none = await settled(get('/api/streams/none'));
    expect([none.statusCode, gate.stats().sentBytes.other]).toEqual([404, 0]);
    const seeded = seed().then(() => seen.push('seed'));
    const { statusCode, headers, rawPayload } = await settled(streams);
    await seeded;
    expect(seen).toEqual(['seed', 'streams']);
    expect([statusCode, headers['content-type'], headers['content-length']]).toEqual([200, 'application/json; charset=utf-8', String(rawPayload.length)]);
    expect(gate.stats().sentBytes.other).toBe(rawPayload.length);
    expect((await origin.server.inject({ method: 'HEAD', url: '/api/streams' })).headers['content-length']).toBe(String(rawPayload.length));
    expect(gate.stats().sentBytes.other).toBe(rawPayload.length);
    // Whoever looks whether the process is well learns it even so.
    gate.spend(400_000, 'seed');
    expect((await origin.server.inject('/healthz')).statusCode).toBe(200);
  });

  it('a flood of pages, wanted or not, takes nothing from what viewers need in time', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder.path, 'index.html'), '<!doctype html>player'.padEnd(20_000));
    await open(4_000_000, { playerFolder: folder.path });
    const accept = 'text/html';
    for (const url of ['/watch/main', '/nowhere', '/']) expect((await origin.server.inject({ method: 'HEAD', url, headers: { accept } })).headers['content-length']).toBe('20000');
    expect(gate.stats().sentBytes.other).toBe(0);
    const flood = Promise.all(Array.from({ length: 40 }, (_, index) => get(index % 2 === 0 ? '/watch/main' : '/nowhere', { accept })));
    await advance(5);
    const publishedMs = nowMs;
    // 75 kB take .15 s of 4 Mb/s.
    expect((await settled(seed())) - publishedMs).toBeLessThan(250);
    const pages = await settled(flood);
    expect(new Set(pages.map(({ body, headers }) => [body.length, headers['content-security-policy'] === undefined].join()))).toEqual(new Set(['20000,false']));
    expect(gate.stats().sentBytes.other).toBe(800_000);
    folder.remove();
  });

  it('is given back by a client that hangs up', async () => {
    await open(20_000_000);
    vi.useRealTimers();
    const url = await origin.listen();
    // Time stands still here: after this nothing is granted.
    gate.spend(300_000, 'seed');
    const hangUp = new AbortController();
    const answer = fetch(`${url}/live/main/0/part-5.m4s?purpose=deadline`, { signal: hangUp.signal });
    const body = answer.then((response) => response.arrayBuffer()).catch(() => 'cut off');
    await until(() => gate.stats().waitingBytes.deadline === CHUNK_BYTES);
    hangUp.abort();
    expect(await body).toBe('cut off');
    await until(() => gate.stats().waitingBytes.deadline === 0);
    expect(origin.published.originBytes().media).toBe(0);
  });
});
