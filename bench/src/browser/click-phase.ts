import { SEGMENT_MS } from '../origin-process.js';

/** The golden section: places fall evenly, however many there are. */
const STEP_RATIO = 0.618;

/** Where in a segment viewers begin to click, by the wall clock, ms, the how many-th time over all rounds: the same for all systems. */
export function clickPhaseMs(start: number): number {
  return Math.round((start * STEP_RATIO * SEGMENT_MS) % SEGMENT_MS);
}

/** How long it is until that place of the segment under way, or of the next, ms. */
export function untilPhaseMs(wallMs: number, phaseMs: number): number {
  return (((phaseMs - wallMs) % SEGMENT_MS) + SEGMENT_MS) % SEGMENT_MS;
}
