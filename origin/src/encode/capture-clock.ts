/** A part as far as the capture clock cares: its place in the session, and when it came. */
export type TimedPart = {
  /** Time of its first frame since the session began. */
  readonly decodeTimeUs: number;
  readonly durationUs: number;
  /** Wall clock when its last byte came, ms since the Unix epoch. */
  readonly arrivedAtMs: number;
};

/** What the offset is the least of: long enough to contain an undisturbed part, short enough to follow a drifting source. */
const WINDOW_MS = 30_000;
/** How much of a part's duration its date may be moved by: dates stay smooth, and still follow a drifting clock. */
const SLEW_RATIO = 0.05;
/** The same while a session is young: its first parts come late, by what ffmpeg took to start. */
const YOUNG_SLEW_RATIO = 0.5;
const YOUNG_MS = 3000;

/**
 * Dates parts: the wall clock at which a part's first frame was captured (EXT-X-PROGRAM-DATE-TIME).
 *
 * A part cannot come before its last frame, but can come late. So the true distance between the media
 * clock and the wall clock is the least that was seen, and what lies above is jitter. Dates follow it
 * slowly, never run backwards, and continue where the last session stopped at the earliest.
 */
export class CaptureClock {
  #observed: { readonly decodeTimeMs: number; readonly offsetMs: number }[] = [];
  #offsetMs: number | undefined;
  #firstTimeMs: number | undefined;
  #lastEndMs = Number.NEGATIVE_INFINITY;

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
    const offsetMs = part.arrivedAtMs - decodeTimeMs - durationMs;
    this.#observed = this.#observed.filter((seen) => seen.decodeTimeMs > decodeTimeMs - WINDOW_MS);
    this.#observed.push({ decodeTimeMs, offsetMs });
    let leastMs = offsetMs;
    for (const seen of this.#observed) leastMs = Math.min(leastMs, seen.offsetMs);

    const previousMs = this.#offsetMs ?? leastMs;
    this.#firstTimeMs ??= decodeTimeMs;
    const slewMs = durationMs * (decodeTimeMs - this.#firstTimeMs < YOUNG_MS ? YOUNG_SLEW_RATIO : SLEW_RATIO);
    this.#offsetMs = previousMs + Math.max(-slewMs, Math.min(slewMs, leastMs - previousMs));
    const dateMs = Math.max(Math.round(decodeTimeMs + this.#offsetMs), this.#lastEndMs);
    // Half of the duration leaves the slewing room, and still no date is ever taken back.
    this.#lastEndMs = dateMs + Math.floor(durationMs / 2);
    return dateMs;
  }
}
