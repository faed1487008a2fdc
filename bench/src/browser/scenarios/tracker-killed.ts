import { BenchError } from '../../errors.js';
import type { Scenario, ScenarioSize } from './scenario.js';
import { inTurn, lastClickMs } from './timetable.js';

/** From the last click on, ms: all have found each other by then. */
const KILL_AFTER_MS = 10_000;
/** Those who watch are seen so long without it, at least, ms. */
const LEAST_WITHOUT_MS = 10_000;

/** The tracker dies, and does not come back. Who has met goes on. */
export const trackerKilled: Scenario = {
  summary: 'the tracker, a process of its own here, is killed 10 s after the last viewer came',
  viewers: inTurn,
  events: (size) => [
    {
      atMs: killMs(size),
      kind: 'trackerKilled',
      what: 'the tracker is killed',
      act: async ({ tracker }) => {
        if (!tracker) throw new BenchError('There is no tracker apart to be killed.');
        await tracker.kill();
      },
    },
  ],
  problem: (size) => {
    const leastSeconds = Math.ceil((killMs(size) + LEAST_WITHOUT_MS) / 1000);
    return size.seconds < leastSeconds ? `tracker-killed needs time after the killing: --seconds ${leastSeconds} or more` : undefined;
  },
  hasTrackerApart: true,
  hasVisits: false,
};

function killMs(size: ScenarioSize): number {
  return lastClickMs(size) + KILL_AFTER_MS;
}
