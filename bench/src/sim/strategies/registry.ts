import type { PartialEngineOptions } from '@p2ptv/peer/engine';
import type { Strategy } from '../peer-agent.js';
import { election } from './election.js';
import { originOnly } from './origin-only.js';
import { p2ptv } from './p2ptv.js';
import { randomPush, randomPushBlind } from './random-push.js';
import { rarestFirst } from './rarest-first.js';
import { sequential } from './sequential.js';
import { tree } from './tree.js';

/** By name, in the order of tables; each makes the strategy, the engine's options apply where the engine runs. */
const STRATEGIES = {
  p2ptv,
  sequential,
  'rarest-first': rarestFirst,
  'random-push': randomPush,
  'random-push-blind': randomPushBlind,
  election,
  tree,
  'origin-only': originOnly,
} as const satisfies Record<string, (engine: PartialEngineOptions) => Strategy>;

/** Name of a strategy, as `--strategy` takes it. */
export type StrategyName = keyof typeof STRATEGIES;

/** All names, ours first. */
export const STRATEGY_NAMES = Object.keys(STRATEGIES) as readonly StrategyName[];

/** True for a name that {@link createStrategy} knows. */
export function isStrategyName(name: string): name is StrategyName {
  return Object.hasOwn(STRATEGIES, name);
}

/** The strategy of that name. `engine`: options of the peers and seeders that run the project's engine. */
export function createStrategy(name: StrategyName, engine: PartialEngineOptions = {}): Strategy {
  return STRATEGIES[name](engine);
}
