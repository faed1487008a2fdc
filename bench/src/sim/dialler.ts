import { LIMITS, type PeerId, type Random } from '@p2ptv/protocol';
import { Happening, type EventQueue } from './event-queue.js';
import { joinEnds } from './sim-link.js';
import type { SimPeer } from './sim-peer.js';

/** Round trips of signalling, ICE, DTLS and SCTP until a data channel is open; drawn evenly. */
const LEAST_ROUND_TRIPS = 5;
const MOST_ROUND_TRIPS = 7;
/** How long an attempt lasts that comes to nothing, ms. */
const UNREACHABLE_MS = 10_000;

/** How links come about in this network. */
export type DiallerOptions = {
  /** Share of pairs between which no link can be set up. */
  readonly unreachableRatio: number;
  readonly seed: number;
};

/** Sets up links between peers, one a pair. */
export class Dialler {
  readonly #options: DiallerOptions;
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #peers: ReadonlyMap<PeerId, SimPeer>;
  readonly #underWay = new Set<number>();

  constructor(options: DiallerOptions, ports: { queue: EventQueue; random: Random; peers: ReadonlyMap<PeerId, SimPeer> }) {
    this.#options = options;
    this.#queue = ports.queue;
    this.#random = ports.random;
    this.#peers = ports.peers;
  }

  /** Begins to set up a link; a dial to a peer that is dialling us joins its attempt. */
  dial(from: SimPeer, peerId: PeerId): void {
    const to = this.#peers.get(peerId);
    const signalMs = 2 * (from.trackerDelayMs + (to?.trackerDelayMs ?? 0));
    if (!to?.isUp || to === from) {
      this.#after(signalMs, () => fail(from, peerId));
      return;
    }
    const pair = pairOf(from, to);
    if (this.#underWay.has(pair)) return;
    this.#underWay.add(pair);
    const ends = (delayMs: number, happens: () => void): void => {
      this.#after(delayMs, () => {
        this.#underWay.delete(pair);
        happens();
      });
    };
    if (this.#isUnreachable(pair)) {
      ends(UNREACHABLE_MS, () => {
        fail(from, peerId);
        fail(to, from.peerId);
      });
      return;
    }
    const delayMs = from.line.accessDelayMs + to.line.accessDelayMs;
    const roundTrips = LEAST_ROUND_TRIPS + this.#random.next() * (MOST_ROUND_TRIPS - LEAST_ROUND_TRIPS);
    // Nobody dials the origin's seeder, and it takes no calls.
    const isRefused = to.role === 'origin' || to.links.size >= LIMITS.links;
    ends(isRefused ? signalMs : signalMs + (roundTrips - 2) * 2 * delayMs, () => {
      if (isRefused || !from.isUp || !to.isUp) fail(from, peerId);
      else this.#open(from, to, delayMs);
    });
  }

  #open(from: SimPeer, to: SimPeer, delayMs: number): void {
    const one = from.newEnd(delayMs);
    const other = to.newEnd(delayMs);
    joinEnds(one, other);
    to.linkOpened(other);
    if (from.isUp && one.isOpen) from.linkOpened(one);
  }

  /** By a hash of the pair: whoever tries again fails again. */
  #isUnreachable(pair: number): boolean {
    const { unreachableRatio, seed } = this.#options;
    if (unreachableRatio === 0) return false;
    let hash = Math.imul((pair % 0x1_0000_0000) ^ seed, 0x85ebca6b) ^ Math.imul(Math.floor(pair / 0x1_0000_0000) + 1, 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 13), 0x27d4eb2f);
    return ((hash ^ (hash >>> 15)) >>> 0) / 0x1_0000_0000 < unreachableRatio;
  }

  #after(delayMs: number, happens: () => void): void {
    this.#queue.schedule(new Happening(happens), this.#queue.nowMs + delayMs);
  }
}

function fail(from: SimPeer, peerId: PeerId): void {
  if (from.isUp) from.dialFailed(peerId);
}

function pairOf(one: SimPeer, other: SimPeer): number {
  const PEERS = 0x40_0000;
  return Math.min(one.index, other.index) * PEERS + Math.max(one.index, other.index);
}
