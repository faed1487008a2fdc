import type { ChildProgram } from '../../load/child-program.js';

/** What a message from the tracker means to the peer that got it. */
export type PeerEvent =
  /** The connection can be used: the peer may join. */
  | { readonly kind: 'ready' }
  /** The protocol wants an answer to this at once. */
  | { readonly kind: 'reply'; readonly text: string }
  | { readonly kind: 'joined' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** Another peer's signal has come. */
  | { readonly kind: 'signal' }
  | { readonly kind: 'other' };

/** One connected peer's side of a tracker's protocol: what it says, and what it makes of the answers. */
export interface PeerDialogue {
  /** Whether it may join as soon as the WebSocket is open. */
  readonly isReadyAtOpen: boolean;
  /** How others name this peer since its last join. */
  readonly peerId: string;
  /** How often it must be heard of, ms; undefined: it may be silent. */
  readonly reportIntervalMs: number | undefined;
  read(text: string): PeerEvent;
  /** Messages by which it enters the swarm, under a new name each time. */
  join(): readonly string[];
  /** Messages by which it leaves the swarm; the connection stays. */
  leave(): readonly string[];
  /** The sign of life; undefined: there is none. */
  report(): string | undefined;
  /** Session descriptions for another peer, as the tracker is to pass them on. */
  signal(toPeerId: string): string;
}

/** A running tracker. */
export type RunningTracker = {
  readonly program: ChildProgram;
  /** Where peers connect: a WebSocket's address. */
  readonly url: string;
  /** Ends it, and removes what it has written. */
  readonly stop: () => Promise<void>;
};

/** A tracker that can be measured: a file each, and a line in the registry. */
export type TrackerSystem = {
  readonly summary: string;
  /** Starts it on loopback, as its operator would. */
  readonly start: (options: { readonly signal: AbortSignal; readonly nodeArgs: readonly string[] }) => Promise<RunningTracker>;
  readonly newDialogue: () => PeerDialogue;
};

/** Length of the session descriptions that peers send each other: an offer of a browser with one data channel. */
export const SDP_LENGTH = 1_200;
