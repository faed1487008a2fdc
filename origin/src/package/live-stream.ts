import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  decodeStreamRecord,
  encodeChunkHeader,
  encodeStreamRecord,
  signedChunkHeader,
  type ChunkHeader,
  type ChunkSequence,
  type MediaPlaylistOptions,
  type Rendition,
  type RenditionId,
  type StreamId,
  type StreamListing,
  type StreamRecord,
  type TimelineSegment,
} from '@p2ptv/protocol';

import { ChunkArchive, type ArchiveNotice } from './chunk-archive.js';
import { ChunkLog, DEFAULT_WINDOW, type ChunkLogWindow, type LoggedChunk } from './chunk-log.js';
import { replaceFile } from './durable-file.js';
import { systemCode } from './errors.js';
import { beyond, currentBootId, NO_COUNTERS, NumberingFile, readNumbering, type Counters } from './numbering-file.js';
import type { Publisher } from './publisher.js';
import { hashBlocks } from './record-file.js';

/** What an encoder session says of its media before the first part. */
export type MediaInit = {
  readonly bytes: Uint8Array;
  /** RFC 6381. */
  readonly codecs: string;
  /** Pixels and frames a second; 0 where there is no video. */
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
  /** Longest part, and wanted length of a segment, ms. */
  readonly partTargetMs: number;
  readonly segmentMs: number;
  /** What the encoder was told to stay below, and to aim at. */
  readonly bandwidthBitsPerSecond: number;
  readonly averageBandwidthBitsPerSecond: number;
};

/** A part as the encoder gives it. */
export type MediaPart = {
  readonly bytes: Uint8Array;
  readonly durationUs: number;
  readonly isIndependent: boolean;
  readonly isSegmentLast: boolean;
  /** Wall clock at which its first frame was captured, ms since the Unix epoch. */
  readonly programDateTimeMs: number;
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
  readonly notice: (notice: ArchiveNotice) => void;
  /** Identifies the run of the operating system; for tests. */
  readonly bootId?: string;
};

/** What listeners of a {@link LiveStream} are told, after the fact. */
export type LiveStreamChange =
  | { readonly kind: 'published'; readonly chunk: LoggedChunk }
  | { readonly kind: 'recordChanged' }
  | { readonly kind: 'stateChanged' };

/** Its encodings get numbers; there is one of them so far. */
const ONLY_RENDITION = 0 as RenditionId;
/** PART-HOLD-BACK in parts: the least that RFC 8216bis allows. */
const PART_HOLD_BACK_PARTS = 3;
/** All parts but a segment's last reach this share of PART-TARGET (RFC 8216bis section 4.4.4.9). */
const LEAST_PART_RATIO = 0.85;
/** A peak above the declared BANDWIDTH raises it to the peak and so much more. */
const BANDWIDTH_MARGIN_RATIO = 1.1;

/**
 * A stream as its publisher sees it: names, hashes and signs what the encoder gives, records it, and
 * tells who waits.
 *
 * Invariants: no sequence, media sequence, epoch or revision is ever used twice, whatever crashes.
 * Media sequences and epochs are consecutive as far as the log is whole; where an earlier run's log
 * has lost its tail they jump, and the playlist begins anew. So it does where a session has other
 * targets than the one before: a playlist's target durations hold for all that it lists.
 */
export class LiveStream {
  readonly streamId: StreamId;
  readonly slug: string;
  readonly log: ChunkLog;
  readonly startedAtMs: number;
  readonly #options: LiveStreamOptions;
  readonly #numbering: NumberingFile;
  readonly #listeners = new Set<(change: LiveStreamChange) => void>();
  readonly #archive: ChunkArchive;
  #title: string;
  #used: Counters;
  #state: StreamListing['state'] = 'offline';
  #session: { readonly init: MediaInit; readonly initHash: string; isPublished: boolean } | undefined;
  #partIndex = 0;
  #segmentBytes = 0;
  #segmentUs = 0;
  #record: StreamRecord | undefined;
  #recordText: string | undefined;

  /** @throws the system's error when the folder cannot be used */
  constructor(options: LiveStreamOptions) {
    this.#options = options;
    this.slug = options.slug;
    this.#title = options.title;
    this.streamId = options.publisher.streamId(options.slug);
    this.startedAtMs = options.wallMs();
    this.#archive = new ChunkArchive({
      folder: options.folder,
      streamId: this.streamId,
      publisher: options.publisher,
      keepMs: this.#keepMs(options.archiveMs),
      nowMs: options.wallMs,
      notice: options.notice,
    });
    this.log = new ChunkLog(this.#archive, options.window);
    const bootId = options.bootId ?? currentBootId();
    this.#loadRecord();
    if (this.#record) this.#unlistUnfit(this.#record);
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
    this.#archive.keepMs = this.#keepMs(archiveMs);
  }

  /** Whether media flows. */
  get state(): StreamListing['state'] {
    return this.#state;
  }

  /** The newest record; undefined until an encoder has once told what it makes. */
  get record(): StreamRecord | undefined {
    return this.#record;
  }

  /** The newest record as it was signed. */
  get recordText(): string | undefined {
    return this.#recordText;
  }

  /** The log of a rendition; undefined when the stream has no such rendition. */
  rendition(rendition: number): ChunkLog | undefined {
    return rendition === ONLY_RENDITION ? this.log : undefined;
  }

  /** What playlists say beside their segments; undefined while there is no record. */
  playlistOptions(isSkipWanted: boolean): MediaPlaylistOptions | undefined {
    const record = this.#record;
    if (!record) return undefined;
    return {
      partTargetMs: record.partTargetMs,
      targetDurationSeconds: record.targetDurationSeconds,
      partHoldBackParts: PART_HOLD_BACK_PARTS,
      isSkipWanted,
      isEnded: record.isEnded,
    };
  }

  /** Subscribes to changes; returns the unsubscribe function. */
  onChange(listener: (change: LiveStreamChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A new encoder session: its media are a new epoch, which counts from its first part. */
  beginSession(init: MediaInit): void {
    const initHash = createHash('sha256').update(init.bytes).digest('hex');
    this.log.addInit(initHash, init.bytes);
    this.#session = { init, initHash, isPublished: false };
  }

  /**
   * Publishes a part.
   *
   * @throws Error before the first {@link beginSession}, RangeError for a part that fits no header (above 4 MiB); no number is then used
   */
  publish(part: MediaPart): LoggedChunk {
    const session = this.#session;
    if (!session) throw new Error('a part came before its init segment');
    const isNewEpoch = !session.isPublished;
    const partIndex = isNewEpoch ? 0 : this.#partIndex;
    const isNewSegment = partIndex === 0;
    const used: Counters = {
      ...this.#used,
      sequence: this.#used.sequence + 1,
      mediaSequence: this.#used.mediaSequence + (isNewSegment ? 1 : 0),
      epoch: this.#used.epoch + (isNewEpoch ? 1 : 0),
    };
    const chunk = this.#sign(part, { ...used, partIndex, initHash: session.initHash });
    this.#used = used;
    // Noted before it is recorded and recorded before it is published: see NumberingFile.
    this.#numbering.note(this.#used);
    this.log.append(chunk);
    session.isPublished = true;
    this.#partIndex = part.isSegmentLast ? 0 : partIndex + 1;
    if (isNewEpoch) this.#beginEpoch(this.#describe(session), used.mediaSequence);
    this.#measure(chunk, isNewSegment);
    this.#emit({ kind: 'published', chunk });
    this.#setState('live');
    return chunk;
  }

  /** The publisher is away; what was published stays. */
  goOffline(): void {
    this.#setState('offline');
  }

  /** Nothing will follow: says so in the record and in the playlists. */
  end(): void {
    if (this.#record) this.#issueRecord({ ...this.#record, isEnded: true });
    this.#setState('ended');
  }

  /** Flushes and closes the files. */
  close(): void {
    this.log.close();
    this.#numbering.close(this.#used);
    this.#listeners.clear();
  }

  #sign(part: MediaPart, place: Counters & { readonly partIndex: number; readonly initHash: string }): LoggedChunk {
    const header: ChunkHeader = {
      streamId: this.streamId,
      epoch: place.epoch,
      rendition: ONLY_RENDITION,
      sequence: place.sequence as ChunkSequence,
      mediaSequence: place.mediaSequence,
      partIndex: place.partIndex,
      isIndependent: part.isIndependent,
      isSegmentLast: part.isSegmentLast,
      durationUs: part.durationUs,
      programDateTimeMs: Math.round(part.programDateTimeMs),
      byteLength: part.bytes.length,
      initHash: place.initHash,
      blockHashes: hashBlocks(part.bytes),
    };
    const encoded = encodeChunkHeader(header);
    return { signed: signedChunkHeader(header, encoded, this.#options.publisher.signer(encoded)), bytes: part.bytes };
  }

  #describe(session: { readonly init: MediaInit; readonly initHash: string }): StreamRecord {
    const { init, initHash } = session;
    const rendition: Rendition = {
      id: ONLY_RENDITION,
      codecs: init.codecs,
      width: init.width,
      height: init.height,
      frameRate: init.frameRate,
      bandwidthBitsPerSecond: Math.ceil(init.bandwidthBitsPerSecond),
      averageBandwidthBitsPerSecond: Math.ceil(init.averageBandwidthBitsPerSecond),
      initHash,
    };
    return {
      version: 1,
      streamId: this.streamId,
      slug: this.slug,
      title: this.#title,
      revision: 0,
      epoch: this.#used.epoch,
      partTargetMs: init.partTargetMs,
      targetDurationSeconds: Math.max(1, Math.round(init.segmentMs / 1000)),
      renditions: [rendition],
      isEnded: false,
    };
  }

  /** A playlist's targets must not change (RFC 8216 section 6.2.1): with others it starts anew, at this epoch. */
  #beginEpoch(record: StreamRecord, mediaSequence: number): void {
    const previous = this.#record;
    const isOther =
      previous !== undefined &&
      (previous.partTargetMs !== record.partTargetMs || previous.targetDurationSeconds !== record.targetDurationSeconds);
    if (isOther) this.log.listFrom(mediaSequence);
    else this.#unlistUnfit(record);
    this.#issueRecord(record);
  }

  /** What an earlier run left may be of several sessions: lists only what comes after the last segment that breaks the targets. */
  #unlistUnfit(targets: Targets): void {
    const unfit = this.log.timeline.segments.findLast((segment) => !fits(segment, targets));
    if (unfit) this.log.listFrom(unfit.mediaSequence + 1);
  }

  /** Raises the declared bandwidth when a segment exceeds it. */
  #measure(chunk: LoggedChunk, isNewSegment: boolean): void {
    this.#segmentBytes = (isNewSegment ? 0 : this.#segmentBytes) + chunk.bytes.length;
    this.#segmentUs = (isNewSegment ? 0 : this.#segmentUs) + chunk.signed.header.durationUs;
    const rendition = this.#record?.renditions[0];
    if (!this.#record || !rendition || !chunk.signed.header.isSegmentLast) return;
    const bitsPerSecond = (this.#segmentBytes * 8) / (this.#segmentUs / 1e6);
    if (bitsPerSecond <= rendition.bandwidthBitsPerSecond) return;
    const raised = { ...rendition, bandwidthBitsPerSecond: Math.ceil(bitsPerSecond * BANDWIDTH_MARGIN_RATIO) };
    this.#issueRecord({ ...this.#record, renditions: [raised] });
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
    const last = this.log.last;
    const found: Counters = {
      sequence: last?.sequence ?? NO_COUNTERS.sequence,
      mediaSequence: last?.mediaSequence ?? NO_COUNTERS.mediaSequence,
      epoch: Math.max(last?.epoch ?? 0, this.#record?.epoch ?? 0),
      revision: this.#record?.revision ?? NO_COUNTERS.revision,
    };
    const numbering = readNumbering(this.#path('numbering'));
    if (numbering === 'missing') return last || this.#record ? beyond(found) : NO_COUNTERS;
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
  #keepMs(archiveMs: number): number {
    return Math.max(archiveMs, (this.#options.window ?? DEFAULT_WINDOW).playlistMs);
  }

  #path(name: string): string {
    return join(this.#options.folder, name);
  }
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
