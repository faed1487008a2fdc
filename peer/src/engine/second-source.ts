import { BLOCK_BYTES } from '@p2ptv/protocol';
import { firstMissingBlock, type StoredChunk } from './chunk-store.js';
import type { PeerSource } from './download.js';
import type { EngineContext } from './engine-context.js';
import { bestSource, type Candidate } from './source-choice.js';

/** A transfer that is silent for two round trips, and at least so long, gets a second source, ms. */
const LEAST_SILENCE_MS = 150;
/** A transfer is split when it is to take so much longer, ms, and so many blocks are missing. */
const LEAST_SPLIT_MS = 200;
const LEAST_SPLIT_BLOCKS = 3;
/** How often it is looked for somebody to split with, ms. */
const SPLIT_LOOK_MS = 60;

/** Whom to ask besides the running transfer's sender, and for what. */
export type SecondSource = {
  /** When to look again; Infinity: only when something happens. */
  readonly lookAtMs: number;
  /** Undefined: nobody, for now. */
  readonly candidate?: Candidate;
  /** Ask for the chunk's end from here on; undefined: for all that is missing. */
  readonly fromBlock?: number;
};

/**
 * Looks at a running transfer: one that fell silent gets a second source for all that is missing,
 * one that will take long leaves its end to somebody who has all of the chunk and is sooner done
 * with it. (SPEC SC11, SC12)
 */
export function secondSource(
  context: EngineContext,
  nowMs: number,
  { chunk, source }: { readonly chunk: StoredChunk; readonly source: PeerSource },
): SecondSource {
  const neighbour = context.neighbours.get(source.linkId);
  const isBegun = source.begunAtMs !== undefined;
  const silenceMs = Math.max(LEAST_SILENCE_MS, 2 * (neighbour?.roundTripMs.mean ?? 0));
  const blockMs = ((neighbour?.msPerKib.mean ?? 0) * BLOCK_BYTES) / 1024;
  const silentAtMs = (isBegun ? source.lastBlockAtMs + 2 * blockMs : source.expectedAtMs) + silenceMs;
  if (nowMs < silentAtMs) {
    const split = isBegun ? splitSlow(context, nowMs, { chunk, source }) : NOT_NOW;
    return { ...split, lookAtMs: Math.min(silentAtMs, split.lookAtMs) };
  }
  if (!context.options.isEnabled('hedging')) return NOT_NOW;
  const candidate = bestSource(context, nowMs, { chunk, other: source.linkId });
  return candidate ? { lookAtMs: Infinity, candidate } : NOT_NOW;
}

function splitSlow(
  context: EngineContext,
  nowMs: number,
  { chunk, source }: { readonly chunk: StoredChunk; readonly source: PeerSource },
): SecondSource {
  const leftMs = source.expectedAtMs - nowMs;
  const firstBlock = firstMissingBlock(chunk);
  const missing = chunk.blockCount - firstBlock;
  if (leftMs < LEAST_SPLIT_MS || missing < LEAST_SPLIT_BLOCKS || !context.options.isEnabled('splitting')) return NOT_NOW;
  const fromBlock = firstBlock + Math.ceil(missing / 2);
  const candidate = bestSource(context, nowMs, { chunk, other: source.linkId, fromBlock });
  if (!candidate || candidate.finishMs > nowMs + leftMs / 2 + candidate.neighbour.roundTripMs.mean) {
    return { lookAtMs: nowMs + SPLIT_LOOK_MS };
  }
  return { lookAtMs: Infinity, candidate, fromBlock };
}

const NOT_NOW: SecondSource = { lookAtMs: Infinity };
