import type { PlaybackFigures } from '../../metrics/stall-detector.js';
import type { StartSystem, RunningSystem, StreamAddresses, SystemFigures } from '../systems/system.js';
import type { PlannedSeek } from '../scenarios/scenario.js';
import { ClockReader } from './clock-reader.js';
import { HeightLog, type ShownHeight } from './height-log.js';
import { PlaybackProbe } from './playback-probe.js';
import { Seeker, type SeekReport } from './seeker.js';

/** What one viewer shall do. */
export type ViewerPlan = {
  readonly system: string;
  readonly stream: StreamAddresses;
  /** How long it watches from the click on, ms. */
  readonly watchMs: number;
  /** Where it goes in a recording, and when, both in ms; undefined: the stream is live. */
  readonly seeks?: readonly PlannedSeek[];
};

/** What one viewer has seen so far; final once `isFinished`. */
export type ViewerReport = {
  /** Wall clock of the click, and of this report or of the end, ms. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly isFinished: boolean;
  /** From the click, or from the navigation, to the first frame painted, ms. */
  readonly startupMs: number | undefined;
  /** Ages of the frames shown, ms, by the clock in the picture. */
  readonly delaysMs: readonly number[];
  /** Frames whose clock could not be read, or read nonsense. */
  readonly invalidReads: number;
  readonly playback: PlaybackFigures;
  /** The seeks that came to a picture. */
  readonly seeks: readonly SeekReport[];
  /** Which renditions were on the screen, from when on after the click. */
  readonly heights: readonly ShownHeight[];
  readonly droppedFrames: number;
  readonly system: SystemFigures;
};

/** One viewer's watching, from the click to the end. */
export class Viewing {
  readonly #video: HTMLVideoElement;
  readonly #plan: ViewerPlan;
  readonly #clickedAtMs: number;
  readonly #clock: ClockReader;
  readonly #probe: PlaybackProbe;
  readonly #seeker: Seeker;
  readonly #heights: HeightLog;
  #system: RunningSystem | undefined;
  #startupMs: number | undefined;
  #final: ViewerReport | undefined;

  /** @param clickedAtMs the click's own time stamp, so that the way to its handler counts too; 0: the navigation */
  constructor(video: HTMLVideoElement, plan: ViewerPlan, clickedAtMs: number) {
    this.#video = video;
    this.#plan = plan;
    this.#clickedAtMs = clickedAtMs;
    this.#clock = new ClockReader(video);
    this.#probe = new PlaybackProbe(video);
    this.#seeker = new Seeker(video, this.#probe);
    this.#heights = new HeightLog(video);
  }

  /** Starts the system, and measures until the time is over. */
  begin(start: StartSystem): void {
    this.#video.requestVideoFrameCallback((_nowMs, { presentationTime }) => {
      this.#startupMs = presentationTime - this.#clickedAtMs;
      // What was recorded has an age, but no delay.
      if (!this.#plan.seeks) this.#clock.start();
      this.#probe.start();
      this.#heights.start();
      this.#seeker.start(this.#plan.seeks ?? [], this.#clickedAtMs);
    });
    this.#system = start(this.#video, this.#plan.stream);
    void this.#video.play().catch(() => undefined);
    setTimeout(() => this.#finish(), this.#clickedAtMs + this.#plan.watchMs - performance.now());
  }

  /** A snapshot. */
  report(): ViewerReport | undefined {
    return this.#final ?? this.#snapshot(false);
  }

  #finish(): void {
    this.#clock.stop();
    this.#seeker.stop();
    this.#heights.stop();
    this.#probe.stop();
    this.#final = this.#snapshot(true);
    this.#system?.stop();
  }

  #snapshot(isFinished: boolean): ViewerReport | undefined {
    if (!this.#system) return undefined;
    return {
      fromMs: performance.timeOrigin + this.#clickedAtMs,
      toMs: performance.timeOrigin + performance.now(),
      isFinished,
      startupMs: this.#startupMs,
      delaysMs: this.#clock.agesMs,
      invalidReads: this.#clock.invalidReads,
      playback: this.#probe.figures(this.#clickedAtMs),
      seeks: this.#seeker.done,
      heights: this.#heights.shown(this.#clickedAtMs),
      droppedFrames: this.#video.getVideoPlaybackQuality().droppedVideoFrames,
      system: this.#system.figures(),
    };
  }
}
