import { gunzipSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { openOrigin, until, type TestOrigin } from './server-fixture.js';

const PLAYLIST = '/live/main/0/live.m3u8';
let origin: TestOrigin;
beforeEach(async () => {
  origin = await openOrigin();
});
afterEach(() => origin.close());

describe('multivariant playlist', () => {
  it('PL17: names the rendition truthfully and is cached for a short time', async () => {
    origin.begin();
    origin.publish(1);
    const response = await origin.server.inject('/live/main/index.m3u8');
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toBe('application/vnd.apple.mpegurl');
    expect(response.headers['cache-control']).toBe('public, max-age=1');
    expect(response.body).toContain('CODECS="avc1.42c01e,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=30.000\n0/live.m3u8');
  });

  it('waits for a stream that is about to begin', async () => {
    const pending = origin.server.inject('/live/main/index.m3u8').then((response) => response);
    await until(() => origin.published.waiters.size === 1);
    origin.begin();
    origin.publish(1);
    expect((await pending).statusCode).toBe(200);
  });

  it('an unknown stream or rendition is a 404', async () => {
    expect((await origin.server.inject('/live/other/index.m3u8')).statusCode).toBe(404);
    expect((await origin.server.inject('/live/main/1/live.m3u8')).statusCode).toBe(404);
    expect((await origin.server.inject('/live/main/x/live.m3u8')).statusCode).toBe(404);
  });
});

describe('media playlist', () => {
  beforeEach(() => {
    origin.begin();
    origin.publish(25);
  });

  it('a fault in answering one who waits costs that one the answer, and neither the others nor the publisher anything', async () => {
    const waiting = [1, 2, 3].map(() => origin.server.inject(`${PLAYLIST}?_HLS_msn=2&_HLS_part=5`).then((response) => response));
    await until(() => origin.published.waiters.size === 3);
    vi.spyOn(origin.published.playlists, 'media').mockImplementationOnce(() => {
      throw new Error('a fault of our own');
    });
    origin.publish(1);
    const answers = await Promise.all(waiting);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([500, 200, 200]);
    expect(answers[0]!.json()).toEqual({ error: 'The origin failed to answer.' });
    expect(origin.published.waiters.size).toBe(0);
  });

  it('who else hears of a part hears of it before those who wait are answered: seeds go first', async () => {
    const order: string[] = [];
    const media = origin.published.playlists.media.bind(origin.published.playlists);
    const waiting = origin.server.inject(`${PLAYLIST}?_HLS_msn=2&_HLS_part=5`).then((response) => response);
    await until(() => origin.published.waiters.size === 1);
    vi.spyOn(origin.published.playlists, 'media').mockImplementation((rendition, isSkipWanted) => {
      order.push('answer');
      return media(rendition, isSkipWanted);
    });
    // Subscribed after the routes, as the seeder is.
    origin.live.onChange(({ kind }) => void order.push(kind));
    origin.publish(1);
    await waiting;
    expect(order).toEqual(['published', 'answer']);
  });

  it('PL9, PL11, PL15: lists parts, hints at the next, and says how it may be reloaded', async () => {
    const { body, headers } = await origin.server.inject(PLAYLIST);
    expect(body).toContain('CAN-BLOCK-RELOAD=YES');
    expect(body).toContain('#EXT-X-PART:DURATION=0.2,URI="part-20.m4s",INDEPENDENT=YES');
    expect(body).toContain('#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part-25.m4s"');
    expect(body).toContain('segment-1-1.m4s');
    expect(headers['cache-control']).toBe('public, max-age=1');
    expect(headers['access-control-allow-origin']).toBe('*');
  });

  it('without directives it waits for the first whole segment, since players take a playlist without one for empty', async () => {
    const fresh = await openOrigin();
    fresh.begin();
    fresh.publish(9);
    const pending = fresh.server.inject(PLAYLIST).then((response) => response);
    await until(() => fresh.published.waiters.size === 1);
    fresh.publish(1);
    expect((await pending).body).toContain('segment-1-0.m4s');
    await fresh.close();
  });

  it('PL6: blocks until the wanted part is listed, and answers all who wait at once', async () => {
    const url = `${PLAYLIST}?_HLS_msn=2&_HLS_part=6`;
    const pending = [1, 2, 3].map(() => origin.server.inject(url).then((response) => response));
    await until(() => origin.published.waiters.size === 3);
    origin.publish(1);
    expect(origin.published.waiters.size).toBe(3);
    origin.publish(1);
    for (const response of await Promise.all(pending)) {
      expect(response.statusCode).toBe(200);
      expect(response.headers['cache-control']).toBe('no-cache');
      expect(response.body).toContain('part-26.m4s"\n');
    }
    expect(origin.published.waiters.size).toBe(0);
  });

  it('PL6: without _HLS_part it waits for the whole segment', async () => {
    const pending = origin.server.inject(`${PLAYLIST}?_HLS_msn=2`).then((response) => response);
    await until(() => origin.published.waiters.size === 1);
    origin.publish(4);
    expect(origin.published.waiters.size).toBe(1);
    origin.publish(1);
    expect((await pending).body).toContain('segment-1-2.m4s');
  });

  it('PL6: a part index beyond the end of a segment means the next segment', async () => {
    const pending = origin.server.inject(`${PLAYLIST}?_HLS_msn=2&_HLS_part=10`).then((response) => response);
    await until(() => origin.published.waiters.size === 1);
    origin.publish(5);
    expect(origin.published.waiters.size).toBe(1);
    origin.publish(1);
    expect((await pending).body).toContain('part-30.m4s');
  });

  it.each([
    ['a part without a segment', '_HLS_part=1'],
    ['no number', '_HLS_msn=abc'],
    ['a negative number', '_HLS_msn=-1'],
    ['a fraction', '_HLS_msn=2&_HLS_part=1.5'],
    ['more than two segments ahead', '_HLS_msn=5'],
    ['too many parts ahead', '_HLS_msn=2&_HLS_part=400'],
    ['a directive given twice', '_HLS_msn=2&_HLS_msn=2'],
  ])('PL7, PL8: 400 for %s', async (_what, query) => {
    const response = await origin.server.inject(`${PLAYLIST}?${query}`);
    expect(response.statusCode).toBe(400);
    expect(response.json<{ error: string }>().error).toMatch(/\.$/);
    expect(origin.published.waiters.size).toBe(0);
  });

  it('an old position is answered at once, and so is everything after the end', async () => {
    expect((await origin.server.inject(`${PLAYLIST}?_HLS_msn=0&_HLS_part=0`)).statusCode).toBe(200);
    origin.live.end();
    for (const query of ['_HLS_msn=2&_HLS_part=9', '_HLS_msn=400']) {
      const response = await origin.server.inject(`${PLAYLIST}?${query}`);
      expect(response.body).toContain('#EXT-X-ENDLIST');
    }
  });

  it('the end of the stream answers those who wait', async () => {
    const pending = origin.server.inject(`${PLAYLIST}?_HLS_msn=2&_HLS_part=9`).then((response) => response);
    await until(() => origin.published.waiters.size === 1);
    origin.live.end();
    expect((await pending).body).toContain('#EXT-X-ENDLIST');
  });

  it('PL14: a delta update leaves out old segments', async () => {
    origin.publish(200);
    const { body } = await origin.server.inject(`${PLAYLIST}?_HLS_skip=YES`);
    expect(body).toMatch(/#EXT-X-SKIP:SKIPPED-SEGMENTS=\d+/);
    expect(body).not.toContain('segment-1-0.m4s');
  });

  it('shutting down answers all who wait with 503', async () => {
    const pending = origin.server.inject(`${PLAYLIST}?_HLS_msn=2&_HLS_part=9`).then((response) => response);
    await until(() => origin.published.waiters.size === 1);
    origin.published.close();
    const response = await pending;
    expect(response.statusCode).toBe(503);
    expect(response.headers['retry-after']).toBe('1');
  });

  it('compresses for those who take it, and answers a known ETag with 304', async () => {
    const plain = await origin.server.inject(PLAYLIST);
    const packed = await origin.server.inject({ url: PLAYLIST, headers: { 'accept-encoding': 'br, gzip' } });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(packed.headers['vary']).toContain('accept-encoding');
    expect(gunzipSync(packed.rawPayload).toString()).toBe(plain.body);
    const refused = await origin.server.inject({ url: PLAYLIST, headers: { 'accept-encoding': 'gzip;q=0' } });
    expect(refused.headers['content-encoding']).toBeUndefined();
    const known = await origin.server.inject({ url: PLAYLIST, headers: { 'if-none-match': `"x", ${String(plain.headers['etag'])}` } });
    expect(known.statusCode).toBe(304);
    expect(known.body).toBe('');
    origin.publish(1);
    const changed = await origin.server.inject({ url: PLAYLIST, headers: { 'if-none-match': String(plain.headers['etag']) } });
    expect(changed.statusCode).toBe(200);
  });

  it('HEAD says the same without a body', async () => {
    const get = await origin.server.inject(PLAYLIST);
    const before = origin.published.originBytes().playlists;
    const head = await origin.server.inject({ method: 'HEAD', url: PLAYLIST });
    expect(head.statusCode).toBe(200);
    expect(head.headers['content-length']).toBe(String(get.rawPayload.length));
    expect(head.headers['etag']).toBe(get.headers['etag']);
    expect(head.body).toBe('');
    expect(origin.published.originBytes().playlists).toBe(before);
  });
});
