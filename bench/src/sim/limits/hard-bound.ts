import { postalReachMs } from './postal-model.js';

/** What is generous to every peer: nobody can do better than this. */
export type HardBound = {
  /** How many viewers are to have all of the chunk. */
  readonly viewers: number;
  /** C: the most copies of any block of the chunk that left the origin. */
  readonly originCopies: number;
  /** Of the fastest uplink there is, ms; above 0. */
  readonly blockMs: number;
  /** Least one-way delay of any pair, ms. */
  readonly leastDelayMs: number;
  /** Blocks of full size in the chunk; at least 1. */
  readonly blocks: number;
  /** How long the fastest downlink needs for these but one, ms. */
  readonly otherBlocksMs: number;
};

/**
 * The time before which so many viewers cannot have a chunk, whatever they do: blocks travel by
 * themselves, over several sources at once, every uplink is the fastest, every delay the least,
 * and the origin's copies are there at once. Two things hold, and the later of them counts:
 *
 * - all have a certain block: C·B(t) ≥ N, where B(t) = B(t − τ_b) + B(t − τ_b − δ);
 * - all have begun, with whichever block, early enough for their downlinks to take in the others:
 *   M·C·B(t) ≥ N for M blocks, and then the rest.
 *
 * (C·B(t) ≥ N and then the rest is no bound: two peers that got different blocks from the origin
 * exchange them in less.)
 *
 * Source: a bound of this project's own, by the postal model.
 *
 * @returns ms from publication. The k-th viewer to complete a chunk is never earlier than this for `viewers: k`
 */
export function hardBoundMs({ viewers, originCopies, blockMs, leastDelayMs, blocks, otherBlocksMs }: HardBound): number {
  const times = { sendMs: blockMs, handOverMs: blockMs + leastDelayMs };
  const certainBlockMs = postalReachMs(times, viewers / originCopies);
  const anyBlockMs = postalReachMs(times, viewers / (originCopies * blocks));
  return Math.max(certainBlockMs, anyBlockMs + otherBlocksMs);
}
