import type { Uplink } from '@p2ptv/peer';

import { wireBytes } from '../sim/access-line.js';
import { TurnTimer, type Turn } from './turn-timer.js';

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
  readonly #timer = new TurnTimer(() => this.#next());

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
    this.#timer.look();
    return () => {
      const index = this.#waiting.indexOf(waiting);
      if (index >= 0) this.#waiting.splice(index, 1);
    };
  }

  maxCopies(): undefined {
    return undefined;
  }

  #next(): Turn | undefined {
    const [first] = this.#waiting;
    return (
      first && {
        inMs: this.#sinceMs + first.takesMs - this.#nowMs(),
        take: () => {
          this.#waiting.shift();
          this.#sinceMs += first.takesMs;
          first.granted();
        },
      }
    );
  }
}
