import type { PlannedEvent, Scenario, ScenarioSize, Stage } from './scenario.js';
import { inTurn, lastClickMs } from './timetable.js';

/** From the last click until lines become slower, ms: all are settled, and have come to the best rendition if they ever do. */
const SETTLED_MS = 10_000;
/** Lines are slower for this share of the viewing. */
const SLOW_SHARE = 0.25;
/** Afterwards there is at least so much time to come back, ms. */
const LEAST_AFTER_MS = 10_000;
/** What a slower line carries of what it did. */
const SLOWED_RATIO = 0.5;

/** The downlinks of half the viewers halve, so that the best rendition does not fit any more, and are restored. */
export const abr: Scenario = {
  summary: 'two renditions; each second viewer’s downlink carries twice the best one, half of that for a quarter of the time, and then all again (root on Linux)',
  viewers: (size) => inTurn(size).map((viewer, place) => ({ ...viewer, group: isSlowed(place) ? 'slowed' : 'others' })),
  events: (size) => [
    { atMs: slowAtMs(size), kind: 'linesSlowed', what: 'half the viewers’ downlinks halve', act: (stage) => changeLines(stage, size, SLOWED_RATIO) },
    { atMs: restoreAtMs(size), kind: 'linesRestored', what: 'the downlinks are restored', act: (stage) => changeLines(stage, size, 1) },
  ] satisfies PlannedEvent[],
  problem: (size) => {
    const leastSeconds = Math.ceil((lastClickMs(size) + SETTLED_MS + LEAST_AFTER_MS) / (1 - SLOW_SHARE) / 1000);
    return size.seconds < leastSeconds ? `abr needs time to come back to the best rendition: --seconds ${leastSeconds} or more` : undefined;
  },
  isShaped: true,
  downlinkRatio: 2,
  hasLadder: true,
  hasVisits: false,
};

function isSlowed(place: number): boolean {
  return place % 2 === 0;
}

function slowAtMs(size: ScenarioSize): number {
  return lastClickMs(size) + SETTLED_MS;
}

function restoreAtMs(size: ScenarioSize): number {
  return slowAtMs(size) + size.seconds * 1000 * SLOW_SHARE;
}

function changeLines({ network }: Stage, { viewers }: ScenarioSize, ratio: number): Promise<void> {
  for (let place = 0; place < viewers; place++) if (isSlowed(place)) network?.changeDownlink(place, ratio);
  return Promise.resolve();
}
