import type { Clock } from '@p2ptv/protocol';

/**
 * Wall clock as the tracker has it: tickets expire by it, and many machines' own clocks are wrong
 * by more than a ticket lives.
 */
export class TrackerClock {
  readonly #clock: Clock;
  #offsetMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes the tracker's time, ms since the Unix epoch, from an answer that has just come. */
  set(trackerWallMs: number): void {
    this.#offsetMs = trackerWallMs - this.#clock.wallMs();
  }

  wallMs(): number {
    return this.#clock.wallMs() + this.#offsetMs;
  }
}
