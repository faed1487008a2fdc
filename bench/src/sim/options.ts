import type { SimConfig } from './sim-config.js';

export const DEFAULT_SIM_CONFIG: SimConfig = {
  viewers: 100,
  seconds: 60,
  rateBitsPerSecond: 3_000_000,
  partMs: 200,
  gopMs: 1_000,
  segmentMs: 2_000,
  uplink: { kind: 'mixed', meanBitsPerSecond: 12_000_000 },
  delayMs: { least: 8, most: 60 },
  lossRatio: 0,
  unreachableRatio: 0,
  originUplinkBitsPerSecond: 1_000_000_000,
  playoutMs: 1_300,
  captureToPublishMs: 300,
  arrivalSeconds: 3,
  freeRiderRatio: 0,
  polluterRatio: 0,
  seed: 1,
};
