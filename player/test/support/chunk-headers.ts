import type { ChunkHeader, ChunkSequence, RenditionId } from '@p2ptv/protocol';
import { FEED_RECORD } from './feed-record.js';

export const PART_MS = FEED_RECORD.partTargetMs;
export const PARTS_PER_SEGMENT = 10;
/** Wall clock of part 0. */
export const EPOCH_MS = 1_800_000_000_000;

/** Header of part n of a stream of 2 s segments, numbered from media sequence 7, key frames each second. */
export function headerOf(sequence: number, changes: Partial<ChunkHeader> = {}): ChunkHeader {
  const partIndex = sequence % PARTS_PER_SEGMENT;
  return {
    streamId: FEED_RECORD.streamId,
    epoch: 1,
    rendition: 0 as RenditionId,
    sequence: sequence as ChunkSequence,
    mediaSequence: 7 + Math.floor(sequence / PARTS_PER_SEGMENT),
    partIndex,
    isIndependent: sequence % 5 === 0,
    isSegmentLast: partIndex === PARTS_PER_SEGMENT - 1,
    durationUs: PART_MS * 1000,
    programDateTimeMs: EPOCH_MS + sequence * PART_MS,
    byteLength: 3,
    initHash: 'b'.repeat(64),
    blockHashes: [],
    ...changes,
  };
}

/** Bytes of part n. */
export function bytesOf(sequence: number): Uint8Array {
  return Uint8Array.of(sequence, sequence + 1, sequence + 2);
}
