import { expect, it } from 'vitest';

import { parseOffer } from '../../src/whip/whip-sdp.js';

function trackOf(...lines: readonly string[]) {
  const offer = parseOffer(
    [
      ...['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'm=video 9 UDP/TLS/RTP/SAVPF 96', 'c=IN IP4 0.0.0.0', 'a=mid:1', 'a=sendonly', 'a=fingerprint:sha-256 AB'],
      ...['a=rtpmap:96 VP8/90000', 'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid', ...lines, ''],
    ].join('\r\n'),
  );
  if (typeof offer === 'string') throw new Error(offer);
  return offer.tracks[0]?.rtpParameters;
}

it('a track is told apart by its name and by the numbers of its packets, where the offer tells them', () => {
  expect(trackOf()).toMatchObject({ mid: '1', headerExtensions: [{ id: 4 }], encodings: [] });
  expect(trackOf('a=ssrc:7 cname:x', 'a=ssrc:8 cname:x')).toMatchObject({ encodings: [{ ssrc: 7 }] });
  expect(trackOf('a=ssrc-group:FID 8 7', 'a=ssrc:7 cname:x', 'a=ssrc:8 cname:x')).toMatchObject({ encodings: [{ ssrc: 8, rtx: { ssrc: 7 } }] });
  expect(trackOf('a=ssrc-group:FID 8')).toMatchObject({ encodings: [{ ssrc: 8 }] });
});
