import type { MediaTimeline, TimelinePosition } from './media-timeline.js';

/** What a client asks of a media playlist (RFC 8216bis section 6.2.5). */
export type DeliveryDirectives = {
  /** Answer only when this is in the playlist. */
  readonly position?: TimelinePosition;
  /** Leave out old segments (delta update). */
  readonly isSkipWanted: boolean;
};

/** A query that must be answered with 400, and why. */
export type DirectiveProblem = { readonly problem: string };

const WHOLE_NUMBER = /^\d{1,10}$/;

/**
 * Reads `_HLS_msn`, `_HLS_part` and `_HLS_skip`.
 *
 * @param query decoded query parameters; unknown ones are ignored, and so are unknown values of `_HLS_skip`
 */
export function parseDeliveryDirectives(
  query: Readonly<Record<string, string | undefined>>,
): DeliveryDirectives | DirectiveProblem {
  const { _HLS_msn: msn, _HLS_part: part, _HLS_skip: skip } = query;
  const isSkipWanted = skip === 'YES' || skip === 'v2';
  if (msn === undefined) {
    return part === undefined ? { isSkipWanted } : { problem: '_HLS_part needs _HLS_msn.' };
  }
  if (!WHOLE_NUMBER.test(msn)) return { problem: '_HLS_msn must be a whole number.' };
  if (part === undefined) return { position: { mediaSequence: Number(msn) }, isSkipWanted };
  if (!WHOLE_NUMBER.test(part)) return { problem: '_HLS_part must be a whole number.' };
  return { position: { mediaSequence: Number(msn), partIndex: Number(part) }, isSkipWanted };
}

/**
 * True when a request lies so far ahead that it must be refused rather than kept waiting (RFC
 * 8216bis section 6.2.5.2): more than two segments beyond the last complete one, or in the newest
 * segment more parts beyond the last than the advance part limit. In a later segment no part index
 * is too large: with that segment's end it is answered, as a request for the next one's first part.
 */
export function isTooFarAhead(
  timeline: MediaTimeline,
  position: TimelinePosition,
  partTargetMs: number,
): boolean {
  const newest = timeline.segments.at(-1);
  if (!newest) return false;
  const lastComplete = newest.isComplete ? newest.mediaSequence : newest.mediaSequence - 1;
  if (position.mediaSequence > lastComplete + 2) return true;
  const advancePartLimit = partTargetMs < 1000 ? Math.ceil(3000 / partTargetMs) : 3;
  return (
    position.mediaSequence === newest.mediaSequence &&
    position.partIndex !== undefined &&
    position.partIndex > newest.parts.length - 1 + advancePartLimit
  );
}
