import type { PeerRole, StreamId } from '@p2ptv/protocol';

/** What an engine can be told; every group is optional, and so is every field. */
export type EngineOptions = {
  readonly scheduler: {
    /**
     * How long before its playhead time a chunk must be verified, ms (20–500). Too low: the player
     * runs dry before it has appended; too high: the origin is asked for what peers would deliver.
     */
    readonly appendMarginMs: number;
    /** Playout slack that is assumed until the player reports its playhead, ms from acceptance. */
    readonly assumedSlackMs: number;
    /** Chunks asked of one neighbour at a time (1–32). Too low: the link idles between requests; too high: one slow neighbour holds many chunks. */
    readonly requestsPerNeighbour: number;
    /** A transfer silent for this long is given to another neighbour, ms, at least 4 round trips. */
    readonly stallMs: number;
    /** What a neighbour is assumed to send until it is measured, bits a second. */
    readonly assumedUplinkBitsPerSecond: number;
  };
  readonly fallback: {
    /** What a fetch from the origin is assumed to take until it is measured, ms. */
    readonly assumedFetchMs: number;
    /** Random head start of one viewer over another, in parts (0–2): the first to fall back tells its neighbours. */
    readonly jitterParts: number;
    /** Fetches from the origin at a time (1–64). */
    readonly parallelFetches: number;
    /** Pause after a failed fetch, ms; doubles up to 16 times as long. */
    readonly retryMs: number;
  };
  readonly headers: {
    /** Silence, in parts, after which a viewer asks the origin for headers itself. */
    readonly silenceParts: number;
  };
  readonly store: {
    /** Bytes of verified chunks kept; the oldest segments go first. */
    readonly budgetBytes: number;
    /** Media kept behind the live edge, ms. */
    readonly keepMs: number;
  };
  readonly upload: {
    /** Chunks sent at a time over warm links; 1 spreads a chunk fastest. */
    readonly slotsWarm: number;
    /** The same when the link is cold, so that slow start does not leave the uplink idle. */
    readonly slotsCold: number;
    /** Bytes in a link's send buffer beyond which it is handed no further block. */
    readonly highWaterBytes: number;
  };
  readonly swarm: {
    /** Links that a peer opens by itself. */
    readonly targetLinks: number;
    /** Links below which it asks the tracker for more neighbours. */
    readonly minLinks: number;
    /** Pause between such questions, and between pings, ms. */
    readonly askIntervalMs: number;
    readonly pingIntervalMs: number;
    /** A neighbour silent for this long is given up, ms. */
    readonly deadAfterMs: number;
  };
};

/** An engine's options: groups and fields all optional. */
export type PartialEngineOptions = {
  readonly [Group in keyof EngineOptions]?: Partial<EngineOptions[Group]>;
};

/** Whose engine it is. */
export type EngineIdentity = {
  readonly streamId: StreamId;
  readonly role: PeerRole;
};

/** The defaults; what each does is said at {@link EngineOptions}. */
export const DEFAULT_ENGINE_OPTIONS: EngineOptions = Object.freeze({
  scheduler: Object.freeze({
    appendMarginMs: 120,
    assumedSlackMs: 500,
    requestsPerNeighbour: 8,
    stallMs: 300,
    assumedUplinkBitsPerSecond: 8_000_000,
  }),
  fallback: Object.freeze({ assumedFetchMs: 120, jitterParts: 1, parallelFetches: 12, retryMs: 250 }),
  headers: Object.freeze({ silenceParts: 1.5 }),
  store: Object.freeze({ budgetBytes: 64 * 1024 * 1024, keepMs: 40_000 }),
  upload: Object.freeze({ slotsWarm: 1, slotsCold: 2, highWaterBytes: 40 * 1024 }),
  swarm: Object.freeze({
    targetLinks: 14,
    minLinks: 10,
    askIntervalMs: 5_000,
    pingIntervalMs: 2_000,
    deadAfterMs: 10_000,
  }),
});

/** Fills in the defaults, once; the result is frozen. */
export function resolveEngineOptions(partial: PartialEngineOptions = {}): EngineOptions {
  const defaults = DEFAULT_ENGINE_OPTIONS;
  return Object.freeze({
    scheduler: Object.freeze({ ...defaults.scheduler, ...partial.scheduler }),
    fallback: Object.freeze({ ...defaults.fallback, ...partial.fallback }),
    headers: Object.freeze({ ...defaults.headers, ...partial.headers }),
    store: Object.freeze({ ...defaults.store, ...partial.store }),
    upload: Object.freeze({ ...defaults.upload, ...partial.upload }),
    swarm: Object.freeze({ ...defaults.swarm, ...partial.swarm }),
  });
}
