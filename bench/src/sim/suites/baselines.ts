import { planRuns } from '../plan.js';
import { readScenario } from '../scenario.js';
import { STRATEGY_NAMES } from '../strategies/registry.js';
import type { Comparison } from './comparison.js';
import { pick } from './comparison.js';

const USUAL_SCENARIO = 'steady-1k';

/** Every strategy on the same network with the same seed. */
export const baselinesComparison: Comparison = {
  name: 'baselines',
  summary: `every strategy in one scenario, ${USUAL_SCENARIO} unless --scenario names another; --only <strategies>`,
  sets: ['strategy'],
  plan: (request) => {
    const scenario = readScenario(request.scenario ?? USUAL_SCENARIO);
    const strategy = pick(STRATEGY_NAMES, request).join(',');
    const entries = planRuns(scenario, { ...request.given, strategy });
    const viewers = entries[0]?.config.viewers ?? 0;
    return { title: `Strategies side by side: ${scenario.name}, ${viewers.toLocaleString('en')} viewers`, entries: entries.map(withoutBars) };
  },
};

/** Bars are what we set ourselves: they say nothing about the others. */
function withoutBars<Entry extends { readonly strategy: string; readonly planned: object }>(entry: Entry): Entry {
  return entry.strategy === 'p2ptv' ? entry : { ...entry, planned: { ...entry.planned, bars: [] } };
}
