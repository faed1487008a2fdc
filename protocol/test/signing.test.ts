import { createHash, createPublicKey, verify as nodeVerify } from 'node:crypto';
import { digest, isEqualBytes, keyPairFromSecret, sign, verify } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { publisher, stranger } from './arbitraries.js';

const message = new TextEncoder().encode('news at eight');
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

describe('signatures', () => {
  it('SR4: agree with RFC 8032, section 7.1, test 2', () => {
    const pair = keyPairFromSecret(hex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'));
    expect(Buffer.from(pair.publicKey).toString('hex')).toBe(
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    );
    const signature = sign(hex('72'), pair.secretKey);
    expect(Buffer.from(signature).toString('hex')).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
        '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    );
    expect(verify(signature, hex('72'), pair.publicKey)).toBe(true);
  });

  it('SR4: are understood by the platform’s own library', () => {
    const x = Buffer.from(publisher.publicKey).toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    expect(nodeVerify(null, message, key, sign(message, publisher.secretKey))).toBe(true);
  });

  it('SR4: by another key or over another message are invalid', () => {
    const signature = sign(message, publisher.secretKey);
    expect(verify(signature, message, stranger.publicKey)).toBe(false);
    expect(verify(signature, message.subarray(1), publisher.publicKey)).toBe(false);
  });

  it('SR4: a signature with the group order added to its scalar is invalid', () => {
    const signature = sign(message, publisher.secretKey);
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    let scalar = BigInt(`0x${Buffer.from(signature.slice(32)).reverse().toString('hex')}`) + order;
    const forged = signature.slice();
    for (let index = 32; index < 64; index++, scalar >>= 8n) forged[index] = Number(scalar & 0xffn);
    expect(isEqualBytes(forged, signature)).toBe(false);
    expect(verify(forged, message, publisher.publicKey)).toBe(false);
  });

  it.each([0, 31, 33, 64])('SR4: a key of %i bytes is invalid, and nothing is thrown', (length) => {
    const signature = sign(message, publisher.secretKey);
    expect(verify(signature, message, new Uint8Array(length).fill(1))).toBe(false);
  });

  it.each([0, 63, 65])('SR4: a signature of %i bytes is invalid, and nothing is thrown', (length) => {
    expect(verify(new Uint8Array(length), message, publisher.publicKey)).toBe(false);
  });
});

describe('digest', () => {
  it('BL2: is SHA-256', () => {
    expect(Buffer.from(digest(message)).toString('hex')).toBe(
      createHash('sha256').update(message).digest('hex'),
    );
  });
});

describe('isEqualBytes', () => {
  it.each([
    [[], [], true],
    [[1, 2], [1, 2], true],
    [[1, 2], [1, 3], false],
    [[1, 2], [1, 2, 3], false],
  ])('compares %j and %j: %j', (left, right, expected) => {
    expect(isEqualBytes(Uint8Array.from(left), Uint8Array.from(right))).toBe(expected);
  });
});
