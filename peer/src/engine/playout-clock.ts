import type { ChunkHeader } from '@p2ptv/protocol';
import type { EngineOptions } from './engine-options.js';
import type { PlaybackPosition } from './viewer-input.js';

/** A publisher is late once all that is newly heard of has ended behind the playhead for so long, ms: after an outage what was missed comes first. */
const LATE_PUBLISHER_MS = 500;
/** Behind a late publisher's newest part a player that stands is taken to be by no less, ms: its next part has so long to come. */
const LATE_PUBLISHER_SLACK_MS = 1_000;

/** Turns playhead reports into deadlines. (SPEC SC1–SC3, PT6) */
export class PlayoutClock {
  readonly #options: EngineOptions;
  #start: { readonly atMs: number; readonly firstDateMs: number } | undefined;
  /** Of a recording: when playback was last sent to another place. */
  #soughtAtMs: number | undefined;
  #isUnhurried = false;
  #anchor: { readonly atMs: number; readonly position: PlaybackPosition } | undefined;
  /** Since when the player means to play and does not. */
  #standsSinceMs: number | undefined;
  /** Since when all that is newly heard of ends before where a player that stands is taken to be. */
  #behindSinceMs: number | undefined;
  /** Where the newest part that is known ends, as a program date-time, ms. */
  #edgeMs = -Infinity;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Playback is about to begin with a part of that date, at that time if it can. */
  begin(atMs: number, firstDateMs: number): void {
    this.#start ??= { atMs, firstDateMs };
  }

  /**
   * A recording: playback goes on with a part of that date as soon as it can. From now on deadlines run ahead of the
   * playhead more and more, up to a reserve, so that a hiccup of the origin's is not seen.
   */
  seek(nowMs: number, firstDateMs: number): void {
    this.#forgetPosition();
    this.#soughtAtMs = nowMs;
    this.#start = { atMs: nowMs, firstDateMs };
  }

  /** Nothing is played: no chunk has a deadline. */
  stop(): void {
    this.restart();
    this.#isUnhurried = true;
  }

  /** True while nothing is played, and nobody waits. */
  get isUnhurried(): boolean {
    return this.#isUnhurried;
  }

  /** Another stream of parts is played from now on: what was known of the playhead says nothing of it. */
  restart(): void {
    this.#isUnhurried = false;
    this.#start = undefined;
    this.#soughtAtMs = undefined;
    this.#forgetPosition();
  }

  #forgetPosition(): void {
    this.#anchor = undefined;
    this.#standsSinceMs = undefined;
    this.#behindSinceMs = undefined;
  }

  /** Notes where playback stands; a position that is no number, as media elements give before they know, says nothing. */
  report(nowMs: number, position: PlaybackPosition): void {
    if (!Number.isFinite(position.playheadMs) || !Number.isFinite(position.rate)) return;
    const isStanding = this.#anchor !== undefined && position.rate > 0 && position.playheadMs === this.#anchor.position.playheadMs;
    this.#standsSinceMs = isStanding ? (this.#standsSinceMs ?? this.#anchor?.atMs) : undefined;
    if (!isStanding) this.#behindSinceMs = undefined;
    this.#anchor = { atMs: nowMs, position };
  }

  /** A newer part is heard of than any before, and where it ends, as a program date-time, ms. */
  edgeMoved(nowMs: number, edgeMs: number): void {
    this.#edgeMs = edgeMs;
    const runsAtMs = this.#runsAtMs(nowMs);
    const isBehind = this.#standsSinceMs !== undefined && runsAtMs !== undefined && edgeMs < runsAtMs;
    this.#behindSinceMs = isBehind ? (this.#behindSinceMs ?? nowMs) : undefined;
  }

  /**
   * The playhead now, as a program date-time, ms; undefined until the player reported one. A player that stands, and
   * says nothing more, is taken to run on: its place near the edge moves. Where the publisher is late, by a pause or
   * because it encodes more slowly than is watched, the edge moves less, and no place is ahead of it. (SPEC PT6)
   */
  playheadMs(nowMs: number): number | undefined {
    const runsAtMs = this.#runsAtMs(nowMs);
    if (!this.#anchor || runsAtMs === undefined) return undefined;
    if (this.#behindSinceMs === undefined || nowMs < this.#behindSinceMs + LATE_PUBLISHER_MS) return runsAtMs;
    return Math.min(runsAtMs, Math.max(this.#anchor.position.playheadMs, this.#edgeMs - LATE_PUBLISHER_SLACK_MS));
  }

  #runsAtMs(nowMs: number): number | undefined {
    if (!this.#anchor) return undefined;
    const { atMs, position } = this.#anchor;
    return position.playheadMs + (nowMs - atMs) * position.rate;
  }

  /** Where the player said last that it is: in a long stall it stands there, while {@link playheadMs} runs on. */
  get reportedMs(): number | undefined {
    return this.#anchor?.position.playheadMs;
  }

  /** Of a recording: where the segment begins that is played, as a program date-time, ms; undefined: the player has not said. */
  get segmentMs(): number | undefined {
    const segmentMs = this.#anchor?.position.segmentMs;
    return Number.isFinite(segmentMs) ? segmentMs : undefined;
  }

  /** Since when the player has waited for media, in the engine's time, ms; undefined while it plays, or is paused. */
  get standsSinceMs(): number | undefined {
    return this.#standsSinceMs;
  }

  /** When the playhead is at a date, in the engine's time, ms; Infinity while it stands, or before it is known. */
  reachesMs(nowMs: number, dateMs: number): number {
    const playheadMs = this.playheadMs(nowMs);
    const rate = this.#anchor?.position.rate ?? 0;
    return playheadMs === undefined || rate <= 0 ? Infinity : nowMs + (dateMs - playheadMs) / rate;
  }

  /**
   * When the last byte of a chunk must be verified, in the engine's time, ms: when the playhead
   * will reach its first frame, less the append margin.
   */
  deadlineMs(nowMs: number, chunk: { readonly header: ChunkHeader; readonly acceptedAtMs: number }): number {
    if (this.#isUnhurried) return Infinity;
    const playheadMs = this.playheadMs(nowMs);
    const { appendMarginMs, assumedSlackMs } = this.#options.scheduler;
    if (playheadMs === undefined) {
      if (this.#soughtAtMs !== undefined && this.#start) {
        return this.#soughtAtMs + chunk.header.programDateTimeMs - this.#start.firstDateMs;
      }
      const slackAtMs = chunk.acceptedAtMs + assumedSlackMs;
      if (!this.#start) return slackAtMs;
      // The first parts are wanted at once, each later one only when those before it have been played.
      return Math.max(slackAtMs, this.#start.atMs + chunk.header.programDateTimeMs - this.#start.firstDateMs);
    }
    const rate = this.#anchor?.position.rate ?? 1;
    // While paused the distance stays; it is taken at normal speed so that resuming finds the media there.
    return nowMs + (chunk.header.programDateTimeMs - playheadMs) / (rate > 0 ? rate : 1) - appendMarginMs - this.#reserveMs(nowMs);
  }

  /** What an origin that is asked in time is asked too soon by, ms. */
  #reserveMs(nowMs: number): number {
    if (this.#soughtAtMs === undefined) return 0;
    const { reserveMs, reserveGrowth } = this.#options.onDemand;
    return Math.min(reserveMs, (nowMs - this.#soughtAtMs) * reserveGrowth);
  }
}
