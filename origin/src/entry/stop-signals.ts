import { performance } from 'node:perf_hooks';

/** Not SIGHUP: a handler would undo what nohup arranged. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** A terminal and npm may each deliver the same Ctrl-C; a person's second one comes later. */
const SAME_SIGNAL_MS = 300;
/** As shells report a death by SIGINT. */
const EXIT_FORCED = 130;

/** Waits for a signal to stop. A second one ends the process at once, for whoever is in a hurry. */
export function untilStopped(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstAtMs: number | undefined;
    const stop = (signal: NodeJS.Signals): void => {
      firstAtMs ??= performance.now();
      if (performance.now() - firstAtMs > SAME_SIGNAL_MS) process.exit(EXIT_FORCED);
      resolve(signal);
    };
    for (const signal of SIGNALS) process.on(signal, stop);
  });
}
