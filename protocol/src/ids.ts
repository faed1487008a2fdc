import { sha256 } from '@noble/hashes/sha2.js';
import { hex } from '@scure/base';

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Names a stream: 40 lower-case hex digits, the first 20 bytes of SHA-256 over the publisher's key and the slug. */
export type StreamId = Branded<string, 'StreamId'>;
/** Names a peer within a swarm: 32 lower-case hex digits, drawn at random by the peer at its start. */
export type PeerId = Branded<string, 'PeerId'>;
/** Position of a chunk within a rendition: 0 … 2^32 − 1. Rises for ever; gaps are allowed, reuse is not. */
export type ChunkSequence = Branded<number, 'ChunkSequence'>;
/** Index of an encoding of a stream: 0 … 15. */
export type RenditionId = Branded<number, 'RenditionId'>;

/** A chunk's name within its stream, rendition × 2^32 + sequence; a key for maps that costs no memory of its own. */
export type ChunkKey = Branded<number, 'ChunkKey'>;

const STREAM_ID_DOMAIN = new TextEncoder().encode('p2ptv stream v1');
const STREAM_ID_PATTERN = /^[0-9a-f]{40}$/;
const PEER_ID_PATTERN = /^[0-9a-f]{32}$/;
const SLUG_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

/** Number of stripes that seeding duty is dealt in (DESIGN: chunk sequence mod 8). */
export const STRIPE_COUNT = 8;

/** The stripe of a chunk: 0 … {@link STRIPE_COUNT} − 1. */
export function stripeOf(sequence: ChunkSequence): number {
  return sequence % STRIPE_COUNT;
}

/**
 * Derives a stream's id from its publisher's Ed25519 public key (32 bytes) and its slug, so that
 * nobody else can publish under it.
 */
export function deriveStreamId(publicKey: Uint8Array, slug: string): StreamId {
  const digest = sha256
    .create()
    .update(STREAM_ID_DOMAIN)
    .update(publicKey)
    .update(new TextEncoder().encode(slug))
    .digest();
  return hex.encode(digest.subarray(0, 20)) as StreamId;
}

/** True for 40 lower-case hex digits. */
export function isStreamId(value: string): value is StreamId {
  return STREAM_ID_PATTERN.test(value);
}

/** True for 32 lower-case hex digits. */
export function isPeerId(value: string): value is PeerId {
  return PEER_ID_PATTERN.test(value);
}

/** True for 1–64 characters of a–z, 0–9 and inner hyphens: what may name a stream in an URL. */
export function isSlug(value: string): boolean {
  return SLUG_PATTERN.test(value);
}

/**
 * Makes a peer id from 16 random bytes; more are ignored.
 *
 * @throws RangeError for fewer
 */
export function peerIdFromBytes(bytes: Uint8Array): PeerId {
  if (bytes.length < 16) throw new RangeError(`a peer id takes 16 bytes, not ${bytes.length}`);
  return hex.encode(bytes.subarray(0, 16)) as PeerId;
}

const SEQUENCES = 0x1_0000_0000;

/** The map key of a chunk. */
export function chunkKey(rendition: RenditionId, sequence: ChunkSequence): ChunkKey {
  return (rendition * SEQUENCES + sequence) as ChunkKey;
}

/** The chunk that a key names. */
export function chunkOfKey(key: ChunkKey): { readonly rendition: RenditionId; readonly sequence: ChunkSequence } {
  return {
    rendition: Math.floor(key / SEQUENCES) as RenditionId,
    sequence: (key % SEQUENCES) as ChunkSequence,
  };
}
