import { writeFileSync } from 'node:fs';

import { Option } from 'commander';

import { describeMachine } from '../machine.js';
import type { Suite } from '../suite.js';
import { DEFAULT_SIM_CONFIG } from './options.js';
import { runSimulation } from './run.js';
import { createStrategy, isStrategyName } from './strategies/registry.js';

/** The engine by the thousands, in virtual time, against what is physically possible. */
export const simSuite: Suite = {
  name: 'sim',
  summary: 'the engine by the thousands in virtual time: delay and offload beside their limits',
  configure: (command) => {
    for (const name of ['viewers', 'seconds', 'seed', 'playout-ms', 'part-ms', 'json', 'strategy']) command.addOption(new Option(`--${name} <value>`));
  },
  run: async (flags, context) => {
    const number = (name: string, otherwise: number): number => (flags[name] === undefined ? otherwise : Number(flags[name]));
    const viewers = number('viewers', 100);
    const config = {
      ...DEFAULT_SIM_CONFIG,
      viewers,
      seconds: number('seconds', 60),
      seed: number('seed', 1),
      playoutMs: number('playoutMs', 1_300),
      partMs: number('partMs', 200),
      originUplinkBitsPerSecond: Math.max(1_000_000_000, viewers * 5_000_000),
    };
    const name = typeof flags['strategy'] === 'string' ? flags['strategy'] : 'p2ptv';
    if (!isStrategyName(name)) return false;
    const startedAt = new Date().toISOString();
    const result = await runSimulation(config, createStrategy(name), context);
    const { series: _series, ...figures } = result;
    context.print(JSON.stringify(figures, undefined, 2));
    if (typeof flags['json'] === 'string') {
      const report = { suite: 'sim', startedAt, machine: describeMachine({ chromium: 'none', ffmpeg: 'none' }), config, results: { [name]: result } };
      writeFileSync(flags['json'], JSON.stringify(report));
    }
    return true;
  },
};
