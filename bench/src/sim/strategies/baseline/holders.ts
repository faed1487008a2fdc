import { isWhole, type BaselineChunk } from './baseline-chunk.js';
import { isMarked, isServing, MARK, type BaselineNeighbour } from './baseline-neighbour.js';
import type { TacticsTools } from './tactics.js';

/** Requests that one neighbour holds at a time: others than us keep its uplink busy. */
const REQUESTS_PER_NEIGHBOUR = 1;
/** Requests under way in all: what fills a downlink, and no more promises than that. */
const REQUESTS = 8;

/** Neighbours that said that they have a chunk, or are getting it, and have not failed with it. */
export function holdersOf(tools: TacticsTools, chunk: BaselineChunk): BaselineNeighbour[] {
  const holders: BaselineNeighbour[] = [];
  const { sequence } = chunk.ref;
  for (const neighbour of tools.context.neighbours.values()) {
    if (!isServing(neighbour) || isMarked(neighbour, sequence, MARK.failed)) continue;
    if (isMarked(neighbour, sequence, MARK.has | MARK.getting)) holders.push(neighbour);
  }
  return holders;
}

/** The holder that is likely to deliver first: by how long its deliveries have taken. */
export function soonest(
  tools: TacticsTools,
  nowMs: number,
  holders: readonly BaselineNeighbour[],
): BaselineNeighbour | undefined {
  let best: BaselineNeighbour | undefined;
  let bestMs = Infinity;
  for (const neighbour of holders) {
    if (neighbour.outstanding >= REQUESTS_PER_NEIGHBOUR || neighbour.busyUntilMs > nowMs) continue;
    // Noise keeps everybody from choosing the same one: all hear of the first holder at once.
    const ms = neighbour.deliveryMs * (1 + tools.random.next());
    if (ms >= bestMs) continue;
    best = neighbour;
    bestMs = ms;
  }
  return best;
}

/** How many more chunks may be asked of neighbours now. */
export function freeRequests(tools: TacticsTools): number {
  let underWay = 0;
  for (const { supplier } of tools.context.chunks.wanted) {
    if (supplier.kind === 'peer' && !supplier.isPush) underWay++;
  }
  return REQUESTS - underWay;
}

/** Chunks that nobody is sending yet, oldest first. */
export function unsupplied(tools: TacticsTools): BaselineChunk[] {
  return tools.context.chunks.wanted.filter((chunk) => chunk.supplier.kind === 'none' && !isWhole(chunk));
}

/** When a holder that was busy may be asked again for something nobody is sending, ms. */
export function nextAskMs(tools: TacticsTools, nowMs: number): number {
  let nextMs = Infinity;
  if (unsupplied(tools).length === 0) return nextMs;
  for (const { busyUntilMs } of tools.context.neighbours.values()) {
    if (busyUntilMs > nowMs) nextMs = Math.min(nextMs, busyUntilMs);
  }
  return nextMs;
}
