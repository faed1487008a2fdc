import { spawn } from 'node:child_process';
import { getHeapStatistics } from 'node:v8';

import { BenchError } from '../errors.js';
import type { SuiteContext } from '../suite.js';

const MIB = 1024 * 1024;
/** What a run takes without viewers, and each viewer more: .11 MiB are live after 9 s; with less than twice as much the collector never rests. */
const BASE_MIB = 1_024;
const VIEWER_MIB = 0.25;
/** From so many viewers on a process of its own pays, for its larger young generation: a tenth to a quarter less time. */
const LARGE_RUN_VIEWERS = 400;
const SEMI_SPACE_MIB = 256;
/** Leaves room for what is not on the heap within 20 GiB. */
const MOST_MIB = 18 * 1_024;
/** Set in the child, so that it does not start another. */
const CHILD = 'P2PTV_SIM_HEAP';

/**
 * Starts this very command again with a heap for so many viewers: Node takes the sizes only at its
 * start.
 *
 * @param heapMib 0: as much as the number of viewers asks for
 * @returns undefined when this process will do; else whether the other has met all that was asked
 * @throws BenchError when the other was killed, and so could not say anything itself
 */
export async function runWithHeapFor(viewers: number, heapMib: number, { signal }: SuiteContext): Promise<boolean | undefined> {
  const neededMib = heapMib > 0 ? heapMib : Math.min(MOST_MIB, Math.ceil(BASE_MIB + VIEWER_MIB * viewers));
  const isEnough = getHeapStatistics().heap_size_limit >= neededMib * MIB && viewers < LARGE_RUN_VIEWERS;
  if (process.env[CHILD] !== undefined || isEnough) return undefined;
  const child = spawn(
    process.execPath,
    [...process.execArgv, `--max-old-space-size=${neededMib}`, `--max-semi-space-size=${SEMI_SPACE_MIB}`, ...process.argv.slice(1)],
    { stdio: 'inherit', env: { ...process.env, [CHILD]: String(neededMib) } },
  );
  // Ctrl-C in a terminal reaches both; a signal to this process alone is passed on.
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  try {
    const ended = await new Promise<{ code: number | null; by: NodeJS.Signals | null }>((resolve, reject) => {
      child.once('exit', (code, by) => resolve({ code, by }));
      child.once('error', reject);
    });
    signal.throwIfAborted();
    if (ended.by !== null) throw new BenchError(`The simulation was ended by ${ended.by}: perhaps its ${neededMib} MiB of heap (--heap-mib) were too little, or more than there is.`);
    return ended.code === 0;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
