import { StallDetector, type PlaybackFigures } from '../../metrics/stall-detector.js';

/** Pause between two looks at the playhead, ms. */
const INTERVAL_MS = 50;
/** A look at these moments too: between two of them the state is one. */
const EVENTS = ['waiting', 'playing', 'pause', 'play', 'ratechange', 'seeking', 'seeked', 'ended'] as const;

/** Feeds the stall detector from a video element. */
export class PlaybackProbe {
  readonly #video: HTMLVideoElement;
  readonly #detector = new StallDetector();
  #stop: (() => void) | undefined;
  #isSeeking = false;

  constructor(video: HTMLVideoElement) {
    this.#video = video;
  }

  /** The figures so far; stalls are told from `sinceMs` on. */
  figures(sinceMs: number): PlaybackFigures {
    const { figures } = this.#detector;
    return { ...figures, stallLog: figures.stallLog.map(({ atMs, lengthMs }) => ({ atMs: atMs - sinceMs, lengthMs })) };
  }

  /** Begins, with the first frame painted. */
  start(): void {
    const look = (event?: Event): void => this.#look(event?.type === 'waiting');
    const timer = setInterval(look, INTERVAL_MS);
    for (const name of EVENTS) this.#video.addEventListener(name, look);
    this.#stop = () => {
      clearInterval(timer);
      for (const name of EVENTS) this.#video.removeEventListener(name, look);
    };
    look();
  }

  /** While a viewer seeks nothing is expected to move; players' own leaps are none of this. */
  setSeeking(isSeeking: boolean): void {
    this.#isSeeking = isSeeking;
    if (this.#stop) this.#look(false);
  }

  /** Ends it, with a last look. */
  stop(): void {
    if (!this.#stop) return;
    this.#look(false);
    this.#stop();
    this.#stop = undefined;
  }

  #look(isWaiting: boolean): void {
    const { currentTime, playbackRate, paused, ended } = this.#video;
    this.#detector.observe({
      atMs: performance.now(),
      mediaMs: currentTime * 1000,
      rate: playbackRate,
      isPaused: paused || ended || this.#isSeeking,
      isWaiting,
    });
  }
}
