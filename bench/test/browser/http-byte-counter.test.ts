import { describe, expect, it } from 'vitest';
import { HttpByteCounter } from '../../src/browser/http-byte-counter.js';

const ORIGIN = 'http://127.0.0.1:8080';

describe('bytes as the browser sees them', () => {
  it('counts bodies by what they are, without their headers', () => {
    const counter = new HttpByteCounter(ORIGIN);
    const paths = {
      '/live/main/index.m3u8': 100,
      '/live/main/0/live.m3u8?_HLS_msn=4&_HLS_part=2': 200,
      '/live/main/0/part-17.m4s': 3000,
      '/live/main/0/segment-1-4.m4s': 30_000,
      '/live/main/0/init-ab.mp4': 700,
      '/live/main/headers?after=3': 50,
      '/live/main/join?delayMs=600': 900,
    };
    for (const [path, bytes] of Object.entries(paths)) {
      counter.handle({ kind: 'sent', requestId: path, url: ORIGIN + path });
      counter.handle({ kind: 'answered', requestId: path, headerBytes: 180 });
      counter.handle({ kind: 'finished', requestId: path, allBytes: 180 + bytes });
    }
    expect(counter.bytes).toEqual({ media: 33_000, init: 700, playlists: 300, headers: 50, join: 900, seeder: 0 });
  });

  it('does not count twice what was told in pieces', () => {
    const counter = new HttpByteCounter(ORIGIN);
    counter.handle({ kind: 'sent', requestId: '1', url: `${ORIGIN}/live/main/0/part-1.m4s` });
    counter.handle({ kind: 'answered', requestId: '1', headerBytes: 150 });
    counter.handle({ kind: 'received', requestId: '1', bodyBytes: 4000 });
    expect(counter.bytes.media).toBe(4000);
    counter.handle({ kind: 'received', requestId: '1', bodyBytes: 0 });
    counter.handle({ kind: 'finished', requestId: '1', allBytes: 10_150 });
    expect(counter.bytes.media).toBe(10_000);
  });

  it('counts what came of a request that was broken off', () => {
    const counter = new HttpByteCounter(ORIGIN);
    counter.handle({ kind: 'sent', requestId: '1', url: `${ORIGIN}/live/main/0/part-1.m4s` });
    counter.handle({ kind: 'answered', requestId: '1', headerBytes: 150 });
    counter.handle({ kind: 'received', requestId: '1', bodyBytes: 4000 });
    expect(counter.bytes.media).toBe(4000);
  });

  it('notes every address of the origin, counts only the stream, and leaves other servers alone', () => {
    const counter = new HttpByteCounter(ORIGIN);
    counter.handle({ kind: 'sent', requestId: '1', url: `${ORIGIN}/tracker/?EIO=4` });
    counter.handle({ kind: 'sent', requestId: '2', url: 'http://127.0.0.1:80801/live/main/0/part-1.m4s' });
    for (const requestId of ['1', '2', '3']) counter.handle({ kind: 'finished', requestId, allBytes: 500 });
    expect(counter.urls).toEqual([`${ORIGIN}/tracker/?EIO=4`]);
    expect(Object.values(counter.bytes)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
