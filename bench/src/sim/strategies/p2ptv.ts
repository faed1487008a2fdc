import type { PartialEngineOptions } from '@p2ptv/peer/engine';
import type { Strategy } from '../peer-agent.js';
import { EngineAgent } from './engine-agent.js';

/** The engine that runs in browsers, unchanged. (peer/SPEC.md) */
export function p2ptv(options: PartialEngineOptions = {}): Strategy {
  return {
    name: 'p2ptv',
    summary: 'the project’s own engine',
    createAgent: (identity, ports) => new EngineAgent(identity, { options, ports }),
  };
}
