import type { PartialEngineOptions } from '@p2ptv/peer/engine';
import type { SimConfig } from './sim-config.js';

/** Media that a simulated viewer keeps, ms: nobody seeks back here, and a hundred thousand stores must fit. */
const KEEP_MS = 12_000;

/** The engine's options in a run: its defaults, but for the memory of its store and what is switched off. */
export function simulatedEngineOptions(config: SimConfig): PartialEngineOptions {
  if (config.onDemand) return { disabled: config.disabled };
  return { disabled: config.disabled, store: { keepMs: Math.max(KEEP_MS, 4 * config.playoutMs) } };
}
