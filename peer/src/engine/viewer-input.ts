import type { RenditionId } from '@p2ptv/protocol';

/** The viewer's say about serving others. */
export type UploadPolicy =
  | { readonly mode: 'on' }
  | { readonly mode: 'off' }
  /** Everything sent on links, control included, never exceeds this over any 2 s. */
  | { readonly mode: 'capped'; readonly bitsPerSecond: number };

/** One of a stream's renditions, and its rate, media bits a second. */
export type Rung = { readonly rendition: RenditionId; readonly bitsPerSecond: number };

/** The viewer's say about quality. */
export type QualityChoice =
  /** The engine's own rule chooses among these. */
  | { readonly mode: 'auto'; readonly ladder: readonly Rung[] }
  /** This one, as soon as one can change over to it. */
  | { readonly mode: 'pinned'; readonly rendition: RenditionId };

/** Which rendition to follow from now on. */
export type FollowWish = {
  readonly rendition: RenditionId;
  /** The one that is watched does not arrive in time: the next begins as early as it can, not at the live edge. */
  readonly isUrgent: boolean;
};

/** Where playback stands; from it the engine derives each chunk's deadline. */
export type PlaybackPosition = {
  /** Program date-time of the playhead, ms since the Unix epoch. */
  readonly playheadMs: number;
  /**
   * Of a recording: program date-time of the segment that the playhead is in, ms since the Unix epoch. A player by segments needs
   * all of that, whatever the dates of its parts. Default: what ends before the playhead is not needed.
   */
  readonly segmentMs?: number;
  /** Current playback rate; 0 while paused. */
  readonly rate: number;
};
