import { readFileSync } from 'node:fs';
import {
  BLOCK_BYTES,
  decodeChunkHeader,
  decodeTicket,
  deriveStreamId,
  digest,
  encodeChunkHeader,
  encodeTicket,
  keyPairFromSecret,
  sign,
  signatureOf,
  signedChunkHeader,
  signedPortion,
  verify,
  type ChunkHeader,
  type Ticket,
} from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';

type HeaderFields = Omit<ChunkHeader, 'blockHashes'> & { blockHashes: string[] };
type HeaderVectors = {
  secretKey: string;
  publicKey: string;
  slug: string;
  headers: { name: string; fields: HeaderFields; signed: string }[];
};
type TicketVectors = {
  trackerSecretKey: string;
  trackerKey: string;
  tickets: { ticket: Ticket; text: string }[];
};

function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`./vectors/${name}.json`, import.meta.url), 'utf8'));
}

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const headers = readVectors('chunk-header') as HeaderVectors;
const tickets = readVectors('ticket') as TicketVectors;

describe('chunk header vectors', () => {
  const publisher = keyPairFromSecret(fromHex(headers.secretKey));

  it('CH6 ID1: give the key and the stream', () => {
    expect(toHex(publisher.publicKey)).toBe(headers.publicKey);
    for (const { fields } of headers.headers) {
      expect(deriveStreamId(publisher.publicKey, headers.slug)).toBe(fields.streamId);
    }
  });

  it.each(headers.headers)('CH6: $name: is written, signed and read so', ({ fields, signed }) => {
    const header: ChunkHeader = { ...fields, blockHashes: fields.blockHashes.map(fromHex) };
    const encoded = encodeChunkHeader(header);
    const written = signedChunkHeader(header, encoded, sign(encoded, publisher.secretKey));
    expect(toHex(written.bytes)).toBe(signed);
    const read = decodeChunkHeader(fromHex(signed))!;
    expect(read.header).toEqual(header);
    expect(verify(signatureOf(read), signedPortion(read), publisher.publicKey)).toBe(true);
  });

  it.each(headers.headers)('BL2: $name: its blocks have these hashes', ({ fields }) => {
    const chunk = Uint8Array.from(
      { length: fields.byteLength },
      (_, index) => (index * 31 + (index >> 8)) & 0xff,
    );
    const hashes = fields.blockHashes.map((_, index) =>
      toHex(digest(chunk.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES))),
    );
    expect(hashes).toEqual(fields.blockHashes);
  });
});

describe('ticket vectors', () => {
  const tracker = keyPairFromSecret(fromHex(tickets.trackerSecretKey));

  it.each(tickets.tickets)('TK3: a $ticket.role’s is written and read so', ({ ticket, text }) => {
    expect(toHex(tracker.publicKey)).toBe(tickets.trackerKey);
    expect(encodeTicket(ticket, (message) => sign(message, tracker.secretKey))).toBe(text);
    const { streamId, expiresAtMs } = ticket;
    expect(decodeTicket(text, { streamId, trackerKey: tracker.publicKey, wallMs: expiresAtMs - 1 })).toEqual(
      ticket,
    );
  });
});
