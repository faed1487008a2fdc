import type { Scenario } from './scenario.js';
import { inTurn } from './timetable.js';

/** Nothing happens. */
export const steady: Scenario = {
  summary: 'viewers come one after the other, watch, and leave',
  viewers: inTurn,
  hasVisits: true,
};
