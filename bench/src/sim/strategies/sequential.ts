import type { Strategy } from '../peer-agent.js';
import { baselineStrategy } from './baseline/baseline-strategy.js';
import { freeRequests, holdersOf, nextAskMs, soonest, unsupplied } from './baseline/holders.js';
import type { TacticsFactory } from './baseline/tactics.js';

/**
 * Pull in play order: the next chunk is asked for when the one before it has been. While no
 * neighbour has the oldest chunk that is missing, nothing newer is asked for. All want the same
 * chunk and have the same chunks, so uplinks idle: the missing-chunk syndrome (Hajek and Zhu 2011).
 * It shows in wide windows; a live window of five parts that are seeded in play order hides most of it.
 */
const TACTICS: TacticsFactory = {
  traits: { tellsBegun: true, tellsWhole: true, hasLinks: true, headers: 'whenSilent', serving: 'serial' },
  create: (tools) => ({
    dueMs: (nowMs) => nextAskMs(tools, nowMs),
    act: (nowMs) => {
      let free = freeRequests(tools);
      for (const chunk of unsupplied(tools)) {
        const holder = free > 0 ? soonest(tools, nowMs, holdersOf(tools, chunk)) : undefined;
        if (!holder) return;
        tools.supply.ask(nowMs, chunk, holder);
        free--;
      }
    },
  }),
};

/** Requests strictly in order. */
export function sequential(): Strategy {
  return baselineStrategy({ name: 'sequential', summary: 'pull strictly in play order', tactics: TACTICS });
}
