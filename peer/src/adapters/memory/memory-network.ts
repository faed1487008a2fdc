import {
  digest,
  type PeerId,
  type PeerRole,
  type Random,
  type Signal,
  type SignalBody,
} from '@p2ptv/protocol';
import type { RemotePeer } from '../../ports/link.js';
import type {
  Credentials,
  DialFailure,
  LinkTransport,
  LinkTransportListener,
} from '../../ports/link-transport.js';
import type { Unschedule, VirtualTime } from '../virtual/virtual-time.js';
import { MemoryLink, type MemoryEnd, type MemoryPath } from './memory-link.js';
import { Downlink, Uplink } from './transmission-line.js';

/** A peer of a {@link MemoryNetwork}. */
export type MemoryPeer = {
  readonly peerId: PeerId;
  readonly role: PeerRole;
  /** All its links together, bits a second. Default: no limit. */
  readonly uplinkBitsPerSecond?: number;
  readonly downlinkBitsPerSecond?: number;
};

/** Options of a {@link MemoryNetwork}. */
export type MemoryNetworkOptions = {
  readonly time: VirtualTime;
  readonly random: Random;
  /** ms from one peer to another: one number for all, or drawn for each pair when they first meet. */
  readonly oneWayDelayMs: number | ((random: Random) => number);
  /** Up to so many ms more for each frame. Default 0. */
  readonly jitterMs?: number;
  /** How long a neighbour takes to notice that a peer vanished, ms. Default 5,000, as browsers do. */
  readonly vanishDetectionMs?: number;
  /** Dials send offers and wait for answers, as WebRTC's do; default false: peers find each other by themselves. */
  readonly hasSignals?: boolean;
};

/** Round trips from dial to open: offer and answer through the tracker, then ICE and DTLS. */
const DIAL_ROUND_TRIPS = 3;
const DIAL_TIMEOUT_MS = 8_000;
/** Of them, those after offer and answer. */
const CONNECT_ROUND_TRIPS = 2;
/** As long as those of browsers. */
const SDP = 'v=0\r\n'.padEnd(900, 'a');
const TICKET = 't'.repeat(450);

const REFUSALS: Readonly<Record<'full' | 'badTicket' | 'gone', DialFailure>> = {
  full: 'refused',
  badTicket: 'badTicket',
  gone: 'unreachable',
};

/**
 * Many peers in one process, on virtual time: each with one uplink and one downlink for all its
 * links. Who is who is known by construction, so there are no tickets; limits and refusals are
 * those of the real transport.
 */
export class MemoryNetwork {
  readonly time: VirtualTime;
  readonly #options: MemoryNetworkOptions;
  readonly #transports = new Map<PeerId, MemoryLinkTransport>();
  readonly #paths = new Map<string, MemoryPath>();
  #connectionCount = 0;

  constructor(options: MemoryNetworkOptions) {
    this.time = options.time;
    this.#options = options;
  }

  /** Adds a peer and returns its transport. */
  createTransport(peer: MemoryPeer): MemoryLinkTransport {
    const transport = new MemoryLinkTransport(this, peer);
    this.#transports.set(peer.peerId, transport);
    return transport;
  }

  /** Cuts a peer off without a word, as a killed process or a lost network does. */
  vanish(peerId: PeerId): void {
    const transport = this.#transports.get(peerId);
    this.#transports.delete(peerId);
    transport?.vanish(this.#options.vanishDetectionMs ?? 5_000);
  }

  /** True where dials are signalled. */
  get hasSignals(): boolean {
    return this.#options.hasSignals === true;
  }

  /** A connection id that was not used before. */
  newConnectionId(): string {
    return (this.#connectionCount++).toString(16).padStart(8, '0');
  }

  /** The transport of a peer that is there. */
  find(peerId: PeerId): MemoryLinkTransport | undefined {
    return this.#transports.get(peerId);
  }

  /** A transport is closed. */
  remove(peerId: PeerId): void {
    this.#transports.delete(peerId);
  }

  /** The way between two peers: the same for all their links. */
  path(left: PeerId, right: PeerId): MemoryPath {
    const key = left < right ? `${left} ${right}` : `${right} ${left}`;
    const known = this.#paths.get(key);
    if (known) return known;
    const { oneWayDelayMs, jitterMs = 0, random } = this.#options;
    const path: MemoryPath = {
      oneWayDelayMs: typeof oneWayDelayMs === 'number' ? oneWayDelayMs : oneWayDelayMs(random),
      jitterMs,
      random,
    };
    this.#paths.set(key, path);
    return path;
  }
}

/** A peer's side of a {@link MemoryNetwork}. */
export class MemoryLinkTransport implements LinkTransport {
  readonly fingerprint: string;
  readonly #network: MemoryNetwork;
  readonly #end: MemoryEnd;
  readonly #dials = new Map<PeerId, Unschedule>();
  readonly #links = new Map<PeerId, { link: MemoryLink; isIncoming: boolean }>();
  /** Connection ids of the dials that were signalled. */
  readonly #offers = new Map<PeerId, string>();
  readonly #waitingDials = new Set<PeerId>();
  #listener: LinkTransportListener | undefined;
  #credentials: Credentials | undefined;
  #linkLimit = Infinity;
  #isClosed = false;

  constructor(network: MemoryNetwork, peer: MemoryPeer) {
    this.#network = network;
    this.fingerprint = fakeFingerprint(peer.peerId);
    this.#end = {
      peer: { peerId: peer.peerId, role: peer.role },
      uplink: new Uplink(network.time, peer.uplinkBitsPerSecond ?? Infinity),
      downlink: new Downlink(network.time, peer.downlinkBitsPerSecond ?? Infinity),
    };
  }

  /** Who this peer is. */
  get peer(): RemotePeer {
    return this.#end.peer;
  }

  setCredentials(credentials: Credentials): void {
    this.#credentials = credentials;
    for (const peerId of this.#waitingDials) this.dial(peerId);
    this.#waitingDials.clear();
  }

  setLinkLimit(limit: number): void {
    this.#linkLimit = limit;
  }

  dial(peerId: PeerId): void {
    if (this.#isClosed || this.#dials.has(peerId) || this.#openLink(peerId)) return;
    if (!this.#credentials) {
      this.#waitingDials.add(peerId);
      return;
    }
    if (this.#network.hasSignals) this.#offer(peerId);
    else this.#meetLater(peerId, DIAL_ROUND_TRIPS);
  }

  /** Only where dials are signalled. */
  signal({ from, to, connectionId, body }: Signal): void {
    if (this.#isClosed || to !== this.peer.peerId || from === to) return;
    const isOurs = this.#offers.get(from) === connectionId;
    switch (body.kind) {
      case 'offer':
        this.#answer(from, connectionId);
        return;
      case 'answer':
        if (!isOurs || !this.#dials.has(from)) return;
        this.#dials.get(from)?.();
        this.#meetLater(from, CONNECT_ROUND_TRIPS);
        return;
      case 'refuse':
        if (!isOurs || !this.#dials.has(from)) return;
        this.#dials.get(from)?.();
        this.#fail(from, REFUSALS[body.reason]);
        return;
      case 'candidate':
        return;
    }
  }

  #offer(peerId: PeerId): void {
    const { time } = this.#network;
    const connectionId = this.#network.newConnectionId();
    this.#offers.set(peerId, connectionId);
    this.#dials.set(
      peerId,
      time.schedule(time.nowMs() + DIAL_TIMEOUT_MS, () => this.#fail(peerId, 'timeout')),
    );
    this.#sendSignal(peerId, connectionId, { kind: 'offer', sdp: SDP, ticket: TICKET });
  }

  #answer(peerId: PeerId, connectionId: string): void {
    // Both dialled: both know which offer stands.
    if (this.#dials.has(peerId) && this.peer.peerId < peerId) return;
    const isWelcome = this.#dials.has(peerId) || this.#isWelcome();
    this.#sendSignal(
      peerId,
      connectionId,
      isWelcome
        ? { kind: 'answer', sdp: SDP, ticket: TICKET }
        : { kind: 'refuse', reason: this.#credentials ? 'full' : 'gone' },
    );
  }

  #sendSignal(to: PeerId, connectionId: string, body: SignalBody): void {
    const { time } = this.#network;
    const signal: Signal = { from: this.peer.peerId, to, connectionId, body };
    time.schedule(time.nowMs(), () => {
      if (!this.#isClosed) this.#listener?.sendSignal(signal);
    });
  }

  #meetLater(peerId: PeerId, roundTrips: number): void {
    const { time } = this.#network;
    const delayMs = this.#network.path(this.peer.peerId, peerId).oneWayDelayMs * 2 * roundTrips;
    this.#dials.set(
      peerId,
      time.schedule(time.nowMs() + delayMs, () => this.#meet(peerId)),
    );
  }

  listen(listener: LinkTransportListener): void {
    this.#listener = listener;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#stop();
    this.#network.remove(this.peer.peerId);
    for (const { link } of this.#links.values()) link.close();
    this.#links.clear();
  }

  /** See {@link MemoryNetwork.vanish}. */
  vanish(detectionMs: number): void {
    this.#stop();
    for (const { link } of this.#links.values()) link.vanish(detectionMs);
    this.#links.clear();
  }

  #stop(): void {
    this.#isClosed = true;
    for (const unschedule of this.#dials.values()) unschedule();
    this.#dials.clear();
    this.#offers.clear();
    this.#waitingDials.clear();
  }

  #meet(peerId: PeerId): void {
    const { time } = this.#network;
    const other = this.#network.find(peerId);
    if (!other) {
      const fail = (): void => this.#fail(peerId, 'timeout');
      this.#dials.set(peerId, time.schedule(time.nowMs() + DIAL_TIMEOUT_MS, fail));
      return;
    }
    // Both dialled: this attempt comes first, and the other one ends with it.
    const isGlare = other.#dials.has(this.peer.peerId);
    if (!isGlare && !other.#isWelcome()) {
      this.#fail(peerId, other.#credentials ? 'refused' : 'unreachable');
      return;
    }
    this.#dials.delete(peerId);
    this.#offers.delete(peerId);
    other.#dials.get(this.peer.peerId)?.();
    other.#dials.delete(this.peer.peerId);
    other.#offers.delete(this.peer.peerId);
    const path = this.#network.path(this.peer.peerId, peerId);
    const [link, otherLink] = MemoryLink.pair(time, { left: this.#end, right: other.#end }, path);
    this.#links.set(peerId, { link, isIncoming: false });
    other.#links.set(this.peer.peerId, { link: otherLink, isIncoming: !isGlare });
    this.#listener?.linkOpened(link, true);
    other.#listener?.linkOpened(otherLink, false);
  }

  #isWelcome(): boolean {
    if (!this.#credentials) return false;
    let incomingCount = 0;
    for (const [peerId, { link, isIncoming }] of this.#links) {
      if (link.hasEnded) this.#links.delete(peerId);
      else if (isIncoming) incomingCount++;
    }
    return incomingCount < this.#linkLimit;
  }

  #openLink(peerId: PeerId): MemoryLink | undefined {
    const link = this.#links.get(peerId)?.link;
    return link && !link.hasEnded ? link : undefined;
  }

  #fail(peerId: PeerId, failure: DialFailure): void {
    this.#dials.delete(peerId);
    this.#offers.delete(peerId);
    this.#listener?.dialFailed(peerId, failure);
  }
}

function fakeFingerprint(peerId: PeerId): string {
  const pairs = Array.from(digest(new TextEncoder().encode(peerId)), (byte) => byte.toString(16).padStart(2, '0'));
  return pairs.join(':').toUpperCase();
}
