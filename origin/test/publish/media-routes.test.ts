import { connect } from 'node:net';

import { JOIN_LENGTH_BYTES, type ChunkSequence } from '@p2ptv/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { openOrigin, until, type TestOrigin } from './server-fixture.js';

let origin: TestOrigin;
beforeEach(async () => {
  origin = await openOrigin({ archiveMs: 60_000, window: { playlistMs: 8000, lateMs: 2000, memoryBytes: 1e9 } });
  origin.begin();
  origin.publish(25);
});
afterEach(() => origin.close());

const bytesOf = async (sequence: number): Promise<Buffer> => Buffer.from((await origin.live.log.read(sequence as ChunkSequence))!.bytes);

describe('parts', () => {
  it('are served whole, immutable, with an ETag of their own', async () => {
    const first = await origin.server.inject('/live/main/0/part-3.m4s');
    expect(first.statusCode).toBe(200);
    expect(first.rawPayload).toEqual(await bytesOf(3));
    expect(first.headers).toMatchObject({
      'content-type': 'video/mp4',
      'cache-control': 'public, max-age=31536000, immutable',
      'accept-ranges': 'bytes',
      'content-length': '300',
      'access-control-allow-origin': '*',
    });
    expect(String(first.headers['access-control-expose-headers'])).toContain('content-range');
    const etag = String(first.headers['etag']);
    expect(etag).toMatch(/^"[\w-]+"$/);
    expect((await origin.server.inject('/live/main/0/part-4.m4s')).headers['etag']).not.toBe(etag);
    const known = await origin.server.inject({ url: '/live/main/0/part-3.m4s', headers: { 'if-none-match': etag } });
    expect(known.statusCode).toBe(304);
  });

  it.each([
    ['bytes=0-9', 206, 'bytes 0-9/300', [0, 10]],
    ['bytes=290-', 206, 'bytes 290-299/300', [290, 300]],
    ['bytes=-5', 206, 'bytes 295-299/300', [295, 300]],
    ['bytes=-300', 206, 'bytes 0-299/300', [0, 300]],
    ['bytes=-900000', 206, 'bytes 0-299/300', [0, 300]],
    ['bytes=-0', 416, 'bytes */300', [0, 0]],
    ['bytes=100-9999', 206, 'bytes 100-299/300', [100, 300]],
    ['bytes=0-0,299-299', 200, undefined, [0, 300]],
    ['lines=1-2', 200, undefined, [0, 300]],
    ['bytes=5-1', 416, 'bytes */300', [0, 0]],
    ['bytes=300-', 416, 'bytes */300', [0, 0]],
  ] as const)('Range %s is answered with %i', async (range, status, contentRange, [start, end]) => {
    const response = await origin.server.inject({ url: '/live/main/0/part-3.m4s', headers: { range } });
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-range']).toBe(contentRange);
    expect(response.rawPayload).toEqual((await bytesOf(3)).subarray(start, end));
  });

  it('a Range for another version of it (If-Range) is answered with the whole', async () => {
    const headers = { range: 'bytes=0-9', 'if-range': '"other"' };
    expect((await origin.server.inject({ url: '/live/main/0/part-3.m4s', headers })).statusCode).toBe(200);
  });

  it('the hinted part is waited for', async () => {
    const pending = origin.server.inject('/live/main/0/part-25.m4s').then((response) => response);
    await until(() => origin.published.waiters.size === 1);
    origin.publish(1);
    expect((await pending).rawPayload).toEqual(await bytesOf(25));
  });

  it('404 for what may never be, 410 for what was, and for nonsense 404', async () => {
    expect((await origin.server.inject('/live/main/0/part-26.m4s')).statusCode).toBe(404);
    expect((await origin.server.inject('/live/main/0/part-99999999999.m4s')).statusCode).toBe(404);
    expect((await origin.server.inject('/live/main/0/part--1.m4s')).statusCode).toBe(404);
    expect((await origin.server.inject('/live/main/0/..%2f..%2fpublisher.key')).statusCode).toBe(404);
    origin.publish(1000);
    expect((await origin.server.inject('/live/main/0/part-3.m4s')).statusCode).toBe(410);
    expect((await origin.server.inject('/live/main/0/segment-1-0.m4s')).statusCode).toBe(410);
  });

  it.each(['0x0', '-0', '%20', '0.0', '0e0', '+0', '000'])('there is no rendition %s', async (rendition) => {
    for (const file of ['part-3.m4s', 'live.m3u8']) {
      expect((await origin.server.inject(`/live/main/${rendition}/${file}`)).statusCode).toBe(404);
    }
  });

  it('a part that has left memory comes from the disk', async () => {
    const before = await bytesOf(3);
    origin.publish(200);
    expect(origin.live.log.find(3 as ChunkSequence).kind).toBe('archived');
    expect((await origin.server.inject('/live/main/0/part-3.m4s')).rawPayload).toEqual(before);
  });
});

describe('segments and init segments', () => {
  it('a segment is its parts, Range included, from memory and from disk', async () => {
    const expected = Buffer.concat(await Promise.all([...Array(10).keys()].map((index) => bytesOf(10 + index))));
    const whole = await origin.server.inject('/live/main/0/segment-1-1.m4s');
    expect(whole.rawPayload).toEqual(expected);
    const headers = { range: 'bytes=295-2704' };
    const range = await origin.server.inject({ url: '/live/main/0/segment-1-1.m4s', headers });
    expect(range.rawPayload).toEqual(expected.subarray(295, 2705));
    origin.publish(200);
    const fromDisk = await origin.server.inject('/live/main/0/segment-1-1.m4s');
    expect(fromDisk.rawPayload).toEqual(expected);
    expect(fromDisk.headers['etag']).toBe(whole.headers['etag']);
  });

  it('an unfinished segment and one of another epoch are 404', async () => {
    expect((await origin.server.inject('/live/main/0/segment-1-2.m4s')).statusCode).toBe(404);
    expect((await origin.server.inject('/live/main/0/segment-2-1.m4s')).statusCode).toBe(404);
  });

  it('an init segment is served by its hash', async () => {
    const { initHash } = origin.live.log.last!;
    const response = await origin.server.inject(`/live/main/0/init-${initHash}.mp4`);
    expect(response.body).toBe('init segment first');
    expect(response.headers['cache-control']).toContain('immutable');
    expect((await origin.server.inject(`/live/main/0/init-${'0'.repeat(64)}.mp4`)).statusCode).toBe(404);
  });
});

describe('over a real socket', () => {
  it('counts body bytes by kind, and leaves nobody waiting who has hung up', async () => {
    const base = await origin.listen();
    const bodyBytes = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
      (await (await fetch(`${base}/live/main/${path}`, { headers })).arrayBuffer()).byteLength;
    const jsonBytes = await bodyBytes('join?delayMs=600');
    const joinHeadBytes = JOIN_LENGTH_BYTES + jsonBytes;
    const joinMediaBytes = (await bodyBytes('join?delayMs=600&media=1')) - joinHeadBytes;
    expect(joinMediaBytes).toBe(5 * 300);
    const expected = {
      media: joinMediaBytes + (await bodyBytes('0/part-3.m4s')) + (await bodyBytes('0/part-4.m4s', { range: 'bytes=200-' })),
      init: await bodyBytes(`0/init-${origin.live.log.last!.initHash}.mp4`),
      playlists: await bodyBytes('0/live.m3u8', { 'accept-encoding': 'identity' }),
      headers: await bodyBytes('headers?after=3'),
      join: jsonBytes + joinHeadBytes,
      seeder: 0,
    };
    expect(expected).toMatchObject({ media: 1_900, init: 18 });
    await vi.waitFor(() => expect(origin.published.originBytes()).toEqual(expected), { timeout: 30_000 });

    const aborts = Array.from({ length: 20 }, () => new AbortController());
    const urls = ['0/live.m3u8?_HLS_msn=2&_HLS_part=9', '0/part-25.m4s', 'headers?after=24'];
    const waiting = aborts.map((abort, index) =>
      fetch(`${base}/live/main/${urls[index % urls.length]}`, { signal: abort.signal }).catch(() => 'aborted'),
    );
    await until(() => origin.published.waiters.size === 20);
    for (const abort of aborts) abort.abort();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['aborted']));
    await until(() => origin.published.waiters.size === 0);
  });

  it('counts only what was sent of an answer that its client breaks off', async () => {
    const partBytes = 4_000_000;
    origin.publish(5, partBytes);
    origin.publish(10, partBytes);
    const total = partBytes * 10;
    const port = Number(new URL(await origin.listen()).port);
    const socket = connect(port, '127.0.0.1');
    const isClosed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('GET /live/main/0/segment-1-3.m4s HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.once('data', () => socket.destroy());
    await isClosed;
    await new Promise((resolve) => setImmediate(resolve));
    const sent = origin.published.originBytes().media;
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(total);
  });

  it('a segment of many steps arrives whole, and so does a Range of it, counted to the byte', async () => {
    const partBytes = 75_000;
    origin.publish(5, partBytes);
    origin.publish(10, partBytes);
    const url = `${await origin.listen()}/live/main/0/segment-1-3.m4s`;
    const segment = Buffer.concat(await Promise.all(Array.from({ length: 10 }, (_, index) => bytesOf(30 + index))));
    expect(segment.length).toBe(10 * partBytes);
    const get = async (headers: Record<string, string> = {}): Promise<Buffer> => Buffer.from(await (await fetch(url, { headers })).arrayBuffer());
    expect((await get()).equals(segment)).toBe(true);
    expect((await get({ range: 'bytes=70000-699999' })).equals(segment.subarray(70_000, 700_000))).toBe(true);
    await vi.waitFor(() => expect(origin.published.originBytes().media).toBe(segment.length + 630_000), { timeout: 30_000 });
  });

  it('a connection serves one request after the other', async () => {
    const port = Number(new URL(await origin.listen()).port);
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.on('data', (bytes) => (received += bytes.toString('latin1')));
    socket.write('GET /live/main/0/part-3.m4s HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => received.includes('imaginary'));
    socket.write('HEAD /live/main/0/part-4.m4s HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => received.split('HTTP/1.1 200 OK').length === 3);
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await until(() => received.includes('{"status":"ok"}'));
    socket.destroy();
  });
});
