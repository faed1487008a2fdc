import type { UplinkDistribution } from './uplinks.js';

/** A run, complete and checked. Times of the run are seconds from its start. */
export type SimConfig = {
  readonly viewers: number;
  readonly seconds: number;
  readonly rateBitsPerSecond: number;
  readonly partMs: number;
  readonly gopMs: number;
  readonly segmentMs: number;
  readonly uplink: UplinkDistribution;
  /** One way, between two peers, ms. */
  readonly delayMs: { readonly least: number; readonly most: number };
  readonly lossRatio: number;
  /** Share of pairs that cannot be linked. */
  readonly unreachableRatio: number;
  readonly originUplinkBitsPerSecond: number;
  /** Glass to glass, ms. */
  readonly playoutMs: number;
  readonly captureToPublishMs: number;
  /** Within which the first viewers come. */
  readonly arrivalSeconds: number;
  readonly freeRiderRatio: number;
  readonly polluterRatio: number;
  readonly seed: number;
};
