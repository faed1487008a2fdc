import type { PlannedViewer, Scenario, ScenarioSize } from './scenario.js';
import { inTurn, lastClickMs } from './timetable.js';

/** From one killing to the next, and from the last first click to the first killing, ms. */
const KILL_EVERY_MS = 10_000;
/** Before the first viewer leaves there is so much time left after the last killing, ms: its effects are seen. */
const LAST_EFFECT_MS = 5_000;
/** Newcomers have all clicked within this share of the time between two killings. */
const NEWCOMERS_SHARE = 0.5;
/** The first newcomer clicks so long after the killing, ms. */
const FIRST_NEWCOMER_MS = 500;

/**
 * Every second viewer is killed, browser and all, without a word to its neighbours; newcomers take their
 * places, and are killed in their turn. The others must hardly notice.
 */
export const kill: Scenario = {
  summary: 'every 10 s each second viewer’s browser is killed, and newcomers take their places',
  viewers: (size) => [...firstViewers(size), ...newcomers(size)],
  events: (size) => killTimes(size).map((atMs) => ({ atMs, kind: 'viewersKilled', what: 'half the viewers are killed', act: () => Promise.resolve() })),
  problem: (size) => {
    if (size.viewers < 2) return 'kill needs somebody who survives: --viewers 2 or more';
    const leastSeconds = Math.ceil((firstKillMs(size) + LAST_EFFECT_MS) / 1000);
    return size.seconds < leastSeconds ? `kill needs time for one killing at least: --seconds ${leastSeconds} or more` : undefined;
  },
  hasVisits: false,
};

function firstViewers(size: ScenarioSize): PlannedViewer[] {
  return inTurn(size).map((viewer, place) =>
    isDoomed(place) ? { ...viewer, group: 'killed', killAtMs: firstKillMs(size) } : { ...viewer, group: 'survivors' },
  );
}

function newcomers(size: ScenarioSize): PlannedViewer[] {
  const times = killTimes(size);
  const doomed = inTurn(size).filter((_, place) => isDoomed(place));
  const gapMs = Math.min(size.staggerMs, (KILL_EVERY_MS * NEWCOMERS_SHARE) / doomed.length);
  return times.flatMap((killedAtMs, generation) =>
    doomed.map((predecessor, index): PlannedViewer => {
      const clickAtMs = killedAtMs + FIRST_NEWCOMER_MS + index * gapMs;
      const endMs = predecessor.clickAtMs + predecessor.watchMs;
      return { group: 'killed', clickAtMs, watchMs: endMs - clickAtMs, killAtMs: times[generation + 1], hasWebRtc: true };
    }),
  );
}

function isDoomed(place: number): boolean {
  return place % 2 === 1;
}

function firstKillMs(size: ScenarioSize): number {
  return lastClickMs(size) + KILL_EVERY_MS;
}

function killTimes(size: ScenarioSize): number[] {
  const times: number[] = [];
  for (let atMs = firstKillMs(size); atMs + LAST_EFFECT_MS <= size.seconds * 1000; atMs += KILL_EVERY_MS) times.push(atMs);
  return times;
}
