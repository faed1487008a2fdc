import type { SuiteContext } from '../suite.js';
import { simulatedEngineOptions } from '../sim/engine-settings.js';
import { usualSetupMs } from '../sim/dialler.js';
import { runSimulation } from '../sim/run.js';
import type { SimConfig } from '../sim/sim-config.js';
import type { SimResult } from '../sim/sim-result.js';
import { SERVER_ACCESS_DELAY_MS } from '../sim/simulation.js';
import { createStrategy } from '../sim/strategies/registry.js';
import { captureToPublishMs, type MeshOutcome } from './run.js';

/** The simulator's least delay: in none at all everything would happen at once, ms. */
const LEAST_DELAY_MS = 0.1;

/** Media bits a second of what was published. */
export function streamBitsPerSecond(published: MeshOutcome['published']): number {
  const bytes = published.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const seconds = published.reduce((sum, { durationUs }) => sum + durationUs, 0) / 1e6;
  return seconds > 0 ? (bytes * 8) / seconds : 0;
}

/** The simulator's run of the same: as many viewers with the same uplinks, the rate and the delays that were measured. */
export function counterpartOf(outcome: MeshOutcome): SimConfig {
  const { options, audience, linkDelays, linkSetups, published } = outcome;
  const leastMs = Math.max(LEAST_DELAY_MS, linkDelays.quantile(0.25) ?? LEAST_DELAY_MS);
  const mostMs = Math.max(leastMs, linkDelays.quantile(0.75) ?? leastMs);
  const { partMs, playoutMs, downlinkKbps, originUplinkKbps } = options;
  return {
    viewers: audience.length,
    seconds: options.seconds,
    rateBitsPerSecond: streamBitsPerSecond(published),
    renditions: 1,
    switchSeconds: undefined,
    slowDownlinks: undefined,
    partMs,
    gopMs: Math.max(1_000, partMs),
    segmentMs: Math.max(2_000, partMs),
    uplink: { kind: 'listed', bitsPerSecond: audience.map(({ uplinkBitsPerSecond }) => uplinkBitsPerSecond) },
    downlinkBitsPerSecond: downlinkKbps && downlinkKbps * 1_000,
    delayMs: { least: leastMs, most: mostMs },
    linkSetupMs: Math.max(0, (linkSetups.quantile(0.5) ?? 0) - usualSetupMs((leastMs + mostMs) / 2, SERVER_ACCESS_DELAY_MS)),
    lossRatio: 0,
    isLossCongestion: false,
    unreachableRatio: 0,
    originUplinkBitsPerSecond: originUplinkKbps === undefined ? undefined : originUplinkKbps * 1_000,
    originOutage: undefined,
    trackerOutage: undefined,
    playoutMs,
    captureToPublishMs: Math.min(playoutMs - 1, captureToPublishMs(published)),
    arrivalSeconds: options.arrivalSeconds,
    churnMedianSeconds: undefined,
    kill: undefined,
    onDemand: undefined,
    flash: undefined,
    freeRiderRatio: 0,
    polluterRatio: 0,
    disabled: [],
    isCodecRun: false,
    seed: options.seed,
  };
}

/**
 * Runs it.
 *
 * @throws StoppedError
 */
export function simulate(config: SimConfig, context: SuiteContext): Promise<SimResult> {
  return runSimulation(config, createStrategy('p2ptv', simulatedEngineOptions(config)), context);
}
