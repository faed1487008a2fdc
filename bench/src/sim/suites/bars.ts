import { runsNeededBy } from '../bars.js';
import { planRuns } from '../plan.js';
import { readScenario, scenarioNames } from '../scenario.js';
import type { Comparison } from './comparison.js';
import { pick } from './comparison.js';

/** Small before large, so that a table of something comes soon. Scenarios that are not named here come after these. */
const FIRST: readonly string[] = [
  'steady-10',
  'steady-100',
  'steady-1k',
  'small-origin',
  'weak-uplinks',
  'below-capacity',
  'churn',
  'flash-crowd',
  'lossy',
  'contributors',
  'free-riders',
  'polluters',
  'tracker-away',
  'origin-away',
  'one-rendition',
  'renditions',
  'quality',
];
/** Hours rather than minutes. */
const LAST: readonly string[] = ['steady-10k', 'steady-100k'];

/** Every scenario that has bars, and those that these are held against. */
export const barsComparison: Comparison = {
  name: 'bars',
  summary: 'every scenario with bars, each with whether it is met, which the exit code tells too; --only <scenarios>',
  isJudge: true,
  sets: ['scenario', 'strategy'],
  plan: (request) => {
    const scenarios = ordered(scenarioNames()).map(readScenario);
    const withBars = scenarios.filter(({ bars }) => bars.length > 0);
    const wanted = new Set<string>(pick(withBars.map(({ name }) => name), request));
    for (const { name, bars } of withBars) {
      if (wanted.has(name)) for (const needed of runsNeededBy(bars)) wanted.add(needed);
    }
    const entries = scenarios
      .filter(({ name }) => wanted.has(name))
      .flatMap((scenario) => planRuns(scenario, request.given, { name: scenario.name }));
    return { title: 'Scenarios and their bars', entries };
  },
};

function ordered(names: readonly string[]): string[] {
  const rank = (name: string): number => {
    if (LAST.includes(name)) return FIRST.length + 1 + LAST.indexOf(name);
    return FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length;
  };
  return [...names].sort((left, right) => rank(left) - rank(right));
}
