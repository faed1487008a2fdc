import type { PeerRole, StreamId } from '@p2ptv/protocol';

/** What can be switched off by itself, to see what it is good for. */
export const MECHANISMS = ['push', 'cutThrough', 'switching', 'splitting', 'jitter', 'exchange', 'spread', 'rarestFirst'] as const;
/** See {@link MECHANISMS}. */
export type Mechanism = (typeof MECHANISMS)[number];

/** What an engine can be told; every group is optional, and so is every field. */
export type EngineOptions = {
  /** Mechanisms that are switched off, for measuring what they gain; none. */
  readonly disabled: readonly Mechanism[];
  readonly push: {
    /** Share of the uplink (0–1) that may be promised to children. Too low: stripes are pulled, a round trip later a hop; too high: pulls and children wait for each other. */
    readonly share: number;
    /** Most children of one stripe (1–16). They are served one after the other: too many, and the last ones get it late. */
    readonly fanOut: number;
    /** What the uplink is taken for until it has been measured, bits a second. */
    readonly assumedUplinkBitsPerSecond: number;
    /** Chunks in a row that another brought sooner before a parent is left (1–10). Low: trees change often; high: a bad parent is kept. */
    readonly strikes: number;
    /** How long a parent's push is waited for once somebody else has the chunk, ms (0–500): as long as it usually takes, within these. Too low: pulled and pushed both; too high: a dead parent costs that much a chunk. */
    readonly patienceMs: number;
    readonly mostPatienceMs: number;
  };
  readonly scheduler: {
    /**
     * How long before its playhead time a chunk must be verified, ms (20–500). Too low: the player
     * runs dry before it has appended; too high: the origin is asked for what peers would deliver.
     */
    readonly appendMarginMs: number;
    /** From the join answer to the first frame, as it is hoped for, ms: what is wanted later than that may come from peers. */
    readonly startupMs: number;
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
    /** The most that is kept in hand for a fetch, ms. Too low: chunks from a far origin are late; too high: one whose uplink is taken is asked for ever more, ever sooner. */
    readonly mostFetchMs: number;
    /** Time kept in hand for what fetch times and transfers vary by, in parts (0–2): the least and the most; between them 2 mean deviations of what peers take. Too low: late parts; too high: the origin is asked for what peers are about to deliver. */
    readonly leastMarginParts: number;
    readonly mostMarginParts: number;
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
  readonly onDemand: {
    /** Urgent part of a recording, ms from the playhead: all of it is wanted. Too low: the origin is asked for what peers could bring; too high: others' urgent parts wait. */
    readonly urgentMs: number;
    /** Up to where rare chunks are asked for ahead, ms from the playhead (60,000–120,000); no more than half the store holds. */
    readonly spreadMs: number;
    /** Chunks of the spread part asked for at a time (0–16). High: a seek throws more away. */
    readonly spreadRequests: number;
    /** How long before its time a chunk is fetched from the origin, ms, and how fast that grows from 0 after a seek, ms a ms. Too low: any hiccup stops the picture; too high: peers have less time. */
    readonly reserveMs: number;
    readonly reserveGrowth: number;
    /** Headers asked of the origin at once (1–128), and of these at a new place. */
    readonly headersPerRequest: number;
    readonly firstHeaders: number;
    /** Longest that neighbours do not know what has come or gone, ms. */
    readonly tellIntervalMs: number;
    /** Longest that it is waited for what the viewer's own cache holds, ms. Too low: others are asked for what is on the disk; too high: a slow disk keeps the first frame waiting. */
    readonly cacheOpenMs: number;
    /** The same for each chunk that is read from it, ms. */
    readonly cacheReadMs: number;
  };
  readonly fill: {
    /** What a volunteer gets of a recording to keep it, media bits a second. Too low: it is long of little use; too high: it takes uplinks from who watches. */
    readonly bitsPerSecond: number;
    /** Chunks got at a time, until they are on the disk (1–32). */
    readonly parallel: number;
  };
  readonly store: {
    /** Bytes of verified chunks kept; the oldest segments go first. */
    readonly budgetBytes: number;
    /** Media kept behind the live edge, ms. */
    readonly keepMs: number;
  };
  readonly quality: {
    /** Newest parts of which the late ones are counted (5–50). Too few: one hiccup decides; too many: what is too much is noticed late. */
    readonly windowParts: number;
    /** So many late ones among them, and a lower rendition is taken (1–windowParts). Too few: hiccups cost quality; too many: the player runs dry first. */
    readonly lateParts: number;
    /** Media that came whole in the last 3 s, as a share of them (0–1), below which parts that came only just count as late ones. Too low: the player runs dry first; too high: a late part of many is taken for a line that is too slow. */
    readonly leastMediaRate: number;
    /** A part came only just when it came within so many parts of the playhead (.5–2). Too few: the line's fault is seen late; too many: what comes from the origin, which is asked late, always comes only just. */
    readonly closeParts: number;
    /** Share of what came lately (0–1) that a rendition taken for want of time may need. Too high: the next step down follows at once. */
    readonly usableShare: number;
    /** A better rendition is taken when a line has shown so many times its rate (1–2). Low: it is tried in vain; high: it is tried late. */
    readonly headroom: number;
    /** How long all must have gone well before a better one is taken, ms: when a line has shown that it carries it, and without that sign. Too low: quality flickers, and the player runs dry for it. */
    readonly holdMs: number;
    readonly tryMs: number;
    /** Both are doubled each time that the better one had to be given up within twice the former, so many times at most. */
    readonly mostPatience: number;
  };
  readonly upload: {
    /** Chunks sent at a time over warm links; 1 spreads a chunk fastest. */
    readonly slotsWarm: number;
    /** The same when the link is cold, so that slow start does not leave the uplink idle. */
    readonly slotsCold: number;
    /** Bytes in send buffers beyond which no further block is handed over (≥ 32 KiB). */
    readonly highWaterBytes: number;
    /** The same as time on the uplink, ms (20–200), where that is less. Too high: on a weak uplink what was decided is out of date when it leaves; too low: it idles between two looks. */
    readonly highWaterMs: number;
  };
  readonly swarm: {
    /** Links that a peer opens by itself. */
    readonly targetLinks: number;
    /** Links below which it asks the tracker for more neighbours. */
    readonly minLinks: number;
    /** Pause between two of a peer's tellings which neighbours it has, ms, ± 20 % (≥ 1,500). Too high: names are out of date when the tracker is away. */
    readonly exchangeIntervalMs: number;
    /** Pause between such questions, and between pings, ms. */
    readonly askIntervalMs: number;
    readonly pingIntervalMs: number;
    /** A neighbour silent for this long is given up, ms. */
    readonly deadAfterMs: number;
  };
};

/** An engine's options: groups and fields all optional. */
export type PartialEngineOptions = {
  readonly [Group in keyof EngineOptions]?: EngineOptions[Group] extends readonly unknown[]
    ? EngineOptions[Group]
    : Partial<EngineOptions[Group]>;
};

/** Options with every gap filled. */
export type ResolvedEngineOptions = EngineOptions & { readonly isEnabled: (mechanism: Mechanism) => boolean };

/** Whose engine it is. */
export type EngineIdentity = {
  readonly streamId: StreamId;
  readonly role: PeerRole;
  /** It watches a recording: it opens it at a place, seeks, and nothing is pushed. Left out: live. */
  readonly isOnDemand?: boolean;
};

/** The defaults; what each does is said at {@link EngineOptions}. */
export const DEFAULT_ENGINE_OPTIONS: EngineOptions = Object.freeze({
  disabled: Object.freeze([]),
  push: Object.freeze({ share: 0.85, fanOut: 10, assumedUplinkBitsPerSecond: 8_000_000, strikes: 2, patienceMs: 200, mostPatienceMs: 400 }),
  scheduler: Object.freeze({
    appendMarginMs: 120,
    startupMs: 200,
    assumedSlackMs: 500,
    requestsPerNeighbour: 8,
    stallMs: 300,
    assumedUplinkBitsPerSecond: 8_000_000,
  }),
  fallback: Object.freeze({ assumedFetchMs: 120, mostFetchMs: 600, leastMarginParts: 0.25, mostMarginParts: 0.5, jitterParts: 0.5, parallelFetches: 12, retryMs: 250 }),
  headers: Object.freeze({ silenceParts: 1.5 }),
  onDemand: Object.freeze({
    urgentMs: 10_000,
    spreadMs: 60_000,
    spreadRequests: 4,
    reserveMs: 3_000,
    reserveGrowth: 0.25,
    headersPerRequest: 64,
    firstHeaders: 16,
    tellIntervalMs: 500,
    cacheOpenMs: 250,
    cacheReadMs: 1_000,
  }),
  fill: Object.freeze({ bitsPerSecond: 8_000_000, parallel: 4 }),
  store: Object.freeze({ budgetBytes: 64 * 1024 * 1024, keepMs: 40_000 }),
  upload: Object.freeze({ slotsWarm: 1, slotsCold: 2, highWaterBytes: 40 * 1024, highWaterMs: 40 }),
  quality: Object.freeze({ windowParts: 10, lateParts: 3, leastMediaRate: 0.9, closeParts: 1.25, usableShare: 0.85, headroom: 1.3, holdMs: 5_000, tryMs: 20_000, mostPatience: 8 }),
  swarm: Object.freeze({
    targetLinks: 8,
    minLinks: 6,
    exchangeIntervalMs: 10_000,
    askIntervalMs: 5_000,
    pingIntervalMs: 2_000,
    deadAfterMs: 10_000,
  }),
});

/** Fills in the defaults, once; the result is frozen. */
export function resolveEngineOptions(partial: PartialEngineOptions = {}): ResolvedEngineOptions {
  const defaults = DEFAULT_ENGINE_OPTIONS;
  const disabled = new Set(partial.disabled ?? defaults.disabled);
  return Object.freeze({
    disabled: Object.freeze([...disabled]),
    isEnabled: (mechanism: Mechanism) => !disabled.has(mechanism),
    push: Object.freeze({ ...defaults.push, ...partial.push }),
    scheduler: Object.freeze({ ...defaults.scheduler, ...partial.scheduler }),
    fallback: Object.freeze({ ...defaults.fallback, ...partial.fallback }),
    headers: Object.freeze({ ...defaults.headers, ...partial.headers }),
    onDemand: Object.freeze({ ...defaults.onDemand, ...partial.onDemand }),
    fill: Object.freeze({ ...defaults.fill, ...partial.fill }),
    store: Object.freeze({ ...defaults.store, ...partial.store }),
    quality: Object.freeze({ ...defaults.quality, ...partial.quality }),
    upload: Object.freeze({ ...defaults.upload, ...partial.upload }),
    swarm: Object.freeze({ ...defaults.swarm, ...partial.swarm }),
  });
}
