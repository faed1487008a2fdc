import type { CaptionTrack, ChunkHeader, ChunkSequence, MediaPlaylistOptions, MediaTimeline, RecordedSegment, RenditionId, SignedChunkHeader, StreamId, StreamListing, StreamRecord } from '@p2ptv/protocol';

import type { LiveCaptions } from '../captions/live-captions.js';
import type { RecordedCaptions } from '../captions/recorded-captions.js';
import type { ChunkPlace, LoggedChunk, SegmentPlace } from '../package/chunk-log.js';
import type { LiveStreamChange } from '../package/live-stream.js';

/** A stream as its routes see it: a live one, or a recording. */
export interface ServedStream {
  readonly streamId: StreamId;
  /** Its name in addresses. */
  readonly slug: string;
  readonly title: string;
  /** When it began, wall clock, ms since the Unix epoch. */
  readonly startedAtMs: number;
  readonly state: StreamListing['state'];
  /** Undefined until it is known what is in it. */
  readonly record: StreamRecord | undefined;
  /** The record as it was signed. */
  readonly recordText: string | undefined;
  readonly defaultRendition: RenditionId;
  /** The default rendition's. */
  readonly log: MediaLog;
  /** Bytes of media held in memory. */
  readonly memoryBytes: number;
  /** Captions that are text. */
  readonly captions?: readonly CaptionTrack[] | undefined;
  /** Those of a stream that is, or was, live here. */
  readonly textCaptions?: LiveCaptions | undefined;
  /** Those of a recording. */
  readonly recordedCaptions?: RecordedCaptions | undefined;
  /** Undefined when it neither has nor had such a rendition. */
  rendition(rendition: number): MediaLog | undefined;
  /** Whether a rendition is one of the stream's now. */
  isMade(rendition: number): boolean;
  playlistOptions(rendition: RenditionId, isSkipWanted: boolean): MediaPlaylistOptions | undefined;
  /** Returns the function that unsubscribes. */
  onChange(listener: (change: LiveStreamChange) => void): () => void;
}

/** What there is of one rendition; {@link ChunkLog} says more of each. */
export interface MediaLog {
  /** What the live playlist lists; of a recording, nothing. */
  readonly timeline: MediaTimeline;
  /** The newest chunk. */
  readonly last: Pick<ChunkHeader, 'sequence' | 'mediaSequence'> | undefined;
  /** Rises whenever {@link recorded} changes. */
  readonly recordedVersion: number;
  /** Capture date of the oldest media, ms. */
  readonly keptFromMs: number | undefined;
  recorded(): RecordedSegment[];
  init(initHash: string): Uint8Array | undefined;
  find(sequence: ChunkSequence): ChunkPlace;
  findSegment(epoch: number, mediaSequence: number): SegmentPlace;
  read(sequence: ChunkSequence): Promise<LoggedChunk | undefined>;
  headersAfter(sequence: number, limit: number): SignedChunkHeader[];
  headersFrom(dateMs: number, limit: number): Promise<SignedChunkHeader[]>;
  newest(delayMs: number, limit: number): LoggedChunk[];
}
