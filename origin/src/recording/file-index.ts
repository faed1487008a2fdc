import { createHash } from 'node:crypto';

import type { ChunkHeader } from '@p2ptv/protocol';

import type { WrittenRecord } from '../package/chunk-archive.js';

/**
 * What is where in a file of chunks, so that a recording is opened without reading its media: magic, number of init
 * segments, their hashes, rows of {@link ROW_BYTES}, SHA-256 of all that. It can always be made again from the file.
 */
const MAGIC = 0x50325231;
const HASH_BYTES = 32;
/** Three hours of 200 ms are 54,000 rows a rendition: 2.2 MB. */
export const ROW_BYTES = 40;
const INDEPENDENT = 1;
const SEGMENT_LAST = 2;

/** An index taken apart; `rows` aliases what it was read from. */
export type FileIndex = { readonly initHashes: readonly string[]; readonly rows: Buffer };

/** A row, as it is needed to find a chunk. */
export type IndexRow = Pick<ChunkHeader, 'sequence' | 'mediaSequence' | 'epoch' | 'partIndex' | 'isIndependent' | 'isSegmentLast' | 'durationUs' | 'programDateTimeMs'> & {
  /** In the table of init segments. */
  readonly initIndex: number;
  /** Where the record begins in its file, how long it is before its payload, and the payload. */
  readonly offset: number;
  readonly headBytes: number;
  readonly payloadBytes: number;
};

/** Writes the index of a file. */
export function encodeFileIndex(records: readonly WrittenRecord[]): Buffer {
  const initHashes = [...new Set(records.map(({ header }) => header.initHash))];
  const head = Buffer.alloc(8);
  head.writeUInt32BE(MAGIC);
  head.writeUInt32BE(initHashes.length, 4);
  const rows = Buffer.alloc(records.length * ROW_BYTES);
  records.forEach(({ header, offset, byteLength }, index) => {
    const at = index * ROW_BYTES;
    rows.writeUInt32BE(header.sequence, at);
    rows.writeUInt32BE(header.mediaSequence, at + 4);
    rows.writeUInt32BE(header.epoch, at + 8);
    rows.writeUInt16BE(header.partIndex, at + 12);
    rows.writeUInt8((header.isIndependent ? INDEPENDENT : 0) | (header.isSegmentLast ? SEGMENT_LAST : 0), at + 14);
    rows.writeUInt8(initHashes.indexOf(header.initHash), at + 15);
    rows.writeUInt32BE(header.durationUs, at + 16);
    rows.writeUInt32BE(offset, at + 20);
    rows.writeUInt32BE(byteLength - header.byteLength, at + 24);
    rows.writeUInt32BE(header.byteLength, at + 28);
    rows.writeDoubleBE(header.programDateTimeMs, at + 32);
  });
  const content = Buffer.concat([head, ...initHashes.map((hash) => Buffer.from(hash, 'hex')), rows]);
  return Buffer.concat([content, createHash('sha256').update(content).digest()]);
}

/** Reads an index; undefined when it is not whole. */
export function decodeFileIndex(bytes: Buffer): FileIndex | undefined {
  if (bytes.length < 8 + HASH_BYTES || bytes.readUInt32BE(0) !== MAGIC) return undefined;
  const content = bytes.subarray(0, -HASH_BYTES);
  if (!createHash('sha256').update(content).digest().equals(bytes.subarray(-HASH_BYTES))) return undefined;
  const count = content.readUInt32BE(4);
  const initHashes = Array.from({ length: count }, (_, index) => content.subarray(8 + index * HASH_BYTES, 8 + (index + 1) * HASH_BYTES).toString('hex'));
  return { initHashes, rows: content.subarray(8 + count * HASH_BYTES) };
}

/** Reads a row of a table. */
export function rowAt(rows: Buffer, index: number): IndexRow {
  const at = index * ROW_BYTES;
  const flags = rows.readUInt8(at + 14);
  return {
    sequence: rows.readUInt32BE(at) as IndexRow['sequence'],
    mediaSequence: rows.readUInt32BE(at + 4),
    epoch: rows.readUInt32BE(at + 8),
    partIndex: rows.readUInt16BE(at + 12),
    isIndependent: (flags & INDEPENDENT) !== 0,
    isSegmentLast: (flags & SEGMENT_LAST) !== 0,
    initIndex: rows.readUInt8(at + 15),
    durationUs: rows.readUInt32BE(at + 16),
    offset: rows.readUInt32BE(at + 20),
    headBytes: rows.readUInt32BE(at + 24),
    payloadBytes: rows.readUInt32BE(at + 28),
    programDateTimeMs: rows.readDoubleBE(at + 32),
  };
}
