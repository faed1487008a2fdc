import type { EngineContext } from './engine-context.js';
import { missingBytes, type StoredChunk } from './chunk-store.js';
import type { LinkId } from './engine-io.js';
import { predictedFinishMs, type Neighbour } from './neighbours.js';

/** A neighbour that could deliver a chunk, and when it would have. */
export type Candidate = { readonly neighbour: Neighbour; readonly finishMs: number };

/**
 * The neighbour with the earliest predicted finish among those that upload, have the chunk or are
 * getting it, have not failed with it, and are not asked for too much already. (SPEC SC5, SC6)
 *
 * @param wanted the chunk, or only its end from a block on; `other`: a link that is not to be considered
 */
export function bestSource(
  context: EngineContext,
  nowMs: number,
  wanted: { readonly chunk: StoredChunk; readonly other?: LinkId; readonly fromBlock?: number },
): Candidate | undefined {
  const { chunk, other, fromBlock } = wanted;
  const byteCount = missingBytes(chunk, fromBlock);
  const { requestsPerNeighbour } = context.options.scheduler;
  const incomingDelayMs = chunk.signed.header.durationUs / 4000;
  let best: Neighbour | undefined;
  let bestFinishMs = Infinity;
  for (const neighbour of context.neighbours.holdersOf(chunk.key)) {
    if (neighbour.linkId === other || neighbour.outstandingChunks >= requestsPerNeighbour) continue;
    const holding = neighbour.marks.holding(chunk.key);
    // Only who has all of a chunk has its end.
    if (fromBlock !== undefined && holding !== 'complete') continue;
    if (neighbour.status?.isUploading !== true || neighbour.marks.hasFailed(chunk.key)) continue;
    // One who is still getting it can pass on no faster than it gets it.
    const waitMs = holding === 'incoming' ? incomingDelayMs : 0;
    // A little noise keeps everybody from choosing the same one of several equals; its own for each pair and chunk,
    // so that nobody changes his mind for no reason.
    const noise = 1 + 0.2 * context.noise(neighbour.linkId, chunk.key);
    const finishMs = nowMs + (predictedFinishMs(nowMs, neighbour, byteCount) - nowMs + waitMs) * noise;
    if (finishMs >= bestFinishMs) continue;
    best = neighbour;
    bestFinishMs = finishMs;
  }
  return best && { neighbour: best, finishMs: bestFinishMs };
}
