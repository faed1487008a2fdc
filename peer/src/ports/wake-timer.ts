/** Wakes the engine; in browsers from a Worker, because hidden pages throttle their own timers. */
export interface WakeTimer {
  /** Calls `wake` once, `delayMs` ≥ 0 from now; a new call replaces the one before. */
  set(delayMs: number, wake: () => void): void;
  /** Forgets what was set and frees the timer's resources. */
  close(): void;
}
