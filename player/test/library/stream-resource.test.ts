import { describe, expect, it } from 'vitest';
import type { StreamId, StreamLink } from '@p2ptv/protocol';
import { baseUrlOf, parseStreamResource } from '../../src/library/stream-resource.js';

const BASE = 'http://origin.test/live/main';
const link: StreamLink = {
  streamId: 'a'.repeat(40) as StreamId,
  publicKey: new Uint8Array(32),
  title: '',
  trackers: ['http://tracker.test'],
  origins: [],
};

describe('stream resources', () => {
  it.each([
    ['index.m3u8', { kind: 'multivariantPlaylist' }],
    ['0/live.m3u8', { kind: 'mediaPlaylist', rendition: 0, directives: { isSkipWanted: false } }],
    [
      '1/live.m3u8?_HLS_msn=4&_HLS_part=2&_HLS_skip=YES',
      {
        kind: 'mediaPlaylist',
        rendition: 1,
        directives: { position: { mediaSequence: 4, partIndex: 2 }, isSkipWanted: true },
      },
    ],
    ['0/part-17.m4s', { kind: 'part', rendition: 0, sequence: 17 }],
    ['0/segment-2-40.m4s', { kind: 'segment', rendition: 0, epoch: 2, mediaSequence: 40 }],
    [`0/init-${'f'.repeat(64)}.mp4`, { kind: 'init', initHash: 'f'.repeat(64) }],
  ])('%s', (path, resource) => {
    expect(parseStreamResource(`${BASE}/${path}`, BASE)).toEqual(resource);
  });

  it.each(['', '/', '/gap.m4s', '/0/gap.m4s', '/0/part-x.m4s', '/0/live.m3u8?_HLS_part=1', '/0/init-ff.mp4'])(
    'nothing: %j',
    (path) => {
      expect(parseStreamResource(BASE + path, BASE)).toBeUndefined();
    },
  );

  it('are known below the base that hls.js makes of the link’s origin', () => {
    const base = baseUrlOf({ ...link, origins: ['HTTP://Origin.test:80/live/main'] });
    expect(base).toBe(BASE);
  });

  it('have a base of their own where the link names no origin', () => {
    const base = baseUrlOf(link);
    expect(parseStreamResource(`${base}/index.m3u8`, base)).toEqual({ kind: 'multivariantPlaylist' });
  });
});
