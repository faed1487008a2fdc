import type { Strategy } from '../peer-agent.js';
import { baselineStrategy } from './baseline/baseline-strategy.js';
import { freeRequests, holdersOf, nextAskMs, soonest, unsupplied } from './baseline/holders.js';
import type { TacticsFactory } from './baseline/tactics.js';

/**
 * Pull of what fewest neighbours have (BitTorrent, Cohen 2003; for live streams CoolStreaming/DONet,
 * Zhang et al. 2005), of equals the newest, which spreads furthest.
 */
const TACTICS: TacticsFactory = {
  traits: { tellsBegun: true, tellsWhole: true, hasLinks: true, headers: 'whenSilent', serving: 'serial' },
  create: (tools) => ({
    dueMs: (nowMs) => nextAskMs(tools, nowMs),
    act: (nowMs) => {
      let free = freeRequests(tools);
      const rarestFirst = unsupplied(tools)
        .map((chunk) => ({ chunk, holders: holdersOf(tools, chunk) }))
        .filter(({ holders }) => holders.length > 0)
        .sort(
          (left, right) =>
            left.holders.length - right.holders.length || right.chunk.ref.sequence - left.chunk.ref.sequence,
        );
      for (const { chunk, holders } of rarestFirst) {
        const holder = free > 0 ? soonest(tools, nowMs, holders) : undefined;
        if (!holder) continue;
        tools.supply.ask(nowMs, chunk, holder);
        free--;
      }
    },
  }),
};

/** Requests of what is rarest among neighbours. */
export function rarestFirst(): Strategy {
  return baselineStrategy({ name: 'rarest-first', summary: 'pull of what fewest neighbours have', tactics: TACTICS });
}
