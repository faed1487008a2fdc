/** What playback has been like since it was attached. */
export type PlaybackFigures = {
  /** Stops of the picture for want of data after it had started. */
  readonly stalls: number;
  readonly stalledMs: number;
  /** Time in which the picture should have moved. */
  readonly playingMs: number;
  /** Time of it at a rate other than 1. */
  readonly rateChangedMs: number;
};

/** Counts stalls and the time that is played, whatever is played. Times are handed in, ms. */
export class PlaybackMeter {
  readonly #figures = { stalls: 0, stalledMs: 0, playingMs: 0, rateChangedMs: 0 };
  #stalledSinceMs: number | undefined;
  #tickedAtMs: number | undefined;

  /** When the stall began that lasts. */
  get stalledSinceMs(): number | undefined {
    return this.#stalledSinceMs;
  }

  /** The picture stops; false when it stood already. */
  stalled(nowMs: number): boolean {
    if (this.#stalledSinceMs !== undefined) return false;
    this.#stalledSinceMs = nowMs;
    this.#figures.stalls++;
    return true;
  }

  /** It moves again, or is not to move; how long it stood, ms. */
  ended(nowMs: number): number | undefined {
    const sinceMs = this.#stalledSinceMs;
    if (sinceMs === undefined) return undefined;
    this.#stalledSinceMs = undefined;
    this.#figures.stalledMs += nowMs - sinceMs;
    return nowMs - sinceMs;
  }

  /** Counts the time since the last call. */
  tick(nowMs: number, media: Pick<HTMLMediaElement, 'paused' | 'playbackRate'>): void {
    const sinceMs = nowMs - (this.#tickedAtMs ?? nowMs);
    this.#tickedAtMs = nowMs;
    if (media.paused) return;
    this.#figures.playingMs += sinceMs;
    if (media.playbackRate !== 1) this.#figures.rateChangedMs += sinceMs;
  }

  figures(nowMs: number): PlaybackFigures {
    const sinceMs = this.#stalledSinceMs;
    return { ...this.#figures, stalledMs: this.#figures.stalledMs + (sinceMs === undefined ? 0 : nowMs - sinceMs) };
  }
}
