import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RtcpPacketConverter, RtcpRrPacket, RtpHeader, RtpPacket } from 'werift';

import { InboundTrack } from '../../src/sfu/inbound-track.js';

const OPUS = { codecs: [{ mimeType: 'audio/opus', payloadType: 100, clockRate: 48_000, rtcpFeedback: [{ type: 'nack' }] }] };

function opusTrack(): InboundTrack {
  const track = InboundTrack.create({ kind: 'audio', rtpParameters: OPUS, listener: { onPacket: () => undefined, onSenderReport: () => undefined } });
  if (typeof track === 'string') throw new Error(track);
  return track;
}

/** Its next report as the sender reads it: bytes on the wire. */
function reportOf(track: InboundTrack, nowMs: number): { readonly fractionLost: number; readonly packetsLost: number } {
  const bytes = new RtcpRrPacket({ ssrc: 1, reports: [track.report(nowMs)!] }).serialize();
  const [packet] = RtcpPacketConverter.deSerialize(bytes);
  const { fractionLost, packetsLost } = (packet as RtcpRrPacket).reports[0]!;
  // 24 bits, signed.
  return { fractionLost, packetsLost: (packetsLost << 8) >> 8 };
}

it('a packet that comes twice, as sound does that was asked for again, is reported as one lost the less', () => {
  const track = opusTrack();
  for (const sequenceNumber of [7, 8, 8]) track.take(new RtpPacket(new RtpHeader({ payloadType: 100, ssrc: 9, sequenceNumber }), Buffer.of(1)), 10);
  expect(reportOf(track, 1000)).toEqual({ fractionLost: 0, packetsLost: -1 });
});

it('whatever comes in whatever order, it can be reported', () => {
  const packet = fc.record({ sequenceNumber: fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 65_500, max: 65_535 })), timestamp: fc.nat(0xffffffff), waitMs: fc.nat(5000) });
  fc.assert(
    fc.property(fc.array(packet, { minLength: 1, maxLength: 40 }), fc.nat(1e9), (packets, laterMs) => {
      const track = opusTrack();
      let nowMs = 0;
      for (const { waitMs, ...header } of packets) track.take(new RtpPacket(new RtpHeader({ payloadType: 100, ssrc: 9, ...header }), Buffer.of(1)), (nowMs += waitMs));
      const { fractionLost } = reportOf(track, nowMs + laterMs);
      expect(fractionLost).toBeGreaterThanOrEqual(0);
    }),
    { seed: 7, numRuns: 200 },
  );
});
