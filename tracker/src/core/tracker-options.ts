import type { IceServer, StreamId } from '@p2ptv/protocol';

/** What a tracker can be told. All optional; {@link DEFAULT_TRACKER_OPTIONS} says what holds otherwise. */
export type TrackerOptions = {
  readonly swarms?: {
    /** Which streams are tracked; others are refused with `UNKNOWN_STREAM`. Default: every stream. */
    readonly isStreamAllowed?: (streamId: StreamId) => boolean;
    /** Swarms at a time, default 1,000. Bounds memory against joins to invented streams. Beyond it an empty swarm is forgotten, else the join refused. */
    readonly maxSwarms?: number;
    /** Members of one swarm, default 200,000. Bounds memory against invented peers. */
    readonly maxMembers?: number;
  };
  readonly membership?: {
    /** How often peers report, ms, 100 … 150,000, default 2,000. Lower notices the dead sooner and costs messages. */
    readonly reportIntervalMs?: number;
    /** Reports a second of one swarm that are too many, default 4,000: the interval is then doubled, up to twice. Lower saves processor time (some 30 µs a report), higher follows large crowds closer. */
    readonly reportsPerSecond?: number;
    /** Reports that a peer may miss before it is out, default 3; one that was told a longer interval has that, and so much more as others have beyond theirs. */
    readonly missedReports?: number;
    /** How long a peer whose socket broke keeps its place, ms, default 3,000. Too low: a short loss of network counts as leaving. */
    readonly graceMs?: number;
  };
  readonly tickets?: {
    /** Validity of a ticket, ms, default 600,000: how long the mesh can grow while the tracker is down. Too high: who was shut out stays in. */
    readonly lifetimeMs?: number;
    /** Renewal before the end, ms, default 120,000; below the lifetime. */
    readonly renewBeforeMs?: number;
  };
  readonly neighbours?: {
    /** How many peers a newcomer is told, 1 … LIMITS.links, default 14 (DESIGN: 12–16 links). */
    readonly count?: number;
    /** Links from which on a peer is named only when there is nobody else, default 24. Too high: dials end in `full`. */
    readonly crowdedAt?: number;
  };
  readonly duty?: {
    /** Peers of a swarm up to which one copy of a chunk leaves the seeder, default 10. */
    readonly singleCopyPeers?: number;
    /** Peers of a swarm up to which two copies do, default 60. Higher: chunks spread later, and what is then fetched in need costs what the third copy would. */
    readonly doubleCopyPeers?: number;
    /** Fewest copies of a chunk in larger swarms, default 3. Costs the origin's uplink; fewer make chunks spread later. */
    readonly copies?: number;
    /** Fewest copies as a share of the peers, default .01: the same share spreads a chunk in the same time at every size. 0: copies do not grow with the swarm, delay does. */
    readonly seedShare?: number;
    /** Most copies, whatever else, default 2,048 (what a duty map names). */
    readonly maxCopies?: number;
    /** Least time between two changes of duty, ms, default 500; 0: none. Bounds what a swarm that comes and goes costs tracker and seeder. */
    readonly dealIntervalMs?: number;
    /** How often it is asked whether those on duty do their work, ms, default 5,000. */
    readonly reviewIntervalMs?: number;
    /** A peer on duty that the seeder is not linked to for so long, or that got nothing from it while others did, loses duty, ms, default 8,000. At least three report intervals; lower, peers lose duty while they connect. */
    readonly idleMs?: number;
    /** How long it then gets none, ms, default 60,000. */
    readonly barredMs?: number;
    /** An idle candidate replaces the slowest peer on duty when its uplink is so many times larger, default 4. Low: duty wanders, and with it the ways of all below. */
    readonly replaceRatio?: number;
  };
  /** STUN and TURN servers that peers are told, at most 8; default none (enough on a LAN and for public addresses). */
  readonly iceServers?: readonly IceServer[];
};

type Resolved<Options> = { readonly [Name in keyof Options]-?: Required<NonNullable<Options[Name]>> };

/** {@link TrackerOptions} with every gap filled. */
export type ResolvedTrackerOptions = Resolved<TrackerOptions>;

/** What holds where an option is left out. */
export const DEFAULT_TRACKER_OPTIONS: ResolvedTrackerOptions = Object.freeze({
  swarms: { isStreamAllowed: () => true, maxSwarms: 1_000, maxMembers: 200_000 },
  membership: { reportIntervalMs: 2_000, reportsPerSecond: 4_000, missedReports: 3, graceMs: 3_000 },
  tickets: { lifetimeMs: 600_000, renewBeforeMs: 120_000 },
  neighbours: { count: 14, crowdedAt: 24 },
  duty: {
    singleCopyPeers: 10,
    doubleCopyPeers: 60,
    copies: 3,
    seedShare: 0.01,
    maxCopies: 2_048,
    dealIntervalMs: 500,
    reviewIntervalMs: 5_000,
    idleMs: 8_000,
    barredMs: 60_000,
    replaceRatio: 4,
  },
  iceServers: [],
});

/** Fills the gaps. */
export function resolveTrackerOptions(options: TrackerOptions = {}): ResolvedTrackerOptions {
  const defaults = DEFAULT_TRACKER_OPTIONS;
  return Object.freeze({
    swarms: { ...defaults.swarms, ...options.swarms },
    membership: { ...defaults.membership, ...options.membership },
    tickets: { ...defaults.tickets, ...options.tickets },
    neighbours: { ...defaults.neighbours, ...options.neighbours },
    duty: { ...defaults.duty, ...options.duty },
    iceServers: options.iceServers ?? defaults.iceServers,
  });
}
