import type { CaptionTrack } from '@p2ptv/protocol';

import type { TextCue } from './text-cue.js';

/** A cue, and which of its input's tracks it is of. */
export type TrackCue = TextCue & { readonly track: number };

/** The captions that are text of one encoder session's input. */
export interface FeedCaptions {
  /** None while it is not known whether there are some. */
  readonly tracks: readonly CaptionTrack[];
  /**
   * The cues that begin before a time of the session, as far as they are known, each once.
   *
   * @param untilMs media time of the session; rises from call to call
   */
  take(untilMs: number): readonly TrackCue[];
}

/** Addresses have one digit for them. */
export const MAX_TRACKS = 8;
