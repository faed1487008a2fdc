import {
  deriveStreamId,
  encodePublicKey,
  encodePublisherProof,
  encodeSignedText,
  isPublisherProofValid,
  type PublisherClaim,
  type PublisherProof,
} from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { publisher, signerOf, stranger } from './arbitraries.js';

const NOW = Date.UTC(2026, 10, 21);
const claim: PublisherClaim = {
  streamId: deriveStreamId(publisher.publicKey, 'main'),
  peerId: 'cc'.repeat(16) as PublisherClaim['peerId'],
  fingerprint: Array.from({ length: 32 }, () => '0F').join(':'),
};

function proofBy(pair: typeof publisher, of: PublisherClaim = claim): PublisherProof {
  return encodePublisherProof(of, {
    publicKey: pair.publicKey,
    slug: 'main',
    signer: signerOf(pair),
    wallMs: NOW,
  });
}

describe('publisher’s proof', () => {
  it('PP1: is valid as it was written', () => {
    const proof = proofBy(publisher);
    expect(isPublisherProofValid(proof, claim, NOW)).toBe(true);
    const [payload] = proof.claim.split('.');
    expect(JSON.parse(Buffer.from(payload!, 'base64url').toString())).toEqual({ ...claim, issuedAtMs: NOW });
  });

  it.each([
    ['a ticket', 'p2ptv ticket v1'],
    ['a record', 'p2ptv record v1'],
  ] as const)('PP1: the publisher’s signature under %s proves nothing', (_name, domain) => {
    const text = encodeSignedText(domain, { ...claim, issuedAtMs: NOW }, signerOf(publisher));
    expect(isPublisherProofValid({ ...proofBy(publisher), claim: text }, claim, NOW)).toBe(false);
  });

  it('PP2: is invalid for another slug, stream, peer or certificate', () => {
    const proof = proofBy(publisher);
    const others: PublisherClaim[] = [
      { ...claim, streamId: deriveStreamId(publisher.publicKey, 'other') },
      { ...claim, peerId: 'cd'.repeat(16) as PublisherClaim['peerId'] },
      { ...claim, fingerprint: claim.fingerprint.replace('0F', '0E') },
    ];
    for (const other of others) expect(isPublisherProofValid(proof, other, NOW)).toBe(false);
    expect(isPublisherProofValid({ ...proof, slug: 'other' }, claim, NOW)).toBe(false);
    // The same key's other stream: key and slug give the stream that is asked for, the claim names another.
    const elsewhere = proofBy(publisher, {
      ...claim,
      streamId: deriveStreamId(publisher.publicKey, 'other'),
    });
    expect(isPublisherProofValid(elsewhere, claim, NOW)).toBe(false);
  });

  it.each([
    [-120_001, false],
    [-120_000, true],
    [120_000, true],
    [120_001, false],
  ])('PP3: %i ms from its issue it is valid: %j', (ageMs, expected) => {
    expect(isPublisherProofValid(proofBy(publisher), claim, NOW + ageMs)).toBe(expected);
  });

  it('PP4: by another key is invalid, whichever key it shows', () => {
    const theirs = proofBy(stranger);
    expect(isPublisherProofValid(theirs, claim, NOW)).toBe(false);
    const disguised = { ...theirs, publicKey: encodePublicKey(publisher.publicKey) };
    expect(isPublisherProofValid(disguised, claim, NOW)).toBe(false);
  });

  it('PP4: any proof that was not made by the publisher is invalid without an exception', () => {
    const good = proofBy(publisher);
    const texts = fc.oneof(fc.string({ maxLength: 60 }), fc.base64String({ maxLength: 60 }));
    const changes = fc.record({ publicKey: texts, slug: texts, claim: texts }, { requiredKeys: [] });
    fc.assert(
      fc.property(
        changes.filter((change) => Object.keys(change).length > 0),
        (change) => {
          expect(isPublisherProofValid({ ...good, ...change }, claim, NOW)).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });
});
