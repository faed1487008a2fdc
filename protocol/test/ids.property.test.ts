import { createHash } from 'node:crypto';
import {
  chunkKey,
  chunkOfKey,
  deriveStreamId,
  isPeerId,
  isSlug,
  isStreamId,
  peerIdFromBytes,
  STRIPE_COUNT,
  stripeOf,
} from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digests, renditionIds, sequences, slugs } from './arbitraries.js';

describe('stream ids', () => {
  it('ID1: are the first 20 bytes of a digest over domain, key and slug', () => {
    fc.assert(
      fc.property(digests, slugs, (publicKey, slug) => {
        const expected = createHash('sha256')
          .update('p2ptv stream v1')
          .update(publicKey)
          .update(slug)
          .digest('hex');
        const streamId = deriveStreamId(publicKey, slug);
        expect(streamId).toBe(expected.slice(0, 40));
        expect(isStreamId(streamId)).toBe(true);
      }),
    );
  });

  it.each(['', 'a'.repeat(39), 'a'.repeat(41), 'A'.repeat(40), `${'a'.repeat(39)}g`, `${'a'.repeat(40)}\n`])(
    'ID1: %j is none',
    (text) => {
      expect(isStreamId(text)).toBe(false);
    },
  );
});

describe('slugs', () => {
  it.each(['a', '0', 'main', 'channel-1', 'a--b', 'x'.repeat(64)])('ID2: %j is one', (slug) => {
    expect(isSlug(slug)).toBe(true);
  });

  it.each(['', '-', '-a', 'a-', 'Main', 'a b', 'a/b', '..', 'ä', 'a\n', 'x'.repeat(65)])(
    'ID2: %j is none',
    (slug) => {
      expect(isSlug(slug)).toBe(false);
    },
  );
});

describe('peer ids', () => {
  it('ID3: are 16 bytes in hex, and more bytes do not matter', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 40 }), (bytes) => {
        const peerId = peerIdFromBytes(bytes);
        expect(peerId).toBe(Buffer.from(bytes.subarray(0, 16)).toString('hex'));
        expect(isPeerId(peerId)).toBe(true);
      }),
    );
  });

  it('ID3: fewer bytes are the caller’s mistake', () => {
    expect(() => peerIdFromBytes(new Uint8Array(15))).toThrow(RangeError);
  });

  it.each(['', 'a'.repeat(31), 'a'.repeat(33), 'F'.repeat(32), 'z'.repeat(32)])('ID3: %j is none', (text) => {
    expect(isPeerId(text)).toBe(false);
  });
});

describe('chunk names', () => {
  it('ID4: tell rendition and sequence apart', () => {
    fc.assert(
      fc.property(renditionIds, sequences, (rendition, sequence) => {
        const key = chunkKey(rendition, sequence);
        expect(Number.isSafeInteger(key)).toBe(true);
        expect(chunkOfKey(key)).toEqual({ rendition, sequence });
      }),
    );
  });

  it('ID5: the stripe is the sequence mod 8', () => {
    expect(STRIPE_COUNT).toBe(8);
    fc.assert(
      fc.property(sequences, (sequence) => {
        expect(stripeOf(sequence)).toBe(Number(BigInt(sequence) & 7n));
      }),
    );
  });
});
