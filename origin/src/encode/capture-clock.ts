/** A part as far as the capture clock cares: its place in the session, and when it came. */
export type TimedPart = {
  /** Time of its first frame since the session began. */
  readonly decodeTimeUs: number;
  readonly durationUs: number;
  /** 0: it is all sound. */
  readonly videoFrameCount: number;
  /** Wall clock when its last byte came, ms since the Unix epoch. */
  readonly arrivedAtMs: number;
};

/** What the offset is the least of: long enough to contain an undisturbed part, short enough to follow a drifting source. */
const WINDOW_MS = 30_000;
/** How much of a part's duration its date may be moved by: dates stay smooth, and still follow a drifting clock. */
const SLEW_RATIO = 0.05;
/** So long a session is young, and its date is corrected at once: its first parts come late, by what ffmpeg took to start. */
const YOUNG_MS = 3000;
/** What a date is later than the one before at the least, as a share of a part's duration. */
const LEAST_STEP_RATIO = 0.1;

/**
 * Dates parts: the wall clock at which a part's first frame was captured (EXT-X-PROGRAM-DATE-TIME).
 *
 * A part cannot come before its last frame, but can come late. So the true distance between the media
 * clock and the wall clock is the least that was seen, and what lies above is jitter. Dates follow it
 * slowly and never run backwards, not even from one session to the next.
 */
export class CaptureClock {
  #observed: { readonly decodeTimeMs: number; readonly offsetMs: number }[] = [];
  #offsetMs: number | undefined;
  #firstTimeMs: number | undefined;
  #leastMs = Number.NEGATIVE_INFINITY;

  /** A new session: its media clock begins anew. */
  restart(): void {
    this.#observed = [];
    this.#offsetMs = undefined;
    this.#firstTimeMs = undefined;
  }

  /**
   * The date of the next part; call it once a part, in order.
   *
   * @returns whole ms since the Unix epoch
   */
  date(part: TimedPart): number {
    const decodeTimeMs = part.decodeTimeUs / 1000;
    const durationMs = part.durationUs / 1000;
    // The last frame is captured at the beginning of its duration, and can be here that much before the part's end.
    // Sound is captured for as long as it lasts.
    const lastFrameRatio = part.videoFrameCount === 0 ? 1 : (part.videoFrameCount - 1) / part.videoFrameCount;
    const lastFrameMs = decodeTimeMs + durationMs * lastFrameRatio;
    const offsetMs = part.arrivedAtMs - lastFrameMs;
    this.#observed = this.#observed.filter((seen) => seen.decodeTimeMs > decodeTimeMs - WINDOW_MS);
    this.#observed.push({ decodeTimeMs, offsetMs });
    let leastMs = offsetMs;
    for (const seen of this.#observed) leastMs = Math.min(leastMs, seen.offsetMs);

    const previousMs = this.#offsetMs ?? leastMs;
    this.#firstTimeMs ??= decodeTimeMs;
    const slewMs = decodeTimeMs - this.#firstTimeMs < YOUNG_MS ? Infinity : durationMs * SLEW_RATIO;
    this.#offsetMs = previousMs + Math.max(-slewMs, Math.min(slewMs, leastMs - previousMs));
    const dateMs = Math.max(Math.round(decodeTimeMs + this.#offsetMs), this.#leastMs);
    this.#leastMs = dateMs + Math.ceil(durationMs * LEAST_STEP_RATIO);
    return dateMs;
  }
}
