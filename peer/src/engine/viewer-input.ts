/** The viewer's say about serving others. */
export type UploadPolicy =
  | { readonly mode: 'on' }
  | { readonly mode: 'off' }
  /** Everything sent on links, control included, never exceeds this over any 2 s. */
  | { readonly mode: 'capped'; readonly bitsPerSecond: number };

/** Where playback stands; from it the engine derives each chunk's deadline. */
export type PlaybackPosition = {
  /** Program date-time of the playhead, ms since the Unix epoch. */
  readonly playheadMs: number;
  /** Current playback rate; 0 while paused. */
  readonly rate: number;
};
