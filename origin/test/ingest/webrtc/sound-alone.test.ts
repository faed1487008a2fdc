import { expect, it } from 'vitest';

import { WebRtcPublication } from '../../../src/ingest/webrtc/webrtc-publication.js';

it('a publisher of sound alone has one session, which knows of the sound from the first packet on', () => {
  const publication = new WebRtcPublication({ videoCodec: undefined, hasAudio: true, requestKeyFrame: () => undefined });
  const sessions: unknown[] = [];
  let bytes = 0;
  publication.onReady = () => {
    if (sessions.length > 0) return;
    const { media, videoMap, audioMap, stdin } = publication.open();
    stdin!.on('data', (piece: Buffer) => (bytes += piece.length)).on('end', () => sessions.push('ended'));
    sessions.push([media.hasVideo, media.hasAudio, videoMap, audioMap]);
  };
  for (let packet = 0; packet < 50; packet++) {
    // 20 ms of Opus.
    publication.audio.onPacket({ sequenceNumber: packet, timestamp: packet * 960, isMarked: false, payload: Uint8Array.of(0x78, ...Array<number>(60).fill(packet)), arrivedAtMs: packet * 20 });
  }
  expect(publication.status.audioPackets).toBe(50);
  publication.end();
  return expect.poll(() => [sessions, bytes > 50 * 61]).toEqual([[[false, true, undefined, '0:a:0'], 'ended'], true]);
});
