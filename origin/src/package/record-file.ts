import { createHash } from 'node:crypto';

import {
  BLOCK_BYTES,
  decodeChunkHeader,
  encodedHeaderBytes,
  isEqualBytes,
  LIMITS,
  signatureOf,
  signedPortion,
  type SignedChunkHeader,
  type StreamId,
} from '@p2ptv/protocol';

import type { Publisher } from './publisher.js';

/**
 * A record of the chunk log: magic, length of the header (both 32 bits, big-endian), signed header,
 * payload. The header says how long the payload is, and its signature and hashes tell a whole record
 * from a torn one, so there is no checksum beside them.
 */
const MAGIC = 0x50324331;
const PREFIX_BYTES = 8;
/** What a record has before its payload, at most. */
export const MAX_HEAD_BYTES = PREFIX_BYTES + encodedHeaderBytes(LIMITS.chunkBytes);

/** A record found in a file. */
export type FoundRecord = {
  readonly signed: SignedChunkHeader;
  readonly payload: Buffer;
  /** Where the record starts, and its length with prefix and header. */
  readonly offset: number;
  readonly byteLength: number;
};

/** The pieces of a record, to be written one behind the other. */
export function recordPieces(signed: SignedChunkHeader, payload: Uint8Array): readonly Uint8Array[] {
  const prefix = new Uint8Array(PREFIX_BYTES);
  const view = new DataView(prefix.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, signed.bytes.length);
  return [prefix, signed.bytes, payload];
}

/**
 * Reads records one behind the other until the end, or until the first that is torn, garbled, or
 * not this publisher's. The results alias `content`.
 */
export function scanRecords(content: Buffer, expected: { streamId: StreamId; publisher: Publisher }): FoundRecord[] {
  const records: FoundRecord[] = [];
  let offset = 0;
  for (;;) {
    const record = readRecord(content, offset);
    if (!record) return records;
    const { signed } = record;
    const isOurs = signed.header.streamId === expected.streamId;
    if (!isOurs || !expected.publisher.isSigned(signedPortion(signed), signatureOf(signed))) return records;
    records.push(record);
    offset += record.byteLength;
  }
}

/** The record at an offset, if there is a whole one whose payload is what its header says; the signature is not checked. */
export function readRecord(content: Buffer, offset: number): FoundRecord | undefined {
  const signed = readHeader(content.subarray(offset));
  if (!signed) return undefined;
  const headerEnd = offset + PREFIX_BYTES + signed.bytes.length;
  const end = headerEnd + signed.header.byteLength;
  if (end > content.length) return undefined;
  const payload = content.subarray(headerEnd, end);
  if (!isPayloadOf(signed, payload)) return undefined;
  return { signed, payload, offset, byteLength: end - offset };
}

/** The header of the record with which the bytes begin; neither payload nor signature are checked. */
export function readHeader(content: Buffer): SignedChunkHeader | undefined {
  if (content.length < PREFIX_BYTES || content.readUInt32BE(0) !== MAGIC) return undefined;
  const end = PREFIX_BYTES + content.readUInt32BE(4);
  return end > content.length ? undefined : decodeChunkHeader(content.subarray(PREFIX_BYTES, end));
}

/** SHA-256 of each block. */
export function hashBlocks(payload: Uint8Array): Uint8Array[] {
  const hashes: Uint8Array[] = [];
  for (let start = 0; start < payload.length; start += BLOCK_BYTES) {
    const block = payload.subarray(start, start + BLOCK_BYTES);
    hashes.push(new Uint8Array(createHash('sha256').update(block).digest()));
  }
  return hashes;
}

function isPayloadOf(signed: SignedChunkHeader, payload: Uint8Array): boolean {
  const hashes = hashBlocks(payload);
  return hashes.every((hash, index) => isEqualBytes(hash, signed.header.blockHashes[index] ?? new Uint8Array()));
}
