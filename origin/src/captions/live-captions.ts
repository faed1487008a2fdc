import { isoDate, STREAM_PATHS, type CaptionSlot, type CaptionTrack, type ChunkHeader } from '@p2ptv/protocol';

import type { FeedCaptions, TrackCue } from './feed-captions.js';
import { timestampMap, writeCues, type TextCue } from './text-cue.js';

/** A cue with the dates of the media that it is shown with, ms since the Unix epoch. */
export type DatedCue = TextCue & {
  readonly track: number;
  /** Time of its beginning since its session began. */
  readonly mediaMs: number;
};

/** What a {@link LiveCaptions} tells. */
export type LiveCaptionsListener = {
  /** There are others than before. */
  readonly tracksChanged?: (tracks: readonly CaptionTrack[]) => void;
  /** Cues whose media have been published. */
  readonly cuesPassed?: (cues: readonly DatedCue[]) => void;
};

/** The part that says where its segment lies, and how far it has come. */
export type CaptionedPart = {
  readonly header: Pick<ChunkHeader, 'rendition' | 'epoch' | 'mediaSequence' | 'partIndex' | 'durationUs' | 'isSegmentLast' | 'programDateTimeMs'>;
  /** Time of its first frame since its session began. */
  readonly decodeTimeUs: number;
};

/** A segment of the media as its playlist lists it. */
export type ListedSegment = { readonly epoch: number; readonly mediaSequence: number; readonly dateMs: number; readonly durationMs: number; readonly isComplete: boolean };

type EpochCue = TrackCue & {
  readonly epoch: number;
  /** Media time up to which segments were made without it. */
  readonly knownAtMs: number;
};

type Segment = {
  readonly rendition: number;
  readonly epoch: number;
  readonly mediaSequence: number;
  /** Media time and date of its first frame. */
  readonly mediaStartMs: number;
  readonly dateMs: number;
  durationMs: number;
  isComplete: boolean;
};

/** What one answer by date tells of. */
export const SLOT_MS = 10_000;
/** Cues are asked for so long before their media: players fetch captions by whole segments, and are a second behind. */
const AHEAD_MS = 20_000;
/** What is known of a time so long after its media have come is all. */
const SETTLED_MS = 10_000;
/** Segments that players may have beyond the newest: its captions, where they are known, come before its media. */
const SEGMENTS_AHEAD = 1;
/** Of all tracks together; what a film of three hours has in eight languages is less. Bounds memory where an input brings them without end. */
const MAX_CUES = 50_000;

/**
 * The captions of a live stream that are text: which cues there are, in which segment each is shown, and at which date.
 *
 * Segments are those of the media: same numbers, same beginnings. What is kept of the media is kept of the captions. Renditions are
 * cut at the same times, so the first to begin a segment speaks for all.
 */
export class LiveCaptions {
  readonly #listeners = new Set<LiveCaptionsListener>();
  #feed: FeedCaptions | undefined;
  #tracks: readonly CaptionTrack[] = [];
  /** Oldest first. */
  readonly #segments: Segment[] = [];
  #cues: EpochCue[] = [];
  /** Those of them whose media have not been published. */
  #coming: EpochCue[] = [];
  #version = 0;

  /** None while none is known. */
  get tracks(): readonly CaptionTrack[] {
    return this.#tracks;
  }

  /** Rises whenever an answer may be another. */
  get version(): number {
    return this.#version;
  }

  /** Subscribes; returns the function that unsubscribes. */
  listen(listener: LiveCaptionsListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Another session: what it brings, if anything. */
  begin(feed: FeedCaptions | undefined): void {
    this.#feed = feed;
  }

  /** A part was published. @param keptFromMs date of the oldest media that are kept */
  published({ header, decodeTimeUs }: CaptionedPart, keptFromMs: number): void {
    if (!this.#feed && this.#tracks.length === 0) return;
    const mediaMs = decodeTimeUs / 1000;
    const { epoch, mediaSequence, rendition } = header;
    const last = this.#segments.at(-1);
    if (header.partIndex === 0 && mediaSequence > (last?.mediaSequence ?? -1)) {
      if (last && last.epoch !== epoch) this.#cutEpoch(last);
      this.#segments.push({ rendition, epoch, mediaSequence, mediaStartMs: mediaMs, dateMs: header.programDateTimeMs, durationMs: 0, isComplete: false });
      this.#version++;
      this.#tellPassed();
      this.#trim(keptFromMs);
    }
    const segment = this.#segments.at(-1);
    if (segment?.rendition !== rendition || segment.mediaSequence !== mediaSequence) return;
    segment.durationMs += header.durationUs / 1000;
    segment.isComplete = header.isSegmentLast;
    this.#take(segment);
  }

  /** Media flow no more, for now: what was passed is told. */
  pause(): void {
    this.#tellPassed();
  }

  /** Nothing more will come. */
  end(): void {
    const last = this.#segments.at(-1);
    if (last) this.#cutEpoch(last);
    this.#tellPassed();
    this.#feed = undefined;
    this.#version++;
  }

  /**
   * The playlist of a track: the segments of the media, and where it goes on the next ones too.
   *
   * @param options `listed`: those that the playlist of the media lists
   * @returns undefined for a track that there is not
   */
  playlist(track: number, options: { readonly listed: readonly ListedSegment[]; readonly targetDurationSeconds: number; readonly isEnded: boolean }): string | undefined {
    if (!this.#tracks[track]) return undefined;
    const { targetDurationSeconds, isEnded } = options;
    const plannedMs = this.#plannedMs(targetDurationSeconds);
    const listed = options.listed.map((segment) => (segment.isComplete || isEnded ? segment : { ...segment, durationMs: plannedMs }));
    const last = listed.at(-1);
    for (let ahead = 1; last && !isEnded && ahead <= SEGMENTS_AHEAD; ahead++) {
      listed.push({ ...last, mediaSequence: last.mediaSequence + ahead, dateMs: last.dateMs + last.durationMs + (ahead - 1) * plannedMs, durationMs: plannedMs });
    }
    const lines = [
      ...['#EXTM3U', '#EXT-X-VERSION:9', `#EXT-X-TARGETDURATION:${targetDurationSeconds}`],
      ...[`#EXT-X-MEDIA-SEQUENCE:${listed[0]?.mediaSequence ?? 0}`, `#EXT-X-DISCONTINUITY-SEQUENCE:${listed[0]?.epoch ?? 0}`],
    ];
    for (const [index, { epoch, mediaSequence, dateMs, durationMs }] of listed.entries()) {
      for (let passed = listed[index - 1]?.epoch ?? epoch; passed < epoch; passed++) lines.push('#EXT-X-DISCONTINUITY');
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${isoDate(dateMs)}`, `#EXTINF:${(durationMs / 1000).toFixed(3)},`, STREAM_PATHS.captionsSegment(epoch, mediaSequence));
    }
    if (isEnded) lines.push('#EXT-X-ENDLIST');
    return `${lines.join('\n')}\n`;
  }

  /** The WebVTT of a segment, without a word for one that was before there were captions; undefined for a track that there is not, and for what is too far ahead. */
  segment(track: number, place: { readonly epoch: number; readonly mediaSequence: number }, targetDurationSeconds: number): string | undefined {
    if (!this.#tracks[track]) return undefined;
    const plannedMs = this.#plannedMs(targetDurationSeconds);
    const last = this.#segments.at(-1);
    const ahead = last ? place.mediaSequence - last.mediaSequence : 0;
    if (ahead > SEGMENTS_AHEAD) return undefined;
    const found = ahead > 0 ? last : this.#segments.find(({ mediaSequence }) => mediaSequence === place.mediaSequence);
    if (found?.epoch !== place.epoch) return writeCues([]);
    const startMs = found.mediaStartMs + Math.max(0, ahead) * plannedMs;
    const endMs = startMs + (found.isComplete && ahead <= 0 ? found.durationMs : plannedMs);
    const cues = this.#cues.filter((cue) => cue.track === track && cue.epoch === found.epoch && cue.startMs < endMs && Math.max(cue.endMs, cue.knownAtMs + 1) > startMs);
    return writeCues(cues.sort(byStart), [timestampMap(startMs, startMs)]);
  }

  /** What is shown in a stretch of {@link SLOT_MS}; undefined for a track that there is not. */
  slot(track: number, slot: number): CaptionSlot | undefined {
    if (!this.#tracks[track]) return undefined;
    const [fromMs, toMs] = [slot * SLOT_MS, (slot + 1) * SLOT_MS];
    const cues = this.#cues.filter((cue) => cue.track === track).map((cue) => this.#dated(cue));
    const last = this.#segments.at(-1);
    const isWhole = last !== undefined && (toMs + SETTLED_MS <= last.dateMs + last.durationMs || this.#feed === undefined);
    const told = cues.filter((cue) => cue.startMs < toMs && cue.endMs > fromMs).sort(byStart);
    return { isWhole, cues: told.map(({ startMs, endMs, text }) => ({ startMs, endMs, text })) };
  }

  #take({ epoch, mediaStartMs, durationMs }: Segment): void {
    const taken = this.#feed?.take(mediaStartMs + durationMs + AHEAD_MS) ?? [];
    this.#follow(this.#feed?.tracks ?? []);
    const cues = taken.filter(({ track }) => this.#tracks[track] !== undefined).map((cue) => ({ ...cue, epoch, knownAtMs: mediaStartMs }));
    if (cues.length > 0) this.#version++;
    this.#cues.push(...cues);
    this.#coming.push(...cues);
    if (this.#cues.length > MAX_CUES) this.#cues = this.#cues.slice(-MAX_CUES);
    if (this.#coming.length > MAX_CUES) this.#coming = this.#coming.slice(-MAX_CUES);
  }

  /** A session that brings none, or does not know yet, leaves what there was. */
  #follow(brought: readonly CaptionTrack[]): void {
    const tracks = brought.map(({ language, name }) => ({ language, name }));
    if (tracks.length === 0 || JSON.stringify(tracks) === JSON.stringify(this.#tracks)) return;
    this.#tracks = tracks;
    this.#cues = [];
    this.#coming = [];
    this.#version++;
    for (const { tracksChanged } of this.#listeners) tracksChanged?.(this.#tracks);
  }

  /** What an epoch did not get to was never shown. */
  #cutEpoch({ epoch, mediaStartMs, durationMs }: Segment): void {
    const endMs = Math.round(mediaStartMs + durationMs);
    const cut = (cues: readonly EpochCue[]): EpochCue[] =>
      cues.flatMap((cue) => {
        if (cue.epoch !== epoch || cue.endMs <= endMs) return cue;
        return cue.startMs < endMs ? { ...cue, endMs } : [];
      });
    this.#cues = cut(this.#cues);
    this.#coming = cut(this.#coming);
  }

  #tellPassed(): void {
    const last = this.#segments.at(-1);
    if (!last || this.#coming.length === 0) return;
    const isPassed = (cue: EpochCue): boolean => cue.epoch !== last.epoch || cue.startMs < last.mediaStartMs + last.durationMs;
    const passed = this.#coming.filter(isPassed).map((cue) => ({ track: cue.track, mediaMs: cue.startMs, ...this.#dated(cue) }));
    this.#coming = this.#coming.filter((cue) => !isPassed(cue));
    if (passed.length > 0) for (const { cuesPassed } of this.#listeners) cuesPassed?.(passed);
  }

  #trim(keptFromMs: number): void {
    // One that its session did not finish goes too; the newest grows.
    const kept = this.#segments.findIndex(({ dateMs, durationMs }, index) => index === this.#segments.length - 1 || dateMs + durationMs > keptFromMs);
    if (kept <= 0) return;
    this.#segments.splice(0, kept);
    const first = this.#segments[0];
    if (first) this.#cues = this.#cues.filter(({ epoch, endMs }) => epoch > first.epoch || (epoch === first.epoch && endMs > first.mediaStartMs));
  }

  #dated({ epoch, startMs, endMs, text }: EpochCue): TextCue {
    const segment = this.#segmentAt(epoch, startMs);
    const offsetMs = segment ? segment.dateMs - segment.mediaStartMs : 0;
    return { startMs: Math.round(startMs + offsetMs), endMs: Math.round(endMs + offsetMs), text };
  }

  /** The segment of an epoch that a media time is in, or the nearest to it. */
  #segmentAt(epoch: number, mediaMs: number): Segment | undefined {
    let [low, high] = [0, this.#segments.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const segment = this.#segments[middle];
      if (segment && (segment.epoch < epoch || (segment.epoch === epoch && segment.mediaStartMs <= mediaMs))) low = middle + 1;
      else high = middle;
    }
    const before = this.#segments[low - 1];
    return before?.epoch === epoch ? before : this.#segments[low];
  }

  /** How long a segment is that is not whole yet. */
  #plannedMs(targetDurationSeconds: number): number {
    return this.#segments.findLast(({ isComplete }) => isComplete)?.durationMs ?? targetDurationSeconds * 1000;
  }
}

function byStart(some: { readonly startMs: number }, other: { readonly startMs: number }): number {
  return some.startMs - other.startMs;
}
