import type { Mechanism } from '@p2ptv/peer/engine';

import type { PlanEntry } from '../plan.js';
import { planRuns } from '../plan.js';
import { readScenario } from '../scenario.js';
import type { Comparison } from './comparison.js';
import { pick } from './comparison.js';

/** Where a mechanism has most to do. */
const SCENARIO_OF: Readonly<Record<Mechanism, string>> = {
  push: 'steady-1k',
  cutThrough: 'steady-1k',
  switching: 'steady-1k',
  hedging: 'lossy',
  jitter: 'weak-uplinks',
  priority: 'free-riders',
  exchange: 'tracker-away',
};
const MECHANISM_NAMES = Object.keys(SCENARIO_OF) as readonly Mechanism[];

/** The engine with each mechanism switched off, in the scenario built for it, beside the whole engine. */
export const ablationComparison: Comparison = {
  name: 'ablation',
  summary: 'the engine without each of its mechanisms, in the scenario built for it; --only <mechanisms>',
  plan: (request) => {
    const mechanisms = pick(MECHANISM_NAMES, request);
    const scenarios = [...new Set(mechanisms.map((mechanism) => request.scenario ?? SCENARIO_OF[mechanism]))];
    const entries = scenarios.flatMap((name): PlanEntry[] => {
      const scenario = { ...readScenario(name), bars: [] };
      const whole = planRuns(scenario, request.given, { name });
      const without = mechanisms
        .filter((mechanism) => (request.scenario ?? SCENARIO_OF[mechanism]) === name)
        .flatMap((mechanism) =>
          planRuns(scenario, { ...request.given, disable: mechanism }, { name: `${name} without ${mechanism}`, comparedWith: name }),
        );
      return [...whole, ...without];
    });
    return { title: 'Each mechanism switched off', entries };
  },
};
