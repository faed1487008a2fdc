import { shuffled } from '@p2ptv/protocol';
import type { Strategy } from '../peer-agent.js';
import { baselineStrategy } from './baseline/baseline-strategy.js';
import { isWhole, type BaselineChunk } from './baseline/baseline-chunk.js';
import { isMarked, MARK, type BaselineNeighbour } from './baseline/baseline-neighbour.js';
import type { TacticsFactory, TacticsTools } from './baseline/tactics.js';
import type { Push } from './baseline/upload-queue.js';

/** Older chunks than this many behind the edge are not pushed: they are past every playhead. */
const PUSHED_WINDOW_CHUNKS = 10;

/**
 * Epidemic push (Bonald, Massoulié, Mathieu, Perino, Twigg: Epidemic Live Streaming, SIGMETRICS
 * 2008): whenever the uplink is idle, a random peer is sent the latest chunk, whole chunks only.
 *
 * - latest-useful ("random peer, latest useful chunk"): the latest that the peer lacks, as far as
 *   is known. Peers tell their neighbours at the first block that they are getting a chunk. Proven
 *   there to be optimal in rate, and in delay up to a constant, where that knowledge is free.
 * - blind ("latest blind chunk, random peer"): the latest chunk, to anyone whom this peer has not
 *   sent it to nor got it from; nobody tells anything but CANCEL.
 */
function tacticsOf(variant: 'latestUseful' | 'blind'): TacticsFactory {
  const known = variant === 'blind' ? MARK.pushed : MARK.pushed | MARK.has | MARK.getting;
  return {
    traits: {
      tellsBegun: variant === 'latestUseful',
      tellsWhole: false,
      hasLinks: true,
      headers: 'whenSilent',
      serving: 'serial',
    },
    create: (tools) => {
      // Scanned again only after something became sendable: most inputs change nothing.
      let mayHaveWork = false;
      return {
        whole: () => {
          mayHaveWork = true;
        },
        heard: (_nowMs, _neighbour, message) => {
          if (message.kind === 'hello') mayHaveWork = true;
        },
        nextPush: () => {
          if (!mayHaveWork) return undefined;
          const held = heldLatestFirst(tools);
          const candidates = variant === 'blind' ? held.slice(0, 1) : held;
          const push = choose(tools, candidates, known);
          mayHaveWork = push !== undefined;
          return push;
        },
      };
    },
  };
}

function heldLatestFirst(tools: TacticsTools): BaselineChunk[] {
  const { chunks } = tools.context;
  const newest = chunks.edge?.sequence ?? 0;
  const held: BaselineChunk[] = [];
  for (let sequence = newest; sequence > newest - PUSHED_WINDOW_CHUNKS; sequence--) {
    const chunk = chunks.get(sequence);
    if (chunk && isWhole(chunk)) held.push(chunk);
  }
  return held;
}

/** A random peer first, then the latest chunk for it. */
function choose(tools: TacticsTools, chunks: readonly BaselineChunk[], known: number): Push | undefined {
  if (chunks.length === 0) return undefined;
  const isOpen = ({ role, status }: BaselineNeighbour): boolean => role !== 'origin' && status !== undefined;
  for (const neighbour of shuffled([...tools.context.neighbours.values()].filter(isOpen), tools.random)) {
    const chunk = chunks.find(({ ref }) => !isMarked(neighbour, ref.sequence, known));
    if (chunk) return { neighbour, chunk };
  }
  return undefined;
}

/** Random peer, latest useful chunk. */
export function randomPush(): Strategy {
  return baselineStrategy({
    name: 'random-push',
    summary: 'epidemic push, random peer, latest useful chunk',
    tactics: tacticsOf('latestUseful'),
  });
}

/** Random peer, latest chunk, useful or not. */
export function randomPushBlind(): Strategy {
  return baselineStrategy({
    name: 'random-push-blind',
    summary: 'epidemic push, random peer, latest chunk whether or not it is useful',
    tactics: tacticsOf('blind'),
  });
}
