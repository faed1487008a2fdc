import { Unwrapper } from '../../sfu/sequence-number.js';
import type { SenderReport } from '../../sfu/sfu-port.js';

/** How much of a new report's news is believed at once: the times in reports shake by some ms. */
const REPORT_WEIGHT = 0.25;

/** Times of one track: RTP's ticks as ms without turns, and where they are in two other clocks. */
export class TrackClock {
  readonly #ticksPerMs: number;
  readonly #unwrapper = new Unwrapper(32);
  #arrivalOffsetMs: number | undefined;
  #wallOffsetMs: number | undefined;

  /** @param clockRate ticks a second */
  constructor(clockRate: number) {
    this.#ticksPerMs = clockRate / 1000;
  }

  /** Media time of a packet that came; the least delay that was seen says when it was sent, nearly. */
  timeMs(timestamp: number, arrivedAtMs: number): number {
    const timeMs = this.#unwrapper.unwrap(timestamp) / this.#ticksPerMs;
    const offsetMs = arrivedAtMs - timeMs;
    this.#arrivalOffsetMs = Math.min(this.#arrivalOffsetMs ?? offsetMs, offsetMs);
    return timeMs;
  }

  /** The sender says which moment of its clock a media time is. */
  report({ timestamp, wallMs }: SenderReport): void {
    const offsetMs = wallMs - this.#unwrapper.unwrap(timestamp) / this.#ticksPerMs;
    const before = this.#wallOffsetMs;
    this.#wallOffsetMs = before === undefined || Math.abs(offsetMs - before) > 1000 ? offsetMs : before + (offsetMs - before) * REPORT_WEIGHT;
  }

  /** Our clock less media time, by the packet that was the least late; ms. */
  get arrivalOffsetMs(): number | undefined {
    return this.#arrivalOffsetMs;
  }

  /** The sender's wall clock less media time, ms; undefined before its first report. */
  get wallOffsetMs(): number | undefined {
    return this.#wallOffsetMs;
  }
}

/** The most by which a frame's time is moved against the one before: no eye sees a tenth of a frame. */
const SLEW_MS = 3;

/**
 * Lays the picture beside the sound: the sound's media time is the clock, since a change of it would be
 * heard, and pictures move. Before the sender's reports have come, both are taken to be sent as captured.
 */
export class LipSync {
  readonly #video: TrackClock;
  readonly #audio: TrackClock;
  #shiftMs: number | undefined;
  #isByReports = false;

  constructor(video: TrackClock, audio: TrackClock) {
    this.#video = video;
    this.#audio = audio;
  }

  /** A picture's time on the sound's clock, ms; call it once a picture, in order. */
  place(videoTimeMs: number): number {
    const byReports = difference(this.#video.wallOffsetMs, this.#audio.wallOffsetMs);
    const target = byReports ?? difference(this.#video.arrivalOffsetMs, this.#audio.arrivalOffsetMs);
    if (target === undefined) return videoTimeMs + (this.#shiftMs ?? 0);
    const isFirst = byReports !== undefined && !this.#isByReports;
    this.#isByReports ||= byReports !== undefined;
    const before = this.#shiftMs;
    this.#shiftMs = before === undefined || isFirst ? target : before + Math.max(-SLEW_MS, Math.min(SLEW_MS, target - before));
    return videoTimeMs + this.#shiftMs;
  }
}

function difference(video: number | undefined, audio: number | undefined): number | undefined {
  return video === undefined || audio === undefined ? undefined : video - audio;
}
