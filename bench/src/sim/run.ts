import { setImmediate } from 'node:timers/promises';

import type { SuiteContext } from '../suite.js';
import type { Strategy } from './peer-agent.js';
import { checkAccounts, runResult } from './run-result.js';
import type { SimConfig } from './sim-config.js';
import type { SimResult } from './sim-result.js';
import { Simulation } from './simulation.js';

/** Events between looks at the clock and at Ctrl-C. */
const EVENTS_A_TURN = 2_000;
const PROGRESS_MS = 5_000;

/**
 * Runs one strategy through one configuration.
 *
 * @throws SimulationError when it did what no real run can do, or StoppedError
 */
export async function runSimulation(config: SimConfig, strategy: Strategy, context: SuiteContext): Promise<SimResult> {
  const startedMs = performance.now();
  const simulation = new Simulation(config, strategy);
  const endMs = config.seconds * 1_000;
  let toldMs = startedMs;
  while (!simulation.runUntil(endMs, EVENTS_A_TURN)) {
    await setImmediate();
    context.signal.throwIfAborted();
    const nowMs = performance.now();
    if (nowMs - toldMs < PROGRESS_MS) continue;
    toldMs = nowMs;
    context.print(progress(simulation, { strategy: strategy.name, endMs, wallMs: nowMs - startedMs }));
  }
  simulation.queue.nowMs = endMs;
  simulation.finish();
  checkAccounts(simulation);
  const wallSeconds = (performance.now() - startedMs) / 1_000;
  const peakRssBytes = process.resourceUsage().maxRSS * 1_024;
  return runResult(strategy.name, config, { simulation, cost: { wallSeconds, peakRssBytes } });
}

function progress(simulation: Simulation, run: { strategy: string; endMs: number; wallMs: number }): string {
  const { queue, measure } = simulation;
  const doneRatio = queue.nowMs / run.endMs;
  const leftSeconds = ((run.wallMs / 1_000) * (1 - doneRatio)) / Math.max(0.001, doneRatio);
  const eventsPerSecond = (queue.ran / run.wallMs) * 1_000;
  return (
    `${run.strategy}: ${(queue.nowMs / 1_000).toFixed(1)} of ${(run.endMs / 1_000).toFixed(0)} s, ` +
    `${measure.viewersNow} viewers (${measure.stalledNow} stalled), ${Math.round(eventsPerSecond / 1_000)}k events/s, ` +
    `about ${Math.ceil(leftSeconds)} s left`
  );
}
