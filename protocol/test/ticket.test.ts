import { decodeTicket, encodeSignedText, encodeTicket, type StreamId, type Ticket } from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprints, peerIds, publisher, signerOf, stranger, streamIds } from './arbitraries.js';

const tracker = publisher;
const signer = signerOf(tracker);
const streamId = 'aa'.repeat(20) as StreamId;
const ticket: Ticket = {
  version: 1,
  streamId,
  peerId: 'bb'.repeat(16) as Ticket['peerId'],
  role: 'viewer',
  fingerprint: Array.from({ length: 32 }, () => 'AB').join(':'),
  expiresAtMs: 1_000_000,
};
const expected = { streamId, trackerKey: tracker.publicKey, wallMs: 999_999 };

describe('ticket', () => {
  it('TK1: is read back as it was written', () => {
    const tickets = fc.record({
      version: fc.constant(1 as const),
      streamId: streamIds,
      peerId: peerIds,
      role: fc.constantFrom('viewer' as const, 'seeder' as const, 'origin' as const),
      fingerprint: fingerprints,
      expiresAtMs: fc.integer({ min: 1, max: 2 ** 48 }),
    });
    fc.assert(
      fc.property(tickets, (any) => {
        const read = decodeTicket(encodeTicket(any, signer), {
          streamId: any.streamId,
          trackerKey: tracker.publicKey,
          wallMs: any.expiresAtMs - 1,
        });
        expect(read).toEqual(any);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['version', 2],
    ['peerId', 'BB'.repeat(16)],
    ['role', 'admin'],
    ['fingerprint', 'ab:cd'],
    ['fingerprint', ticket.fingerprint.toLowerCase()],
    ['expiresAtMs', '1000000'],
    ['expiresAtMs', null],
  ])('TK1 VR1 VR3: is refused with %s %j, though signed', (name, value) => {
    const text = encodeSignedText('p2ptv ticket v1', { ...ticket, [name]: value }, signer);
    expect(decodeTicket(text, expected)).toBeUndefined();
  });

  it('TK2: is refused from the moment it runs out', () => {
    const text = encodeTicket(ticket, signer);
    expect(decodeTicket(text, expected)).toEqual(ticket);
    expect(decodeTicket(text, { ...expected, wallMs: 1_000_000 })).toBeUndefined();
    expect(decodeTicket(text, { ...expected, wallMs: Number.MAX_SAFE_INTEGER })).toBeUndefined();
  });

  it('TK2: is refused in another swarm', () => {
    const other = 'ac'.repeat(20) as StreamId;
    expect(decodeTicket(encodeTicket(ticket, signer), { ...expected, streamId: other })).toBeUndefined();
  });

  it('TK2: is refused when another key signed it, or the publisher for something else', () => {
    expect(decodeTicket(encodeTicket(ticket, signerOf(stranger)), expected)).toBeUndefined();
    expect(decodeTicket(encodeSignedText('p2ptv record v1', ticket, signer), expected)).toBeUndefined();
    expect(
      decodeTicket(encodeTicket(ticket, signer), { ...expected, trackerKey: stranger.publicKey }),
    ).toBeUndefined();
  });

  it('TK2: is refused when altered: a later expiry, another peer, another certificate', () => {
    const [payload, signature] = encodeTicket(ticket, signer).split('.') as [string, string];
    const json = Buffer.from(payload, 'base64url').toString();
    const alterations = [
      json.replace('1000000', '2000000'),
      json.replace('bbbb', 'bbbc'),
      json.replace('AB:AB', 'AB:AC'),
      json.replace('viewer', 'origin'),
    ];
    for (const altered of alterations) {
      expect(altered).not.toBe(json);
      const text = `${Buffer.from(altered).toString('base64url')}.${signature}`;
      expect(decodeTicket(text, expected)).toBeUndefined();
    }
  });

  it('TK2: any text is refused without an exception', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        expect(decodeTicket(text, expected)).toBeUndefined();
      }),
    );
  });
});
