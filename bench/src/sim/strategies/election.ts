import type { Strategy } from '../peer-agent.js';
import type { BaselineChunk } from './baseline/baseline-chunk.js';
import { isServing } from './baseline/baseline-neighbour.js';
import { baselineStrategy } from './baseline/baseline-strategy.js';
import { freeRequests, holdersOf, nextAskMs, soonest, unsupplied } from './baseline/holders.js';
import type { TacticsFactory, TacticsTools } from './baseline/tactics.js';

/**
 * Election, after the rule of p2p-media-loader's next version: among a peer and its neighbours the
 * lowest hash of (peer, chunk) fetches the chunk from the origin by HTTP, the others wait and pull
 * from whoever has it. Whoever ranks r-th fetches as backup when its time comes and nobody around
 * has said that it has the chunk or is getting it: the first backup when a part is over, the last
 * at the common fallback time. There is no seeder; headers come from the origin, as playlists do
 * there, so that the elected know of a chunk at once.
 */
const TACTICS: TacticsFactory = {
  traits: { tellsBegun: true, tellsWhole: true, hasLinks: true, headers: 'always', serving: 'serial' },
  create: (tools) => {
    const isFetcher = (nowMs: number, chunk: BaselineChunk): boolean => nowMs >= turnMs(tools, nowMs, chunk);
    return {
      act: (nowMs) => {
        let free = freeRequests(tools);
        for (const chunk of unsupplied(tools)) {
          const holders = holdersOf(tools, chunk);
          const holder = free > 0 ? soonest(tools, nowMs, holders) : undefined;
          if (holder) {
            tools.supply.ask(nowMs, chunk, holder);
            free--;
          } else if (holders.length === 0 && isFetcher(nowMs, chunk)) {
            tools.supply.fetch(nowMs, chunk);
          }
        }
      },
      dueMs: (nowMs) => {
        let dueMs = nextAskMs(tools, nowMs);
        for (const chunk of unsupplied(tools)) {
          if (holdersOf(tools, chunk).length > 0) continue;
          const atMs = turnMs(tools, nowMs, chunk);
          if (atMs > nowMs) dueMs = Math.min(dueMs, atMs);
        }
        return dueMs;
      },
    };
  },
};

/** When this peer fetches a chunk that nobody around it has, ms. */
function turnMs(tools: TacticsTools, nowMs: number, chunk: BaselineChunk): number {
  const { neighbours, identity } = tools.context;
  const { sequence } = chunk.ref;
  const own = hashOf(tools.peerId, sequence);
  let rank = 0;
  let electorate = 1;
  for (const neighbour of neighbours.values()) {
    if (!isServing(neighbour)) continue;
    electorate++;
    if (hashOf(neighbour.peerId, sequence) < own) rank++;
  }
  if (rank === 0 || identity.role !== 'viewer') return chunk.acceptedAtMs;
  const partMs = chunk.signed.header.durationUs / 1000;
  const firstMs = chunk.acceptedAtMs + partMs;
  const lastMs = Math.max(firstMs, tools.supply.fallbackAtMs(nowMs, chunk));
  return firstMs + ((lastMs - firstMs) * (rank - 1)) / electorate;
}

/** FNV-1a over the id and the chunk's sequence, finished as murmur3 does so that neighbouring sequences differ. */
function hashOf(peerId: string, sequence: number): number {
  let hash = 0x811c9dc5 ^ sequence;
  for (let index = 0; index < peerId.length; index++) hash = Math.imul(hash ^ peerId.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The lowest hash around fetches from the origin. */
export function election(): Strategy {
  return baselineStrategy({
    name: 'election',
    summary: 'the lowest hash(peer, chunk) of a neighbourhood fetches from the origin',
    tactics: TACTICS,
    seeder: 'silent',
  });
}
