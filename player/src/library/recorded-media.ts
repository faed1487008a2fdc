import { renderRecordingPlaylist, type ChunkSequence, type RecordedSegment, type RenditionId, type StreamRecord } from '@p2ptv/protocol';
import type { PeerSession, RecordedList } from '@p2ptv/peer';
import type { DatedPlace } from './media-clock.js';

type SessionPart = Pick<PeerSession, 'listRecorded' | 'read' | 'seek' | 'setPlayback'>;

/** What the parts of a recording need of their surroundings. */
export type RecordedMediaRuntime = {
  readonly session: SessionPart;
  readonly rendition: RenditionId;
  /** Where the picture stands, or is to go on; undefined: unknown. */
  readonly picture: () => DatedPlace | undefined;
  /** Called when there is something new to answer with. */
  readonly changed: () => void;
  /** Calls back later, unless it is withdrawn. */
  readonly later: (ms: number, run: () => void) => () => void;
};

/** The engine wants all that begins so soon after the playhead (SPEC OD3), ms: a segment there needs no seek. */
const WINDOW_MS = 10_000;
/** After a list could not be had it is asked for again, ms. */
const RETRY_MS = 1_000;
/** A list that still grows is asked for again before it is this old, ms: a segment's length. */
const REFRESH_MS = 2_000;

/**
 * What is kept of one rendition, for a player that asks by segments: its list, and the parts of a segment in their order
 * as they are verified. Whatever the player asks for where the engine does not look, the engine is sent to.
 */
export class RecordedMedia {
  readonly #runtime: RecordedMediaRuntime;
  #list: RecordedList | undefined;
  readonly #byNumber = new Map<number, RecordedSegment>();
  /** Where the engine's window begins, and the playhead that it goes by: program date-times, ms. */
  #windowFromMs = -Infinity;
  #positionMs = -Infinity;
  #withdraw: (() => void) | undefined;
  #isClosed = false;
  #toldListed: () => void = () => undefined;
  /** Resolves when it is known what there is. */
  readonly listed = new Promise<void>((resolve) => (this.#toldListed = resolve));

  constructor(runtime: RecordedMediaRuntime) {
    this.#runtime = runtime;
    this.#ask();
  }

  get rendition(): RenditionId {
    return this.#runtime.rendition;
  }

  /** In playing order; undefined until the origin has told. */
  get segments(): readonly RecordedSegment[] | undefined {
    return this.#list?.segments;
  }

  /** The media playlist; undefined until the origin has told what there is. */
  playlist(record: StreamRecord): string | undefined {
    if (!this.#list || this.#list.segments.length === 0) return undefined;
    return renderRecordingPlaylist(this.#list.segments, { targetDurationSeconds: record.targetDurationSeconds, isEnded: this.#list.isEnded });
  }

  /** The segment of a number; undefined for one that is not listed. */
  find(epoch: number, mediaSequence: number): RecordedSegment | undefined {
    const segment = this.#byNumber.get(mediaSequence);
    return segment?.epoch === epoch ? segment : undefined;
  }

  /** The player asks for a segment: the engine is to bring it. */
  wanted(segment: RecordedSegment): void {
    const startMs = segment.programDateTimeMs;
    const picture = this.#runtime.picture();
    const pictureMs = picture?.segmentMs === startMs && picture.dateMs > startMs ? picture.dateMs : undefined;
    const isSoon = startMs >= this.#windowFromMs - 1 && startMs <= this.#positionMs + WINDOW_MS;
    // The picture waits for what it is inside of: the engine would bring that in time for a playhead that comes to it.
    if ((isSoon && pictureMs === undefined) || this.#isHeld(segment)) return;
    this.#positionMs = pictureMs ?? startMs;
    this.#windowFromMs = startMs;
    // With its very first part: the list's date may be off by more than what lies between the dates of two parts.
    const sequence = segment.sequence as ChunkSequence;
    this.#runtime.session.seek({ dateMs: startMs, sequence, rendition: this.rendition, ...(pictureMs === undefined ? {} : { pictureMs }) });
  }

  /** A part's bytes, by its place in a segment; undefined until it is verified. */
  readPart({ sequence }: RecordedSegment, index: number): Uint8Array<ArrayBuffer> | undefined {
    return this.#runtime.session.read({ rendition: this.rendition, sequence: (sequence + index) as ChunkSequence });
  }

  /** The player has moved. */
  moved({ dateMs, segmentMs }: DatedPlace, rate: number): void {
    this.#positionMs = dateMs;
    this.#windowFromMs = segmentMs;
    this.#runtime.session.setPlayback({ playheadMs: dateMs, segmentMs, rate });
  }

  /** Seconds from the beginning to a program date-time, as the player counts; within what there is. */
  mediaTimeAt(dateMs: number): number {
    let beforeUs = 0;
    for (const { programDateTimeMs, durationUs } of this.#list?.segments ?? []) {
      if (dateMs < programDateTimeMs) break;
      if (dateMs < programDateTimeMs + durationUs / 1000) return beforeUs / 1e6 + (dateMs - programDateTimeMs) / 1000;
      beforeUs += durationUs;
    }
    return beforeUs / 1e6;
  }

  close(): void {
    this.#isClosed = true;
    this.#withdraw?.();
  }

  #ask(): void {
    this.#withdraw?.();
    const after = this.#list?.segments.at(-1)?.mediaSequence;
    this.#withdraw = this.#runtime.session.listRecorded(
      { rendition: this.rendition, ...(after === undefined ? {} : { after }) },
      {
        listed: (list) => this.#listed(list),
        failed: () => this.#askIn(RETRY_MS),
      },
    );
  }

  #askIn(ms: number): void {
    if (!this.#isClosed) this.#withdraw = this.#runtime.later(ms, () => this.#ask());
  }

  #listed(list: RecordedList): void {
    this.#list = { isEnded: list.isEnded, segments: [...(this.#list?.segments ?? []), ...list.segments] };
    for (const segment of list.segments) this.#byNumber.set(segment.mediaSequence, segment);
    if (!list.isEnded) this.#askIn(REFRESH_MS);
    this.#toldListed();
    this.#runtime.changed();
  }

  #isHeld(segment: RecordedSegment): boolean {
    for (let index = 0; index < segment.partCount; index++) if (!this.readPart(segment, index)) return false;
    return true;
  }
}
