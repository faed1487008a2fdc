/** Where a chunk's bytes came from. */
export type ChunkSources = {
  readonly peerBytes: number;
  readonly seederBytes: number;
  readonly originBytes: number;
  /** From the viewer's own cache. */
  readonly cacheBytes: number;
};

/** The same, as it grows. */
export type ChunkSourceTotals = { -readonly [Source in keyof ChunkSources]: number };

/** All zero. */
export function newChunkSources(): ChunkSourceTotals {
  return { peerBytes: 0, seederBytes: 0, originBytes: 0, cacheBytes: 0 };
}

/** Adds a chunk's to the totals. */
export function addSources(totals: ChunkSourceTotals, chunk: ChunkSources): void {
  totals.peerBytes += chunk.peerBytes;
  totals.seederBytes += chunk.seederBytes;
  totals.originBytes += chunk.originBytes;
  totals.cacheBytes += chunk.cacheBytes;
}

/** How often each mechanism acted; a counter that stays 0 is a mechanism that gains nothing. */
export type MechanismCounters = {
  seedsReceived: number;
  /** Chunks begun to be forwarded before they were complete. */
  cutThroughForwards: number;
  pulls: number;
  /** Chunks that came by a parent's push, without a request. */
  pushesReceived: number;
  /** Subscriptions to a stripe that were asked for, and of them those given up for a better parent. */
  subscriptions: number;
  parentChanges: number;
  /** Ends of slow transfers asked of a second neighbour. */
  splits: number;
  /** Requests withdrawn from a busy neighbour because another had the chunk by then. */
  switches: number;
  /** Fallbacks to the origin because the deadline came near. */
  fallbacks: number;
  /** Chunks fetched from the origin at once, to be passed on, because no neighbour has room for that stripe. */
  rootFetches: number;
  /** Fallbacks that fetched only what was missing. */
  rangeTails: number;
  /** Fallbacks not made because a running transfer was expected in time. */
  fallbacksSpared: number;
  /** Fallbacks due within half a part that were left to a neighbour that began to get the chunk first: what X is for. */
  fallbacksLeft: number;
  headerPolls: number;
  /** Renditions followed after the first. */
  renditionSwitches: number;
  /** Of a recording: changes of place, and chunks asked for long before they are played because they were rare. */
  seeks: number;
  spreads: number;
  bans: number;
  uploadCapWaits: number;
  duplicateBlocks: number;
  cancels: number;
  /** PEERS taken from neighbours, dials of those whom they named, and signals passed on between two of them. */
  peersExchanged: number;
  pexDials: number;
  relayedSignals: number;
};

/** All zero. */
export function newMechanismCounters(): MechanismCounters {
  return {
    seedsReceived: 0,
    cutThroughForwards: 0,
    pulls: 0,
    pushesReceived: 0,
    subscriptions: 0,
    parentChanges: 0,
    splits: 0,
    switches: 0,
    fallbacks: 0,
    rootFetches: 0,
    rangeTails: 0,
    fallbacksSpared: 0,
    fallbacksLeft: 0,
    headerPolls: 0,
    renditionSwitches: 0,
    seeks: 0,
    spreads: 0,
    bans: 0,
    uploadCapWaits: 0,
    duplicateBlocks: 0,
    cancels: 0,
    peersExchanged: 0,
    pexDials: 0,
    relayedSignals: 0,
  };
}
