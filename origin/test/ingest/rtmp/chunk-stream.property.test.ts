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

/** What a reader gives for some bytes. */
function pushed(reader: ChunkReader, bytes: Uint8Array): { messages: RtmpMessage[]; problem: string | undefined } {
  const messages: RtmpMessage[] = [];
  const problem = reader.push(bytes, (message) => messages.push(plain(message)));
  return { messages, problem };
}

const plain = (message: RtmpMessage) => ({ ...message, body: Uint8Array.from(message.body) });

it('the same messages come out however chunks and stream are cut', () => {
  fc.assert(
    fc.property(messages, fc.integer({ min: 1, max: 500 }), fc.array(fc.nat(20_000), { maxLength: 40 }), (written, chunkBytes, places) => {
      const stream = Buffer.concat([setChunkSize(chunkBytes), ...written.map((message) => chunked(message, chunkBytes))]);
      const reader = new ChunkReader();
      const read = cut(stream, places).flatMap((piece) => {
        const { messages, problem } = pushed(reader, piece);
        expect(problem).toBeUndefined();
        return messages;
      });
      expect(read).toEqual(written);
    }),
  );
});

it('any bytes are messages or a reason, never an exception', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 10 }), (pieces) => {
      const reader = new ChunkReader();
      for (const piece of pieces) expect(['undefined', 'string']).toContain(typeof pushed(reader, piece).problem);
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
    expect(pushed(reader, Buffer.concat([full, delta, sameLength, sameAll])).messages).toEqual([
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
    reader.allowMedia();
    expect(pushed(reader, bytes).problem).toBe(reason);
    expect(pushed(reader, Buffer.of(1))).toEqual({ messages: [], problem: reason });
  });
});

describe('what a sender can make us hold', () => {
  const AUDIO = 8;
  const VIDEO = 9;
  const DATA = 18;
  const COMMAND = 20;
  const KIB = 1024;

  /** A message on a chunk stream that has announced `length` bytes, and begins with so many. */
  function begun(chunkStreamId: number, message: { type: number; length: number; sentBytes: number }): Buffer {
    const head = Buffer.alloc(12);
    head[0] = chunkStreamId;
    head.writeUIntBE(message.length, 4, 3);
    head[7] = message.type;
    return Buffer.concat([head, Buffer.alloc(message.sentBytes)]);
  }

  function readerOf({ chunkBytes, isMediaAllowed }: { chunkBytes: number; isMediaAllowed: boolean }): ChunkReader {
    const reader = new ChunkReader();
    if (isMediaAllowed) reader.allowMedia();
    expect(pushed(reader, setChunkSize(chunkBytes)).problem).toBeUndefined();
    return reader;
  }

  it.each([
    ['before it may publish', false, 3 * KIB, 64 * KIB],
    ['when it may publish', true, 400 * KIB, 8 * KIB * KIB],
  ])('is bounded over all chunk streams together, %s', (_name, isMediaAllowed, eachBytes, limitBytes) => {
    const reader = readerOf({ chunkBytes: eachBytes, isMediaAllowed });
    const fitting = Math.floor(limitBytes / eachBytes);
    const next = (index: number) => pushed(reader, begun(3 + index, { type: VIDEO, length: eachBytes + 1, sentBytes: eachBytes })).problem;
    for (let index = 0; index < fitting; index++) expect(next(index)).toBeUndefined();
    expect(next(fitting)).toBe('its unfinished messages are too large');
  });

  it('counts no message that was finished or aborted', () => {
    const reader = readerOf({ chunkBytes: 40 * KIB, isMediaAllowed: false });
    const abort = encodeMessage({ type: 2, streamId: 0, timestampMs: 0, body: Buffer.of(0, 0, 0, 3) });
    for (let round = 0; round < 10; round++) {
      const half = begun(3, { type: COMMAND, length: 60 * KIB, sentBytes: 40 * KIB });
      expect(pushed(reader, half).problem).toBeUndefined();
      if (round % 2 === 0) expect(pushed(reader, abort).problem).toBeUndefined();
      else expect(pushed(reader, Buffer.concat([Buffer.of(0xc3), Buffer.alloc(20 * KIB)])).messages).toHaveLength(1);
    }
  });

  it.each([
    [VIDEO, false, 64 * KIB],
    [COMMAND, false, 64 * KIB],
    [COMMAND, true, 64 * KIB],
    [DATA, true, 64 * KIB],
    [AUDIO, true, 8 * KIB * KIB],
    [VIDEO, true, 8 * KIB * KIB],
  ])('a message of type %i (media allowed: %s) has at most %i bytes', (type, isMediaAllowed, limitBytes) => {
    const problemOf = (length: number) => pushed(readerOf({ chunkBytes: 128, isMediaAllowed }), begun(3, { type, length, sentBytes: 0 })).problem;
    expect(problemOf(limitBytes)).toBeUndefined();
    expect(problemOf(limitBytes + 1)).toBe(`a message has ${limitBytes + 1} bytes`);
  });

  it('is about what it has sent, though each chunk has one byte', () => {
    const reader = readerOf({ chunkBytes: 1, isMediaAllowed: true });
    const sentBytes = 1_000_000;
    expect(pushed(reader, begun(3, { type: VIDEO, length: 8_000_000, sentBytes: 1 })).problem).toBeUndefined();
    const chunks = Buffer.alloc(20_000);
    for (let offset = 0; offset < chunks.length; offset += 2) chunks[offset] = 0xc3;
    const before = process.memoryUsage();
    for (let sent = 0; sent < sentBytes; sent += chunks.length / 2) expect(pushed(reader, chunks).problem).toBeUndefined();
    const after = process.memoryUsage();
    // A piece for each byte would be about 100 MB, which no collection could free.
    expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(50_000_000);
  });

  it('media may follow in the same read as the message that allows it', () => {
    const reader = readerOf({ chunkBytes: 100 * KIB, isMediaAllowed: false });
    const types: number[] = [];
    const both = Buffer.concat([begun(3, { type: COMMAND, length: 10, sentBytes: 10 }), begun(4, { type: VIDEO, length: 100 * KIB, sentBytes: 100 * KIB })]);
    const problem = reader.push(both, ({ type }) => {
      types.push(type);
      reader.allowMedia();
    });
    expect({ problem, types }).toEqual({ problem: undefined, types: [COMMAND, VIDEO] });
  });
});
