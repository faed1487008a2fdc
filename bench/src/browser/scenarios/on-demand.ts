import { seededRandom } from '@p2ptv/protocol';

import type { PlannedSeek, Scenario, ScenarioSize } from './scenario.js';
import { inTurn } from './timetable.js';

/** The same seeks in every run, so that systems and rounds are held against the same course. */
const SEED = 20_261;
/** From its click until a viewer goes to a place of its own, ms. */
const FIRST_SEEK_MS = 2_000;
/** From one seek to the next, ms. */
const LEAST_PAUSE_MS = 8_000;
const MOST_PAUSE_MS = 16_000;
/** Nobody seeks so shortly before the end of the viewing, ms: it could not show whether it comes to a picture. */
const LAST_SEEK_MARGIN_MS = 4_000;
/** Nobody comes so near to the end of the recording, ms: a picture that has ended would look like one that plays. */
const END_MARGIN_MS = 2_000;
/** What a player has loaded around a stay, ms: before it to the segment's beginning and a segment more, after it what it keeps in hand. */
const LOADED_BEFORE_MS = 4_000;
const LOADED_AHEAD_MS = 12_000;
/** So many places are drawn for a seek, and the first is taken that lies outside of all earlier stays. */
const DRAWS = 100;
/** Longer than the viewing, so that there are places to which nobody has been; not so long that nobody meets others' places. */
const RECORDED_RATIO = 1.5;
const LEAST_RECORDED_SECONDS = 20;
/** The origin keeps 10 minutes of a stream by default. */
const MOST_SECONDS = 390;

/** From where to where something reaches in the recording, ms. */
type Stretch = { readonly fromMs: number; readonly toMs: number };

/** A stream that has ended, watched by viewers who are at different places, and change them. */
export const onDemand: Scenario = {
  summary: 'the stream has ended before anybody comes; each viewer goes to another place of it, and seeks every 8 to 16 s',
  viewers: (size) =>
    inTurn(size).map((viewer, index) => ({ ...viewer, seeks: seeksOf(index, { watchMs: viewer.watchMs, recordedMs: recordedSeconds(size) * 1000 }) })),
  recordedSeconds,
  problem: ({ seconds }) =>
    seconds > MOST_SECONDS ? `on-demand records ${RECORDED_RATIO} times as long as it watches, and the origin keeps 10 minutes: --seconds ${MOST_SECONDS} or less` : undefined,
  hasVisits: false,
};

function recordedSeconds({ seconds }: ScenarioSize): number {
  return Math.max(LEAST_RECORDED_SECONDS, Math.round(seconds * RECORDED_RATIO));
}

/**
 * Each leads to a place from which there is enough to play until the next one, or until the viewer leaves; and, as long as
 * there are such places, to one at which the viewer's player can have nothing.
 */
function seeksOf(viewer: number, { watchMs, recordedMs }: { readonly watchMs: number; readonly recordedMs: number }): PlannedSeek[] {
  const random = seededRandom(SEED + viewer);
  const times: number[] = [];
  for (let atMs = FIRST_SEEK_MS; atMs <= watchMs - LAST_SEEK_MARGIN_MS; atMs += LEAST_PAUSE_MS + random.next() * (MOST_PAUSE_MS - LEAST_PAUSE_MS)) times.push(atMs);
  const stays: Stretch[] = [stay(0, FIRST_SEEK_MS)];
  return times.map((atMs, index) => {
    const playedMs = (times[index + 1] ?? watchMs) - atMs;
    const draw = (): number => Math.floor(random.next() * Math.max(0, recordedMs - playedMs - END_MARGIN_MS));
    const places = Array.from({ length: DRAWS }, draw);
    const isElsewhere = (toMs: number): boolean => stays.every((before) => toMs < before.fromMs || toMs > before.toMs);
    const toMs = places.find(isElsewhere) ?? places[0] ?? 0;
    stays.push(stay(toMs, playedMs));
    return { atMs, toMs };
  });
}

function stay(fromMs: number, playedMs: number): Stretch {
  return { fromMs: fromMs - LOADED_BEFORE_MS, toMs: fromMs + playedMs + LOADED_AHEAD_MS };
}
