import type { ChunkHeader } from './chunk-header.js';

/** A segment as far as it is known. */
export type TimelineSegment = {
  readonly mediaSequence: number;
  readonly epoch: number;
  readonly parts: readonly ChunkHeader[];
  /** True once its last part is there; it is then listed as a segment, not only by its parts. */
  readonly isComplete: boolean;
  readonly durationUs: number;
};

type GrowingSegment = {
  mediaSequence: number;
  epoch: number;
  parts: ChunkHeader[];
  isComplete: boolean;
  durationUs: number;
};

/** A place in a live playlist: `_HLS_msn` and, where given, `_HLS_part`. */
export type TimelinePosition = { readonly mediaSequence: number; readonly partIndex?: number };

/**
 * The playlist writes one discontinuity for each epoch passed over, so that discontinuity sequence
 * numbers stay epochs (RFC 8216bis section 6.2.2). A larger step restarts the timeline: it bounds
 * the lines that one signed header can cause.
 */
const MAX_EPOCH_STEP = 16;

/** What became of an appended header. */
export type AppendResult = 'appended' | 'outOfOrder' | 'restarted';

/**
 * The parts of one rendition in play order, grouped into segments: what playlists are written
 * from, at the origin (all that was published) and in the viewer (all that is verified).
 *
 * Invariant: segments have consecutive media sequence numbers, and the parts of a segment
 * consecutive indices, from 0 in all but the first: a viewer's timeline may begin within a
 * segment, at an independent part. A header that continues neither (something was lost for good)
 * restarts the timeline, if it is independent.
 */
export class MediaTimeline {
  readonly #segments: GrowingSegment[] = [];

  /** Oldest first. */
  get segments(): readonly TimelineSegment[] {
    return this.#segments;
  }

  /** The newest part. */
  get last(): ChunkHeader | undefined {
    return this.#segments.at(-1)?.parts.at(-1);
  }

  /** Adds the next part. `outOfOrder`: it was not added, because it is old or fits nowhere. */
  append(header: ChunkHeader): AppendResult {
    const current = this.#segments.at(-1);
    if (!current) {
      if (!header.isIndependent) return 'outOfOrder';
      this.#open(header);
      return 'appended';
    }
    const last = current.parts.at(-1);
    if (last && header.sequence <= last.sequence) return 'outOfOrder';
    const continuesSegment =
      !current.isComplete &&
      header.mediaSequence === current.mediaSequence &&
      header.epoch === current.epoch &&
      header.partIndex === (last?.partIndex ?? -1) + 1;
    if (continuesSegment) {
      current.parts.push(header);
      current.durationUs += header.durationUs;
      current.isComplete = header.isSegmentLast;
      return 'appended';
    }
    if (!header.isIndependent) return 'outOfOrder';
    // A new epoch may cut a segment short; within an epoch only a finished one may be followed.
    const epochStep = header.epoch - current.epoch;
    const isNext =
      header.mediaSequence === current.mediaSequence + 1 &&
      header.partIndex === 0 &&
      epochStep >= 0 &&
      epochStep <= MAX_EPOCH_STEP;
    const isWhole = current.isComplete || epochStep > 0;
    if (isNext && isWhole) {
      current.isComplete = true;
      this.#open(header);
      return 'appended';
    }
    this.#segments.length = 0;
    this.#open(header);
    return 'restarted';
  }

  /**
   * Drops the oldest segments while at least `keepMs` of finished ones remain; returns those
   * dropped. The newest segment stays, whatever `keepMs`: sequence numbers go on from it.
   */
  trim(keepMs: number): TimelineSegment[] {
    let durationUs = this.#segments.reduce(
      (sum, segment) => sum + (segment.isComplete ? segment.durationUs : 0),
      0,
    );
    let count = 0;
    for (const segment of this.#segments.slice(0, -1)) {
      if (durationUs - segment.durationUs < keepMs * 1000) break;
      durationUs -= segment.durationUs;
      count++;
    }
    return this.#segments.splice(0, count);
  }

  /** The segment of that number, if it is still or already there. */
  segment(mediaSequence: number): TimelineSegment | undefined {
    const first = this.#segments[0];
    return first ? this.#segments[mediaSequence - first.mediaSequence] : undefined;
  }

  /**
   * True when a playlist written now answers a blocking request for the position (RFC 8216bis
   * section 6.2.5.2): the part is listed or, without a part, the whole segment. A part index
   * counts the parts as they are listed; beyond a finished segment it means the next segment's first.
   */
  contains(position: TimelinePosition): boolean {
    const newest = this.#segments.at(-1);
    if (!newest) return false;
    // Every older segment is finished, and whatever lies beyond its parts has begun with the next.
    if (position.mediaSequence < newest.mediaSequence) return true;
    if (position.mediaSequence > newest.mediaSequence) return false;
    if (position.partIndex === undefined) return newest.isComplete;
    return position.partIndex < newest.parts.length;
  }

  #open(header: ChunkHeader): void {
    this.#segments.push({
      mediaSequence: header.mediaSequence,
      epoch: header.epoch,
      parts: [header],
      isComplete: header.isSegmentLast,
      durationUs: header.durationUs,
    });
  }
}
