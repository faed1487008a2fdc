import { simulatedEngineOptions } from '../sim/engine-settings.js';
import { runSimulation } from '../sim/run.js';
import type { SimConfig } from '../sim/sim-config.js';
import { createStrategy } from '../sim/strategies/registry.js';

/** Simulated, s: about as long as 25 viewers on two cores take to be compiled. */
const SECONDS = 30;
const VIEWERS = 25;

/** What a worker simulates before its viewers come. */
const CONFIG: SimConfig = {
  viewers: VIEWERS,
  seconds: SECONDS,
  rateBitsPerSecond: 600_000,
  renditions: 1,
  switchSeconds: undefined,
  slowDownlinks: undefined,
  partMs: 200,
  gopMs: 1_000,
  segmentMs: 2_000,
  uplink: { kind: 'listed', bitsPerSecond: Array.from({ length: VIEWERS }, () => 2_400_000) },
  downlinkBitsPerSecond: undefined,
  delayMs: { least: 1, most: 2 },
  linkSetupMs: 0,
  lossRatio: 0,
  isLossCongestion: false,
  unreachableRatio: 0,
  originUplinkBitsPerSecond: undefined,
  originOutage: undefined,
  trackerOutage: undefined,
  playoutMs: 1_300,
  captureToPublishMs: 200,
  arrivalSeconds: 10,
  churnMedianSeconds: undefined,
  kill: undefined,
  onDemand: undefined,
  flash: undefined,
  freeRiderRatio: 0,
  polluterRatio: 0,
  disabled: [],
  isCodecRun: true,
  seed: 1,
};

/**
 * Simulates a small mesh, so that V8 has compiled engine and codec when the real one begins. Each viewer has a machine of
 * its own; here all of them share one, and compiling, while they came, took a tenth of it from them.
 */
export async function warmUp(): Promise<void> {
  await runSimulation(CONFIG, createStrategy('p2ptv', simulatedEngineOptions(CONFIG)), { print: () => undefined, signal: new AbortController().signal });
}
