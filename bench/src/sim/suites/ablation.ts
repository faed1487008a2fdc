import { MECHANISMS } from '@p2ptv/peer/engine';
import type { Mechanism } from '@p2ptv/peer/engine';

import type { PlanEntry } from '../plan.js';
import { planRuns } from '../plan.js';
import { readScenario } from '../scenario.js';
import type { Comparison } from './comparison.js';
import { pick } from './comparison.js';

/** Where a mechanism has most to do, if that is not the {@link USUAL_SCENARIO}. */
const SCENARIO_OF: Readonly<Partial<Record<Mechanism, string>>> = {
  cutThrough: 'weak-uplinks',
  switching: 'weak-uplinks',
  splitting: 'weak-uplinks',
  jitter: 'small-origin',
  exchange: 'tracker-away',
  spread: 'on-demand',
  rarestFirst: 'on-demand',
};
const USUAL_SCENARIO = 'steady-1k';

/** The engine with each mechanism switched off, in the scenario built for it, beside the whole engine. */
export const ablationComparison: Comparison = {
  name: 'ablation',
  summary: 'the engine without each of its mechanisms, in the scenario built for it; --only <mechanisms>',
  sets: ['disable', 'strategy'],
  plan: (request) => {
    const mechanisms = pick(MECHANISMS, request);
    const scenarioOf = (mechanism: Mechanism): string => request.scenario ?? SCENARIO_OF[mechanism] ?? USUAL_SCENARIO;
    const scenarios = [...new Set(mechanisms.map(scenarioOf))];
    const entries = scenarios.flatMap((name): PlanEntry[] => {
      const scenario = { ...readScenario(name), bars: [] };
      const whole = planRuns(scenario, request.given, { name });
      const without = mechanisms
        .filter((mechanism) => scenarioOf(mechanism) === name)
        .flatMap((mechanism) =>
          planRuns(scenario, { ...request.given, disable: mechanism }, { name: `${name} without ${mechanism}`, comparedWith: name }),
        );
      return [...whole, ...without];
    });
    return { title: 'Each mechanism switched off', entries };
  },
};
