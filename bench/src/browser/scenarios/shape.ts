import type { Scenario } from './scenario.js';
import { inTurn } from './timetable.js';

/** Steady viewers, on lines like those at home. */
export const shape: Scenario = {
  summary: 'as steady, each viewer in a network namespace with a limited uplink and downlink (root on Linux; the same as --shape)',
  viewers: inTurn,
  isShaped: true,
  hasVisits: true,
};
