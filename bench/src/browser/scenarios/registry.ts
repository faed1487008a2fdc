import { abr } from './abr.js';
import { kill } from './kill.js';
import { lateJoiner } from './late-joiner.js';
import { noWebRtc } from './no-webrtc.js';
import { onDemand } from './on-demand.js';
import { originKilled } from './origin-killed.js';
import type { Scenario } from './scenario.js';
import { shape } from './shape.js';
import { steady } from './steady.js';
import { trackerKilled } from './tracker-killed.js';

/** Every scenario there is; a new one is a file in this folder and a line here. */
export const SCENARIOS = {
  steady,
  'late-joiner': lateJoiner,
  kill,
  shape,
  'no-webrtc': noWebRtc,
  'tracker-killed': trackerKilled,
  'origin-killed': originKilled,
  'on-demand': onDemand,
  abr,
} as const satisfies Readonly<Record<string, Scenario>>;

/** A key of {@link SCENARIOS}. */
export type ScenarioName = keyof typeof SCENARIOS;

/** Whether there is a scenario of that name. */
export function isScenarioName(name: string): name is ScenarioName {
  return Object.hasOwn(SCENARIOS, name);
}

/** A scenario by its name. */
export function scenarioOf(name: ScenarioName): Scenario {
  return SCENARIOS[name];
}
