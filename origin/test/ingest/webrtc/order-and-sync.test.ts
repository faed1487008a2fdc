import { expect, it } from 'vitest';

import { JitterBuffer, type OrderedPacket } from '../../../src/ingest/webrtc/jitter-buffer.js';
import { LipSync, TrackClock } from '../../../src/ingest/webrtc/lip-sync.js';

const packet = (sequenceNumber: number, arrivedAtMs: number): Parameters<JitterBuffer['push']>[0] => ({ sequenceNumber, timestamp: 0, isMarked: true, payload: new Uint8Array(), arrivedAtMs });
const shown = (ordered: readonly OrderedPacket[]): (number | 'gap')[] => ordered.map((one) => (one.kind === 'gap' ? 'gap' : one.packet.sequenceNumber));

it('packets leave in order, a late one is waited for, a lost one is not for long', () => {
  const buffer = new JitterBuffer(100);
  expect(shown(buffer.push(packet(65_535, 0)))).toEqual([65_535]);
  expect(shown(buffer.push(packet(1, 10)))).toEqual([]);
  expect(shown(buffer.push(packet(0, 20)))).toEqual([0, 1]);
  expect(shown(buffer.push(packet(0, 21)))).toEqual([]);
  expect(shown(buffer.push(packet(3, 30)))).toEqual([]);
  expect(shown(buffer.push(packet(4, 129)))).toEqual([]);
  expect(shown(buffer.push(packet(5, 130)))).toEqual(['gap', 3, 4, 5]);
});

it('pictures are laid beside the sound by the sender\'s reports, and a drift is followed without a jump', () => {
  const video = new TrackClock(90_000);
  const audio = new TrackClock(48_000);
  const sync = new LipSync(video, audio);
  // The same moment: 5 s on the picture's clock, 1 s on the sound's.
  audio.timeMs(48_000, 100);
  const first = video.timeMs(450_000, 140);
  // Before any report the picture seems 40 ms later than it is.
  expect(sync.place(first)).toBeCloseTo(1040);
  audio.report({ timestamp: 48_000, wallMs: 9_000_000 });
  video.report({ timestamp: 450_000, wallMs: 9_000_000 });
  expect(sync.place(first)).toBeCloseTo(1000);
  video.report({ timestamp: 450_000, wallMs: 9_000_080 });
  expect(sync.place(first)).toBeCloseTo(1003);
  for (let frame = 0; frame < 20; frame++) sync.place(first);
  expect(sync.place(first)).toBeCloseTo(1020);
});
