/** From a moment on the picture had this many lines. */
export type ShownHeight = { readonly atMs: number; readonly height: number };

/** Notes which rendition is on the screen, by the height of the picture, whatever the player says. */
export class HeightLog {
  readonly #video: HTMLVideoElement;
  readonly #log: { atMs: number; height: number }[] = [];
  readonly #note = (): void => {
    const { videoHeight: height } = this.#video;
    if (height > 0 && this.#log.at(-1)?.height !== height) this.#log.push({ atMs: performance.now(), height });
  };

  constructor(video: HTMLVideoElement) {
    this.#video = video;
  }

  /** Begins, with the first frame painted. */
  start(): void {
    this.#video.addEventListener('resize', this.#note);
    this.#note();
  }

  /** Ends it. */
  stop(): void {
    this.#video.removeEventListener('resize', this.#note);
  }

  /** In order of time, which counts from `sinceMs` on, ms. */
  shown(sinceMs: number): ShownHeight[] {
    return this.#log.map(({ atMs, height }) => ({ atMs: atMs - sinceMs, height }));
  }
}
