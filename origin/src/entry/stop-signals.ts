const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Waits for a signal to stop. A second one ends the process at once, for whoever is in a hurry. */
export function untilStopped(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isStopping = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (isStopping) process.exit(130);
      isStopping = true;
      resolve(signal);
    };
    for (const signal of SIGNALS) process.on(signal, stop);
  });
}
