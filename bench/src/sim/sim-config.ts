import type { Mechanism } from '@p2ptv/peer/engine';
import type { UplinkDistribution } from './uplinks.js';

/** A stretch of a run, seconds from its start. */
export type Stretch = { readonly fromSeconds: number; readonly toSeconds: number };

/** A run, complete and checked. */
export type SimConfig = {
  /** How many there are at first, and with churn all the time. */
  readonly viewers: number;
  readonly seconds: number;
  /** Of the best rendition. */
  readonly rateBitsPerSecond: number;
  /** How many there are, each with half the rate of the one before. */
  readonly renditions: number;
  /** So often a viewer changes to another one, on average; undefined: it does not. */
  readonly switchSeconds: number | undefined;
  /** The downlinks of a share of the viewers carry only so much, for a stretch of the run. */
  readonly slowDownlinks: { readonly ratio: number; readonly bitsPerSecond: number; readonly during: Stretch } | undefined;
  readonly partMs: number;
  readonly gopMs: number;
  readonly segmentMs: number;
  readonly uplink: UplinkDistribution;
  /** Of each viewer; undefined: so much that it is hardly a limit. */
  readonly downlinkBitsPerSecond: number | undefined;
  /** One way, between two peers, ms. */
  readonly delayMs: { readonly least: number; readonly most: number };
  /** Share of packets lost. */
  readonly lossRatio: number;
  /** Each halves its link's window, as if it told of congestion; else losses only delay. */
  readonly isLossCongestion: boolean;
  /** What two computers take to set a link up, beside its round trips, ms. */
  readonly linkSetupMs: number;
  /** Share of pairs that cannot be linked. */
  readonly unreachableRatio: number;
  /** Undefined: so much that it is no limit, and no budget is kept. */
  readonly originUplinkBitsPerSecond: number | undefined;
  readonly originOutage: Stretch | undefined;
  readonly trackerOutage: Stretch | undefined;
  /** Glass to glass, ms. */
  readonly playoutMs: number;
  /** From capture of a part's first frame to its publication, ms. */
  readonly captureToPublishMs: number;
  /** Within which the first viewers come. */
  readonly arrivalSeconds: number;
  /** Sessions end after a time with this median, and somebody else comes; undefined: everybody stays. */
  readonly churnMedianSeconds: number | undefined;
  /** A share of the viewers dies without a word every so often, and as many others come. */
  readonly kill: { readonly ratio: number; readonly everySeconds: number } | undefined;
  /** A recording of that length is watched on demand, and a share of the viewers seeks; undefined: it is live. */
  readonly onDemand: { readonly recordingSeconds: number; readonly seekRatio: number } | undefined;
  /** The audience grows to so many times its size within so long. */
  readonly flash: { readonly factor: number; readonly seconds: number } | undefined;
  /** Share of viewers that upload nothing. */
  readonly freeRiderRatio: number;
  /** Share of viewers that alter all that they send. */
  readonly polluterRatio: number;
  /** Mechanisms of the engine that are switched off. */
  readonly disabled: readonly Mechanism[];
  /** Every message is really encoded and decoded. */
  readonly isCodecRun: boolean;
  readonly seed: number;
};
