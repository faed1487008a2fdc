import { describe, expect, it } from 'vitest';
import { plainPlaylist } from '../../src/browser/systems/plain-playlist.js';

const LOW_LATENCY = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.6,HOLD-BACK=6,CAN-SKIP-UNTIL=12
#EXT-X-PART-INF:PART-TARGET=0.2
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI="init-ab.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T12:00:00.000Z
#EXT-X-PART:DURATION=1,URI="part-1.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=1,URI="part-2.m4s"
#EXTINF:2,
segment-1-7.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T12:00:02.000Z
#EXT-X-PART:DURATION=1,URI="part-3.m4s",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part-4.m4s"
`;

describe('a plain playlist', () => {
  it('has whole segments, and nothing of one that has only begun', () => {
    expect(plainPlaylist(LOW_LATENCY)).toBe(`#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI="init-ab.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T12:00:00.000Z
#EXTINF:2,
segment-1-7.m4s
`);
  });

  it('keeps its end', () => {
    expect(plainPlaylist(LOW_LATENCY.replace(/#EXT-X-PRELOAD-HINT.*/, '#EXT-X-ENDLIST'))).toMatch(/#EXT-X-ENDLIST\n$/);
  });

  it('leaves a multivariant playlist alone', () => {
    const text = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=900000\n0/live.m3u8\n';
    expect(plainPlaylist(text)).toBe(text);
  });
});
