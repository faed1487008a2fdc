import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ChunkReader, encodeMessage, type RtmpMessage } from '../../../src/ingest/rtmp/chunk-stream.js';
import { cut } from '../../fragment/flv-stream.js';

const messages = fc.array(
  fc.record({
    type: fc.constantFrom(4, 8, 9, 18, 20),
    streamId: fc.integer({ min: 0, max: 3 }),
    timestampMs: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    body: fc.uint8Array({ maxLength: 700 }),
  }),
  { maxLength: 12 },
);

/** As a publisher writes it: chunks of a size, with the extended time repeated in each. */
function chunked(message: RtmpMessage, chunkBytes: number): Buffer {
  const isExtended = message.timestampMs >= 0xff_ffff;
  const extension = Buffer.alloc(isExtended ? 4 : 0);
  if (isExtended) extension.writeUInt32BE(message.timestampMs);
  const head = Buffer.alloc(12);
  head[0] = 4;
  head.writeUIntBE(isExtended ? 0xff_ffff : message.timestampMs, 1, 3);
  head.writeUIntBE(message.body.length, 4, 3);
  head[7] = message.type;
  head.writeUInt32LE(message.streamId, 8);
  const pieces: Uint8Array[] = [head, extension, message.body.subarray(0, chunkBytes)];
  for (let offset = chunkBytes; offset < message.body.length; offset += chunkBytes) {
    pieces.push(Buffer.of(0xc4), extension, message.body.subarray(offset, offset + chunkBytes));
  }
  return Buffer.concat(pieces);
}

function setChunkSize(bytes: number): Uint8Array {
  const body = Buffer.alloc(4);
  body.writeUInt32BE(bytes);
  return encodeMessage({ type: 1, streamId: 0, timestampMs: 0, body });
}

const plain = (message: RtmpMessage) => ({ ...message, body: Uint8Array.from(message.body) });

it('the same messages come out however chunks and stream are cut', () => {
  fc.assert(
    fc.property(messages, fc.integer({ min: 1, max: 500 }), fc.array(fc.nat(20_000), { maxLength: 40 }), (written, chunkBytes, places) => {
      const stream = Buffer.concat([setChunkSize(chunkBytes), ...written.map((message) => chunked(message, chunkBytes))]);
      const reader = new ChunkReader();
      const read = cut(stream, places).flatMap((piece) => {
        const result = reader.push(piece);
        expect(result.kind).toBe('messages');
        return result.kind === 'messages' ? result.messages.map(plain) : [];
      });
      expect(read).toEqual(written);
    }),
  );
});

it('any bytes are messages or a reason, never an exception', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 10 }), (pieces) => {
      const reader = new ChunkReader();
      for (const piece of pieces) expect(['messages', 'malformed']).toContain(reader.push(piece).kind);
    }),
    { numRuns: 1000 },
  );
});

describe('short headers', () => {
  it('repeat length, type and difference of the message before', () => {
    const reader = new ChunkReader();
    const full = chunked({ type: 9, streamId: 1, timestampMs: 1000, body: Uint8Array.of(1, 2) }, 128);
    const delta = Buffer.of(0x44, 0, 0, 40, 0, 0, 1, 8, 7);
    const sameLength = Buffer.of(0x84, 0, 0, 20, 6);
    const sameAll = Buffer.of(0xc4, 5);
    const result = reader.push(Buffer.concat([full, delta, sameLength, sameAll]));
    expect(result.kind === 'messages' && result.messages.map(plain)).toEqual([
      { type: 9, streamId: 1, timestampMs: 1000, body: Uint8Array.of(1, 2) },
      { type: 8, streamId: 1, timestampMs: 1040, body: Uint8Array.of(7) },
      { type: 8, streamId: 1, timestampMs: 1060, body: Uint8Array.of(6) },
      { type: 8, streamId: 1, timestampMs: 1080, body: Uint8Array.of(5) },
    ]);
  });

  it.each([
    ['a continuation of nothing', Buffer.of(0xc4, 0), 'a chunk continues a message that never began'],
    ['chunks of no byte', Buffer.from(setChunkSize(0)), 'it announces chunks of 0 bytes'],
    ['chunks of a gigabyte', Buffer.from(setChunkSize(2 ** 30)), 'it announces chunks of 1073741824 bytes'],
    ['a message of 16 MB', Buffer.of(4, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0, 1), 'a message has 16777215 bytes'],
    ['a message within a message', Buffer.concat([Buffer.of(4, 0, 0, 0, 0, 1, 0, 9, 1, 0, 0, 0), Buffer.alloc(128), Buffer.of(4), Buffer.alloc(11)]), 'a message begins within another one'],
    [
      'hundreds of chunk streams',
      Buffer.concat(Array.from({ length: 40 }, (_, index) => Buffer.of(index + 3, 0, 0, 0, 0, 0, 1, 9, 1, 0, 0, 0, 1))),
      'there are too many chunk streams',
    ],
  ])('%s is refused', (_name, bytes, reason) => {
    const reader = new ChunkReader();
    expect(reader.push(bytes)).toEqual({ kind: 'malformed', reason });
    expect(reader.push(Buffer.of(1))).toEqual({ kind: 'malformed', reason });
  });
});
