import { SEGMENT_MS } from '../origin-process.js';

/** The golden section: rounds' places fall evenly, however many there are. */
const STEP_RATIO = 0.618;

/** Where in a segment the viewers of a round begin to click, by the wall clock, ms: the same for all systems. */
export function clickPhaseMs(round: number): number {
  return Math.round((round * STEP_RATIO * SEGMENT_MS) % SEGMENT_MS);
}

/** How long it is until that place of the segment under way, or of the next, ms. */
export function untilPhaseMs(wallMs: number, phaseMs: number): number {
  return (((phaseMs - wallMs) % SEGMENT_MS) + SEGMENT_MS) % SEGMENT_MS;
}
