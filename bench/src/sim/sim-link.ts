import type { PeerId, PeerRole, WireMessage } from '@p2ptv/protocol';
import type { AccessLine } from './access-line.js';
import { EVERYBODY, SimEvent } from './event-queue.js';

/** Bytes that SCTP sends before it has heard anything; as browsers do it. */
export const INITIAL_WINDOW_BYTES = 12 * 1024;

/** A computer on the simulated network. */
export interface NetworkHost {
  /** Position in the run; part of the trace. */
  readonly index: number;
  readonly peerId: PeerId;
  readonly role: PeerRole;
  readonly line: AccessLine;
  /** When it came, ms of the run. */
  readonly joinedAtMs: number;
  /** False once it has left or died: nothing reaches it. */
  readonly isUp: boolean;
  /** A message has come over a link. */
  messageCame(end: LinkEnd, message: WireMessage): void;
  /** A link's send buffer is nearly empty again. */
  linkDrained(end: LinkEnd): void;
  /** The other end has closed the link, or it broke. */
  linkEnded(end: LinkEnd): void;
}

/** One end of a link. There are millions of them: numbers, and lists only where something waits. */
export class LinkEnd {
  /** The other end; itself until {@link joinEnds}. */
  other: LinkEnd = this;
  /** Index of the host at the other end. */
  otherIndex = EVERYBODY;
  /** A closed end neither sends nor hears. */
  isOpen = true;
  /** Bytes handed over that have not left yet; brought up to date by the network when it is asked. */
  bufferedBytes = 0;
  /** The buffer was above the low-water mark; its host is told when it is not any more. */
  isAboveLowWater = false;
  windowBytes = INITIAL_WINDOW_BYTES;
  /** Beyond it the window grows slowly; only loss makes it finite. */
  slowFromBytes = Infinity;
  inFlightBytes = 0;
  /** Messages that wait for the window; undefined: none ever did. */
  waiting: Delivery[] | undefined;
  /** Nothing arrives before what was sent before it, ms. */
  lastArrivalMs = 0;
  /** A message of which the last packets were lost, and all that was sent after it. */
  heldBack: HeldBack | undefined;

  constructor(
    readonly host: NetworkHost,
    readonly linkId: number,
    /** One way, ms. */
    readonly delayMs: number,
  ) {}
}

/** Messages that wait for the repetition of a lost packet: the link delivers in order. */
export type HeldBack = {
  readonly waiting: { readonly delivery: Delivery; readonly atMs: number }[];
  /** When the repetition arrives, ms; sooner when enough packets follow. */
  releaseAtMs: number;
  packetsBehind: number;
};

/** Makes two ends one link. */
export function joinEnds(one: LinkEnd, other: LinkEnd): void {
  one.other = other;
  other.other = one;
  one.otherIndex = other.host.index;
  other.otherIndex = one.host.index;
}

/** What a network does with a message that has crossed it. */
export interface DeliveryCarrier {
  arrived(delivery: Delivery): void;
}

/** A message on its way; pooled by its network. */
export class Delivery extends SimEvent {
  readonly #carrier: DeliveryCarrier;
  /** The receiver's end; it alone is looked at when the message arrives. */
  to: LinkEnd | undefined;
  /** Undefined: the end of the link. */
  message: WireMessage | undefined;
  bytes = 0;
  /** The downlink has been queued for. */
  isReceived = false;

  constructor(carrier: DeliveryCarrier) {
    super();
    this.#carrier = carrier;
  }

  override run(): void {
    this.#carrier.arrived(this);
  }
}
