import { hex } from '@scure/base';
import { isStreamId, type ChunkSequence, type RenditionId, type StreamId } from './ids.js';
import { LIMITS } from './limits.js';
import { DIGEST_BYTES, SIGNATURE_BYTES } from './signing.js';

/** Bytes of a block, the unit on the wire and of verification; a chunk's last block may be shorter. */
export const BLOCK_BYTES = 16 * 1024;
/** Version of the header's layout. */
export const HEADER_VERSION = 1;

const FIXED_BYTES = 83;
const FLAG_INDEPENDENT = 1;
const FLAG_SEGMENT_LAST = 2;
const KNOWN_FLAGS = FLAG_INDEPENDENT | FLAG_SEGMENT_LAST;
const MAX_DURATION_US = 30_000_000;
/** Year 9999: a date beyond it cannot be written into a playlist. */
const MAX_DATE_MS = 253_402_300_799_999;

/** What the publisher says about one chunk (one HLS part). Layout: SPEC, series CH. */
export type ChunkHeader = {
  readonly streamId: StreamId;
  /** Counts the publisher's encoder runs from 1; rises by one at each discontinuity of the media. */
  readonly epoch: number;
  readonly rendition: RenditionId;
  readonly sequence: ChunkSequence;
  /** HLS media sequence number of the segment that the part belongs to. */
  readonly mediaSequence: number;
  /** Index of the part within its segment, from 0. */
  readonly partIndex: number;
  /** The part starts with a frame that needs no other (HLS: INDEPENDENT=YES). */
  readonly isIndependent: boolean;
  /** The part ends its segment. */
  readonly isSegmentLast: boolean;
  /** Length of the part in microseconds, 1 … 30,000,000. */
  readonly durationUs: number;
  /** Wall clock at which the part's first frame was captured, ms since the Unix epoch. */
  readonly programDateTimeMs: number;
  readonly byteLength: number;
  /** SHA-256 of the init segment that the part needs, 64 hex digits. */
  readonly initHash: string;
  /** SHA-256 of each block, in order. */
  readonly blockHashes: readonly Uint8Array[];
};

/** A header together with the exact bytes that were signed, signature included (last 64 bytes). */
export type SignedChunkHeader = { readonly header: ChunkHeader; readonly bytes: Uint8Array };

/** Number of blocks of a chunk of that many bytes. */
export function blockCountOf(byteLength: number): number {
  return Math.ceil(byteLength / BLOCK_BYTES);
}

/** Bytes of one block of a chunk: {@link BLOCK_BYTES}, less for the last; 0 for an index out of range. */
export function blockLengthOf(byteLength: number, index: number): number {
  return Math.max(0, Math.min(BLOCK_BYTES, byteLength - index * BLOCK_BYTES));
}

/** Bytes of an encoded header with its signature, for a chunk of that many bytes. */
export function encodedHeaderBytes(chunkByteLength: number): number {
  return FIXED_BYTES + blockCountOf(chunkByteLength) * DIGEST_BYTES + SIGNATURE_BYTES;
}

/**
 * Lays out a header for signing. The publisher signs the result and appends the signature.
 *
 * @throws RangeError for a field that does not fit its place (the caller's mistake)
 */
export function encodeChunkHeader(header: ChunkHeader): Uint8Array {
  if (header.blockHashes.length !== blockCountOf(header.byteLength)) {
    throw new RangeError(`${header.blockHashes.length} block hashes for ${header.byteLength} bytes`);
  }
  if (!isStreamId(header.streamId)) throw new RangeError('streamId must be 40 lower-case hex digits');
  const initHash = hex.decode(header.initHash);
  for (const hash of [initHash, ...header.blockHashes]) {
    if (hash.length !== DIGEST_BYTES) throw new RangeError(`a hash has ${DIGEST_BYTES} bytes, not ${hash.length}`);
  }
  const bytes = new Uint8Array(encodedHeaderBytes(header.byteLength) - SIGNATURE_BYTES);
  const view = new DataView(bytes.buffer);
  bytes[0] = HEADER_VERSION;
  bytes.set(hex.decode(header.streamId), 1);
  view.setUint32(21, inRange(header.epoch, 0xffff_ffff, 'epoch'));
  bytes[25] = inRange(header.rendition, LIMITS.renditions - 1, 'rendition');
  view.setUint32(26, inRange(header.sequence, 0xffff_ffff, 'sequence'));
  view.setUint32(30, inRange(header.mediaSequence, 0xffff_ffff, 'mediaSequence'));
  view.setUint16(34, inRange(header.partIndex, 0xffff, 'partIndex'));
  bytes[36] =
    (header.isIndependent ? FLAG_INDEPENDENT : 0) | (header.isSegmentLast ? FLAG_SEGMENT_LAST : 0);
  view.setUint32(37, atLeastOne(inRange(header.durationUs, MAX_DURATION_US, 'durationUs'), 'durationUs'));
  const dateMs = inRange(header.programDateTimeMs, MAX_DATE_MS, 'programDateTimeMs');
  view.setUint16(41, Math.floor(dateMs / 0x1_0000_0000));
  view.setUint32(43, dateMs % 0x1_0000_0000);
  view.setUint32(47, atLeastOne(inRange(header.byteLength, LIMITS.chunkBytes, 'byteLength'), 'byteLength'));
  bytes.set(initHash, 51);
  header.blockHashes.forEach((hash, index) => bytes.set(hash, FIXED_BYTES + index * DIGEST_BYTES));
  return bytes;
}

/**
 * Joins an encoded header and its signature.
 *
 * @throws RangeError for a signature that is not {@link SIGNATURE_BYTES} long
 */
export function signedChunkHeader(
  header: ChunkHeader,
  encoded: Uint8Array,
  signature: Uint8Array,
): SignedChunkHeader {
  if (signature.length !== SIGNATURE_BYTES) {
    throw new RangeError(`a signature has ${SIGNATURE_BYTES} bytes, not ${signature.length}`);
  }
  const bytes = new Uint8Array(encoded.length + SIGNATURE_BYTES);
  bytes.set(encoded);
  bytes.set(signature, encoded.length);
  return { header, bytes };
}

/** The part of a signed header that the signature covers. */
export function signedPortion(signed: SignedChunkHeader): Uint8Array {
  return signed.bytes.subarray(0, signed.bytes.length - SIGNATURE_BYTES);
}

/** The signature of a signed header. */
export function signatureOf(signed: SignedChunkHeader): Uint8Array {
  return signed.bytes.subarray(signed.bytes.length - SIGNATURE_BYTES);
}

/**
 * Reads a signed header. It checks the layout only, not the signature.
 *
 * @returns undefined for anything but exactly one well-formed header; the result aliases `bytes`
 */
export function decodeChunkHeader(bytes: Uint8Array): SignedChunkHeader | undefined {
  if (bytes.length < FIXED_BYTES + DIGEST_BYTES + SIGNATURE_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const byteLength = view.getUint32(47);
  const flags = view.getUint8(36);
  const rendition = view.getUint8(25);
  const durationUs = view.getUint32(37);
  const programDateTimeMs = view.getUint16(41) * 0x1_0000_0000 + view.getUint32(43);
  if (view.getUint8(0) !== HEADER_VERSION || (flags & ~KNOWN_FLAGS) !== 0) return undefined;
  if (byteLength === 0 || byteLength > LIMITS.chunkBytes) return undefined;
  if (rendition >= LIMITS.renditions || durationUs === 0 || durationUs > MAX_DURATION_US) return undefined;
  if (programDateTimeMs > MAX_DATE_MS) return undefined;
  if (bytes.length !== encodedHeaderBytes(byteLength)) return undefined;
  const blockHashes: Uint8Array[] = [];
  for (let index = 0; index < blockCountOf(byteLength); index++) {
    const start = FIXED_BYTES + index * DIGEST_BYTES;
    blockHashes.push(bytes.subarray(start, start + DIGEST_BYTES));
  }
  const header: ChunkHeader = {
    streamId: hex.encode(bytes.subarray(1, 21)) as StreamId,
    epoch: view.getUint32(21),
    rendition: rendition as RenditionId,
    sequence: view.getUint32(26) as ChunkSequence,
    mediaSequence: view.getUint32(30),
    partIndex: view.getUint16(34),
    isIndependent: (flags & FLAG_INDEPENDENT) !== 0,
    isSegmentLast: (flags & FLAG_SEGMENT_LAST) !== 0,
    durationUs,
    programDateTimeMs,
    byteLength,
    initHash: hex.encode(bytes.subarray(51, 83)),
    blockHashes,
  };
  return { header, bytes };
}

function inRange(value: number, max: number, field: string): number {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new RangeError(`${field} must be a whole number from 0 to ${max}, not ${value}`);
  }
  return value;
}

function atLeastOne(value: number, field: string): number {
  if (value < 1) throw new RangeError(`${field} must be at least 1`);
  return value;
}
