import { base64urlnopad } from '@scure/base';
import * as z from 'zod/mini';
import { deriveStreamId, type PeerId, type StreamId } from './ids.js';
import { fingerprintSchema, peerIdSchema, slugSchema, streamIdSchema } from './schemas.js';
import { decodeSignedText, encodeSignedText, type Signer } from './signed-text.js';
import { encodePublicKey } from './stream-record.js';

const claimSchema = z.object({
  streamId: streamIdSchema,
  peerId: peerIdSchema,
  fingerprint: fingerprintSchema,
  issuedAtMs: z.number(),
});

/** How old a proof may be, ms; it bounds replay, and must exceed the clocks' difference. */
const PROOF_LIFETIME_MS = 120_000;

/** With it a peer shows the tracker that it is the publisher's own seeder. */
export const publisherProofSchema = z.object({
  publicKey: z.string().check(z.length(43)),
  slug: slugSchema,
  claim: z.string().check(z.maxLength(1024)),
});

/** See {@link publisherProofSchema}. */
export type PublisherProof = z.infer<typeof publisherProofSchema>;

/** Who claims to be the publisher's seeder: the peer, its swarm and its certificate. */
export type PublisherClaim = { streamId: StreamId; peerId: PeerId; fingerprint: string };

/** Signs a claim with the publisher's key. */
export function encodePublisherProof(
  claim: PublisherClaim,
  publisher: { publicKey: Uint8Array; slug: string; signer: Signer; wallMs: number },
): PublisherProof {
  const signed = { ...claim, issuedAtMs: publisher.wallMs };
  return {
    publicKey: encodePublicKey(publisher.publicKey),
    slug: publisher.slug,
    claim: encodeSignedText('p2ptv publisher v1', signed, publisher.signer),
  };
}

/** True when the proof was signed, lately, by the key that names the stream, for exactly that peer and certificate. */
export function isPublisherProofValid(proof: PublisherProof, expected: PublisherClaim, wallMs: number): boolean {
  let publicKey: Uint8Array;
  try {
    publicKey = base64urlnopad.decode(proof.publicKey);
  } catch {
    return false;
  }
  if (deriveStreamId(publicKey, proof.slug) !== expected.streamId) return false;
  const parsed = claimSchema.safeParse(decodeSignedText('p2ptv publisher v1', proof.claim, publicKey));
  if (!parsed.success) return false;
  const claim = parsed.data;
  return (
    claim.streamId === expected.streamId &&
    claim.peerId === expected.peerId &&
    claim.fingerprint === expected.fingerprint &&
    Math.abs(wallMs - claim.issuedAtMs) <= PROOF_LIFETIME_MS
  );
}
