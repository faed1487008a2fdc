import { createHash } from 'node:crypto';
import {
  BLOCK_BYTES,
  blockCountOf,
  blockLengthOf,
  decodeChunkHeader,
  digest,
  encodeChunkHeader,
  encodedHeaderBytes,
  isEqualBytes,
  signatureOf,
  signedChunkHeader,
  signedPortion,
  verify,
} from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chunkHeaders,
  headerWith,
  publisher,
  signedHeaders,
  signHeader,
  stranger,
  withByteFlipped,
} from './arbitraries.js';

/** What a viewer does with header bytes from outside. */
function isBelieved(bytes: Uint8Array): boolean {
  const signed = decodeChunkHeader(bytes);
  return signed !== undefined && verify(signatureOf(signed), signedPortion(signed), publisher.publicKey);
}

describe('chunk header', () => {
  it('CH1: is read back as it was written', () => {
    fc.assert(
      fc.property(signedHeaders, (signed) => {
        const decoded = decodeChunkHeader(signed.bytes);
        expect(decoded?.header).toEqual(signed.header);
        expect(decoded?.bytes).toBe(signed.bytes);
        expect(signed.bytes.length).toBe(encodedHeaderBytes(signed.header.byteLength));
      }),
    );
  });

  it('CH1: is read wherever it lies in a larger buffer', () => {
    fc.assert(
      fc.property(signedHeaders, fc.nat({ max: 9 }), (signed, offset) => {
        const larger = new Uint8Array(signed.bytes.length + 20).fill(0xee);
        larger.set(signed.bytes, offset);
        const decoded = decodeChunkHeader(larger.subarray(offset, offset + signed.bytes.length));
        expect(decoded?.header).toEqual(signed.header);
      }),
    );
  });

  it('CH2: is believed only as a whole: any single changed byte is refused by layout or signature', () => {
    const { bytes } = signHeader(headerWith());
    expect(isBelieved(bytes)).toBe(true);
    const believed = Array.from(bytes.keys()).filter((index) =>
      isBelieved(withByteFlipped(bytes, index, 1 << (index % 8))),
    );
    expect(believed).toEqual([]);
  });

  it('CH2: the same for any header, byte and change', () => {
    fc.assert(
      fc.property(
        chunkHeaders.filter(({ byteLength }) => byteLength < 100_000),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (header, position, mask) => {
          const { bytes } = signHeader(header);
          expect(isBelieved(withByteFlipped(bytes, position % bytes.length, mask))).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('CH2: another key’s signature is not believed', () => {
    expect(isBelieved(signHeader(headerWith(), stranger).bytes)).toBe(false);
  });

  it.each([0, 2, 255])('CH3 VR1: version %i is refused', (version) => {
    const { bytes } = signHeader(headerWith());
    bytes[0] = version;
    expect(decodeChunkHeader(bytes)).toBeUndefined();
  });

  it.each([4, 8, 0x80, 0xff])('CH3: flags %i are refused', (flags) => {
    const { bytes } = signHeader(headerWith());
    bytes[36] = flags;
    expect(decodeChunkHeader(bytes)).toBeUndefined();
  });

  it.each([
    ['rendition 16', 25, [16]],
    ['duration 0', 37, [0, 0, 0, 0]],
    ['duration 30,000,001', 37, [0x01, 0xc9, 0xc3, 0x81]],
    ['a date beyond the year 9999', 41, [0xe6, 0x77, 0xd2, 0x1f, 0xdc, 0x00]],
    ['byte length 0', 47, [0, 0, 0, 0]],
    ['a byte length that needs other hashes', 47, [0, 0, 0x40, 0]],
    ['byte length 4,194,305', 47, [0, 0x40, 0, 1]],
  ])('CH4: %s is refused', (_name, offset, field) => {
    const { bytes } = signHeader(headerWith());
    bytes.set(field, offset);
    expect(decodeChunkHeader(bytes)).toBeUndefined();
  });

  it('CH4: the largest date is the last of the year 9999', () => {
    const { bytes } = signHeader(headerWith());
    bytes.set([0xe6, 0x77, 0xd2, 0x1f, 0xdb, 0xff], 41);
    expect(decodeChunkHeader(bytes)?.header.programDateTimeMs).toBe(Date.UTC(9999, 11, 31, 23, 59, 59, 999));
  });

  it('CH4: any other length is refused', () => {
    fc.assert(
      fc.property(
        signedHeaders,
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 100 }),
        (signed, cut, tail) => {
          expect(decodeChunkHeader(signed.bytes.subarray(0, cut % signed.bytes.length))).toBeUndefined();
          expect(decodeChunkHeader(Uint8Array.of(...signed.bytes, ...tail))).toBeUndefined();
        },
      ),
    );
  });

  it('CH4: any bytes are read or refused, and what is read can be written again', () => {
    const like = signHeader(headerWith()).bytes;
    const mutations = fc.array(fc.tuple(fc.nat({ max: 90 }), fc.nat({ max: 255 })), { maxLength: 4 });
    const nearHeaders = mutations.map((changes) => {
      const bytes = like.slice();
      for (const [index, value] of changes) bytes[index] = value;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), nearHeaders), (bytes) => {
        const decoded = decodeChunkHeader(bytes);
        if (decoded)
          expect(isEqualBytes(encodeChunkHeader(decoded.header), signedPortion(decoded))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['no media', { byteLength: 0, blockHashes: [] }],
    [
      'more than 4 MiB',
      { byteLength: 4_194_305, blockHashes: Array.from({ length: 257 }, () => new Uint8Array(32)) },
    ],
    ['a hash too few', { blockHashes: [new Uint8Array(32)] }],
    ['a short hash', { blockHashes: [32, 32, 31].map((length) => new Uint8Array(length)) }],
    ['a long hash', { blockHashes: [33, 32, 32].map((length) => new Uint8Array(length)) }],
    ['a short init hash', { initHash: 'ab' }],
    ['a short stream id', { streamId: '0011' }],
    ['no duration', { durationUs: 0 }],
    ['half a microsecond', { durationUs: 0.5 }],
    ['31 seconds', { durationUs: 31_000_000 }],
    ['rendition 16', { rendition: 16 }],
    ['a negative sequence', { sequence: -1 }],
    ['sequence 2^32', { sequence: 2 ** 32 }],
    ['media sequence 2^32', { mediaSequence: 2 ** 32 }],
    ['epoch 2^32', { epoch: 2 ** 32 }],
    ['part 65,536', { partIndex: 65_536 }],
    ['the year 10,000', { programDateTimeMs: Date.UTC(10_000, 0, 1) }],
    ['no date', { programDateTimeMs: Number.NaN }],
  ])('CH5: a header with %s is not written', (_name, fields) => {
    expect(() => encodeChunkHeader(headerWith(fields))).toThrow(RangeError);
  });

  it.each([0, 63, 65])('CH5: a signature of %i bytes is not appended', (length) => {
    const header = headerWith();
    expect(() => signedChunkHeader(header, encodeChunkHeader(header), new Uint8Array(length))).toThrow(
      RangeError,
    );
  });
});

describe('blocks', () => {
  it('BL1: cover the chunk, full but for the last, none empty', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4_194_304 }), (byteLength) => {
        const count = blockCountOf(byteLength);
        const lengths = Array.from({ length: count }, (_, index) => blockLengthOf(byteLength, index));
        expect(lengths.slice(0, -1).every((length) => length === 16_384)).toBe(true);
        expect(lengths.at(-1)).toBeGreaterThan(0);
        expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(byteLength);
        expect(blockLengthOf(byteLength, count)).toBe(0);
      }),
    );
  });

  it('BL2: each is held to the hash at its index', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 3 * 1000 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (seed, position, mask) => {
          // Three blocks from a few random bytes, each block different.
          const chunk = new Uint8Array(2 * BLOCK_BYTES + 100).map(
            (_, index) => (seed[index % seed.length]! + (index >> 14)) & 0xff,
          );
          const blocks = [0, 1, 2].map((index) =>
            chunk.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES),
          );
          const hashes = blocks.map((block) => new Uint8Array(createHash('sha256').update(block).digest()));
          const isBlockBelieved = (index: number, block: Uint8Array): boolean =>
            isEqualBytes(digest(block), hashes[index]!);
          const index = position % 3;
          expect(blocks.every((block, each) => isBlockBelieved(each, block))).toBe(true);
          expect(isBlockBelieved(index, withByteFlipped(blocks[index]!, position % 100, mask))).toBe(false);
          expect(isBlockBelieved(index, blocks[(index + 1) % 3]!)).toBe(false);
          expect(isBlockBelieved(index, blocks[index]!.subarray(1))).toBe(false);
        },
      ),
      { numRuns: 20 },
    );
  });
});
