import { MediaTimeline, type ChunkSequence, type RecordedSegment, type SignedChunkHeader } from '@p2ptv/protocol';

import type { ChunkPlace, LoggedChunk, SegmentPlace } from '../package/chunk-log.js';
import { readHeader, readRecord } from '../package/record-file.js';
import type { MediaLog } from '../publish/served-stream.js';
import { ROW_BYTES, rowAt, type FileIndex, type IndexRow } from './file-index.js';
import type { RecordingStorage } from './recording-storage.js';

/** A file of a rendition's chunks, with what is where in it. */
export type IndexedFile = { readonly name: string; readonly index: FileIndex };

/**
 * One rendition of a recording. Only the table of its chunks is in memory, 40 bytes each; headers and media are read
 * when they are asked for.
 */
export class RecordedRendition implements MediaLog {
  readonly timeline = new MediaTimeline();
  readonly recordedVersion = 0;
  /** Rows of all files, one behind the other. */
  readonly #table: Buffer;
  readonly #count: number;
  /** With the row at which each begins, in rising order. */
  readonly #files: readonly { readonly name: string; readonly firstRow: number }[];
  readonly #initHashes: readonly string[];
  readonly #recording: string;
  readonly #storage: RecordingStorage;
  readonly #inits: ReadonlyMap<string, Uint8Array>;

  /** @param files in the order of their chunks */
  constructor(
    files: readonly IndexedFile[],
    from: { readonly recording: string; readonly storage: RecordingStorage; readonly inits: ReadonlyMap<string, Uint8Array> },
  ) {
    this.#recording = from.recording;
    this.#storage = from.storage;
    this.#inits = from.inits;
    this.#initHashes = [...new Set(files.flatMap(({ index }) => index.initHashes))];
    this.#table = Buffer.concat(files.map(({ index }) => index.rows));
    this.#count = this.#table.length / ROW_BYTES;
    let firstRow = 0;
    this.#files = files.map(({ name, index }) => {
      const file = { name, firstRow };
      const end = firstRow + index.rows.length / ROW_BYTES;
      // One table of init segments for all files.
      for (let row = firstRow; row < end; row++) {
        const at = row * ROW_BYTES + 15;
        this.#table.writeUInt8(this.#initHashes.indexOf(index.initHashes[this.#table.readUInt8(at)] ?? ''), at);
      }
      firstRow = end;
      return file;
    });
  }

  get last(): MediaLog['last'] {
    return this.#count === 0 ? undefined : this.#row(this.#count - 1);
  }

  get keptFromMs(): number | undefined {
    return this.#count === 0 ? undefined : this.#row(0).programDateTimeMs;
  }

  /** Bytes of the table. */
  get memoryBytes(): number {
    return this.#table.length;
  }

  recorded(): RecordedSegment[] {
    const segments: RecordedSegment[] = [];
    for (let row = 0; row < this.#count; ) {
      const first = this.#row(row);
      const end = this.#segmentEnd(row);
      if (this.#isWhole(row, end)) {
        let durationUs = 0;
        for (let part = row; part < end; part++) durationUs += this.#row(part).durationUs;
        const { mediaSequence, epoch, sequence, programDateTimeMs } = first;
        segments.push({ mediaSequence, epoch, initHash: this.#initHashes[first.initIndex] ?? '', sequence, partCount: end - row, durationUs, programDateTimeMs });
      }
      row = end;
    }
    return segments;
  }

  init(initHash: string): Uint8Array | undefined {
    return this.#inits.get(initHash);
  }

  find(sequence: ChunkSequence): ChunkPlace {
    if (this.#rowOf(sequence) !== undefined) return { kind: 'archived' };
    return { kind: 'unknown' };
  }

  findSegment(epoch: number, mediaSequence: number): SegmentPlace {
    const row = this.#firstRow((other) => other.mediaSequence >= mediaSequence);
    if (row === this.#count) return { kind: 'unknown' };
    const first = this.#row(row);
    const end = this.#segmentEnd(row);
    if (first.mediaSequence !== mediaSequence || first.epoch !== epoch || !this.#isWhole(row, end)) return { kind: 'unknown' };
    return { kind: 'found', sequences: Array.from({ length: end - row }, (_, index) => (first.sequence + index) as ChunkSequence) };
  }

  async read(sequence: ChunkSequence): Promise<LoggedChunk | undefined> {
    const row = this.#rowOf(sequence);
    if (row === undefined) return undefined;
    const { offset, headBytes, payloadBytes } = this.#row(row);
    const [content] = (await this.#storage.read({ recording: this.#recording, name: this.#fileOf(row) }, [{ offset, byteLength: headBytes + payloadBytes }])) ?? [];
    const record = content && readRecord(content, 0);
    return record?.signed.header.sequence === sequence ? { signed: record.signed, bytes: record.payload } : undefined;
  }

  /** None: they are asked for by date. */
  headersAfter(): SignedChunkHeader[] {
    return [];
  }

  async headersFrom(dateMs: number, limit: number): Promise<SignedChunkHeader[]> {
    let first = Math.max(0, this.#firstRow((row) => row.programDateTimeMs > dateMs) - 1);
    while (first > 0 && !this.#row(first).isIndependent) first--;
    const end = Math.min(this.#count, first + limit);
    const headers: SignedChunkHeader[] = [];
    for (let row = first; row < end; ) {
      const name = this.#fileOf(row);
      const ranges: { offset: number; byteLength: number }[] = [];
      for (; row < end && this.#fileOf(row) === name; row++) {
        const { offset, headBytes } = this.#row(row);
        ranges.push({ offset, byteLength: headBytes });
      }
      const heads = (await this.#storage.read({ recording: this.#recording, name }, ranges)) ?? [];
      headers.push(...heads.flatMap((head) => readHeader(head) ?? []));
    }
    return headers;
  }

  /** None: it has no edge. */
  newest(): LoggedChunk[] {
    return [];
  }

  #row(row: number): IndexRow {
    return rowAt(this.#table, row);
  }

  #rowOf(sequence: number): number | undefined {
    const row = this.#firstRow((other) => other.sequence >= sequence);
    return row < this.#count && this.#row(row).sequence === sequence ? row : undefined;
  }

  #fileOf(row: number): string {
    return this.#files.findLast(({ firstRow }) => firstRow <= row)?.name ?? '';
  }

  /** The row behind a segment's last. */
  #segmentEnd(row: number): number {
    const { mediaSequence } = this.#row(row);
    let end = row + 1;
    while (end < this.#count && this.#row(end).mediaSequence === mediaSequence) end++;
    return end;
  }

  /** Whether the rows are a segment from its first part on without a hole; a later session may have cut it short. */
  #isWhole(row: number, end: number): boolean {
    const first = this.#row(row);
    if (!this.#inits.has(this.#initHashes[first.initIndex] ?? '')) return false;
    for (let index = 0; index < end - row; index++) {
      const part = this.#row(row + index);
      if (part.partIndex !== index || part.sequence !== first.sequence + index || part.epoch !== first.epoch) return false;
    }
    // A hole at its end shows by what comes next.
    const next = end < this.#count ? this.#row(end) : undefined;
    return this.#row(end - 1).isSegmentLast || next === undefined || next.epoch !== first.epoch;
  }

  /** Rows are in rising order; the first that is late enough, or their number. */
  #firstRow(isLateEnough: (row: IndexRow) => boolean): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (isLateEnough(this.#row(middle))) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
