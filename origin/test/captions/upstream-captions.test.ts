import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { UpstreamCaptions } from '../../src/captions/upstream-captions.js';
import { offeredSegments, offeredTracks } from '../../src/captions/upstream-playlist.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const MASTER = [
  '#EXTM3U',
  '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="English, spoken",LANGUAGE="EN",URI="en.m3u8"',
  '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="Deutsch",LANGUAGE="no language at all",URI="https://other.example.org/de.m3u8"',
  '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="Deutsch",URI="file:///etc/passwd"',
  '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="Deutsch",URI="de2.m3u8"',
  '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="Forced",FORCED=YES,URI="forced.m3u8"',
  '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="others",NAME="Other",URI="other.m3u8"',
  '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="text",NAME="Sound",URI="sound.m3u8"',
  '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.42c01e,mp4a.40.2",SUBTITLES="text"',
  'video.m3u8',
  '#EXT-X-STREAM-INF:BANDWIDTH=1,SUBTITLES="others"',
  'other.m3u8',
].join('\r\n');

/** A playlist of segments of 1 s, `segment<number>.vtt`. */
const mediaPlaylist = (numbers: readonly number[], { isEnded = false, before = {} }: { readonly isEnded?: boolean; readonly before?: Readonly<Record<number, string>> } = {}): string =>
  ['#EXTM3U', '#EXT-X-TARGETDURATION:1', `#EXT-X-MEDIA-SEQUENCE:${numbers[0]}`, ...numbers.flatMap((number) => [...(before[number] === undefined ? [] : [before[number]]), '#EXTINF:1,', `segment${number}.vtt`]), ...(isEnded ? ['#EXT-X-ENDLIST'] : [])].join('\n');

const webVtt = (map: string, ...cues: readonly (readonly [string, string, string])[]): string => `WEBVTT\r\n${map}\r\n\r\n${cues.map(([start, end, text]) => `${start} --> ${end} line:0\r\n${text}\r\n`).join('\r\n')}`;

/** An upstream whose files a test changes; one that is a path leads there. */
async function upstream(files: Record<string, string>, password?: string): Promise<{ url: string; files: Record<string, string>; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1);
    asked.push(name);
    if (password !== undefined && request.headers.authorization !== `Basic ${btoa(password)}`) response.writeHead(401).end();
    else if (files[name]?.startsWith('/') === true) response.writeHead(302, { location: files[name] }).end();
    else if (files[name] === undefined) response.writeHead(404).end();
    else response.end(files[name]);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  cleanups.push(() => server.closeAllConnections());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/index.m3u8`, files, asked };
}

/** Pauses of a tenth of what they would be. */
const pull = (url: string): UpstreamCaptions => {
  const captions = new UpstreamCaptions({
    url,
    startTimer: (ms, onTimeout) => {
      const timer = setTimeout(onTimeout, ms / 10);
      return () => clearTimeout(timer);
    },
  });
  cleanups.push(() => captions.close());
  captions.begin();
  return captions;
};
const ONE = ['#EXTM3U', '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="a",NAME="English",LANGUAGE="en",URI="en.m3u8"', '#EXT-X-STREAM-INF:BANDWIDTH=1,SUBTITLES="a"', 'video.m3u8'].join('\n');

describe('an upstream’s playlists', () => {
  it('offer the captions of the first variant, each by a name of its own, over http alone', () => {
    expect(offeredTracks(MASTER, 'https://tv.example.org/live/index.m3u8')).toEqual([
      { language: 'en', name: 'English, spoken', url: 'https://tv.example.org/live/en.m3u8' },
      { language: 'und', name: 'Deutsch', url: 'https://other.example.org/de.m3u8' },
      { language: 'und', name: 'Deutsch (2)', url: 'https://tv.example.org/live/de2.m3u8' },
    ]);
    expect(offeredTracks('#EXTM3U\n#EXTINF:1,\nsegment.ts', 'https://tv.example.org/')).toEqual([]);
    expect(offeredTracks('no playlist', 'https://tv.example.org/')).toEqual([]);
    const odd = '#EXTM3U\n#EXT-X-NEW:1\n#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="__proto__",NAME="__proto__",URI="a.m3u8"\n#EXT-X-STREAM-INF:SUBTITLES="__proto__"\nvideo.m3u8';
    expect(offeredTracks(odd, 'https://tv.example.org/')).toEqual([{ language: 'und', name: '__proto__', url: 'https://tv.example.org/a.m3u8' }]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('list segments with their numbers; what is no WebVTT in the clear is passed over', () => {
    const playlist = '#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-DISCONTINUITY-SEQUENCE:2\n#EXTINF:6.000,title\n#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00Z\na.vtt\n#EXT-X-DISCONTINUITY\n#EXTINF:6,\nb.vtt\n';
    expect(offeredSegments(playlist, 'http://a/x/en.m3u8')).toEqual({
      targetSeconds: 6,
      isEnded: false,
      segments: [
        { mediaSequence: 7, discontinuity: 2, url: 'http://a/x/a.vtt' },
        { mediaSequence: 8, discontinuity: 3, url: 'http://a/x/b.vtt' },
      ],
    });
    for (const tag of ['#EXT-X-MAP:URI="init.mp4"', '#EXT-X-KEY:METHOD=AES-128,URI="key"', '#EXT-X-BYTERANGE:100@0']) expect(offeredSegments(`#EXTM3U\n${tag}\n#EXTINF:1,\na.vtt`, 'http://a/')).toBeUndefined();
  });
});

describe('captions of an upstream HLS', () => {
  it('are fetched segment by segment, from where the picture begins, and lie on the session’s clock; each comes once', async () => {
    const map = 'X-TIMESTAMP-MAP=LOCAL:00:00:10.000,MPEGTS:900000000';
    const { url, files, asked } = await upstream({
      'index.m3u8': ONE,
      'en.m3u8': mediaPlaylist([1, 2, 3, 4, 5, 6]),
      'segment3.vtt': webVtt(map, ['00:11.000', '00:13.500', 'over two'], ['00:01.000', '00:02.000', 'before']),
      'segment4.vtt': webVtt(map, ['00:11.000', '00:13.500', 'over two'], ['00:13.000', '00:14.000', 'four']),
      'segment6.vtt': 'no WebVTT\n\n00:13.000 --> 00:14.000\nnothing',
    });
    const captions = pull(url);
    const clock: { zeroMs?: number } = {};
    const feed = captions.open(() => clock.zeroMs);
    await vi.waitUntil(() => asked.includes('segment6.vtt'));
    expect([feed.tracks, feed.take(60_000)]).toMatchObject([[{ language: 'en', name: 'English' }], []]);
    // The upstream's clock said 10,002 s when the session began.
    clock.zeroMs = 10_002_000;
    expect(feed.take(500)).toEqual([{ track: 0, startMs: 0, endMs: 1500, text: 'over two' }]);
    expect(feed.take(60_000)).toEqual([{ track: 0, startMs: 1000, endMs: 2000, text: 'four' }]);
    files['segment7.vtt'] = webVtt(map, ['00:16.000', '00:17.000', 'seven']);
    files['en.m3u8'] = mediaPlaylist([2, 3, 4, 5, 6, 7]);
    await vi.waitUntil(() => asked.includes('segment7.vtt'));
    await vi.waitUntil(() => feed.take(60_000).some(({ text, startMs }) => text === 'seven' && startMs === 4000));
    expect(asked.filter((name) => /segment[12]/.test(name))).toEqual([]);
    expect(new Set(asked.filter((name) => name.startsWith('segment'))).size).toBe(asked.filter((name) => name.startsWith('segment')).length);
    // Another session of the same pull gets what may still be shown.
    expect(captions.open(() => 10_002_000 + 1500).take(60_000).map(({ text, startMs }) => [text, startMs])).toEqual([['four', 0], ['seven', 2500]]);
  });

  it('go on where the upstream’s clock begins anew, as it does every 26.5 hours', async () => {
    const { url } = await upstream({ 'index.m3u8': ONE, 'en.m3u8': mediaPlaylist([1]), 'segment1.vtt': webVtt('X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000', ['00:01.000', '00:02.000', 'anew']) });
    const feed = pull(url).open(() => 2 ** 33 / 90 - 3000);
    await vi.waitUntil(() => feed.take(10_000).some(({ text, startMs }) => text === 'anew' && startMs === 4000));
  });

  it('stop at a discontinuity, come a few segments at a time from a playlist that is whole, and are awaited where they are not there yet', async () => {
    const text = (number: number): string => webVtt('X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000', [`00:0${number}.000`, `00:0${number}.500`, `number ${number}`]);
    const { url, files, asked } = await upstream({ 'en.m3u8': mediaPlaylist([0, 1, 2, 3, 4, 5, 6], { isEnded: true, before: { 6: '#EXT-X-DISCONTINUITY' } }), ...Object.fromEntries([0, 1, 2, 3, 4, 5, 6].map((number) => [`segment${number}.vtt`, text(number)])) });
    const feed = pull(url).open(() => 0);
    await vi.waitUntil(() => asked.includes('index.m3u8'));
    files['index.m3u8'] = ONE;
    const taken: string[] = [];
    await vi.waitUntil(() => {
      taken.push(...feed.take(60_000).map((cue) => cue.text));
      return taken.length === 6;
    }, { timeout: 5000 });
    expect(taken).toEqual([0, 1, 2, 3, 4, 5].map((number) => `number ${number}`));
    expect(asked.filter((name) => name === 'en.m3u8').length).toBeGreaterThan(1);
    expect(asked).not.toContain('segment6.vtt');
  });

  it('stop there too where the playlist does not count its discontinuities', async () => {
    const two = ONE.replace('#EXT-X-STREAM-INF', '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="a",NAME="Deutsch",URI="de.m3u8"\n#EXT-X-STREAM-INF');
    const { url, files, asked } = await upstream({ 'index.m3u8': two, 'en.m3u8': mediaPlaylist([1, 2, 3], { before: { 3: '#EXT-X-DISCONTINUITY' } }), 'de.m3u8': mediaPlaylist([1]) });
    pull(url);
    await vi.waitUntil(() => asked.includes('segment2.vtt'));
    files['en.m3u8'] = mediaPlaylist([3, 4]);
    const times = (): number => asked.filter((name) => name === 'de.m3u8').length;
    const before = times();
    await vi.waitUntil(() => times() >= before + 3);
    expect(asked.filter((name) => /segment[34]/.test(name))).toEqual([]);
  });

  it('are found behind redirections and passwords', async () => {
    const files = { 'index.m3u8': '/far/index.m3u8', 'far/index.m3u8': ONE, 'far/en.m3u8': '/far/off/en.m3u8', 'far/off/en.m3u8': mediaPlaylist([1]), 'far/off/segment1.vtt': webVtt('', ['00:01.000', '00:02.000', 'far off']) };
    const { url } = await upstream(files, 'me:a secret');
    const feed = pull(url.replace('//', '//me:a%20secret@')).open(() => 0);
    await vi.waitUntil(() => feed.take(60_000).some(({ text }) => text === 'far off'));
  });

  it('are all there where a segment has those of a whole film', async () => {
    const stamp = (index: number): string => `${String(Math.floor(index / 60)).padStart(2, '0')}:${String(index % 60).padStart(2, '0')}.000`;
    const film = webVtt('', ...Array.from({ length: 1500 }, (_, index) => [stamp(index), stamp(index + 1), `number ${index}`] as const));
    const { url } = await upstream({ 'index.m3u8': ONE, 'en.m3u8': mediaPlaylist([0], { isEnded: true }), 'segment0.vtt': film });
    const feed = pull(url).open(() => 0);
    const taken: string[] = [];
    await vi.waitUntil(() => taken.push(...feed.take(1_500_000).map(({ text }) => text)) > 0);
    expect(taken).toEqual(Array.from({ length: 1500 }, (_, index) => `number ${index}`));
  });

  it('of half a day ago are not taken for those that are to come', async () => {
    const { url, files } = await upstream({ 'index.m3u8': ONE, 'en.m3u8': mediaPlaylist([1]), 'segment1.vtt': webVtt('', ['00:01.000', '00:02.000', 'old']) });
    const captions = pull(url);
    const feed = captions.open(() => 0);
    await vi.waitUntil(() => feed.take(10_000).length > 0);
    files['segment40.vtt'] = webVtt('', ['14:00:01.000', '14:00:02.000', 'new']);
    files['en.m3u8'] = mediaPlaylist([40]);
    await vi.waitUntil(() => feed.take(14 * 3_600_000 + 10_000).length > 0);
    expect(captions.open(() => 14 * 3_600_000).take(13 * 3_600_000).map(({ text }) => text)).toEqual(['new']);
  });

  it('are asked for again in an hour at the latest, however long a playlist says that its segments are', async () => {
    const { url, asked } = await upstream({ 'index.m3u8': ONE, 'en.m3u8': mediaPlaylist([1]).replace('TARGETDURATION:1', 'TARGETDURATION:99999999') });
    const pausesMs: number[] = [];
    const captions = new UpstreamCaptions({
      url,
      startTimer: (ms) => {
        pausesMs.push(ms);
        return () => undefined;
      },
    });
    cleanups.push(() => captions.close());
    captions.begin();
    await vi.waitUntil(() => pausesMs.length > 0);
    expect(pausesMs).toEqual([3_600_000]);
    expect(asked).toContain('segment1.vtt');
  });
});
