import { resolveEngineOptions } from '@p2ptv/peer/engine';
import type { Strategy } from '../../peer-agent.js';
import { EngineAgent } from '../engine-agent.js';
import { BaselinePeer } from './baseline-peer.js';
import { SilentSeeder } from './silent-seeder.js';
import type { TacticsFactory } from './tactics.js';

/** What the origin's own peer does under a baseline. */
export type OriginSeeder =
  /** The engine's seeder: it pushes each chunk to those on duty. */
  | 'engine'
  /** Nothing: all that leaves the origin leaves it by HTTP. */
  | 'silent'
  /** The same tactics as the viewers. */
  | 'tactics';

/** A strategy whose viewers run on {@link BaselinePeer}. */
export function baselineStrategy(what: {
  readonly name: string;
  readonly summary: string;
  readonly tactics: TacticsFactory;
  readonly seeder?: OriginSeeder;
}): Strategy {
  const { name, summary, tactics, seeder = 'engine' } = what;
  return {
    name,
    summary,
    createAgent: (identity, ports) => {
      if (identity.role !== 'origin' || seeder === 'tactics') return new BaselinePeer(identity, ports, tactics);
      return seeder === 'silent' ? new SilentSeeder() : new EngineAgent(identity, { options: resolveEngineOptions(), ports });
    },
  };
}
