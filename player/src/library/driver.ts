/** Who minds the playhead: at the live edge {@link PlaybackDriver}, in a recording {@link RecordingDriver}. */
export interface Driver {
  /** Takes the element that hls.js plays in. */
  attachMedia(media: HTMLMediaElement): void;
  /** Lets go of the element. */
  detachMedia(): void;
  /** The first frame has been painted. */
  started(): void;
  /** The page is shown again. */
  shown(): void;
  /** Program date-time of the playhead, ms since the Unix epoch; undefined before the first frame. */
  readonly playheadMs: number | undefined;
  /** Media ahead of the playhead, ms. */
  readonly bufferedMs: number;
}
