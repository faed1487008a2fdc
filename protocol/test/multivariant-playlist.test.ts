import { renderMultivariantPlaylist, type Rendition, type StreamRecord } from '@p2ptv/protocol';
import { M3U8Parser } from 'hls.js';
import { describe, expect, it } from 'vitest';

const video = {
  id: 0,
  codecs: 'avc1.42c01e,mp4a.40.2',
  width: 640,
  height: 360,
  frameRate: 30_000 / 1001,
  bandwidthBitsPerSecond: 1_000_000,
  averageBandwidthBitsPerSecond: 900_000,
  initHash: 'ab'.repeat(32),
} as Rendition;
const sound = {
  ...video,
  id: 1,
  codecs: 'mp4a.40.2',
  width: 0,
  height: 0,
  frameRate: 0,
  bandwidthBitsPerSecond: 128_000,
} as Rendition;

function render(renditions: Rendition[]): string {
  return renderMultivariantPlaylist({ renditions } as StreamRecord);
}

describe('multivariant playlist', () => {
  it('PL17: is read by hls.js as the record says', () => {
    const base = 'https://a.example/live/main/index.m3u8';
    const { levels, playlistParsingError } = M3U8Parser.parseMasterPlaylist(render([video, sound]), base);
    expect(playlistParsingError).toBeNull();
    expect(levels.map(({ url, bitrate, width, height }) => ({ url, bitrate, width, height }))).toEqual([
      { url: 'https://a.example/live/main/0/live.m3u8', bitrate: 1_000_000, width: 640, height: 360 },
      {
        url: 'https://a.example/live/main/1/live.m3u8',
        bitrate: 128_000,
        width: undefined,
        height: undefined,
      },
    ]);
    expect(levels.map(({ attrs }) => ({ ...attrs }))).toEqual([
      {
        BANDWIDTH: '1000000',
        'AVERAGE-BANDWIDTH': '900000',
        CODECS: 'avc1.42c01e,mp4a.40.2',
        RESOLUTION: '640x360',
        'FRAME-RATE': '29.970',
      },
      { BANDWIDTH: '128000', 'AVERAGE-BANDWIDTH': '900000', CODECS: 'mp4a.40.2' },
    ]);
  });

  it('PL17: an unknown frame rate is not claimed to be 0', () => {
    expect(render([{ ...video, frameRate: 0 }])).not.toContain('FRAME-RATE');
  });

  it('PL21: captions in the picture are told of, by every variant that has one; of others nothing is said', () => {
    const text = renderMultivariantPlaylist({ renditions: [video, { ...video, id: 1 }], captions: ['CC1', 'CC3'] } as StreamRecord);
    const base = 'https://a.example/live/main/index.m3u8';
    const media = M3U8Parser.parseMasterPlaylistMedia(text, base, M3U8Parser.parseMasterPlaylist(text, base));
    expect(media['CLOSED-CAPTIONS']?.map(({ instreamId, name, groupId, autoselect, default: isDefault }) => ({ instreamId, name, groupId, autoselect, isDefault }))).toEqual([
      { instreamId: 'CC1', name: 'Captions CC1', groupId: 'picture', autoselect: true, isDefault: false },
      { instreamId: 'CC3', name: 'Captions CC3', groupId: 'picture', autoselect: true, isDefault: false },
    ]);
    expect(text.match(/^#EXT-X-STREAM-INF:.*,CLOSED-CAPTIONS="picture"$/gm)).toHaveLength(2);
    expect(render([video])).not.toContain('CLOSED-CAPTIONS');
  });
});
