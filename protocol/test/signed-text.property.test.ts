import { decodeSignedText, encodeSignedText, sign, type SignedTextDomain } from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headerWith, publisher, signerOf, signHeader, stranger } from './arbitraries.js';

const DOMAINS: readonly SignedTextDomain[] = ['p2ptv record v1', 'p2ptv ticket v1', 'p2ptv publisher v1'];
const domains = fc.constantFrom(...DOMAINS);
const signer = signerOf(publisher);

describe('signed text', () => {
  it('SR1: is read back as it was written', () => {
    fc.assert(
      fc.property(domains, fc.jsonValue(), (domain, value) => {
        const text = encodeSignedText(domain, value, signer);
        expect(text).toMatch(/^[\w-]+\.[\w-]{86}$/);
        expect(decodeSignedText(domain, text, publisher.publicKey)).toEqual(
          JSON.parse(JSON.stringify(value)),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('SR1: signs domain, line feed and payload', () => {
    const [payload, signature] = encodeSignedText('p2ptv record v1', { a: 1 }, signer).split('.');
    expect(Buffer.from(payload!, 'base64url').toString()).toBe('{"a":1}');
    const expected = sign(new TextEncoder().encode('p2ptv record v1\n{"a":1}'), publisher.secretKey);
    expect(signature).toBe(Buffer.from(expected).toString('base64url'));
  });

  it('SR1: only canonical base64url is read', () => {
    const text = encodeSignedText('p2ptv record v1', { a: 1 }, signer);
    const [payload, signature] = text.split('.') as [string, string];
    // Two bits of the last character of 86 mean nothing; another character there would decode to the same bytes.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const sameBytes = alphabet[alphabet.indexOf(signature.at(-1)!) ^ 1]!;
    const others = [
      `${payload}.${signature.slice(0, -1)}${sameBytes}`,
      `${payload}=.${signature}`,
      `${payload}.${signature}==`,
      ` ${text}`,
    ];
    for (const other of others)
      expect(decodeSignedText('p2ptv record v1', other, publisher.publicKey)).toBeUndefined();
  });

  it('SR2: is refused for any other domain', () => {
    for (const domain of DOMAINS) {
      const text = encodeSignedText(domain, { a: 1 }, signer);
      const readable = DOMAINS.filter(
        (other) => decodeSignedText(other, text, publisher.publicKey) !== undefined,
      );
      expect(readable).toEqual([domain]);
    }
  });

  it('SR2: no chunk header passes for one', () => {
    expect(signHeader(headerWith()).bytes[0]).toBe(1);
    for (const domain of DOMAINS) expect(domain.codePointAt(0)).toBe('p'.codePointAt(0));
  });

  it('SR3: is refused with any character changed', () => {
    const text = encodeSignedText('p2ptv ticket v1', { name: 'value', other: 17 }, signer);
    for (let index = 0; index < text.length; index++) {
      const altered = `${text.slice(0, index)}${text[index] === 'A' ? 'B' : 'A'}${text.slice(index + 1)}`;
      expect(
        decodeSignedText('p2ptv ticket v1', altered, publisher.publicKey),
        `changed at ${index}`,
      ).toBeUndefined();
    }
  });

  it('SR3: is refused when another key signed it', () => {
    const text = encodeSignedText('p2ptv ticket v1', { a: 1 }, signerOf(stranger));
    expect(decodeSignedText('p2ptv ticket v1', text, publisher.publicKey)).toBeUndefined();
  });

  it('SR3: any text whatever is refused without an exception', () => {
    const texts = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.string({ unit: fc.constantFrom('A', 'b', '_', '-', '.', '='), maxLength: 200 }),
      fc.constantFrom('', '.', '..', 'e30.', '.AAAA'),
    );
    fc.assert(
      fc.property(domains, texts, (domain, text) => {
        expect(decodeSignedText(domain, text, publisher.publicKey)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('SR3: a payload that is signed but no UTF-8 JSON is refused', () => {
    const payloads = [Uint8Array.of(0xff, 0xfe), new TextEncoder().encode('{"a":'), new Uint8Array(0)];
    for (const payload of payloads) {
      const message = Uint8Array.of(...new TextEncoder().encode('p2ptv record v1\n'), ...payload);
      const text = [payload, signer(message)]
        .map((bytes) => Buffer.from(bytes).toString('base64url'))
        .join('.');
      expect(decodeSignedText('p2ptv record v1', text, publisher.publicKey)).toBeUndefined();
    }
  });
});
