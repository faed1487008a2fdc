import { resolveEngineOptions, type PartialEngineOptions } from '@p2ptv/peer/engine';
import type { Strategy } from '../peer-agent.js';
import { EngineAgent } from './engine-agent.js';

/** The engine that runs in browsers, unchanged. (peer/SPEC.md) */
export function p2ptv(options: PartialEngineOptions = {}): Strategy {
  // One object for all: alike engines share what the compiler learns of them, and memory.
  const resolved = resolveEngineOptions(options);
  return {
    name: 'p2ptv',
    summary: 'the project’s own engine',
    createAgent: (identity, ports) => new EngineAgent(identity, { options: resolved, ports }),
  };
}
