import type {
  Duty,
  DutyMap,
  JoinRequest,
  NeighboursWanted,
  PeerDescription,
  PeerId,
  PeerReport,
  Signal,
  TicketRenewal,
  TrackerJoinAnswer,
} from '@p2ptv/protocol';

/** An accepted join. */
export type TrackerJoined = Extract<TrackerJoinAnswer, { kind: 'joined' }>;
/** A refused join. */
export type TrackerRefused = Extract<TrackerJoinAnswer, { kind: 'refused' }>;

/** Whether the tracker can be reached. */
export type TrackerState = 'connecting' | 'joined' | 'away' | 'refused';

/**
 * The tracker as a peer sees it. It reconnects by itself with back-off and joins again with the
 * request that `joinRequest` gives then; all that it receives has passed the contract's schemas.
 */
export interface TrackerClient {
  readonly state: TrackerState;
  /** Connects and joins; `joinRequest` is asked for at every (re)join. */
  start(joinRequest: () => JoinRequest, listener: TrackerListener): void;
  signal(signal: Signal): void;
  report(report: PeerReport): void;
  /** Only for role `origin`, at each report: those on duty that it is linked to, and the copies that its uplink can carry, where there is a limit. */
  reportLinked(peerIds: readonly PeerId[], maxCopies?: number): void;
  /** The answer comes by {@link TrackerListener.neighbours}; nothing comes while the tracker is away. */
  wantNeighbours(wanted: NeighboursWanted): void;
  /** Leaves and disconnects. */
  close(): void;
}

/** What the tracker says. */
export interface TrackerListener {
  joined(answer: TrackerJoined): void;
  refused(answer: TrackerRefused): void;
  stateChanged(state: TrackerState): void;
  neighbours(neighbours: readonly PeerDescription[]): void;
  signal(signal: Signal): void;
  duty(duty: Duty): void;
  dutyMap(map: DutyMap): void;
  ticket(renewal: TicketRenewal): void;
  /** From now on it wants to hear so often, ms. */
  reportInterval(intervalMs: number): void;
}
