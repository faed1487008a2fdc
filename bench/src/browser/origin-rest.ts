import { setTimeout } from 'node:timers/promises';

import type { OriginBytes } from '@p2ptv/protocol';

import { BenchError } from '../errors.js';
import { bytesSince, totalBytes } from '../metrics/offload.js';
import type { OriginProcess } from '../origin-process.js';

/** The origin has come to rest when nothing was sent for so long, ms. */
const QUIET_MS = 400;
const QUIET_LIMIT_MS = 15_000;

/**
 * Waits until the origin has nothing more to send, and has forgotten its last viewers.
 *
 * @returns what it has sent by then
 * @throws BenchError when it goes on sending
 */
export async function untilQuiet(origin: OriginProcess, signal: AbortSignal): Promise<OriginBytes> {
  const endMs = performance.now() + QUIET_LIMIT_MS;
  let last = await origin.stats();
  while (performance.now() < endMs) {
    await setTimeout(QUIET_MS, undefined, { signal });
    const stats = await origin.stats();
    const isQuiet = stats && last && totalBytes(bytesSince(last.originBytes, stats.originBytes)) === 0;
    if (isQuiet && stats.viewers === 0) return stats.originBytes;
    last = stats;
  }
  throw new BenchError(`The origin went on sending for ${QUIET_LIMIT_MS / 1000} s after the last viewer had left.`);
}
