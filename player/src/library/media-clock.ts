import type { Fragment, LevelDetails } from 'hls.js';

/** Program date-times of a place and of the segment that it is in, ms since the Unix epoch. */
export type DatedPlace = { readonly dateMs: number; readonly segmentMs: number };

/** Program date-time of a media time (`video.currentTime`, s), ms since the Unix epoch. */
export function programDateTimeAt(details: LevelDetails, mediaTime: number): number | undefined {
  return placeAt(details, mediaTime)?.dateMs;
}

/** The same, with the segment, which the date alone does not tell: where the publisher corrects its clock, the dates of two overlap. */
export function placeAt(details: LevelDetails, mediaTime: number): DatedPlace | undefined {
  const fragment = nearest(details, (candidate) => candidate.start <= mediaTime);
  const segmentMs = fragment?.programDateTime ?? undefined;
  if (!fragment || segmentMs === undefined) return undefined;
  return { dateMs: segmentMs + (mediaTime - fragment.start) * 1000, segmentMs };
}

/** Media time of a program date-time; the inverse of {@link programDateTimeAt}. */
export function mediaTimeAt(details: LevelDetails, programDateTimeMs: number): number | undefined {
  const fragment = nearest(details, ({ programDateTime }) => (programDateTime ?? Infinity) <= programDateTimeMs);
  const startMs = fragment?.programDateTime ?? undefined;
  if (!fragment || startMs === undefined) return undefined;
  return fragment.start + (programDateTimeMs - startMs) / 1000;
}

/** Media ahead of a media time without a hole, ms. */
export function bufferedAheadMs(buffered: TimeRanges, mediaTime: number): number {
  for (let index = 0; index < buffered.length; index++) {
    // A frame's rounding between what was asked for and what is buffered.
    if (buffered.start(index) - 0.05 <= mediaTime && mediaTime < buffered.end(index)) {
      return (buffered.end(index) - mediaTime) * 1000;
    }
  }
  return 0;
}

/** The newest fragment that passes; the oldest when none does, for times just before the window. */
function nearest(details: LevelDetails, passes: (fragment: Fragment) => boolean): Fragment | undefined {
  const hint = details.fragmentHint;
  if (hint && passes(hint)) return hint;
  return details.fragments.findLast(passes) ?? details.fragments[0];
}
