import { createHash } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { STREAM_PATHS, type ChunkHeader, type ChunkSequence, type SignedChunkHeader, type StreamId } from '@p2ptv/protocol';

import { checkDiskRoom } from './disk-room.js';
import { replaceFile, unlinkIfThere } from './durable-file.js';
import { describeWriteFailure } from './errors.js';
import { makeFolder } from './make-folder.js';
import type { Publisher } from './publisher.js';
import { MAX_HEAD_BYTES, readHeader, readRecord, recordPieces, scanRecords } from './record-file.js';

/** What happens to the recording; each is one line in the log. */
export type ArchiveNotice =
  | { readonly kind: 'recordingPaused'; readonly message: string; readonly error: unknown }
  | { readonly kind: 'recordingResumed' }
  | { readonly kind: 'tailCut'; readonly message: string };

/** How a {@link ChunkArchive} works. */
export type ChunkArchiveOptions = {
  readonly folder: string;
  readonly streamId: StreamId;
  readonly publisher: Publisher;
  /** Media kept on the disk, ms; whole files go, so somewhat more is there. */
  readonly keepMs: number;
  readonly nowMs: () => number;
  readonly notice: (notice: ArchiveNotice) => void;
  /** A file is whole: nothing is written to it any more, and it stays at least until the next one is begun. */
  readonly fileClosed?: ((file: ClosedFile) => void) | undefined;
};

/** A record's header, and where it stands in its file. */
export type WrittenRecord = { readonly header: ChunkHeader; readonly offset: number; readonly byteLength: number };
/** A file of records that is whole. */
export type ClosedFile = { readonly path: string; readonly byteLength: number; readonly records: readonly WrittenRecord[] };

/** A chunk as it was found at the start. */
export type RecoveredChunk = { readonly signed: SignedChunkHeader; readonly payload: Buffer };

type ArchiveFile = {
  readonly path: string;
  readonly sequences: number[];
  readonly initHashes: Set<string>;
  durationUs: number;
  byteLength: number;
};
type Place = { readonly path: string; readonly offset: number; readonly byteLength: number };

/** A file is closed at the first segment after so much; the price of deleting by whole files. */
const FILE_DURATION_US = 60_000_000;
const FILE_BYTES = 64 * 1024 * 1024;
/** How long recording waits after a failed write before it tries again. */
const RETRY_AFTER_MS = 30_000;
const FILE_PATTERN = /^chunks-(\d{10})\.log$/;
const INIT_PATTERN = /^init-([0-9a-f]{64})\.mp4$/;

/**
 * The disk half of a chunk log: append-only files of records, oldest removed, and the init segments
 * that they need.
 *
 * Appends go to the page cache before a chunk is published: what was published survives the death of
 * this process. They are not flushed: after a power loss the tail may be torn, and is cut.
 */
export class ChunkArchive {
  /** Media kept on the disk, ms; whole files go, so somewhat more is there. */
  keepMs: number;
  readonly #options: ChunkArchiveOptions;
  readonly #files: ArchiveFile[] = [];
  readonly #places = new Map<number, Place>();
  readonly #inits = new Map<string, Uint8Array>();
  readonly #storedInits = new Set<string>();
  #output: { readonly file: ArchiveFile; readonly descriptor: number; readonly records: WrittenRecord[] } | undefined;
  #pausedUntilMs: number | undefined;

  /** @throws the system's error when the folder cannot be made or read */
  constructor(options: ChunkArchiveOptions) {
    this.#options = options;
    this.keepMs = options.keepMs;
    makeFolder(options.folder);
  }

  /** Sequence of the oldest chunk on the disk. */
  get oldest(): number | undefined {
    return this.#files.find((file) => file.sequences.length > 0)?.sequences[0];
  }

  /**
   * Reads what an earlier run left, oldest first, and cuts what is torn. A chunk is handed over only
   * if it is whole, signed, newer than the one before, and its init segment is there.
   */
  recover(found: (chunk: RecoveredChunk) => void): void {
    const names = readdirSync(this.#options.folder).sort();
    for (const name of names) this.#recoverInit(name);
    const logs = names.filter((name) => FILE_PATTERN.test(name));
    let last = -1;
    for (const name of logs) {
      const path = join(this.#options.folder, name);
      const content = readFileSync(path);
      const records = scanRecords(content, this.#options);
      const file = newFile(path);
      for (const record of records) {
        const { header } = record.signed;
        if (header.sequence <= last || !this.#inits.has(header.initHash)) continue;
        last = header.sequence;
        this.#index(file, record.signed, record);
        found({ signed: record.signed, payload: record.payload });
      }
      file.byteLength = records.reduce((sum, record) => sum + record.byteLength, 0);
      this.#cut(path, { to: file.byteLength, from: content.length });
      if (records.length > 0) this.#files.push(file);
      else unlinkIfThere(path);
    }
  }

  /** An init segment of this or an earlier run, until {@link forgetInits} finds that nothing needs it. */
  init(initHash: string): Uint8Array | undefined {
    return this.#inits.get(initHash);
  }

  /** Makes an init segment known; it is stored with the first chunk that needs it. */
  addInit(initHash: string, bytes: Uint8Array): void {
    this.#inits.set(initHash, bytes);
  }

  /** Drops the init segments that neither a chunk on the disk nor `needed` asks for. */
  forgetInits(needed: ReadonlySet<string>): void {
    const isNeeded = (initHash: string): boolean =>
      needed.has(initHash) || this.#files.some((file) => file.initHashes.has(initHash));
    for (const initHash of [...this.#inits.keys()].filter((hash) => !isNeeded(hash))) {
      this.#inits.delete(initHash);
      if (this.#storedInits.delete(initHash)) tryUnlink(join(this.#options.folder, STREAM_PATHS.init(initHash)));
    }
  }

  /**
   * Stores a chunk. Never throws: when the disk fails, recording pauses, says so once, and begins
   * again at a segment's start when the disk is better.
   */
  append(signed: SignedChunkHeader, payload: Uint8Array): void {
    const isSegmentStart = signed.header.partIndex === 0;
    const isResuming = this.#pausedUntilMs !== undefined;
    if (isResuming && !(isSegmentStart && this.#options.nowMs() >= (this.#pausedUntilMs ?? 0))) return;
    try {
      if (isSegmentStart) checkDiskRoom(this.#options.folder);
      this.#storeInit(signed.header.initHash);
      const { file, descriptor, records } = this.#outputFor(signed);
      const offset = file.byteLength;
      const byteLength = writePieces(descriptor, recordPieces(signed, payload));
      file.byteLength += byteLength;
      this.#index(file, signed, { offset, byteLength });
      records.push({ header: signed.header, offset, byteLength });
    } catch (error) {
      this.#pause(error);
      return;
    }
    if (isResuming) {
      this.#pausedUntilMs = undefined;
      this.#options.notice({ kind: 'recordingResumed' });
    }
  }

  /** Whether a chunk is on the disk. */
  has(sequence: ChunkSequence): boolean {
    return this.#places.has(sequence);
  }

  /** Reads headers back, without the chunks' bytes; those that are not there any more are left out. Each file is opened once. */
  async readHeaders(sequences: readonly ChunkSequence[]): Promise<Map<ChunkSequence, SignedChunkHeader>> {
    const found = new Map<ChunkSequence, SignedChunkHeader>();
    const wanted = sequences.flatMap((sequence) => ({ sequence, place: this.#places.get(sequence) }));
    for (const path of new Set(wanted.flatMap(({ place }) => place?.path ?? []))) {
      await readingFile(path, async (file) => {
        for (const { sequence, place } of wanted) {
          if (place?.path !== path) continue;
          const signed = readHeader(await contentAt(file, place.offset, Math.min(MAX_HEAD_BYTES, place.byteLength)));
          if (signed?.header.sequence === sequence) found.set(sequence, signed);
        }
      });
    }
    return found;
  }

  /** Reads a chunk back; undefined when it is not, or no longer, there as it was signed. */
  async read(sequence: ChunkSequence): Promise<RecoveredChunk | undefined> {
    const place = this.#places.get(sequence);
    if (!place) return undefined;
    const record = await readingFile(place.path, async (file) => readRecord(await contentAt(file, place.offset, place.byteLength), 0));
    return record?.signed.header.sequence === sequence ? record : undefined;
  }

  /** What comes next is written to another file. */
  closeFile(): void {
    this.#closeOutput();
  }

  /** Flushes and closes. */
  close(): void {
    if (!this.#output) return;
    try {
      fsyncSync(this.#output.descriptor);
    } catch {
      // A power loss may now cut the tail; there is nobody left to serve it.
    }
    this.#closeOutput();
  }

  #recoverInit(name: string): void {
    const initHash = INIT_PATTERN.exec(name)?.[1];
    if (initHash === undefined) return;
    const bytes = readFileSync(join(this.#options.folder, name));
    if (createHash('sha256').update(bytes).digest('hex') !== initHash) return;
    this.#inits.set(initHash, bytes);
    this.#storedInits.add(initHash);
  }

  #cut(path: string, bytes: { to: number; from: number }): void {
    if (bytes.to === bytes.from) return;
    truncateSync(path, bytes.to);
    const message = `Cut ${bytes.from - bytes.to} bytes off ${path}: they are not whole, or not signed by this publisher.`;
    this.#options.notice({ kind: 'tailCut', message });
  }

  #index(file: ArchiveFile, { header }: SignedChunkHeader, at: { offset: number; byteLength: number }): void {
    file.sequences.push(header.sequence);
    file.initHashes.add(header.initHash);
    file.durationUs += header.durationUs;
    this.#places.set(header.sequence, { path: file.path, offset: at.offset, byteLength: at.byteLength });
  }

  #storeInit(initHash: string): void {
    if (this.#storedInits.has(initHash)) return;
    const bytes = this.#inits.get(initHash);
    if (!bytes) throw new Error(`init segment ${initHash} was never added`);
    replaceFile(join(this.#options.folder, STREAM_PATHS.init(initHash)), bytes);
    this.#storedInits.add(initHash);
  }

  #outputFor(signed: SignedChunkHeader): { readonly file: ArchiveFile; readonly descriptor: number; readonly records: WrittenRecord[] } {
    const current = this.#output;
    const isFull =
      current !== undefined &&
      signed.header.partIndex === 0 &&
      (current.file.durationUs >= FILE_DURATION_US || current.file.byteLength >= FILE_BYTES);
    if (current && !isFull) return current;
    this.#closeOutput();
    const name = `chunks-${String(signed.header.sequence).padStart(10, '0')}.log`;
    const file = newFile(join(this.#options.folder, name));
    file.initHashes.add(signed.header.initHash);
    const descriptor = openSync(file.path, 'a');
    file.byteLength = fstatSync(descriptor).size;
    this.#output = { file, descriptor, records: [] };
    this.#files.push(file);
    this.#removeOldFiles();
    return this.#output;
  }

  #closeOutput(): void {
    const output = this.#output;
    if (!output) return;
    closeSync(output.descriptor);
    this.#output = undefined;
    const { file, records } = output;
    if (records.length > 0) this.#options.fileClosed?.({ path: file.path, byteLength: file.byteLength, records });
  }

  #pause(error: unknown): void {
    const output = this.#output;
    if (output) {
      try {
        // A torn record must not stand before whole ones.
        ftruncateSync(output.descriptor, output.file.byteLength);
      } catch {
        // The next start cuts it; until then nothing is appended to this file.
      }
      if (output.file.sequences.length === 0) {
        this.#files.pop();
        tryUnlink(output.file.path);
      }
    }
    this.#closeOutput();
    const isFirst = this.#pausedUntilMs === undefined;
    this.#pausedUntilMs = this.#options.nowMs() + RETRY_AFTER_MS;
    if (!isFirst) return;
    const message = `Recording to ${this.#options.folder} pauses, because ${describeWriteFailure(error)}; the live stream goes on, and recording when there is room again.`;
    this.#options.notice({ kind: 'recordingPaused', message, error });
  }

  #removeOldFiles(): void {
    let durationUs = this.#files.reduce((sum, file) => sum + file.durationUs, 0);
    for (;;) {
      const oldest = this.#files[0];
      if (!oldest || oldest === this.#output?.file) break;
      if (durationUs - oldest.durationUs < this.keepMs * 1000) break;
      durationUs -= oldest.durationUs;
      this.#files.shift();
      for (const sequence of oldest.sequences) this.#places.delete(sequence);
      tryUnlink(oldest.path);
    }
  }
}

function newFile(path: string): ArchiveFile {
  return { path, sequences: [], initHashes: new Set(), durationUs: 0, byteLength: 0 };
}

/** Removing old files is housekeeping: a failure must not stop the stream, and the next start tries again. */
function tryUnlink(path: string): void {
  try {
    unlinkIfThere(path);
  } catch {
    // Left for the next start.
  }
}

/** Writes all pieces or throws; returns their length. */
function writePieces(descriptor: number, pieces: readonly Uint8Array[]): number {
  let total = 0;
  for (const piece of pieces) {
    let done = 0;
    // A disk that fills up takes a part first and fails at the next call.
    while (done < piece.length) done += writeSync(descriptor, piece, done);
    total += piece.length;
  }
  return total;
}

/** Undefined when the file was removed in the meantime, or the disk fails: to the caller what it holds is gone. */
async function readingFile<Read>(path: string, read: (file: FileHandle) => Promise<Read>): Promise<Read | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      return await read(file);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

async function contentAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const content = Buffer.alloc(length);
  await file.read(content, 0, length, offset);
  return content;
}
