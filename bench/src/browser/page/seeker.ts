import type { PlannedSeek } from '../scenarios/scenario.js';
import type { PlaybackProbe } from './playback-probe.js';

/** A frame so near to the wanted place is one of it, s: players may begin with the key frame before it. */
const NEAR_SECONDS = 0.5;

/** Goes to other places of a recording, and measures how long the picture takes to follow. */
export class Seeker {
  readonly #video: HTMLVideoElement;
  readonly #probe: PlaybackProbe;
  readonly #tookMs: number[] = [];
  readonly #timers: ReturnType<typeof setTimeout>[] = [];
  /** Counts up with each seek, so that frames of a place that was left mean nothing. */
  #current = 0;

  /** @param probe is told not to take the time of a seek for a stall */
  constructor(video: HTMLVideoElement, probe: PlaybackProbe) {
    this.#video = video;
    this.#probe = probe;
  }

  /** From each seek to the first frame of its place, ms; in order. */
  get tookMs(): readonly number[] {
    return this.#tookMs;
  }

  /** Begins. @param sinceMs what the seeks' times count from, in the page's time, ms */
  start(seeks: readonly PlannedSeek[], sinceMs: number): void {
    for (const { atMs, toMs } of seeks) {
      this.#timers.push(setTimeout(() => this.#seek(toMs / 1000), Math.max(0, sinceMs + atMs - performance.now())));
    }
  }

  /** Ends it; a seek under way is not measured. */
  stop(): void {
    this.#current++;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #seek(toSeconds: number): void {
    const seek = ++this.#current;
    const startedAtMs = performance.now();
    const painted = (_nowMs: number, { mediaTime, presentationTime }: VideoFrameCallbackMetadata): void => {
      if (seek !== this.#current) return;
      // The last frame of where it was may come after the seek.
      if (presentationTime < startedAtMs || Math.abs(mediaTime - toSeconds) > NEAR_SECONDS) {
        this.#video.requestVideoFrameCallback(painted);
        return;
      }
      this.#tookMs.push(presentationTime - startedAtMs);
      this.#probe.setSeeking(false);
    };
    this.#probe.setSeeking(true);
    this.#video.requestVideoFrameCallback(painted);
    this.#video.currentTime = toSeconds;
  }
}
