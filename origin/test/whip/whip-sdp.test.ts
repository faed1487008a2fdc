import { expect, it } from 'vitest';

import { parseOffer, writeAnswer } from '../../src/whip/whip-sdp.js';

const OFFER = [
  ...['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'm=video 9 UDP/TLS/RTP/SAVPF 96', 'c=IN IP4 0.0.0.0', 'a=mid:1', 'a=sendonly', 'a=fingerprint:sha-256 AB'],
  ...['a=rtpmap:96 VP8/90000', 'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid', ''],
].join('\r\n');

function trackOf(...lines: readonly string[]) {
  const offer = parseOffer(`${OFFER}${lines.join('\r\n')}\r\n`);
  if (typeof offer === 'string') throw new Error(offer);
  return offer.tracks[0]?.rtpParameters;
}

it('a track is told apart by its name and by the numbers of its packets, where the offer tells them', () => {
  expect(trackOf()).toMatchObject({ mid: '1', headerExtensions: [{ id: 4 }], encodings: [] });
  expect(trackOf('a=ssrc:7 cname:x', 'a=ssrc:8 cname:x')).toMatchObject({ encodings: [{ ssrc: 7 }] });
  expect(trackOf('a=ssrc-group:FID 8 7', 'a=ssrc:7 cname:x', 'a=ssrc:8 cname:x')).toMatchObject({ encodings: [{ ssrc: 8, rtx: { ssrc: 7 } }] });
  expect(trackOf('a=ssrc-group:FID 8')).toMatchObject({ encodings: [{ ssrc: 8 }] });
});

it.each([
  ['media that are described', 'sdes:mid', 'sdes:mid\r\nm=audio'],
  ['a mid that is a text', 'a=mid:1', `a=mid:${'1'.repeat(33)}x`],
  ['a payload type of seven bits', 'a=rtpmap:96 VP8/90000', 'a=rtpmap:960 VP8/90000'],
  ['a clock that ticks', 'VP8/90000', 'VP8/1'],
  ['an SSRC of 32 bits', 'a=mid:1', 'a=mid:1\r\na=ssrc:4294967296 cname:x'],
  ['numbers where numbers are', 'a=mid:1', 'a=mid:1\r\na=ssrc-group:FID a b'],
  ['formats of some length', 'a=mid:1', `a=mid:1\r\na=fmtp:96 x=${'y'.repeat(1001)}`],
  ['a fingerprint that is a text', 'sha-256 AB', 'sha-256 12'],
  ['a fingerprint of some length', 'sha-256 AB', `sha-256 ${'AB:'.repeat(100)}AB`],
])('an offer is refused for want of %s', (_wanted, good, bad) => {
  expect(typeof parseOffer(OFFER)).toBe('object');
  expect(parseOffer(OFFER.replace(good, bad))).toMatch(/^The offer .*\.$/);
});

it('header extensions with numbers that we do not read are left out', () => {
  expect(trackOf('a=extmap:15 http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time')).toMatchObject({ headerExtensions: [{ id: 4 }] });
});

const SOUND = ['m=audio 0 UDP/TLS/RTP/SAVPF 97', 'c=IN IP4 0.0.0.0', 'a=mid:2', 'a=sendonly', 'a=rtpmap:97 OPUS/48000/2'].join('\r\n');

function answerTo(sdp: string): string {
  const offer = parseOffer(sdp);
  if (typeof offer === 'string') throw new Error(offer);
  const fingerprints = [{ algorithm: 'sha-256', value: 'CD' }];
  return writeAnswer(offer, { id: '1', iceParameters: { usernameFragment: 'u', password: 'p', iceLite: true }, iceCandidates: [], dtlsParameters: { role: 'server', fingerprints } });
}

it('sound that has no port of its own because it goes with the picture is taken, and is refused where it has none for another reason', () => {
  const together = `${OFFER}${SOUND}\r\na=bundle-only\r\n`;
  expect(answerTo(together)).toMatch(/a=group:BUNDLE 1 2\r\n[^]*m=video 9 [^]*m=audio 9 [^]*a=recvonly/);
  expect(answerTo(together)).not.toContain('bundle-only');
  expect(answerTo(`${OFFER}${SOUND}\r\n`)).toMatch(/a=group:BUNDLE 1\r\n[^]*m=audio 0 [^]*a=inactive/);
});

it('what is refused has certificate and credentials too, for senders that look for them everywhere', () => {
  expect(answerTo(`${OFFER}${SOUND.replace('audio 0', 'audio 9').replace('OPUS/48000/2', 'PCMU/8000')}\r\n`)).toMatch(/m=audio 0 [^]*a=setup:passive[^]*a=ice-ufrag:u[^]*a=fingerprint:sha-256 CD/);
});
