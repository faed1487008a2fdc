import { monotonicMs } from './monotonic-ms.js';
import { answerCalls } from './process-calls.js';

/**
 * Loaded into a server's process before the server itself (`node --import`): tells what the process
 * uses. The server's own code stays as it is.
 */

/** What a process has used, and holds. */
export type ProcessUsage = {
  /** Processor time since it began, all threads, user and system, s. */
  readonly cpuSeconds: number;
  /** Monotonic time of the reading, s: the same clock for all processes of a machine. */
  readonly atSeconds: number;
  /** Resident memory. */
  readonly rssBytes: number;
  /** Live objects of JavaScript, and what they hold outside the heap. */
  readonly heapBytes: number;
  readonly externalBytes: number;
};

const MICROSECONDS = 1e6;
/** Collections in a row: what finalizers let go of, the next one takes. */
const COLLECTIONS = 3;

answerCalls({
  usage,
  collect: async () => {
    for (let round = 0; round < COLLECTIONS; round++) {
      // There with --expose-gc, by which the bench starts its servers.
      globalThis.gc?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return usage();
  },
});
// A server ends when it has nothing to do, as it would without a probe.
process.channel?.unref();

function usage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return {
    cpuSeconds: (user + system) / MICROSECONDS,
    atSeconds: monotonicMs() / 1000,
    rssBytes: rss,
    heapBytes: heapUsed,
    externalBytes: external + arrayBuffers,
  };
}
