/** What a player shows at one moment. */
export type PlaybackSample = {
  /** When it was taken, ms. */
  readonly atMs: number;
  /** `currentTime` of the video, ms. */
  readonly mediaMs: number;
  /** `playbackRate`; it holds until the next sample. */
  readonly rate: number;
  /** Paused or ended: nothing should move. */
  readonly isPaused: boolean;
  /** Whether the sample was taken because the browser said `waiting`. */
  readonly isWaiting: boolean;
};

/** One standstill. */
export type Stall = {
  /** When it began, in the samples' time, ms. */
  readonly atMs: number;
  readonly lengthMs: number;
};

/** What came of all samples so far. */
export type PlaybackFigures = {
  /** Time in which the picture should have moved, ms. */
  readonly playedMs: number;
  /** Times that it stood still though it should have moved. */
  readonly stalls: number;
  readonly stalledMs: number;
  /** Each of them, in order of time. */
  readonly stallLog: readonly Stall[];
  /** Time of `playedMs` at a rate other than 1, ms. */
  readonly rateChangedMs: number;
  /** Times that the rate changed, back to 1 included. */
  readonly rateChanges: number;
  /** Lowest and highest rate while the picture should have moved; 1 and 1 without any. */
  readonly leastRate: number;
  readonly mostRate: number;
  /** Jumps: media that were left out or shown again. */
  readonly skips: number;
  readonly skippedMs: number;
};

/** A standstill shorter than this is noise, unless the browser itself said `waiting`, ms. */
const LEAST_STALL_MS = 100;
/** Moving by less than this share of what it should have is standing still. */
const FROZEN_RATIO = 0.2;
/** Further from where it should be than this after one interval, ms: somebody has sought. */
const LEAST_SKIP_MS = 150;

/**
 * Watches whether the picture moves as it should, from samples of `currentTime` alone, so that the
 * same code judges every player. Samples come from a timer and from the element's events; one that
 * comes late is judged by how much time it lacks.
 */
export class StallDetector {
  #last: PlaybackSample | undefined;
  #playedMs = 0;
  #rateChangedMs = 0;
  #rateChanges = 0;
  #leastRate = 1;
  #mostRate = 1;
  readonly #stalls: Stall[] = [];
  #skips = 0;
  #skippedMs = 0;
  /** The standstill under way: how long so far, and whether it counts however short. */
  #frozenMs = 0;
  #frozenAtMs: number | undefined;
  #hasWaited = false;

  /** Takes the next sample; they come in order of time. */
  observe(sample: PlaybackSample): void {
    const last = this.#last;
    this.#last = sample;
    if (last && !last.isPaused) this.#judge(last, sample);
    if (sample.isWaiting && !sample.isPaused) this.#hasWaited = true;
    if (sample.isPaused) this.#thaw();
  }

  /** What came of the samples so far, a standstill under way included. */
  get figures(): PlaybackFigures {
    const current = this.#stall;
    const stallLog = current ? [...this.#stalls, current] : this.#stalls;
    return {
      playedMs: this.#playedMs,
      stalls: stallLog.length,
      stalledMs: stallLog.reduce((sum, { lengthMs }) => sum + lengthMs, 0),
      stallLog: [...stallLog],
      rateChangedMs: this.#rateChangedMs,
      rateChanges: this.#rateChanges,
      leastRate: this.#leastRate,
      mostRate: this.#mostRate,
      skips: this.#skips,
      skippedMs: this.#skippedMs,
    };
  }

  #judge(last: PlaybackSample, sample: PlaybackSample): void {
    const elapsedMs = sample.atMs - last.atMs;
    const movedMs = sample.mediaMs - last.mediaMs;
    const dueMs = elapsedMs * last.rate;
    this.#playedMs += elapsedMs;
    if (last.rate !== 1) this.#rateChangedMs += elapsedMs;
    if (sample.rate !== last.rate) this.#rateChanges++;
    this.#leastRate = Math.min(this.#leastRate, last.rate);
    this.#mostRate = Math.max(this.#mostRate, last.rate);
    if (movedMs > dueMs + LEAST_SKIP_MS || movedMs < -LEAST_SKIP_MS) {
      this.#skips++;
      this.#skippedMs += Math.abs(movedMs - dueMs);
      this.#thaw();
      return;
    }
    const lackingMs = elapsedMs - movedMs / last.rate;
    if (movedMs <= dueMs * FROZEN_RATIO || lackingMs >= LEAST_STALL_MS) {
      this.#frozenAtMs ??= last.atMs;
      this.#frozenMs += Math.max(0, lackingMs);
    } else {
      this.#thaw();
    }
  }

  /** The standstill under way, if it counts by now. */
  get #stall(): Stall | undefined {
    const isLong = this.#frozenMs >= LEAST_STALL_MS || (this.#hasWaited && this.#frozenMs > 0);
    return this.#frozenAtMs !== undefined && isLong ? { atMs: this.#frozenAtMs, lengthMs: this.#frozenMs } : undefined;
  }

  #thaw(): void {
    const ended = this.#stall;
    if (ended) this.#stalls.push(ended);
    this.#frozenAtMs = undefined;
    this.#frozenMs = 0;
    this.#hasWaited = false;
  }
}
