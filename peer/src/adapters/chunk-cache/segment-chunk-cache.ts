import { chunkKey, type ChunkKey, type ChunkRef, type Random, type StreamId } from '@p2ptv/protocol';
import type { CacheSize, ChunkCache } from '../../ports/chunk-cache.js';
import type { SegmentFiles } from './segment-files.js';
import { decodeIndex, encodeSegment, MAX_INDEX_BYTES, MAX_SEGMENT_CHUNKS, parseSegmentName, segmentNameOf, type SegmentEntry } from './segment-format.js';

/** Chunks are written together, and what was written piecemeal is written again as one file so large: many files are slow to open. */
const SEGMENT_BYTES = 4 * 1024 * 1024;
/** What is not written so long after it came is, ms: so much is lost when a page goes. */
const WRITE_DELAY_MS = 3_000;
/** After a write that failed for want of room this share is made free. */
const FREED_RATIO = 0.25;
/** Files that were read last are held so many, whole: most often the next chunk is wanted next, and each reading asks another process. */
const HELD_FILES = 2;
/** When each file was last used: files themselves tell only when they were written. */
const USES_FILE = 'uses.json';
const MAX_USES_BYTES = 256 * 1024;

type Segment = { readonly bytes: number; usedAtMs: number };
type KeptChunk = { readonly chunk: ChunkRef; readonly bytes: Uint8Array };
type Place = SegmentEntry & { readonly file: string };

/** What a cache is made of. */
export type SegmentCacheParts = {
  readonly streamId: StreamId;
  /** Most bytes of all files; may be known later than the cache is made. */
  readonly quotaBytes: number | Promise<number>;
  /** Wall clock, ms: it outlasts the session. */
  readonly nowMs: () => number;
  readonly random: Random;
  /** Files of so many bytes are aimed at. Default 4 MiB. */
  readonly segmentBytes?: number;
};

/** A cache of files that each hold some seconds of chunks, and are dropped as a whole. */
export class SegmentChunkCache implements ChunkCache {
  readonly #files: SegmentFiles;
  readonly #parts: SegmentCacheParts;
  readonly #segments = new Map<string, Segment>();
  readonly #places = new Map<ChunkKey, Place>();
  /** Not written yet. */
  #waiting = new Map<ChunkKey, KeptChunk>();
  #waitingBytes = 0;
  /** What was read last, oldest first. */
  readonly #held = new Map<string, Promise<Uint8Array<ArrayBuffer> | undefined>>();
  /** Files that this session wrote and that are to become one, with what is in them. */
  #pieces: { readonly name: string; readonly chunks: readonly KeptChunk[] }[] = [];
  #quotaBytes = 0;
  #writeTimer: ReturnType<typeof setTimeout> | undefined;
  #areUsesChanged = false;
  #isClosed = false;
  /** What there is, is known. */
  readonly #listed: Promise<void>;
  /** What changes files is done one after the other. */
  #work: Promise<void>;

  constructor(files: SegmentFiles, parts: SegmentCacheParts) {
    this.#files = files;
    this.#parts = parts;
    this.#listed = this.#load();
    // Browsers take longer to tell what they grant than to list files.
    this.#work = this.#listed.then(() => this.#learnQuota());
  }

  get size(): CacheSize {
    let bytes = this.#waitingBytes;
    for (const segment of this.#segments.values()) bytes += segment.bytes;
    return { bytes, quotaBytes: this.#quotaBytes };
  }

  open(opened: (chunks: readonly ChunkRef[]) => void): void {
    void this.#listed.then(() => {
      if (!this.#isClosed) opened([...this.#places.values()].map(({ chunk }) => chunk));
    });
  }

  read(chunk: ChunkRef, done: (bytes: Uint8Array | undefined) => void): void {
    void this.#bytesOf(chunkKey(chunk.rendition, chunk.sequence)).then((bytes) => {
      if (!this.#isClosed) done(bytes);
    });
  }

  put(chunk: ChunkRef, bytes: Uint8Array): void {
    const key = chunkKey(chunk.rendition, chunk.sequence);
    if (this.#isClosed || this.#places.has(key) || this.#waiting.has(key)) return;
    this.#waiting.set(key, { chunk, bytes });
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes >= this.#segmentBytes || this.#waiting.size >= MAX_SEGMENT_CHUNKS) this.#write();
    else this.#writeTimer ??= setTimeout(() => this.#write(), WRITE_DELAY_MS);
  }

  drop({ rendition, sequence }: ChunkRef): void {
    const key = chunkKey(rendition, sequence);
    this.#places.delete(key);
    const waiting = this.#waiting.get(key);
    if (waiting && this.#waiting.delete(key)) this.#waitingBytes -= waiting.bytes.length;
  }

  clear(cleared: () => void): void {
    this.#forgetWaiting();
    this.#next(async () => {
      this.#places.clear();
      this.#segments.clear();
      this.#held.clear();
      this.#pieces = [];
      // Other tabs' too.
      await Promise.all((await this.#files.list()).map((name) => this.#files.remove(name)));
    });
    this.#afterwards(cleared);
  }

  close(closed?: () => void): void {
    if (!this.#isClosed) this.#write();
    this.#isClosed = true;
    if (closed) void this.#work.then(closed);
  }

  /** Resolves when all that was put so far is written, as far as there is room. */
  flush(): Promise<void> {
    this.#write();
    return this.#work;
  }

  #next(work: () => Promise<void>): void {
    this.#work = this.#work.then(work);
  }

  #afterwards(told: () => void): void {
    void this.#work.then(() => {
      if (!this.#isClosed) told();
    });
  }

  async #load(): Promise<void> {
    await this.#list();
    const own = [...this.#segments.keys()].filter((name) => name.startsWith(this.#prefix));
    await Promise.all(own.map((name) => this.#loadIndex(name)));
  }

  async #learnQuota(): Promise<void> {
    this.#quotaBytes = await this.#parts.quotaBytes;
    await this.#makeRoom(0);
  }

  /** Looks which files there are, those of other streams and tabs too. */
  async #list(): Promise<void> {
    const uses = parseUses(await this.#files.read(USES_FILE, { from: 0, to: MAX_USES_BYTES }));
    const before = new Map(this.#segments);
    this.#segments.clear();
    for (const name of await this.#files.list()) {
      const told = parseSegmentName(name);
      // Browsers show files that another tab is just writing, under names of their own.
      if (!told) continue;
      const { bytes, writtenAtMs } = told;
      const usedAtMs = Math.max(before.get(name)?.usedAtMs ?? 0, uses.get(name) ?? 0, writtenAtMs);
      this.#segments.set(name, { bytes, usedAtMs });
    }
  }

  async #loadIndex(name: string): Promise<void> {
    const bytes = this.#segments.get(name)?.bytes ?? 0;
    const head = await this.#files.read(name, { from: 0, to: MAX_INDEX_BYTES });
    const entries = head && decodeIndex(head, bytes);
    if (!entries) {
      await this.#remove(name);
      return;
    }
    for (const entry of entries) this.#places.set(keyOf(entry), { ...entry, file: name });
  }

  async #bytesOf(key: ChunkKey): Promise<Uint8Array | undefined> {
    const place = this.#places.get(key);
    if (!place) return this.#waiting.get(key)?.bytes.slice();
    const { file, from, byteLength } = place;
    const segment = this.#segments.get(file);
    if (segment) segment.usedAtMs = this.#parts.nowMs();
    this.#areUsesChanged = true;
    const bytes = (await this.#wholeFile(file))?.slice(from, from + byteLength);
    if (bytes?.length === byteLength) return bytes;
    // Another tab has dropped it.
    if (this.#places.get(key) === place) this.#places.delete(key);
    return undefined;
  }

  #wholeFile(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const file = this.#held.get(name) ?? this.#files.read(name, { from: 0, to: Infinity });
    this.#held.delete(name);
    this.#held.set(name, file);
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= HELD_FILES) break;
      this.#held.delete(oldest);
    }
    return file;
  }

  #write(): void {
    clearTimeout(this.#writeTimer);
    this.#writeTimer = undefined;
    if (this.#isClosed) return;
    this.#next(async () => {
      const chunks = [...this.#waiting.values()];
      if (chunks.length > 0) await this.#writeSegment(chunks);
      await this.#writeUses();
    });
  }

  async #writeSegment(chunks: readonly KeptChunk[]): Promise<void> {
    // More may have come while others were written; an index has only so many places.
    const batch = chunks.slice(0, MAX_SEGMENT_CHUNKS);
    const { bytes, entries } = encodeSegment(batch);
    const name = await this.#writeFile(bytes);
    for (const [index, entry] of entries.entries()) {
      const key = keyOf(entry);
      // What was dropped meanwhile, or cleared, is not there for its place in the file either.
      if (this.#waiting.get(key) !== batch[index]) continue;
      this.drop(entry.chunk);
      if (name !== undefined) this.#places.set(key, { ...entry, file: name });
    }
    if (name === undefined) {
      if (bytes.length <= this.#quotaBytes) await this.#makeRoom(this.#quotaBytes * FREED_RATIO);
      return;
    }
    this.#pieces.push({ name, chunks: batch });
    const held = this.#pieces.flatMap((piece) => piece.chunks);
    if (held.length > MAX_SEGMENT_CHUNKS / 2 || held.reduce((sum, { bytes: { length } }) => sum + length, 0) >= this.#segmentBytes) await this.#join();
  }

  /** Makes one file of those that were written one after the other. */
  async #join(): Promise<void> {
    const pieces = this.#pieces.splice(0);
    const isHere = ({ chunk }: KeptChunk, name: string): boolean => this.#places.get(chunkKey(chunk.rendition, chunk.sequence))?.file === name;
    const chunks = pieces.flatMap((piece) => piece.chunks.filter((kept) => isHere(kept, piece.name)));
    if (pieces.length < 2 || chunks.length > MAX_SEGMENT_CHUNKS) return;
    const { bytes, entries } = encodeSegment(chunks);
    const name = await this.#writeFile(bytes);
    if (name === undefined) return;
    for (const entry of entries) {
      // What was dropped meanwhile stays so.
      if (this.#places.has(keyOf(entry))) this.#places.set(keyOf(entry), { ...entry, file: name });
    }
    for (const piece of pieces) await this.#remove(piece.name);
  }

  /** Writes a file where there is room for it; returns its name. */
  async #writeFile(bytes: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
    const writtenAtMs = this.#parts.nowMs();
    const mark = Math.floor(this.#parts.random.next() * 2 ** 32);
    const name = segmentNameOf(this.#parts.streamId, { writtenAtMs, bytes: bytes.length, mark });
    if (!(await this.#makeRoom(bytes.length)) || !(await this.#files.write(name, bytes))) return undefined;
    this.#segments.set(name, { bytes: bytes.length, usedAtMs: writtenAtMs });
    return name;
  }

  /** Drops what was not used for the longest until so many bytes are free; false: there is no room for so many at all. */
  async #makeRoom(wantedBytes: number): Promise<boolean> {
    if (wantedBytes > this.#quotaBytes) return false;
    const total = (): number => [...this.#segments.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    if (total() + wantedBytes <= this.#quotaBytes) return true;
    // Other tabs write and drop too.
    await this.#list();
    const oldest = [...this.#segments].sort(([, left], [, right]) => left.usedAtMs - right.usedAtMs);
    for (const [name] of oldest) {
      if (total() + wantedBytes <= this.#quotaBytes) break;
      await this.#remove(name);
    }
    return true;
  }

  async #remove(name: string): Promise<void> {
    this.#segments.delete(name);
    this.#held.delete(name);
    for (const [key, { file }] of this.#places) if (file === name) this.#places.delete(key);
    await this.#files.remove(name);
  }

  async #writeUses(): Promise<void> {
    if (!this.#areUsesChanged) return;
    this.#areUsesChanged = false;
    const uses = Object.fromEntries([...this.#segments].map(([name, { usedAtMs }]) => [name, usedAtMs]));
    await this.#files.write(USES_FILE, new TextEncoder().encode(JSON.stringify(uses)));
  }

  #forgetWaiting(): void {
    this.#waiting = new Map();
    this.#waitingBytes = 0;
  }

  get #prefix(): string {
    return `${this.#parts.streamId}.`;
  }

  get #segmentBytes(): number {
    return this.#parts.segmentBytes ?? SEGMENT_BYTES;
  }
}

function keyOf({ chunk }: SegmentEntry): ChunkKey {
  return chunkKey(chunk.rendition, chunk.sequence);
}

/** A file that is damaged says nothing. */
function parseUses(bytes: Uint8Array | undefined): Map<string, number> {
  try {
    const uses: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const entries = typeof uses === 'object' && uses !== null ? Object.entries(uses) : [];
    return new Map(entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
  } catch {
    return new Map();
  }
}
