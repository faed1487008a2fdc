import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RtcpPacketConverter, type RtcpTransportLayerFeedback, type TransportWideCC } from 'werift';

import { NackGenerator } from '../../src/sfu/nack-generator.js';
import { TransportFeedback } from '../../src/sfu/transport-feedback.js';

const SSRCS = { sender: 1, media: 77 };

it('transport feedback says of each packet whether it came, and when', () => {
  const packets = fc.array(fc.record({ isLost: fc.boolean(), waitMs: fc.integer({ min: 0, max: 300 }) }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(packets, fc.integer({ min: 0, max: 0xffff }), (sent, first) => {
      const feedback = new TransportFeedback();
      let atMs = 1000;
      const arrived: { readonly sequenceNumber: number; readonly atMs: number }[] = [];
      sent.forEach(({ isLost, waitMs }, index) => {
        atMs += waitMs;
        if (isLost) return;
        const sequenceNumber = (first + index) & 0xffff;
        arrived.push({ sequenceNumber, atMs });
        feedback.receive(sequenceNumber, atMs);
      });
      const bytes = feedback.take(SSRCS);
      if (arrived.length === 0) {
        expect(bytes).toBeUndefined();
        return;
      }
      const [packet] = RtcpPacketConverter.deSerialize(bytes!);
      const report = (packet as RtcpTransportLayerFeedback).feedback as TransportWideCC;
      expect(report.baseSequenceNumber).toBe(arrived[0]!.sequenceNumber);
      const statuses = report.packetChunks.flatMap((chunk) => ('symbolList' in chunk ? chunk.symbolList : [])).slice(0, report.packetStatusCount);
      const came = statuses.flatMap((status, index) => (status === 0 ? [] : [(report.baseSequenceNumber + index) & 0xffff]));
      expect(came).toEqual(arrived.map(({ sequenceNumber }) => sequenceNumber));
      let told = report.referenceTime * 64;
      report.recvDeltas.forEach(({ delta }, index) => {
        told += delta / 1000;
        expect(Math.abs(told - arrived[index]!.atMs)).toBeLessThan(0.5);
      });
    }),
    { seed: 7, numRuns: 200 },
  );
});

it('what is missing is asked for after a moment, again after a round trip, and not for ever', () => {
  const nacks = new NackGenerator();
  nacks.receive(65_534, 0);
  nacks.receive(1, 10);
  expect(nacks.due(10)).toEqual([]);
  expect(nacks.due(20)).toEqual([65_535, 0]);
  expect(nacks.due(40)).toEqual([]);
  nacks.receive(0, 50);
  expect(nacks.due(90)).toEqual([65_535]);
  expect(nacks.due(600)).toEqual([]);
  expect(nacks).toMatchObject({ nackedPackets: 2, recoveredPackets: 1 });
});
