import { LIMITS } from '@p2ptv/protocol';

/** What one socket or one address may do. Raise the address limits only behind a proxy or for load tests. */
export type TrackerServerLimits = {
  /** Bytes of one message, default LIMITS.trackerMessageBytes. Beyond it the connection is closed. */
  readonly messageBytes: number;
  /** Packets a second from one socket, and the burst above it; beyond it the connection is closed. */
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  /** Wishes for neighbours a second from one socket, default 1, and the burst above it, default 5; beyond it nobody is named. Bounds how fast one peer learns the swarm, and what choosing costs. */
  readonly wishesPerSecond: number;
  readonly wishBurst: number;
  /** Joins a second from one address (IPv6: one /64), and the burst above it; beyond it joins are refused with `RATE_LIMITED`. */
  readonly joinsPerSecond: number;
  readonly joinBurst: number;
  /** Connections that come for one join that is allowed, default 4. Bounds sockets that never join. */
  readonly connectionsPerJoin: number;
  /** How long a connection may stay without having joined, ms, default 30,000. Bounds idle sockets. */
  readonly joinDeadlineMs: number;
  /** Messages waiting for one slow socket, default 512; beyond it the connection is closed. Bounds memory against peers that don't read. */
  readonly waitingMessages: number;
};

/** What holds where nothing else is said. */
export const DEFAULT_SERVER_LIMITS: TrackerServerLimits = Object.freeze({
  messageBytes: LIMITS.trackerMessageBytes,
  messagesPerSecond: LIMITS.trackerMessagesPerSecond,
  messageBurst: LIMITS.trackerMessageBurst,
  wishesPerSecond: 1,
  wishBurst: 5,
  joinsPerSecond: LIMITS.joinsPerSecond,
  joinBurst: LIMITS.joinBurst,
  connectionsPerJoin: 4,
  joinDeadlineMs: 30_000,
  waitingMessages: 512,
});
