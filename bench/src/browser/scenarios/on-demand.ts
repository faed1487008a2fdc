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
/** Nobody comes so near to the end of the recording, ms: a picture that has ended would look like one that plays. */
const END_MARGIN_MS = 2_000;
/** The recording is as long as the viewing, and this long at least, s. */
const LEAST_RECORDED_SECONDS = 20;
/** The origin keeps 10 minutes of a stream by default. */
const MOST_SECONDS = 540;

/** A stream that has ended, watched by viewers who are at different places, and change them. */
export const onDemand: Scenario = {
  summary: 'the stream has ended before anybody comes; each viewer goes to another place of it, and seeks every 8 to 16 s',
  viewers: (size) =>
    inTurn(size).map((viewer, index) => ({ ...viewer, seeks: seeksOf(index, { watchMs: viewer.watchMs, recordedMs: recordedSeconds(size) * 1000 }) })),
  recordedSeconds,
  problem: ({ seconds }) => (seconds > MOST_SECONDS ? `on-demand records as long as it watches, which the origin keeps for 10 minutes: --seconds ${MOST_SECONDS} or less` : undefined),
  hasVisits: false,
};

function recordedSeconds({ seconds }: ScenarioSize): number {
  return Math.max(LEAST_RECORDED_SECONDS, seconds);
}

/** Each leads to a place from which there is enough to play until the next one, or until the viewer leaves. */
function seeksOf(viewer: number, { watchMs, recordedMs }: { readonly watchMs: number; readonly recordedMs: number }): PlannedSeek[] {
  const random = seededRandom(SEED + viewer);
  const times: number[] = [];
  for (let atMs = FIRST_SEEK_MS; atMs < watchMs; atMs += LEAST_PAUSE_MS + random.next() * (MOST_PAUSE_MS - LEAST_PAUSE_MS)) times.push(atMs);
  return times.map((atMs, index) => {
    const playedMs = (times[index + 1] ?? watchMs) - atMs;
    return { atMs, toMs: Math.floor(random.next() * Math.max(0, recordedMs - playedMs - END_MARGIN_MS)) };
  });
}
