import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  decodeStreamRecord,
  encodeChunkHeader,
  encodeStreamRecord,
  signedChunkHeader,
  type CaptionChannel,
  type CaptionTrack,
  type ChunkHeader,
  type ChunkSequence,
  type MediaPlaylistOptions,
  type RenditionId,
  type RenditionReport,
  type StreamId,
  type StreamListing,
  type StreamRecord,
  type TimelineSegment,
} from '@p2ptv/protocol';

import type { FeedCaptions } from '../captions/feed-captions.js';
import { LiveCaptions } from '../captions/live-captions.js';
import { ChunkArchive, type ArchiveNotice, type ClosedFile } from './chunk-archive.js';
import { ChunkLog, DEFAULT_WINDOW, type ChunkLogWindow, type LoggedChunk } from './chunk-log.js';
import { replaceFile } from './durable-file.js';
import { systemCode } from './errors.js';
import { LiveRendition, renditionFolder, storedRenditions, type MediaInit, type PartPlace } from './live-rendition.js';
import { beyond, currentBootId, NO_COUNTERS, NumberingFile, readNumbering, type Counters } from './numbering-file.js';
import type { Publisher } from './publisher.js';
import { hashBlocks } from './record-file.js';

/** A part as the encoder gives it. */
export type MediaPart = {
  /** One of those that the session began with. */
  readonly rendition: RenditionId;
  readonly bytes: Uint8Array;
  readonly durationUs: number;
  readonly isIndependent: boolean;
  readonly isSegmentLast: boolean;
  /** Wall clock at which its first frame was captured, ms since the Unix epoch. */
  readonly programDateTimeMs: number;
  /** Captions in the picture that were seen in it. */
  readonly captions?: readonly CaptionChannel[];
  /** Time of its first frame since its session began; not said: it gets no captions that are text. */
  readonly decodeTimeUs?: number;
};

/** How a {@link LiveStream} is set up. */
export type LiveStreamOptions = {
  readonly publisher: Publisher;
  readonly slug: string;
  readonly title: string;
  /** The stream's own folder. */
  readonly folder: string;
  /** Media kept on the disk, ms. */
  readonly archiveMs: number;
  readonly window?: ChunkLogWindow;
  readonly wallMs: () => number;
  /** Number of a new stream's first segment, default 0. With 1 players that put a gap before it can begin while it is unfinished. */
  readonly firstMediaSequence?: number;
  readonly notice: (notice: ArchiveNotice) => void;
  /** A file of a rendition's chunks is whole; it may be removed once this returns. */
  readonly fileClosed?: (rendition: RenditionId, file: ClosedFile) => void;
  /** Identifies the run of the operating system; for tests. */
  readonly bootId?: string;
};

/** What listeners of a {@link LiveStream} are told, after the fact. */
export type LiveStreamChange =
  | { readonly kind: 'published'; readonly chunk: LoggedChunk }
  | { readonly kind: 'recordChanged' }
  /** There are other captions that are text. */
  | { readonly kind: 'captionsChanged' }
  | { readonly kind: 'stateChanged' };

/** PART-HOLD-BACK in parts: the least that RFC 8216bis allows. */
const PART_HOLD_BACK_PARTS = 3;
/** All parts but a segment's last reach this share of PART-TARGET (RFC 8216bis section 4.4.4.9). */
const LEAST_PART_RATIO = 0.85;
/**
 * A stream as its publisher sees it: names, hashes and signs what the encoder gives, records it, and
 * tells who waits.
 *
 * Invariants: no sequence, media sequence, epoch or revision is ever used twice, whatever crashes.
 * Media sequences and epochs are consecutive as far as the log is whole; where an earlier run's log
 * has lost its tail they jump, and the playlist begins anew. So it does where a session has other
 * targets than the one before: a playlist's target durations hold for all that it lists. Renditions
 * share the numbers: a session counts in all of them from the same ones.
 */
export class LiveStream {
  readonly streamId: StreamId;
  readonly slug: string;
  readonly startedAtMs: number;
  /** Those that its input brings as text. */
  readonly textCaptions = new LiveCaptions();
  readonly #options: LiveStreamOptions;
  readonly #numbering: NumberingFile;
  readonly #listeners = new Set<(change: LiveStreamChange) => void>();
  /** Of all renditions. */
  readonly #archives: ChunkArchive[] = [];
  #archiveMs: number;
  #title: string;
  #used: Counters;
  #state: StreamListing['state'] = 'offline';
  /** By id, in rising order: those that are made, and those of which something is kept. */
  readonly #renditions = new Map<number, LiveRendition>();
  /** Undefined before the first session; its numbers, once its first part is published. */
  #session: { base: Counters | undefined } | undefined;
  /** The session's renditions, best first. */
  #made: readonly RenditionId[] = [];
  /** Captions in the picture, in what has been published since the publisher came. */
  #captions: readonly CaptionChannel[] = [];
  /** Whether whoever publishes in the running session has gone. */
  #isAway = false;
  /** The running session has other targets than the one before. */
  #isRetargeted = false;
  #record: StreamRecord | undefined;
  #recordText: string | undefined;

  /** @throws the system's error when the folder cannot be used */
  constructor(options: LiveStreamOptions) {
    this.#options = options;
    this.slug = options.slug;
    this.#title = options.title;
    this.#archiveMs = options.archiveMs;
    this.streamId = options.publisher.streamId(options.slug);
    this.startedAtMs = options.wallMs();
    this.textCaptions.listen({ tracksChanged: () => this.#emit({ kind: 'captionsChanged' }) });
    for (const id of storedRenditions(options.folder)) this.#open(id);
    const bootId = options.bootId ?? currentBootId();
    this.#loadRecord();
    for (const { log } of this.#renditions.values()) if (this.#record) unlistUnfit(log, this.#record);
    if (this.#record?.isEnded === true) {
      for (const { log } of this.#renditions.values()) log.end();
      this.#state = 'ended';
    }
    this.#used = this.#recoverNumbering(bootId);
    this.#numbering = new NumberingFile(this.#path('numbering'), { used: this.#used, bootId });
  }

  /** What viewers see. */
  get title(): string {
    return this.#title;
  }

  /** Gives it another title, which the record tells from now on. */
  retitle(title: string): void {
    if (title === this.#title) return;
    this.#title = title;
    if (this.#record) this.#issueRecord({ ...this.#record, title });
  }

  /** Keeps so much media on the disk from now on, ms. */
  keepFor(archiveMs: number): void {
    this.#archiveMs = archiveMs;
    for (const archive of this.#archives) archive.keepMs = this.#keepMs();
  }

  /** The log of the rendition that is played where none is asked for: the best. */
  get log(): ChunkLog {
    return (this.#renditions.get(this.defaultRendition) ?? this.#open(this.defaultRendition)).log;
  }

  /** The rendition that is played where none is asked for: the best that is made, or was last. */
  get defaultRendition(): RenditionId {
    return this.#record?.renditions[0]?.id ?? (0 as RenditionId);
  }

  /** Of the captions that are text. */
  get captions(): readonly CaptionTrack[] {
    return this.textCaptions.tracks;
  }

  /** Whether media flows. */
  get state(): StreamListing['state'] {
    return this.#state;
  }

  /** Whether its publisher was given up: what comes before the next session is the rest of the last one. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** The newest record; undefined until an encoder has once told what it makes. */
  get record(): StreamRecord | undefined {
    return this.#record;
  }

  /** The newest record as it was signed. */
  get recordText(): string | undefined {
    return this.#recordText;
  }

  /** The log of a rendition; undefined when the stream neither has nor had such a rendition. */
  rendition(rendition: number): ChunkLog | undefined {
    return this.#renditions.get(rendition)?.log;
  }

  /** Whether a rendition is one of the stream's now: others are kept for a while, but get nothing new. */
  isMade(rendition: number): boolean {
    return this.#record === undefined || this.#record.renditions.some(({ id }) => id === rendition);
  }

  /** Bytes of media held in memory. */
  get memoryBytes(): number {
    return [...this.#renditions.values()].reduce((sum, { log }) => sum + log.memoryBytes, 0);
  }

  /** What playlists of a rendition say beside its segments; undefined while there is no record. */
  playlistOptions(rendition: RenditionId, isSkipWanted: boolean): MediaPlaylistOptions | undefined {
    const record = this.#record;
    if (!record) return undefined;
    return {
      partTargetMs: record.partTargetMs,
      targetDurationSeconds: record.targetDurationSeconds,
      partHoldBackParts: PART_HOLD_BACK_PARTS,
      isSkipWanted,
      isEnded: record.isEnded,
      reports: record.renditions.flatMap(({ id }) => (id === rendition ? [] : this.#report(id))),
    };
  }

  /** Subscribes to changes; returns the unsubscribe function. */
  onChange(listener: (change: LiveStreamChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * A new encoder session, with all its renditions, best first: its media are a new epoch, which counts from its first part.
   *
   * @param captions those that are text, where its input brings some
   */
  beginSession(inits: readonly MediaInit[], captions?: FeedCaptions): void {
    const made = new Set<number>(inits.map(({ rendition }) => rendition));
    for (const rendition of this.#renditions.values()) if (!made.has(rendition.id)) rendition.retire();
    for (const init of inits) {
      const rendition = this.#renditions.get(init.rendition) ?? this.#open(init.rendition);
      rendition.begin(init, createHash('sha256').update(init.bytes).digest('hex'));
    }
    // Another broadcast, with captions of its own.
    if (this.#isAway) this.#captions = [];
    this.#session = { base: undefined };
    this.#made = inits.map(({ rendition }) => rendition);
    this.textCaptions.begin(captions);
    this.#isAway = false;
  }

  /**
   * Publishes a part.
   *
   * @throws Error before the {@link beginSession} that names its rendition, RangeError for a part that fits no header (above 4 MiB); no number is then used
   */
  publish(part: MediaPart): LoggedChunk {
    const session = this.#session;
    const rendition = this.#renditions.get(part.rendition);
    if (!session || !rendition?.session) throw new Error('a part came before its init segment');
    const base = session.base ?? next(this.#used);
    const place = rendition.place(base);
    const chunk = this.#sign(part, place, rendition.session.initHash);
    const isNewEpoch = session.base === undefined;
    this.#noteCaptions(part);
    session.base = base;
    // Noted before it is recorded and recorded before it is published: see NumberingFile. The first rendition to get there does.
    if (place.sequence > this.#used.sequence) {
      const { sequence, mediaSequence, epoch } = place;
      this.#used = { sequence, mediaSequence, epoch, revision: this.#used.revision };
      this.#numbering.note(this.#used);
    }
    rendition.log.append(chunk);
    rendition.passed(part.isSegmentLast);
    this.#beginEpoch(rendition, { place, isNewEpoch });
    this.#tellCaptions();
    this.#measure(rendition, chunk);
    this.#emit({ kind: 'published', chunk });
    if (part.decodeTimeUs !== undefined) this.textCaptions.published({ header: chunk.signed.header, decodeTimeUs: part.decodeTimeUs }, this.log.keptFromMs ?? 0);
    if (!this.#isAway) this.#setState('live');
    return chunk;
  }

  /**
   * The publisher is away; what was published stays. What the running session still brings is published, and
   * makes it live no more: the next session does.
   */
  goOffline(): void {
    this.#isAway = true;
    this.textCaptions.pause();
    this.#setState('offline');
  }

  /** Nothing will follow: says so in the record and in the playlists. */
  end(): void {
    for (const { log } of this.#renditions.values()) log.end();
    this.textCaptions.end();
    if (this.#record) this.#issueRecord({ ...this.#record, isEnded: true });
    this.#setState('ended');
  }

  /** What is published next is written to other files than what was published before. */
  closeFiles(): void {
    for (const { log } of this.#renditions.values()) log.closeFile();
  }

  /** Flushes and closes the files. */
  close(): void {
    for (const { log } of this.#renditions.values()) log.close();
    this.#numbering.close(this.#used);
    this.#listeners.clear();
  }

  /** Takes over what is stored of a rendition, and makes room for what will be. */
  #open(id: RenditionId): LiveRendition {
    const { folder, publisher, window, wallMs, notice } = this.#options;
    const archive = new ChunkArchive({
      folder: renditionFolder(folder, id),
      streamId: this.streamId,
      publisher,
      keepMs: this.#keepMs(),
      nowMs: wallMs,
      notice,
      fileClosed: (file) => this.#options.fileClosed?.(id, file),
    });
    this.#archives.push(archive);
    const rendition = new LiveRendition(id, new ChunkLog(archive, window));
    this.#renditions.set(id, rendition);
    return rendition;
  }

  #report(id: RenditionId): RenditionReport[] {
    const last = this.#renditions.get(id)?.log.timeline.last;
    return last ? [{ rendition: id, mediaSequence: last.mediaSequence, partIndex: last.partIndex }] : [];
  }

  #sign(part: MediaPart, place: PartPlace, initHash: string): LoggedChunk {
    const header: ChunkHeader = {
      streamId: this.streamId,
      epoch: place.epoch,
      rendition: part.rendition,
      sequence: place.sequence as ChunkSequence,
      mediaSequence: place.mediaSequence,
      partIndex: place.partIndex,
      isIndependent: part.isIndependent,
      isSegmentLast: part.isSegmentLast,
      durationUs: part.durationUs,
      programDateTimeMs: Math.round(part.programDateTimeMs),
      byteLength: part.bytes.length,
      initHash,
      blockHashes: hashBlocks(part.bytes),
    };
    const encoded = encodeChunkHeader(header);
    return { signed: signedChunkHeader(header, encoded, this.#options.publisher.signer(encoded)), bytes: part.bytes };
  }

  /** The record of the running session; its targets are the same in all renditions. */
  #describe(): StreamRecord | undefined {
    const made = this.#made.flatMap((id) => this.#renditions.get(id) ?? []);
    const init = made[0]?.session?.init;
    if (!init) return undefined;
    return {
      version: 1,
      streamId: this.streamId,
      slug: this.slug,
      title: this.#title,
      revision: 0,
      epoch: this.#used.epoch,
      partTargetMs: init.partTargetMs,
      targetDurationSeconds: Math.max(1, Math.round(init.segmentMs / 1000)),
      renditions: made.flatMap((rendition) => (rendition.session ? [rendition.describe(rendition.session)] : [])),
      isEnded: false,
      ...(this.#captions.length > 0 ? { captions: [...this.#captions] } : {}),
    };
  }

  /** A playlist's targets must not change (RFC 8216 section 6.2.1): with others it starts anew, at this epoch. */
  #beginEpoch({ log }: LiveRendition, { place, isNewEpoch }: { readonly place: PartPlace; readonly isNewEpoch: boolean }): void {
    const record = isNewEpoch ? this.#describe() : undefined;
    if (record) {
      const previous = this.#record;
      this.#isRetargeted =
        previous !== undefined &&
        (previous.partTargetMs !== record.partTargetMs || previous.targetDurationSeconds !== record.targetDurationSeconds);
    }
    const targets = record ?? this.#record;
    const isFirst = place.sequence === this.#session?.base?.sequence;
    if (isFirst && targets) {
      if (this.#isRetargeted) log.listFrom(place.mediaSequence);
      else unlistUnfit(log, targets);
    }
    if (record) this.#issueRecord(record);
  }

  #noteCaptions({ captions = [] }: MediaPart): void {
    const found = captions.filter((channel) => !this.#captions.includes(channel));
    if (found.length > 0) this.#captions = [...this.#captions, ...found].sort();
  }

  /** Captions may begin at any time. */
  #tellCaptions(): void {
    const record = this.#record;
    if (record && (record.captions?.length ?? 0) < this.#captions.length) this.#issueRecord({ ...record, captions: [...this.#captions] });
  }

  /** Corrects what is declared of a rendition's rate. */
  #measure(rendition: LiveRendition, { signed: { header } }: LoggedChunk): void {
    rendition.rate.add({ ...header, isSegmentFirst: header.partIndex === 0 });
    const record = this.#record;
    const declared = record?.renditions.find(({ id }) => id === rendition.id);
    if (!record || !declared || !header.isSegmentLast) return;
    const measured = rendition.rate.endSegment(declared, record.targetDurationSeconds * 1e6);
    if (!measured) return;
    this.#issueRecord({ ...record, renditions: record.renditions.map((other) => (other === declared ? { ...declared, ...measured } : other)) });
  }

  #issueRecord(content: StreamRecord): void {
    this.#used = { ...this.#used, revision: this.#used.revision + 1 };
    this.#numbering.note(this.#used);
    this.#record = { ...content, revision: this.#used.revision };
    this.#recordText = encodeStreamRecord(this.#record, this.#options.publisher.signer);
    try {
      replaceFile(this.#path('record'), this.#recordText);
    } catch {
      // The archive tells about a failing disk; the next start issues a newer record anyway.
    }
    this.#emit({ kind: 'recordChanged' });
  }

  #loadRecord(): void {
    let text: string;
    try {
      text = readFileSync(this.#path('record'), 'utf8');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return;
      throw error;
    }
    const { publicKey } = this.#options.publisher;
    this.#record = decodeStreamRecord(text, { streamId: this.streamId, publicKey });
    this.#recordText = this.#record && text;
  }

  #recoverNumbering(bootId: string): Counters {
    const last = [...this.#renditions.values()].flatMap(({ log }) => log.last ?? []);
    const highest = (name: 'sequence' | 'mediaSequence' | 'epoch'): number => Math.max(NO_COUNTERS[name], ...last.map((header) => header[name]));
    const found: Counters = {
      sequence: highest('sequence'),
      mediaSequence: highest('mediaSequence'),
      epoch: Math.max(highest('epoch'), this.#record?.epoch ?? 0),
      revision: this.#record?.revision ?? NO_COUNTERS.revision,
    };
    const numbering = readNumbering(this.#path('numbering'));
    if (numbering === 'missing') return last.length > 0 || this.#record ? beyond(found) : { ...NO_COUNTERS, mediaSequence: (this.#options.firstMediaSequence ?? 0) - 1 };
    if (numbering === 'garbled') return beyond(found);
    const isSameBoot = numbering.bootId !== '' && numbering.bootId === bootId;
    const isWhole = (numbering.isClosed || isSameBoot) && numbering.used.sequence === found.sequence;
    return isWhole ? numbering.used : numbering.reserved;
  }

  #setState(state: StreamListing['state']): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#emit({ kind: 'stateChanged' });
  }

  #emit(change: LiveStreamChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }

  /** What playlists list is kept in any case. */
  #keepMs(): number {
    return Math.max(this.#archiveMs, (this.#options.window ?? DEFAULT_WINDOW).playlistMs);
  }

  #path(name: string): string {
    return join(this.#options.folder, name);
  }
}

/** The numbers of a session's first part, behind all that are in use. */
function next(used: Counters): Counters {
  return { ...used, sequence: used.sequence + 1, mediaSequence: used.mediaSequence + 1, epoch: used.epoch + 1 };
}

/** What an earlier run left may be of several sessions: lists only what comes after the last segment that breaks the targets. */
function unlistUnfit(log: ChunkLog, targets: Targets): void {
  const unfit = log.timeline.segments.findLast((segment) => !fits(segment, targets));
  if (unfit) log.listFrom(unfit.mediaSequence + 1);
}

type Targets = Pick<StreamRecord, 'partTargetMs' | 'targetDurationSeconds'>;

/** Whether a playlist with these targets may list a segment. */
function fits({ parts, durationUs }: TimelineSegment, { partTargetMs, targetDurationSeconds }: Targets): boolean {
  // The playlist's own precision.
  const targetUs = Math.ceil(partTargetMs * 1000);
  const isLong = Math.round(durationUs / 1e6) > targetDurationSeconds || parts.some((part) => part.durationUs > targetUs);
  const isShort = parts.slice(0, -1).some((part) => part.durationUs < partTargetMs * 1000 * LEAST_PART_RATIO);
  return !isLong && !isShort;
}
