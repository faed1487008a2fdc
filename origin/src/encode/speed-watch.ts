/** How often it is looked, ms. */
export const LOOK_EVERY_MS = 1000;
/** Looks that a verdict takes: 5 s. */
const LOOKS = 5;
/** Below this speed over all looks the encoder is too slow; nearer to 1 it is within what parts of 200 ms and a busy machine blur. */
const LEAST_SPEED = 0.96;
/** A second in which less media came than this, as a share of it, lost ground. */
const LEAST_SPEED_OF_LOOK = 0.99;

/** What was seen when it was looked. */
type Look = {
  readonly atMs: number;
  /** How far the media was behind the clock, on a scale of its own: least of what came since the look before, so that jitter is left out. */
  readonly lagMs: number;
  readonly mediaEndMs: number;
};

/**
 * Whether an encoder keeps up with an input that comes at its natural speed: it is too slow when it has
 * lost ground in each of five seconds on end. A hiccup after which it keeps pace is not meant, nor that
 * nothing comes at all: fewer pixels would not help against these.
 */
export class SpeedWatch {
  #looks: Look[] = [];
  #mediaEndMs: number | undefined;
  /** Of the parts since the last look; undefined: none came. */
  #leastLagMs: number | undefined;

  /** A part has come. Times are monotonic. */
  came(part: { readonly mediaEndMs: number; readonly atMs: number }): void {
    if (this.#mediaEndMs !== undefined && part.mediaEndMs <= this.#mediaEndMs) return;
    this.#mediaEndMs = part.mediaEndMs;
    this.#leastLagMs = Math.min(this.#leastLagMs ?? Infinity, part.atMs - part.mediaEndMs);
  }

  /** What was seen says nothing any more: the input itself paused, or another session has begun. */
  reset(): void {
    this.#looks = [];
    this.#mediaEndMs = undefined;
    this.#leastLagMs = undefined;
  }

  /**
   * To be called every {@link LOOK_EVERY_MS}.
   *
   * @param isInputWaiting whether the encoder has input that it has not taken; if not, it is not its fault that nothing comes
   * @param partMs how long nothing may come without its meaning anything
   * @returns the speed of the last five seconds when it was too slow for all of them, as a share of the natural one
   */
  look(nowMs: number, { isInputWaiting, partMs }: { readonly isInputWaiting: boolean; readonly partMs: number }): number | undefined {
    const mediaEndMs = this.#mediaEndMs;
    if (mediaEndMs === undefined) return undefined;
    // When none came, the next one is late by all that is beyond a part.
    const lagMs = this.#leastLagMs ?? nowMs - partMs - mediaEndMs;
    this.#leastLagMs = undefined;
    if (!isInputWaiting) {
      this.#looks = [];
      return undefined;
    }
    this.#looks.push({ atMs: nowMs, lagMs, mediaEndMs });
    if (this.#looks.length <= LOOKS) return undefined;
    this.#looks.splice(0, this.#looks.length - LOOKS - 1);
    const [first, last] = [this.#looks[0], this.#looks.at(-1)];
    if (!first || !last || first.mediaEndMs === last.mediaEndMs) return undefined;
    const speed = 1 - (last.lagMs - first.lagMs) / (last.atMs - first.atMs);
    const hasLostThroughout = this.#looks.every((look, index) => {
      const before = this.#looks[index - 1];
      return before === undefined || look.lagMs - before.lagMs > (1 - LEAST_SPEED_OF_LOOK) * (look.atMs - before.atMs);
    });
    if (speed >= LEAST_SPEED || !hasLostThroughout) return undefined;
    this.#looks = [];
    return Math.max(0, speed);
  }
}
