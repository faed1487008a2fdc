import type { Scenario, ScenarioSize } from './scenario.js';
import { inTurn, lastClickMs } from './timetable.js';

/** From the last click on, ms. */
const KILL_AFTER_MS = 10_000;
/** From its end to its new start, ms: longer than what anybody has in hand, so that every picture stands. */
const AWAY_MS = 3_000;
/** Time to recover, before the first viewer leaves, ms. */
const LEAST_AFTER_MS = 15_000;

/** The origin dies with its encoder, tracker and seeder, as in a power cut, and comes back with the same data. */
export const originKilled: Scenario = {
  summary: 'the origin is killed 10 s after the last viewer came, and started again 3 s later',
  viewers: inTurn,
  events: (size) => [
    { atMs: killMs(size), kind: 'originKilled', what: 'the origin is killed', act: ({ origin }) => origin.kill() },
    { atMs: killMs(size) + AWAY_MS, kind: 'originReturned', what: 'the origin is started again', act: ({ origin, signal }) => origin.startAgain(signal) },
  ],
  problem: (size) => {
    const leastSeconds = Math.ceil((killMs(size) + AWAY_MS + LEAST_AFTER_MS) / 1000);
    return size.seconds < leastSeconds ? `origin-killed needs time to recover: --seconds ${leastSeconds} or more` : undefined;
  },
  hasVisits: false,
};

function killMs(size: ScenarioSize): number {
  return lastClickMs(size) + KILL_AFTER_MS;
}
