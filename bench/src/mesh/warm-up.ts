import { simulatedEngineOptions } from '../sim/engine-settings.js';
import { resolveSimOptions } from '../sim/options.js';
import { runSimulation } from '../sim/run.js';
import { createStrategy } from '../sim/strategies/registry.js';

/** A small mesh, watched for long enough that V8 compiles what runs often. */
const RUN = { viewers: 25, seconds: 30, rateKbps: 600, uplink: 'equal:2400', delayMs: '1-2', captureToPublishMs: 200, arrivalSeconds: 10, codec: true };

/**
 * Simulates a small mesh, so that V8 has compiled engine and codec when the real one begins. Each viewer has a machine of
 * its own; here all of them share one, and compiling, while they came, took a tenth of it from them.
 */
export async function warmUp(): Promise<void> {
  const { config } = resolveSimOptions(RUN);
  await runSimulation(config, createStrategy('p2ptv', simulatedEngineOptions(config)), { print: () => undefined, signal: new AbortController().signal });
}
