import { postalReachMs } from './postal-model.js';
import type { StoreAndForward } from './store-and-forward.js';

/** A homogeneous swarm in which a chunk is passed on block by block. */
export type CutThrough = StoreAndForward & {
  /** τ_b: how long one peer's uplink needs for a block, ms; at most `chunkMs`. */
  readonly blockMs: number;
};

/**
 * The least time in which all viewers can have a chunk if each gets it from a single source, but
 * passes on a block as soon as it has it: G(t) = G(t − τ) + G(t − τ_b − δ) have begun by t, and are
 * complete τ − τ_b later. A reference, no bound: with several sources for one chunk there is less.
 *
 * Source: the postal model of {@link storeAndForwardMs}; a receiver starts a block after its sender
 * instead of a chunk.
 *
 * @returns ms from when the seeds hold their first block; 0 when every viewer is a seed
 */
export function cutThroughMs({ viewers, seeds, chunkMs, blockMs, delayMs }: CutThrough): number {
  if (seeds >= viewers) return 0;
  const begunMs = postalReachMs({ sendMs: chunkMs, handOverMs: blockMs + delayMs }, viewers / seeds);
  return begunMs + chunkMs - blockMs;
}
