import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { FeedCaptions, TrackCue } from '../../src/captions/feed-captions.js';
import { fakeInit, fakePart } from '../package/stream-fixture.js';
import { openOrigin, type TestOrigin } from './server-fixture.js';

let origin: TestOrigin;
let isPrivate: boolean;
beforeEach(async () => {
  isPrivate = false;
  origin = await openOrigin({ viewers: { isPrivate: () => isPrivate, isKnown: () => false, check: (_slug, token) => Promise.resolve(token === 'aa.bb.cc' ? 'valid' : 'missing') } });
});
afterEach(() => origin.close());

const feed = (cues: readonly Omit<TrackCue, 'track'>[]): FeedCaptions => {
  const left = cues.map((cue) => ({ ...cue, track: 0 }));
  return { tracks: [{ language: 'en', name: 'English' }], take: () => left.splice(0) };
};
const get = (path: string) => origin.server.inject(path);
const publish = (count: number): void => {
  for (let index = 0; index < count; index++) origin.live.publish({ ...fakePart(index), decodeTimeUs: index * 200_000 });
};
const SLOT = 1_700_000_000_000 / 10_000;

describe('text captions of a live stream', () => {
  it('PL22: are told of in the multivariant playlist from when they are known, and served by segments', async () => {
    origin.begin();
    publish(1);
    expect((await get('/live/main/index.m3u8')).body).not.toContain('SUBTITLES');
    expect((await get('/live/main/captions/0/index.m3u8')).statusCode).toBe(404);
    origin.live.beginSession([fakeInit('with captions')], feed([{ startMs: 100, endMs: 900, text: 'Hello' }]));
    publish(10);
    const { body } = await get('/live/main/index.m3u8');
    expect(body).toContain('#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="English",LANGUAGE="en",AUTOSELECT=YES,DEFAULT=NO,URI="captions/0/index.m3u8"\n');
    expect(body).toMatch(/#EXT-X-STREAM-INF:.*,SUBTITLES="captions"\n/);
    const playlist = await get('/live/main/captions/0/index.m3u8');
    expect(playlist.headers['content-type']).toBe('application/vnd.apple.mpegurl');
    expect(playlist.body.match(/segment.*/g)).toEqual(['segment-1-0.vtt', 'segment-2-1.vtt', 'segment-2-2.vtt']);
    const segment = await get('/live/main/captions/0/segment-2-1.vtt');
    expect([segment.statusCode, segment.headers['content-type'], segment.body]).toEqual([200, 'text/vtt; charset=utf-8', 'WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n00:00:00.100 --> 00:00:00.900\nHello\n']);
    for (const path of ['0/captions.vtt', '1/index.m3u8', '0/segment-2-9.vtt', '00/index.m3u8', '0/segment-2-1', 'x/index.m3u8']) expect([path, (await get(`/live/main/captions/${path}`)).statusCode]).toEqual([path, 404]);
    origin.live.end();
    expect((await get('/live/main/captions/0/index.m3u8')).body).toMatch(/segment-1-0\.vtt\n[^]*segment-2-1\.vtt\n#EXT-X-ENDLIST\n$/);
  });

  it('PL23: are told of by the stream’s listing, and by date', async () => {
    origin.live.beginSession([fakeInit()], feed([{ startMs: 100, endMs: 900, text: 'Hello' }]));
    publish(3);
    const path = '/live/main/captions/0/{slot}.json';
    expect((await get('/api/streams/main')).json()).toMatchObject({ captions: { everyMs: 10_000, tracks: [{ language: 'en', name: 'English', path }] } });
    expect((await get('/api/streams')).body).not.toContain('captions');
    const slot = await get(path.replace('{slot}', String(SLOT)));
    expect(slot.json()).toEqual({ isWhole: false, cues: [{ startMs: 1_700_000_000_100, endMs: 1_700_000_000_900, text: 'Hello' }] });
    expect((await get('/live/main/captions/1/5.json')).statusCode).toBe(404);
  });

  it('OR8: of a private one are for who has a token, which their paths hold', async () => {
    origin.live.beginSession([fakeInit()], feed([]));
    publish(3);
    isPrivate = true;
    for (const path of ['index.m3u8', 'segment-1-0.vtt', `${SLOT}.json`]) {
      expect([path, (await get(`/live/main/captions/0/${path}`)).statusCode]).toEqual([path, 401]);
      expect([path, (await get(`/live/main/~aa.bb.cc/captions/0/${path}`)).statusCode]).toEqual([path, 200]);
    }
    expect((await get('/api/streams/main?token=aa.bb.cc')).json()).toMatchObject({ captions: { tracks: [{ path: '/live/main/~aa.bb.cc/captions/0/{slot}.json' }] } });
  });
});
