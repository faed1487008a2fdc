import { postalReachMs } from './postal-model.js';
import type { PostalTimes } from './postal-model.js';

/** A homogeneous swarm in which a chunk is passed on only when all of it is there. */
export type StoreAndForward = {
  readonly viewers: number;
  /** s: how many viewers hold the chunk in the beginning; may be a mean. */
  readonly seeds: number;
  /** τ: how long one peer's uplink needs for the chunk, ms. */
  readonly chunkMs: number;
  /** δ: one-way delay, ms. */
  readonly delayMs: number;
};

/** The times of the postal model for it. */
export function storeAndForwardTimes({ chunkMs, delayMs }: Pick<StoreAndForward, 'chunkMs' | 'delayMs'>): PostalTimes {
  return { sendMs: chunkMs, handOverMs: chunkMs + delayMs };
}

/**
 * D*(N, s): the least time in which all viewers can have a chunk, passed on whole over serial uplinks:
 * min{t : s·F(t) ≥ N}, F(t) = F(t − τ) + F(t − τ − δ).
 *
 * With δ = 0 and the source as one of the holders (N + 1 holders from one) that is 1 + ⌊log₂ N⌋ slots of τ:
 * T. Bonald, L. Massoulié, F. Mathieu, D. Perino, A. Twigg: Epidemic live streaming: optimal
 * performance trade-offs. SIGMETRICS 2008.
 *
 * @returns ms from when the seeds hold it; 0 when every viewer is a seed
 */
export function storeAndForwardMs(swarm: StoreAndForward): number {
  return postalReachMs(storeAndForwardTimes(swarm), swarm.viewers / swarm.seeds);
}
