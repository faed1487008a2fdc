import {
  decodeChunkHeader,
  digest,
  encodeChunkHeader,
  keyPairFromSecret,
  sign,
  signatureOf,
  signedPortion,
  signedChunkHeader,
  type ChunkHeader,
  type ChunkSequence,
  type RenditionId,
  type SignedChunkHeader,
  type StreamId,
} from '@p2ptv/protocol';
import { describe, expect, it, vi } from 'vitest';
import { NodeVerifier } from '../../../src/adapters/verifier/node-verifier.js';
import { WebVerifier } from '../../../src/adapters/verifier/web-verifier.js';
import type { Verifier } from '../../../src/ports/verifier.js';

const keys = keyPairFromSecret(new Uint8Array(32).fill(7));
const otherKeys = keyPairFromSecret(new Uint8Array(32).fill(8));

function signedHeader(secretKey = keys.secretKey): SignedChunkHeader {
  const bytes = new Uint8Array(20_000).fill(3);
  const header: ChunkHeader = {
    streamId: 'ab'.repeat(20) as StreamId,
    epoch: 1,
    rendition: 0 as RenditionId,
    sequence: 12 as ChunkSequence,
    mediaSequence: 1,
    partIndex: 2,
    isIndependent: true,
    isSegmentLast: false,
    durationUs: 200_000,
    programDateTimeMs: 1_760_000_000_000,
    byteLength: bytes.length,
    initHash: 'cd'.repeat(32),
    blockHashes: [digest(bytes.subarray(0, 16_384)), digest(bytes.subarray(16_384))],
  };
  const encoded = encodeChunkHeader(header);
  return signedChunkHeader(header, encoded, sign(encoded, secretKey));
}

function flipped(signed: SignedChunkHeader, index: number): SignedChunkHeader {
  const bytes = signed.bytes.slice();
  bytes[index]! ^= 1;
  return { header: signed.header, bytes };
}

const check = (verifier: Verifier, signed: SignedChunkHeader): Promise<boolean> =>
  new Promise((resolve) => verifier.checkSignature({ message: signedPortion(signed), signature: signatureOf(signed) }, resolve));

/** WebCrypto of an engine without Ed25519. */
const withoutEd25519 = {
  importKey: () => Promise.reject(new DOMException('unsupported', 'NotSupportedError')),
  digest: (name: string, bytes: Uint8Array<ArrayBuffer>) => crypto.subtle.digest(name, bytes),
} as unknown as SubtleCrypto;
/** WebCrypto that fails at every turn. */
const broken = {
  importKey: (...request: Parameters<SubtleCrypto['importKey']>) => crypto.subtle.importKey(...request),
  verify: () => Promise.reject(new DOMException('broken', 'OperationError')),
  digest: () => Promise.reject(new DOMException('broken', 'OperationError')),
} as unknown as SubtleCrypto;

/** What a page without a secure context has: a `crypto` without `subtle`. */
function insecurely(make: () => Verifier): Verifier {
  vi.stubGlobal('crypto', { getRandomValues: () => {} });
  try {
    return make();
  } finally {
    vi.unstubAllGlobals();
  }
}

const verifiers: [string, (publicKey: Uint8Array) => Verifier][] = [
  ['node:crypto', (publicKey) => new NodeVerifier(publicKey)],
  ['WebCrypto', (publicKey) => new WebVerifier(publicKey)],
  ['WebCrypto without Ed25519', (publicKey) => new WebVerifier(publicKey, withoutEd25519)],
  ['WebCrypto that fails', (publicKey) => new WebVerifier(publicKey, broken)],
  ['no WebCrypto', (publicKey) => insecurely(() => new WebVerifier(publicKey))],
];

describe.each(verifiers)('verifier contract: %s', (_name, create) => {
  it('accepts what the publisher signed', async () => {
    expect(await check(create(keys.publicKey), signedHeader())).toBe(true);
  });

  it('accepts a header at an odd place in a larger buffer', async () => {
    const signed = signedHeader();
    const buffer = new Uint8Array(signed.bytes.length + 10);
    buffer.set(signed.bytes, 3);
    const decoded = decodeChunkHeader(buffer.subarray(3, 3 + signed.bytes.length));
    expect(await check(create(keys.publicKey), decoded!)).toBe(true);
  });

  it('rejects another key, and any change to header or signature', async () => {
    const verifier = create(keys.publicKey);
    const signed = signedHeader();
    expect(await check(verifier, signedHeader(otherKeys.secretKey))).toBe(false);
    for (const index of [0, 26, 90, signed.bytes.length - 64, signed.bytes.length - 1]) {
      expect(await check(verifier, flipped(signed, index)), `byte ${index}`).toBe(false);
    }
    const zeros = signed.bytes.slice();
    zeros.fill(0, zeros.length - 64);
    expect(await check(verifier, { header: signed.header, bytes: zeros })).toBe(false);
  });

  it.each([0, 31, 33, 64])('accepts nothing for a key of %i bytes', async (length) => {
    const key = new Uint8Array(length);
    key.set(keys.publicKey.subarray(0, length));
    expect(await check(create(key), signedHeader())).toBe(false);
  });

  it('digests', async () => {
    const verifier = create(keys.publicKey);
    for (const length of [0, 1, 16_384]) {
      const bytes = new Uint8Array(length + 5).fill(9).subarray(5);
      const result = await new Promise<Uint8Array>((resolve) => verifier.digest(bytes, resolve));
      expect(Buffer.from(result).toString('hex')).toBe(Buffer.from(digest(bytes)).toString('hex'));
    }
  });
});

describe('verifier', () => {
  it('imports the key once', async () => {
    const importKey = vi.spyOn(crypto.subtle, 'importKey');
    const verifier = new WebVerifier(keys.publicKey);
    for (let count = 0; count < 5; count++) await check(verifier, signedHeader());
    expect(importKey).toHaveBeenCalledOnce();
    importKey.mockRestore();
  });
});
