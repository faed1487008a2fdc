import { MediaTimeline, type ChunkHeader, type ChunkSequence, type RecordedSegment, type SignedChunkHeader } from '@p2ptv/protocol';

import type { ChunkArchive } from './chunk-archive.js';

/** A chunk with its bytes; nobody may change them. */
export type LoggedChunk = { readonly signed: SignedChunkHeader; readonly bytes: Uint8Array };

/**
 * Where a chunk is: `here` in memory, `archived` on the disk; `gone` it was published once and is
 * dropped; `unknown` it was never published, or not yet.
 */
export type ChunkPlace =
  | { readonly kind: 'here'; readonly chunk: LoggedChunk }
  | { readonly kind: 'archived' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'unknown' };

/** Like {@link ChunkPlace}; the parts of a `found` segment are in memory or archived. */
export type SegmentPlace =
  | { readonly kind: 'found'; readonly sequences: readonly ChunkSequence[] }
  | { readonly kind: 'gone' }
  | { readonly kind: 'unknown' };

type IndexedSegment = {
  readonly epoch: number;
  readonly initHash: string;
  /** Capture date of its first part, ms. */
  readonly programDateTimeMs: number;
  durationUs: number;
  readonly sequences: ChunkSequence[];
  isComplete: boolean;
  /** A part in its middle was lost. */
  isBroken: boolean;
};

/** How much a {@link ChunkLog} holds in memory. */
export type ChunkLogWindow = {
  /** Length of the live playlist, ms. */
  readonly playlistMs: number;
  /** Media kept beyond the playlist for late requests, ms. */
  readonly lateMs: number;
  /** Bytes of media in memory. Beyond it first the late media go, then the playlist shrinks. */
  readonly memoryBytes: number;
};

/** A minute of playlist, half a minute for those who are late, and enough bytes for 20 Mb/s. */
export const DEFAULT_WINDOW: ChunkLogWindow = Object.freeze({
  playlistMs: 60_000,
  lateMs: 30_000,
  memoryBytes: 256 * 1024 * 1024,
});

/** The playlist never shrinks below this many segments: players need three target durations. */
const LEAST_SEGMENTS = 4;

/**
 * All that was published of one rendition: the newest in memory, older chunks in the archive.
 *
 * Invariant: every chunk of the timeline is in memory with its bytes, and its init segment is held.
 */
export class ChunkLog {
  /** The parts that the live playlist lists. */
  readonly timeline = new MediaTimeline();
  readonly #archive: ChunkArchive;
  readonly #window: ChunkLogWindow;
  /** By sequence, in rising order. */
  readonly #chunks = new Map<number, LoggedChunk>();
  /** All that is held, in memory or archived, by media sequence in rising order. */
  readonly #segments = new Map<number, IndexedSegment>();
  /** Where playback can begin: independent parts of all that is held, in rising order. */
  readonly #entries: { readonly dateMs: number; readonly sequence: number }[] = [];
  /** Of all chunks of {@link #segments}, in rising order: a day of parts is half a million, of which a question wants a hundred. */
  readonly #sequences: ChunkSequence[] = [];
  #memoryBytes = 0;
  #memoryUs = 0;
  #recordedVersion = 0;
  #last: ChunkHeader | undefined;

  /** Takes over what the archive holds of an earlier run. */
  constructor(archive: ChunkArchive, window: ChunkLogWindow = DEFAULT_WINDOW) {
    this.#archive = archive;
    this.#window = window;
    archive.recover(({ signed, payload }) => {
      // A private copy: the payload is a view of a whole file.
      this.#keep({ signed, bytes: new Uint8Array(payload) });
    });
    this.#forgetDropped();
  }

  /** The newest chunk's header. */
  get last(): ChunkHeader | undefined {
    return this.#last;
  }

  /** Bytes of media held in memory. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** Rises whenever {@link recorded} changes. */
  get recordedVersion(): number {
    return this.#recordedVersion;
  }

  /** Capture date of the oldest media held anywhere, ms; undefined when there are none. */
  get keptFromMs(): number | undefined {
    return this.#entries[0]?.dateMs;
  }

  /** All whole segments that can be fetched, in memory or archived, oldest first; those with a part lost are left out. */
  recorded(): RecordedSegment[] {
    const segments: RecordedSegment[] = [];
    for (const [mediaSequence, { epoch, initHash, programDateTimeMs, durationUs, sequences, isComplete, isBroken }] of this.#segments) {
      const [sequence] = sequences;
      if (!isComplete || isBroken || sequence === undefined) continue;
      segments.push({ mediaSequence, epoch, initHash, sequence, partCount: sequences.length, durationUs, programDateTimeMs });
    }
    return segments;
  }

  /** Nothing will follow: the last segment is what it is. */
  end(): void {
    const last = this.#last && this.#segments.get(this.#last.mediaSequence);
    if (!last || last.isComplete) return;
    last.isComplete = true;
    this.#recordedVersion++;
  }

  /** Makes an init segment known, before the first chunk that needs it. */
  addInit(initHash: string, bytes: Uint8Array): void {
    this.#archive.addInit(initHash, bytes);
  }

  /** An init segment, as long as any chunk held needs it. */
  init(initHash: string): Uint8Array | undefined {
    return this.#archive.init(initHash);
  }

  /** Records a chunk and makes it findable. Its sequence must exceed all before. */
  append(chunk: LoggedChunk): void {
    this.#archive.append(chunk.signed, chunk.bytes);
    this.#keep(chunk);
    if (chunk.signed.header.partIndex === 0) this.#forgetDropped();
  }

  /** Looks a chunk up. */
  find(sequence: ChunkSequence): ChunkPlace {
    const chunk = this.#chunks.get(sequence);
    if (chunk) return { kind: 'here', chunk };
    if (this.#archive.has(sequence)) return { kind: 'archived' };
    return { kind: sequence < this.#oldest() && this.#last !== undefined ? 'gone' : 'unknown' };
  }

  /** Looks a whole segment up. */
  findSegment(epoch: number, mediaSequence: number): SegmentPlace {
    const segment = this.#segments.get(mediaSequence);
    if (segment) {
      const isServable = segment.epoch === epoch && segment.isComplete && !segment.isBroken;
      return isServable ? { kind: 'found', sequences: segment.sequences } : { kind: 'unknown' };
    }
    return { kind: mediaSequence < (this.#last?.mediaSequence ?? 0) ? 'gone' : 'unknown' };
  }

  /** A chunk from memory or disk; undefined when it is in neither. */
  async read(sequence: ChunkSequence): Promise<LoggedChunk | undefined> {
    const chunk = this.#chunks.get(sequence);
    if (chunk) return chunk;
    const archived = await this.#archive.read(sequence);
    return archived && { signed: archived.signed, bytes: archived.payload };
  }

  /**
   * Headers in memory after a sequence, oldest first.
   *
   * @param limit most headers to return
   */
  headersAfter(sequence: number, limit: number): SignedChunkHeader[] {
    if (sequence >= (this.#last?.sequence ?? -1)) return [];
    const found: SignedChunkHeader[] = [];
    for (const chunk of [...this.#chunks.values()].reverse()) {
      if (chunk.signed.header.sequence <= sequence) break;
      found.push(chunk.signed);
    }
    return found.reverse().slice(0, limit);
  }

  /**
   * Headers from the last independent part at or before a date on, in memory or archived: from the oldest one for a
   * date before all. Fewer than `limit`: there are no more.
   *
   * @param dateMs program date-time, ms since the Unix epoch
   */
  async headersFrom(dateMs: number, limit: number): Promise<SignedChunkHeader[]> {
    const later = firstIndex(this.#entries, (entry) => entry.dateMs > dateMs);
    const entry = this.#entries[Math.max(0, later - 1)];
    if (!entry) return [];
    const first = firstIndex(this.#sequences, (sequence) => sequence >= entry.sequence);
    const wanted = this.#sequences.slice(first, first + limit).map((sequence) => ({ sequence, here: this.#chunks.get(sequence)?.signed }));
    const archived = await this.#archive.readHeaders(wanted.flatMap(({ sequence, here }) => (here ? [] : sequence)));
    // What was not recorded, or is being removed, is left out.
    return wanted.flatMap(({ sequence, here }) => here ?? archived.get(sequence) ?? []);
  }

  /**
   * The newest chunks, from the last independent one at or before (edge − `delayMs`), or the first
   * independent one of its epoch, up to the edge: one init segment serves them all.
   *
   * @param limit most chunks to return: where it binds, they start later, at an independent one
   */
  newest(delayMs: number, limit: number): LoggedChunk[] {
    const parts = this.timeline.segments.flatMap((segment) => segment.parts);
    let start: number | undefined;
    let fromEdgeUs = 0;
    for (let index = parts.length - 1; index >= Math.max(0, parts.length - limit); index--) {
      const part = parts[index];
      if (!part || part.epoch !== parts.at(-1)?.epoch) break;
      fromEdgeUs += part.durationUs;
      if (part.isIndependent) start = index;
      if (start === index && fromEdgeUs >= delayMs * 1000) break;
    }
    if (start === undefined) return [];
    return parts.slice(start).flatMap((part) => this.#chunks.get(part.sequence) ?? []);
  }

  /** Takes the segments before a media sequence off the playlist; they can still be fetched. The newest segment stays. */
  listFrom(mediaSequence: number): void {
    const kept = this.timeline.segments.filter((segment) => segment.isComplete && segment.mediaSequence >= mediaSequence);
    const keptUs = kept.reduce((sum, segment) => sum + segment.durationUs, 0);
    // Whole milliseconds: a rounding error upwards would keep a segment too many.
    this.timeline.trim(Math.floor(keptUs / 1000));
  }

  /** What comes next is archived in another file. */
  closeFile(): void {
    this.#archive.closeFile();
  }

  /** Flushes the archive and closes it. */
  close(): void {
    this.#archive.close();
  }

  #keep(chunk: LoggedChunk): void {
    const { header } = chunk.signed;
    this.#indexSegment(header);
    if (header.isIndependent) this.#entries.push({ dateMs: header.programDateTimeMs, sequence: header.sequence });
    this.#last = header;
    this.#chunks.set(header.sequence, chunk);
    this.#memoryBytes += chunk.bytes.length;
    this.#memoryUs += header.durationUs;
    // An empty playlist starts with a whole segment.
    if (this.timeline.last !== undefined || header.partIndex === 0) this.timeline.append(header);
    this.#trim();
  }

  #trim(): void {
    const { playlistMs, lateMs, memoryBytes } = this.#window;
    this.timeline.trim(playlistMs);
    const keepUs = (playlistMs + lateMs) * 1000;
    for (const [sequence, chunk] of this.#chunks) {
      const isOverTime = this.#memoryUs - chunk.signed.header.durationUs >= keepUs;
      const isOverBytes = this.#memoryBytes > memoryBytes;
      if (!isOverTime && !isOverBytes) return;
      // One segment may hold more chunks than this one: it goes with the next rounds.
      if (sequence >= this.#firstListed() && !this.#shrinkTimeline()) return;
      this.#chunks.delete(sequence);
      this.#memoryBytes -= chunk.bytes.length;
      this.#memoryUs -= chunk.signed.header.durationUs;
    }
  }

  /** Drops the oldest segment from the playlist; false when it is short already. */
  #shrinkTimeline(): boolean {
    const { segments } = this.timeline;
    if (segments.length <= LEAST_SEGMENTS) return false;
    const later = segments.slice(1).filter((segment) => segment.isComplete);
    const laterUs = later.reduce((sum, segment) => sum + segment.durationUs, 0);
    return this.timeline.trim(laterUs / 1000).length > 0;
  }

  #firstListed(): number {
    return this.timeline.segments[0]?.parts[0]?.sequence ?? Infinity;
  }

  #indexSegment(header: ChunkHeader): void {
    const previous = this.#last && this.#segments.get(this.#last.mediaSequence);
    // A new epoch may cut a segment short.
    if (previous && this.#last?.epoch !== header.epoch) previous.isComplete = true;
    const { mediaSequence, epoch, initHash, programDateTimeMs } = header;
    const segment = this.#segments.get(mediaSequence) ?? { epoch, initHash, programDateTimeMs, durationUs: 0, sequences: [], isComplete: false, isBroken: false };
    this.#segments.set(mediaSequence, segment);
    if (segment.epoch !== epoch || header.partIndex !== segment.sequences.length) segment.isBroken = true;
    segment.durationUs += header.durationUs;
    segment.sequences.push(header.sequence);
    this.#sequences.push(header.sequence);
    segment.isComplete ||= header.isSegmentLast;
    if (header.isSegmentLast || header.partIndex === 0) this.#recordedVersion++;
  }

  /** Sequence of the oldest chunk held anywhere. */
  #oldest(): number {
    let oldest = this.#archive.oldest ?? Infinity;
    for (const sequence of this.#chunks.keys()) {
      oldest = Math.min(oldest, sequence);
      break;
    }
    return oldest;
  }

  /** Forgets segments and init segments that no chunk held needs. */
  #forgetDropped(): void {
    const oldest = this.#oldest();
    for (const [mediaSequence, segment] of this.#segments) {
      if ((segment.sequences[0] ?? 0) >= oldest) break;
      this.#segments.delete(mediaSequence);
      this.#recordedVersion++;
    }
    this.#entries.splice(0, firstIndex(this.#entries, ({ sequence }) => sequence >= oldest));
    const [oldestSegment] = this.#segments.values();
    const first = oldestSegment?.sequences[0] ?? Infinity;
    this.#sequences.splice(0, firstIndex(this.#sequences, (sequence) => sequence >= first));
    const needed = new Set<string>();
    for (const chunk of this.#chunks.values()) needed.add(chunk.signed.header.initHash);
    this.#archive.forgetInits(needed);
  }
}

/** Of items in rising order the first one that comes late enough; their number, when none does. */
function firstIndex<Item>(items: readonly Item[], isLateEnough: (item: Item) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isLateEnough(items[middle] as Item)) high = middle;
    else low = middle + 1;
  }
  return low;
}
