import { decodeHeaderBatch, encodeHeaderBatch } from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headerWith, signedHeaders, signHeader } from './arbitraries.js';

const one = signHeader(headerWith());

describe('header batch', () => {
  it('HB1: is read back in order', () => {
    fc.assert(
      fc.property(fc.array(signedHeaders, { maxLength: 6 }), (headers) => {
        const batch = encodeHeaderBatch(headers);
        expect(batch.length).toBe(headers.reduce((sum, { bytes }) => sum + 2 + bytes.length, 0));
        expect(decodeHeaderBatch(batch)).toEqual(headers);
      }),
    );
  });

  it('HB1: is length and header, and nothing for no header', () => {
    expect(Buffer.from(encodeHeaderBatch([one])).toString('hex')).toBe(
      `00f3${Buffer.from(one.bytes).toString('hex')}`,
    );
    expect(encodeHeaderBatch([])).toHaveLength(0);
    expect(decodeHeaderBatch(new Uint8Array(0))).toEqual([]);
  });

  it('HB2: holds 128 headers and not one more', () => {
    const full = Array.from({ length: 128 }, () => one);
    const batch = encodeHeaderBatch(full);
    expect(decodeHeaderBatch(batch)).toHaveLength(128);
    expect(() => encodeHeaderBatch([...full, one])).toThrow(RangeError);
    expect(decodeHeaderBatch(Uint8Array.of(...batch, ...encodeHeaderBatch([one])))).toBeUndefined();
  });

  it('HB3: is refused as a whole when cut anywhere within a header', () => {
    const batch = encodeHeaderBatch([one, one]);
    const boundaries = new Set([0, batch.length / 2, batch.length]);
    for (let cut = 0; cut <= batch.length; cut++) {
      expect(decodeHeaderBatch(batch.subarray(0, cut)) !== undefined, `cut at ${cut}`).toBe(
        boundaries.has(cut),
      );
    }
  });

  it('HB3: is refused as a whole when one header is malformed', () => {
    const batch = encodeHeaderBatch([one, one, one]);
    batch[2 + one.bytes.length + 2] = 9;
    expect(decodeHeaderBatch(batch)).toBeUndefined();
  });

  it('HB3: any bytes are read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const headers = decodeHeaderBatch(bytes);
        if (headers) expect(encodeHeaderBatch(headers)).toEqual(bytes);
      }),
    );
  });
});
