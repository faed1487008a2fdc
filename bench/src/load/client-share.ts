import { availableParallelism } from 'node:os';

/** A machine's clients gain nothing by more processes than these. */
const MOST_CLIENT_PROCESSES = 4;

/** Processes for clients: one core is the server's. */
export function defaultClientProcesses(): number {
  return Math.max(1, Math.min(MOST_CLIENT_PROCESSES, availableParallelism() - 1));
}

/** Splits a number over so many takers as evenly as it goes. */
export function shareOf(total: number, takers: number, taker: number): number {
  return Math.floor(total / takers) + (taker < total % takers ? 1 : 0);
}
