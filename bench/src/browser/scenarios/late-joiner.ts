import type { Scenario, ScenarioSize } from './scenario.js';
import { inTurn, lastClickMs } from './timetable.js';

/** From the click of the last of the others on: they are settled after 10 s, ms. */
const SETTLED_AFTER_MS = 15_000;
/** It has to watch so long, to be settled itself for a while, ms. */
const LEAST_WATCH_MS = 15_000;

/** Somebody comes when the mesh has long found its shape: what it costs, and how soon it has a picture. */
export const lateJoiner: Scenario = {
  summary: 'the last viewer comes 15 s after all others, and leaves with the first',
  viewers: (size) => {
    const others = inTurn({ ...size, viewers: size.viewers - 1 }).map((viewer) => ({ ...viewer, group: 'settled' }));
    const clickAtMs = lateClickMs(size);
    return [...others, { group: 'late', clickAtMs, watchMs: size.seconds * 1000 - clickAtMs, killAtMs: undefined, hasWebRtc: true }];
  },
  problem: (size) => {
    if (size.viewers < 2) return 'late-joiner needs somebody who was there before: --viewers 2 or more';
    const leastSeconds = Math.ceil((lateClickMs(size) + LEAST_WATCH_MS) / 1000);
    return size.seconds < leastSeconds ? `late-joiner needs time for the one who comes late: --seconds ${leastSeconds} or more` : undefined;
  },
  hasVisits: false,
};

function lateClickMs(size: ScenarioSize): number {
  return lastClickMs({ ...size, viewers: size.viewers - 1 }) + SETTLED_AFTER_MS;
}
