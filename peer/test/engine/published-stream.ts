import { createHash } from 'node:crypto';
import {
  BLOCK_BYTES,
  deriveStreamId,
  encodeChunkHeader,
  keyPairFromSecret,
  sign,
  signedChunkHeader,
  signatureOf,
  signedPortion,
  verify,
  type ChunkHeader,
  type ChunkSequence,
  type RenditionId,
  type SignedChunkHeader,
} from '@p2ptv/protocol';

const KEYS = keyPairFromSecret(new Uint8Array(32).fill(3));
const STRANGER = new Uint8Array(32).fill(5);

export const STREAM_ID = deriveStreamId(KEYS.publicKey, 'main');
export const RENDITION = 0 as RenditionId;
export const PART_MS = 200;
/** Five blocks, the last one short. */
export const CHUNK_BYTES = 4 * BLOCK_BYTES + 1000;
/** Program date-time of sequence 0, ms. */
export const FIRST_DATE_MS = 1_000_000;

const PARTS_PER_SEGMENT = 10;
const PARTS_PER_GOP = 5;

const PUBLISHED = new Map<number, Published>();
const VALIDITY = new WeakMap<SignedChunkHeader, boolean>();

export type Published = { readonly signed: SignedChunkHeader; readonly bytes: Uint8Array };

/** A chunk as the publisher makes it: part n begins n × 200 ms after the first. */
export function publish(sequence: number, overrides?: Partial<ChunkHeader>): Published {
  const known = overrides ? undefined : PUBLISHED.get(sequence);
  if (known) return known;
  const bytes = new Uint8Array(overrides?.byteLength ?? CHUNK_BYTES).map((_, index) => (index * 31 + sequence * 7) & 0xff);
  const published = { signed: signHeader(headerOf(sequence, bytes, overrides ?? {})), bytes };
  if (!overrides) PUBLISHED.set(sequence, published);
  return published;
}

/** The same header, signed by somebody else. */
export function forge(sequence: number, overrides: Partial<ChunkHeader> = {}): SignedChunkHeader {
  const bytes = new Uint8Array(overrides.byteLength ?? CHUNK_BYTES).fill(sequence & 0xff);
  return signHeader(headerOf(sequence, bytes, overrides), STRANGER);
}

/** One block of a chunk. */
export function blockOf(chunk: Published, index: number): Uint8Array {
  return chunk.bytes.slice(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
}

/** True when the publisher signed it. */
export function isSignedByPublisher(signed: SignedChunkHeader): boolean {
  const known = VALIDITY.get(signed);
  if (known !== undefined) return known;
  const isValid = verify(signatureOf(signed), signedPortion(signed), KEYS.publicKey);
  VALIDITY.set(signed, isValid);
  return isValid;
}

function headerOf(sequence: number, bytes: Uint8Array, overrides: Partial<ChunkHeader>): ChunkHeader {
  const blockHashes: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
    blockHashes.push(createHash('sha256').update(bytes.subarray(start, start + BLOCK_BYTES)).digest());
  }
  return {
    streamId: STREAM_ID,
    epoch: 1,
    rendition: RENDITION,
    sequence: sequence as ChunkSequence,
    mediaSequence: Math.floor(sequence / PARTS_PER_SEGMENT),
    partIndex: sequence % PARTS_PER_SEGMENT,
    isIndependent: sequence % PARTS_PER_GOP === 0,
    isSegmentLast: sequence % PARTS_PER_SEGMENT === PARTS_PER_SEGMENT - 1,
    durationUs: PART_MS * 1000,
    programDateTimeMs: FIRST_DATE_MS + sequence * PART_MS,
    byteLength: bytes.length,
    initHash: 'ab'.repeat(32),
    blockHashes,
    ...overrides,
  };
}

function signHeader(header: ChunkHeader, secretKey = KEYS.secretKey): SignedChunkHeader {
  const encoded = encodeChunkHeader(header);
  return signedChunkHeader(header, encoded, sign(encoded, secretKey));
}
