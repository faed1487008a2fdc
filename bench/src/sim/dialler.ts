import type { EngineInput, LinkId } from '@p2ptv/peer/engine';
import { LIMITS, type PeerId, type Random, type Signal, type SignalBody } from '@p2ptv/protocol';
import { Happening, type EventQueue } from './event-queue.js';
import { joinEnds, type LinkEnd, type NetworkHost } from './sim-link.js';

/** Round trips of signalling, ICE, DTLS and SCTP until a data channel is open; drawn evenly. */
const LEAST_ROUND_TRIPS = 5;
const MOST_ROUND_TRIPS = 7;
/** Of these, what signals take; their delays are the tracker's. */
const SIGNALLED_ROUND_TRIPS = 2.5;
/** How long an attempt lasts that comes to nothing, ms. */
const UNREACHABLE_MS = 10_000;
/** As long as those of browsers, the candidates that follow included. */
const SDP = 'a'.repeat(1_800);
const TICKET = 't'.repeat(450);

/** An attempt whose signals go over links, through the engine of a common neighbour. */
type RelayedAttempt = {
  readonly from: DialHost;
  readonly to: DialHost;
  readonly pair: number;
  isWantedByBoth: boolean;
  isAnswered: boolean;
};

/** A peer that can be linked to others. */
export interface DialHost extends NetworkHost {
  readonly links: ReadonlyMap<number, LinkEnd>;
  /** One way to the tracker, over which signals go, ms. */
  readonly trackerDelayMs: number;
  /** Makes this side's end of a new link. */
  newEnd(delayMs: number): LinkEnd;
  linkOpened(end: LinkEnd): void;
  handle(input: EngineInput): void;
  dialFailed(peerId: PeerId): void;
}

/** What a set-up takes in the mean beside what computers take for it, between two peers with that delay, ms. */
export function usualSetupMs(delayMs: number, trackerAccessDelayMs: number): number {
  const signalMs = 4 * (delayMs / 2 + trackerAccessDelayMs);
  return signalMs + ((LEAST_ROUND_TRIPS + MOST_ROUND_TRIPS) / 2 - SIGNALLED_ROUND_TRIPS) * 2 * delayMs;
}

/** How links come about in this network. */
export type DiallerOptions = {
  /** What the two computers take for a set-up beside its round trips, ms. */
  readonly setupMs: number;
  /** Share of pairs between which no link can be set up. */
  readonly unreachableRatio: number;
  readonly seed: number;
};

/** What it stands on. */
export type DiallerPorts = {
  readonly queue: EventQueue;
  readonly random: Random;
  readonly peers: ReadonlyMap<PeerId, DialHost>;
  readonly isTrackerReachable: () => boolean;
  readonly isOriginReachable: () => boolean;
};

/** Sets up links between peers, one a pair. */
export class Dialler {
  readonly #options: DiallerOptions;
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #peers: ReadonlyMap<PeerId, DialHost>;
  readonly #isTrackerReachable: () => boolean;
  readonly #isOriginReachable: () => boolean;
  readonly #underWay = new Set<number>();
  readonly #relayed = new Map<number, RelayedAttempt>();

  constructor(
    options: DiallerOptions,
    ports: DiallerPorts,
  ) {
    this.#options = options;
    this.#queue = ports.queue;
    this.#random = ports.random;
    this.#peers = ports.peers;
    this.#isTrackerReachable = ports.isTrackerReachable;
    this.#isOriginReachable = ports.isOriginReachable;
  }

  /**
   * Begins to set up a link; a dial to a peer that is dialling us joins its attempt.
   *
   * @param via a link of `from`, to somebody who named the peer: signals go over it, else over the tracker
   */
  dial(from: DialHost, peerId: PeerId, via?: LinkId): void {
    const to = this.#peers.get(peerId);
    if (via !== undefined) {
      if (to) this.#dialOver(via, from, to);
      else this.#failAfter(UNREACHABLE_MS, from, peerId);
      return;
    }
    if (!this.#isTrackerReachable() || this.#isCutOff(from)) {
      this.#failAfter(UNREACHABLE_MS, from, peerId);
      return;
    }
    const signalMs = 2 * (from.trackerDelayMs + (to?.trackerDelayMs ?? 0));
    if (!to?.isUp || to === from) {
      this.#failAfter(signalMs, from, peerId);
      return;
    }
    const pair = pairOf(from, to);
    if (this.#joins(pair)) return;
    this.#underWay.add(pair);
    const delayMs = delayBetween(from, to);
    const roundTrips = this.#roundTrips();
    // Nobody dials the origin's seeder, and it takes no calls.
    const isRefused = to.role === 'origin' || to.links.size >= LIMITS.links;
    if (isRefused || this.#isUnreachable(pair)) {
      this.#after(isRefused ? signalMs : UNREACHABLE_MS, from, () => {
        this.#underWay.delete(pair);
        fail(from, peerId);
        if (!isRefused) this.#failAfter(delayMs, to, from.peerId);
      });
      return;
    }
    this.#after(signalMs + (roundTrips - SIGNALLED_ROUND_TRIPS) * 2 * delayMs + this.#options.setupMs, to, () => {
      this.#underWay.delete(pair);
      if (!from.isUp || !to.isUp || this.#isCutOff(from)) this.#failAfter(delayMs, from, peerId);
      else this.#open(from, to, delayMs);
    });
  }

  /** A neighbour has brought a signal. */
  takeSignal(at: DialHost, linkId: LinkId, { connectionId, body }: Signal): void {
    const attempt = this.#relayed.get(Number.parseInt(connectionId, 16));
    if (!attempt) return;
    const { from, to, pair } = attempt;
    if (body.kind === 'offer' && at === to) {
      const isFull = to.links.size >= LIMITS.links;
      const answer: SignalBody = isFull ? { kind: 'refuse', reason: 'full' } : { kind: 'answer', sdp: SDP, ticket: TICKET };
      this.#say(to, { from: to.peerId, to: from.peerId, connectionId, body: answer }, linkId);
    } else if (body.kind === 'refuse' && at === from) {
      this.#failRelayed(attempt, attempt.isWantedByBoth);
    } else if (body.kind === 'answer' && at === from && !attempt.isAnswered) {
      attempt.isAnswered = true;
      if (this.#isUnreachable(pair)) return;
      const delayMs = delayBetween(from, to);
      this.#after((this.#roundTrips() - SIGNALLED_ROUND_TRIPS) * 2 * delayMs + this.#options.setupMs, to, () => {
        if (this.#relayed.get(pair) !== attempt) return;
        if (!from.isUp || !to.isUp) return;
        this.#relayed.delete(pair);
        this.#underWay.delete(pair);
        this.#open(from, to, delayMs);
      });
    }
  }

  #dialOver(via: LinkId, from: DialHost, to: DialHost): void {
    const pair = pairOf(from, to);
    if (this.#joins(pair)) return;
    const attempt: RelayedAttempt = { from, to, pair, isWantedByBoth: false, isAnswered: false };
    this.#underWay.add(pair);
    this.#relayed.set(pair, attempt);
    this.#after(UNREACHABLE_MS, from, () => this.#failRelayed(attempt, true));
    const connectionId = pair.toString(16).padStart(12, '0');
    const body: SignalBody = { kind: 'offer', sdp: SDP, ticket: TICKET };
    this.#say(from, { from: from.peerId, to: to.peerId, connectionId, body }, via);
  }

  /** True if such a link is being set up; whoever dials then joins. */
  #joins(pair: number): boolean {
    const attempt = this.#relayed.get(pair);
    if (attempt) attempt.isWantedByBoth = true;
    return this.#underWay.has(pair);
  }

  #failRelayed(attempt: RelayedAttempt, isForBoth: boolean): void {
    const { from, to, pair } = attempt;
    if (this.#relayed.get(pair) !== attempt) return;
    this.#relayed.delete(pair);
    this.#underWay.delete(pair);
    fail(from, to.peerId);
    if (isForBoth) this.#failAfter(delayBetween(from, to), to, from.peerId);
  }

  /** Not from within what the peer is doing. */
  #say(peer: DialHost, signal: Signal, via: LinkId): void {
    this.#after(0, peer, () => peer.handle({ kind: 'signal', signal, via }));
  }

  #roundTrips(): number {
    return LEAST_ROUND_TRIPS + this.#random.next() * (MOST_ROUND_TRIPS - LEAST_ROUND_TRIPS);
  }

  /** It is open for the one who was called first, who speaks first. */
  #open(from: DialHost, to: DialHost, delayMs: number): void {
    const one = from.newEnd(delayMs);
    const other = to.newEnd(delayMs);
    joinEnds(one, other);
    this.#after(delayMs, from, () => {
      if (from.isUp && one.isOpen) from.linkOpened(one);
    });
    to.linkOpened(other);
  }

  #isCutOff({ role }: DialHost): boolean {
    return role === 'origin' && !this.#isOriginReachable();
  }

  /** By a hash of the pair: whoever tries again fails again. */
  #isUnreachable(pair: number): boolean {
    const { unreachableRatio, seed } = this.#options;
    if (unreachableRatio === 0) return false;
    let hash = Math.imul((pair % 0x1_0000_0000) ^ seed, 0x85ebca6b) ^ Math.imul(Math.floor(pair / 0x1_0000_0000) + 1, 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 13), 0x27d4eb2f);
    return ((hash ^ (hash >>> 15)) >>> 0) / 0x1_0000_0000 < unreachableRatio;
  }

  #failAfter(delayMs: number, from: DialHost, peerId: PeerId): void {
    this.#after(delayMs, from, () => fail(from, peerId));
  }

  #after(delayMs: number, at: DialHost, happens: () => void): void {
    this.#queue.schedule(new Happening(happens, at.index), this.#queue.nowMs + delayMs);
  }
}

function delayBetween(one: DialHost, other: DialHost): number {
  return one.line.accessDelayMs + other.line.accessDelayMs;
}

function fail(from: DialHost, peerId: PeerId): void {
  if (from.isUp) from.dialFailed(peerId);
}

function pairOf(one: DialHost, other: DialHost): number {
  const PEERS = 0x40_0000;
  return Math.min(one.index, other.index) * PEERS + Math.max(one.index, other.index);
}
