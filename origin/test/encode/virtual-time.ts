import type { Clock } from '@p2ptv/protocol';

import type { StartTimer } from '../../src/encode/start-timer.js';

/** A clock and timers that move only when a test says so. */
export class VirtualTime implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly onTimeout: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  readonly startTimer: StartTimer = (delayMs, onTimeout) => {
    const timer = { atMs: this.#nowMs + delayMs, onTimeout };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  get pendingCount(): number {
    return this.#timers.size;
  }

  /** Lets time pass, and what is due happen in its order. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    while (true) {
      const next = [...this.#timers].filter((timer) => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = next.atMs;
      next.onTimeout();
    }
    this.#nowMs = untilMs;
  }
}
