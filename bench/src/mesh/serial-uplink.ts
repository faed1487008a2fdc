import type { Uplink } from '@p2ptv/peer';

import { wireBytes } from '../sim/access-line.js';

/** Timers are no finer: what is due within it goes now, ms. */
const TIMER_MS = 0.5;

type Waiting = { readonly takesMs: number; readonly granted: () => void };

/**
 * A peer's uplink: serial, first come first served, as the simulator's access lines are, and with what
 * packets cost beside their load. A frame goes when its last bit has left the line.
 */
export class SerialUplink implements Uplink {
  readonly #msPerByte: number;
  readonly #nowMs: () => number;
  readonly #waiting: Waiting[] = [];
  /** When the line began with the first that waits, or was done with the last, ms. */
  #sinceMs = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param bitsPerSecond > 0
   * @param nowMs monotonic time
   */
  constructor(bitsPerSecond: number, nowMs: () => number = () => performance.now()) {
    this.#msPerByte = 8_000 / bitsPerSecond;
    this.#nowMs = nowMs;
  }

  ask(bytes: number, granted: () => void): () => void {
    const waiting = { takesMs: wireBytes(bytes) * this.#msPerByte, granted };
    if (this.#waiting.length === 0) this.#sinceMs = Math.max(this.#sinceMs, this.#nowMs());
    this.#waiting.push(waiting);
    if (this.#timer === undefined) this.#pump();
    return () => {
      const index = this.#waiting.indexOf(waiting);
      if (index >= 0) this.#waiting.splice(index, 1);
    };
  }

  maxCopies(): undefined {
    return undefined;
  }

  #pump(): void {
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      const waitMs = this.#sinceMs + first.takesMs - this.#nowMs();
      if (waitMs > TIMER_MS) {
        this.#timer = setTimeout(() => {
          this.#timer = undefined;
          this.#pump();
        }, Math.ceil(waitMs - TIMER_MS));
        return;
      }
      this.#waiting.shift();
      this.#sinceMs += first.takesMs;
      first.granted();
      // Whoever was told may have asked for more, and set the timer.
      if (this.#timer !== undefined) return;
    }
  }
}
