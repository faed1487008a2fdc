import type { PlannedSeek } from '../scenarios/scenario.js';
import { outsideSeconds } from './buffered-distance.js';
import type { PlaybackProbe } from './playback-probe.js';

/** A frame so near to the wanted place is one of it, s: players may begin with the key frame before it. */
const NEAR_SECONDS = 0.5;
/** A place so far from all that is buffered has to be fetched, s: nearer to it, media may be under way already. */
const OUTSIDE_SECONDS = 2;

/** One seek that came to a picture. */
export type SeekReport = {
  /** From the seek until the element has said `seeked` and a frame of the place is painted, ms. */
  readonly tookMs: number;
  /** Nothing within 2 s of the place was buffered. */
  readonly isOutside: boolean;
};

/** Goes to other places of a recording, and measures how long the picture takes to follow. */
export class Seeker {
  readonly #video: HTMLVideoElement;
  readonly #probe: PlaybackProbe;
  readonly #done: SeekReport[] = [];
  readonly #timers: ReturnType<typeof setTimeout>[] = [];
  #leaveCurrent: (() => void) | undefined;

  /** @param probe is told not to take the time of a seek for a stall */
  constructor(video: HTMLVideoElement, probe: PlaybackProbe) {
    this.#video = video;
    this.#probe = probe;
  }

  /** In order; one under way, or left before it came to a picture, is not among them: who planned the seeks counts those. */
  get done(): readonly SeekReport[] {
    return this.#done;
  }

  /** Begins. @param sinceMs what the seeks' times count from, in the page's time, ms */
  start(seeks: readonly PlannedSeek[], sinceMs: number): void {
    for (const { atMs, toMs } of seeks) {
      this.#timers.push(setTimeout(() => this.#seek(toMs / 1000), Math.max(0, sinceMs + atMs - performance.now())));
    }
  }

  /** Ends it; a seek under way has come to no picture. */
  stop(): void {
    this.#leaveCurrent?.();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #seek(toSeconds: number): void {
    this.#leaveCurrent?.();
    const video = this.#video;
    const isOutside = outsideSeconds(rangesOf(video.buffered), toSeconds) >= OUTSIDE_SECONDS;
    const startedAtMs = performance.now();
    let seekedAtMs: number | undefined;
    let paintedAtMs: number | undefined;
    let frame = 0;
    const finish = (): void => {
      if (seekedAtMs === undefined || paintedAtMs === undefined) return;
      this.#leaveCurrent?.();
      this.#done.push({ tookMs: Math.max(seekedAtMs, paintedAtMs) - startedAtMs, isOutside });
      this.#probe.setSeeking(false);
    };
    const painted = (_nowMs: number, { mediaTime, presentationTime }: VideoFrameCallbackMetadata): void => {
      // The last frame of where it was may come after the seek.
      if (presentationTime >= startedAtMs && Math.abs(mediaTime - toSeconds) <= NEAR_SECONDS) paintedAtMs = presentationTime;
      else frame = video.requestVideoFrameCallback(painted);
      finish();
    };
    const seeked = (): void => {
      seekedAtMs = performance.now();
      finish();
    };
    this.#leaveCurrent = () => {
      video.removeEventListener('seeked', seeked);
      video.cancelVideoFrameCallback(frame);
    };
    this.#probe.setSeeking(true);
    video.addEventListener('seeked', seeked);
    frame = video.requestVideoFrameCallback(painted);
    video.currentTime = toSeconds;
  }
}

function rangesOf(buffered: TimeRanges): { from: number; to: number }[] {
  return Array.from({ length: buffered.length }, (_, index) => ({ from: buffered.start(index), to: buffered.end(index) }));
}
