import type { ChunkRef, ChunkSequence, RenditionId, StreamId } from '@p2ptv/protocol';

/** "P2PC", and the format's version. */
const MAGIC = 0x50325043;
const VERSION = 1;
const HEAD_BYTES = 12;
const ENTRY_BYTES = 16;

/** Most chunks in a file: its index is read in one go. */
export const MAX_SEGMENT_CHUNKS = 1_024;
/** The longest index, with what stands before it. */
export const MAX_INDEX_BYTES = HEAD_BYTES + MAX_SEGMENT_CHUNKS * ENTRY_BYTES;

/** Where a chunk lies in a file. */
export type SegmentEntry = { readonly chunk: ChunkRef; readonly from: number; readonly byteLength: number };

/** What a file's name tells, so that a folder is known by its names. */
export type SegmentName = { readonly streamId: string; readonly writtenAtMs: number; readonly bytes: number };

/** A name for a file; `mark` tells files apart that two tabs write at one time. */
export function segmentNameOf(streamId: StreamId, file: { readonly writtenAtMs: number; readonly bytes: number; readonly mark: number }): string {
  return [streamId, file.writtenAtMs.toString(36), file.bytes.toString(36), file.mark.toString(36)].join('.');
}

/** Undefined: the name is none of ours. */
export function parseSegmentName(name: string): SegmentName | undefined {
  const [, streamId, writtenAt, bytes] = /^([0-9a-z]+)\.([0-9a-z]{1,10})\.([0-9a-z]{1,8})\.[0-9a-z]{1,8}$/.exec(name) ?? [];
  if (streamId === undefined || writtenAt === undefined || bytes === undefined) return undefined;
  return { streamId, writtenAtMs: parseInt(writtenAt, 36), bytes: parseInt(bytes, 36) };
}

/** Chunks behind one another, after an index that says where each lies; up to {@link MAX_SEGMENT_CHUNKS}. */
export function encodeSegment(chunks: readonly { readonly chunk: ChunkRef; readonly bytes: Uint8Array }[]): {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly entries: readonly SegmentEntry[];
} {
  let end = HEAD_BYTES + chunks.length * ENTRY_BYTES;
  const entries = chunks.map(({ chunk, bytes }) => {
    const entry = { chunk, from: end, byteLength: bytes.length };
    end += bytes.length;
    return entry;
  });
  const bytes = new Uint8Array(end);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, VERSION);
  view.setUint32(8, chunks.length);
  entries.forEach(({ chunk, from, byteLength }, index) => {
    const at = HEAD_BYTES + index * ENTRY_BYTES;
    view.setUint32(at, chunk.rendition);
    view.setUint32(at + 4, chunk.sequence);
    view.setUint32(at + 8, from);
    view.setUint32(at + 12, byteLength);
  });
  chunks.forEach((chunk, index) => bytes.set(chunk.bytes, entries[index]?.from));
  return { bytes, entries };
}

/** The index of a file of so many bytes, from its beginning; undefined: it is none of ours, or damaged. */
export function decodeIndex(head: Uint8Array, fileBytes: number): readonly SegmentEntry[] | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.length < HEAD_BYTES || view.getUint32(0) !== MAGIC || view.getUint32(4) !== VERSION) return undefined;
  const count = view.getUint32(8);
  if (count > MAX_SEGMENT_CHUNKS || head.length < HEAD_BYTES + count * ENTRY_BYTES) return undefined;
  const entries: SegmentEntry[] = [];
  for (let index = 0; index < count; index++) {
    const at = HEAD_BYTES + index * ENTRY_BYTES;
    const chunk = { rendition: view.getUint32(at) as RenditionId, sequence: view.getUint32(at + 4) as ChunkSequence };
    const from = view.getUint32(at + 8);
    const byteLength = view.getUint32(at + 12);
    if (from + byteLength > fileBytes) return undefined;
    entries.push({ chunk, from, byteLength });
  }
  return entries;
}
