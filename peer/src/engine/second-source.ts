import { BLOCK_BYTES } from '@p2ptv/protocol';
import { firstMissingBlock, type StoredChunk } from './chunk-store.js';
import type { PeerSource } from './download.js';
import type { EngineContext } from './engine-context.js';
import { bestSource, type Candidate } from './source-choice.js';

/** A transfer is slow, or silent, two round trips after its end or next block was expected, and at least so long, ms. */
const LEAST_SILENCE_MS = 150;
/** A slow transfer is split when it is to take so much longer, ms, and so many blocks are missing. */
const LEAST_SPLIT_MS = 200;
const LEAST_SPLIT_BLOCKS = 3;
/** How often it is looked for somebody to split with, ms. */
const SPLIT_LOOK_MS = 60;

/** Whether a transfer is to be split. */
export type Split = {
  /** When to look again; Infinity: only when something happens. */
  readonly lookAtMs: number;
  /** Whom to ask for the chunk's end, and from which block on; undefined: nobody, for now. */
  readonly tail?: Candidate & { readonly fromBlock: number };
};

const NOT_NOW: Split = { lookAtMs: Infinity };

/**
 * Looks at a running transfer: one that will take long leaves its end to somebody who has all of the
 * chunk and is sooner done with it. One that fell silent is left to the rule of the stall. (SPEC SC11, SC12)
 */
export function splitSlow(
  context: EngineContext,
  nowMs: number,
  { chunk, source }: { readonly chunk: StoredChunk; readonly source: PeerSource },
): Split {
  if (!context.options.isEnabled('splitting')) return NOT_NOW;
  const neighbour = context.neighbours.get(source.linkId);
  const isBegun = source.begunAtMs !== undefined;
  const silenceMs = Math.max(LEAST_SILENCE_MS, 2 * (neighbour?.roundTripMs.mean ?? 0));
  const blockMs = ((neighbour?.msPerKib.mean ?? 0) * BLOCK_BYTES) / 1024;
  const silentAtMs = (isBegun ? source.lastBlockAtMs + 2 * blockMs : source.expectedAtMs) + silenceMs;
  if (nowMs >= silentAtMs) return NOT_NOW;
  const split = isBegun ? findTail(context, nowMs, { chunk, source }) : NOT_NOW;
  return { ...split, lookAtMs: Math.min(silentAtMs, split.lookAtMs) };
}

function findTail(
  context: EngineContext,
  nowMs: number,
  { chunk, source }: { readonly chunk: StoredChunk; readonly source: PeerSource },
): Split {
  const leftMs = source.expectedAtMs - nowMs;
  const firstBlock = firstMissingBlock(chunk);
  const missing = chunk.blockCount - firstBlock;
  if (leftMs < LEAST_SPLIT_MS || missing < LEAST_SPLIT_BLOCKS) return NOT_NOW;
  const fromBlock = firstBlock + Math.ceil(missing / 2);
  const candidate = bestSource(context, nowMs, { chunk, other: source.linkId, fromBlock });
  if (!candidate || candidate.finishMs > nowMs + leftMs / 2 + candidate.neighbour.roundTripMs.mean) {
    return { lookAtMs: nowMs + SPLIT_LOOK_MS };
  }
  return { lookAtMs: Infinity, tail: { ...candidate, fromBlock } };
}
