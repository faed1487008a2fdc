import { setTimeout } from 'node:timers/promises';

import { BenchError, StoppedError } from '../errors.js';

/** How often a condition is looked at, ms. */
const LOOK_MS = 100;

/** Waits; nothing to wait for is no wait. @throws what the signal was aborted with */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(Math.max(0, ms), undefined, { signal });
  } catch {
    throw signal.reason instanceof Error ? signal.reason : new StoppedError('Stopped.');
  }
}

/** Waits until something is so. @throws BenchError with the problem's sentence when that takes longer than the limit */
export async function until(isSo: () => boolean, { limitMs, problem, signal }: { readonly limitMs: number; readonly problem: () => string; readonly signal: AbortSignal }): Promise<void> {
  const endMs = Date.now() + limitMs;
  while (!isSo()) {
    if (Date.now() > endMs) throw new BenchError(problem());
    await pause(LOOK_MS, signal);
  }
}
