import { expect, it } from 'vitest';

import { WebRtcPublication } from '../../../src/ingest/webrtc/webrtc-publication.js';

/** A VP8 key frame of 320x180 (RFC 6386 section 9.1 behind RFC 7741 section 4.2). */
const KEY_FRAME = Uint8Array.of(0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 1, 180, 0, 0, 0);
const PUBLISHER_MS = 5_000_000;

it('how far our date of a picture is from the moment of its capture is told by the publisher’s own clock', () => {
  const publication = new WebRtcPublication({ videoCodec: 'vp8', hasAudio: false, requestKeyFrame: () => undefined });
  publication.onReady = () => void publication.open().stdin?.resume();
  const send = (frame: number): void => publication.video.onPacket({ sequenceNumber: frame, timestamp: 700_000 + frame * 3000, isMarked: true, payload: KEY_FRAME, arrivedAtMs: 100 + frame * 33 });
  send(0);
  publication.noteDate({ mediaTimeMs: 0, programDateTimeMs: 9_000_000 });
  expect(publication.status.dateLessCaptureMs).toBeUndefined();
  // Its third picture was captured at a moment of its own clock, which is not ours.
  publication.video.onSenderReport({ timestamp: 700_000 + 2 * 3000, wallMs: PUBLISHER_MS });
  send(1);
  send(2);
  publication.noteDate({ mediaTimeMs: 2 * (3000 / 90), programDateTimeMs: 9_000_180 });
  expect(publication.status.dateLessCaptureMs).toBeCloseTo(9_000_180 - PUBLISHER_MS, 3);
});
