import type { PlayerQueue } from '../sim/sim-player.js';
import type { SimEvent } from '../sim/event-queue.js';

/** The machine's clock in place of simulated time: what is scheduled happens when it is due, or a little later. */
export class RealTimeQueue implements PlayerQueue {
  readonly #startedWallMs: number;

  /** @param startedWallMs the run's beginning, ms since the Unix epoch */
  constructor(startedWallMs: number) {
    this.#startedWallMs = startedWallMs;
  }

  /** Time of the run, ms. All processes of a run have the same. */
  get nowMs(): number {
    return Date.now() - this.#startedWallMs;
  }

  schedule(event: SimEvent, atMs: number): void {
    setTimeout(
      () => {
        event.atMs = this.nowMs;
        event.run();
      },
      Math.max(0, Math.ceil(atMs - this.nowMs)),
    );
  }
}
