import { planRuns } from '../plan.js';
import { readScenario } from '../scenario.js';
import type { SimReport } from '../sim-report.js';
import { judgeReport } from '../table.js';
import type { Comparison } from './comparison.js';
import { pick } from './comparison.js';

const USUAL_SCENARIO = 'small-origin';
/** Playout delays that are tried, ms, glass to glass. */
const DELAYS_MS = ['1000', '1300', '1600', '1900', '2200', '2500'] as const;

/** A scenario at several playout delays: what delay its bars take. */
export const playoutComparison: Comparison = {
  name: 'playout',
  summary: `a scenario, ${USUAL_SCENARIO} unless --scenario names another, at playout delays of ${DELAYS_MS.join(', ')} ms: from which on its bars are met; --only <ms>`,
  sets: ['playoutMs'],
  plan: (request) => {
    const scenario = readScenario(request.scenario ?? USUAL_SCENARIO);
    const entries = pick(DELAYS_MS, request).flatMap((playoutMs) => planRuns(scenario, { ...request.given, playoutMs }, { name: `${scenario.name} at ${playoutMs} ms` }));
    return { title: `What playout delay ${scenario.name} takes`, entries };
  },
  conclude: leastPlayoutText,
};

/** From which playout delay on all bars are met. One that is met by luck below others that are not does not count. */
export function leastPlayoutText(report: Pick<SimReport, 'config' | 'results'>): string {
  const judged = judgeReport(report);
  const tried = Object.entries(report.config.runs)
    .map(([run, { options }]) => ({ delayMs: Number(options['playoutMs']), isMet: judged.every((bar) => bar.run !== run || bar.isMet) }))
    .sort((left, right) => left.delayMs - right.delayMs);
  const least = tried[tried.findLastIndex(({ isMet }) => !isMet) + 1];
  return least ? `All bars are met from a playout delay of ${least.delayMs} ms on.` : `At ${tried.at(-1)?.delayMs ?? 0} ms of playout delay not all bars are met.`;
}
