import type { OriginProcess } from '../../origin-process.js';
import type { ShapedNetwork } from '../network/shaped-network.js';
import type { TrackerProcess } from '../tracker-process.js';

/** Where a viewer goes in a stream that has ended. */
export type PlannedSeek = {
  /** From the viewer's click on, ms. */
  readonly atMs: number;
  /** From the beginning of the recording on, ms. */
  readonly toMs: number;
};

/** One viewer of a run, as it is planned. Times run from the first click on, ms. */
export type PlannedViewer = {
  /** Figures of those who are in one group are also given apart; undefined where there is but one. */
  readonly group: string | undefined;
  readonly clickAtMs: number;
  /** How long it watches from its click on, if nobody kills it, ms. */
  readonly watchMs: number;
  /** When its browser is killed; undefined: it stays to its end. */
  readonly killAtMs: number | undefined;
  /** False: its page finds a browser without `RTCPeerConnection`. */
  readonly hasWebRtc: boolean;
  /** In order of time; undefined: it stays where the player puts it. */
  readonly seeks?: readonly PlannedSeek[];
};

/** What a scenario may do things to. */
export type Stage = {
  readonly origin: OriginProcess;
  /** The tracker that runs by itself; undefined where it is the origin's. */
  readonly tracker: TrackerProcess | undefined;
  /** The viewers’ lines; undefined where they are not limited. */
  readonly network: ShapedNetwork | undefined;
  readonly signal: AbortSignal;
};

/** What a planned event tells of; figures are worked out from when they really happened. */
export type EventKind = 'viewersKilled' | 'trackerKilled' | 'originKilled' | 'originReturned' | 'linesSlowed' | 'linesRestored';

/** Something that happens in the middle of a run. */
export type PlannedEvent = {
  /** From the first click on, ms. */
  readonly atMs: number;
  readonly kind: EventKind;
  /** For people, as in `the tracker is killed`. */
  readonly what: string;
  /** Is over when it has happened. */
  readonly act: (stage: Stage) => Promise<void>;
};

/** What the plan of a scenario is made from. */
export type ScenarioSize = {
  /** How many watch at once. */
  readonly viewers: number;
  /** How long each watches, s. */
  readonly seconds: number;
  /** From one viewer's click to the next one's, ms. */
  readonly staggerMs: number;
};

/** A course of events: who watches when, and what happens meanwhile. */
export type Scenario = {
  /** One line for people. */
  readonly summary: string;
  /** In the order in which they come. */
  readonly viewers: (size: ScenarioSize) => readonly PlannedViewer[];
  /** Beside the viewers' own comings and goings. */
  readonly events?: (size: ScenarioSize) => readonly PlannedEvent[];
  /** Why it cannot be run with that size, a sentence; undefined if it can. */
  readonly problem?: (size: ScenarioSize) => string | undefined;
  /** How much of the stream is published before it ends, and before anybody comes, s; undefined: it is live. */
  readonly recordedSeconds?: (size: ScenarioSize) => number;
  /** Whether the tracker is a process of its own. */
  readonly hasTrackerApart?: boolean;
  /** Whether each viewer has a limited line of its own. */
  readonly isShaped?: boolean;
  /** What a downlink carries where nobody says otherwise, over what the best rendition takes. Default: plenty. */
  readonly downlinkRatio?: number;
  /** Whether there is a second rendition, of half the height. */
  readonly hasLadder?: boolean;
  /** Whether each viewer comes once more by a link at the end, for the startup from navigation. */
  readonly hasVisits: boolean;
};
