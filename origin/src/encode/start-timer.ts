/**
 * Calls `onTimeout` once after `delayMs`, and returns the function that prevents it.
 *
 * A parameter wherever something waits, so that tests wait in virtual time.
 */
export type StartTimer = (delayMs: number, onTimeout: () => void) => () => void;

/** Timers of this process. They don't keep it alive. */
export const processTimer: StartTimer = (delayMs, onTimeout) => {
  const timer = setTimeout(onTimeout, delayMs).unref();
  return () => clearTimeout(timer);
};
