import type { Strategy } from '../peer-agent.js';
import { baselineStrategy } from './baseline/baseline-strategy.js';
import type { TacticsFactory } from './baseline/tactics.js';

/** Plain HTTP streaming: every header and every chunk from the origin, at once; the zero of every offload. */
const TACTICS: TacticsFactory = {
  traits: { tellsBegun: false, tellsWhole: false, hasLinks: false, headers: 'always', serving: 'serial' },
  create: () => ({ mayHope: () => false }),
};

/** No peer at all. */
export function originOnly(): Strategy {
  return baselineStrategy({
    name: 'origin-only',
    summary: 'every chunk from the origin, no links',
    tactics: TACTICS,
    seeder: 'silent',
  });
}
