import {
  SIGNATURE_BYTES,
  type Clock,
  type Duty,
  type DutyMap,
  type JoinRequest,
  type NeighboursWanted,
  type PeerDescription,
  type PeerId,
  type PeerReport,
  type Random,
  type RenditionId,
  type Seeded,
  type StreamId,
} from '@p2ptv/protocol';
import { Tracker, type TrackerEffect, type TrackerOptions } from '@p2ptv/tracker';
import { DueEvent } from './due-event.js';
import { Happening, ORIGIN, type EventQueue } from './event-queue.js';

/** A peer as its tracker client sees it. */
export interface TrackerClientHost {
  /** Position in the run. */
  readonly index: number;
  readonly peerId: PeerId;
  readonly isUp: boolean;
  /** One way to the tracker, ms. */
  readonly trackerDelayMs: number;
  joinRequest(): JoinRequest;
  trackerJoined(answer: { readonly neighbours: readonly PeerDescription[]; readonly dutyStripes: readonly number[]; readonly reportIntervalMs: number }): void;
  neighboursOffered(neighbours: readonly PeerDescription[]): void;
  dutyChanged(duty: Duty): void;
  dutyMapChanged(map: DutyMap): void;
  reportIntervalChanged(intervalMs: number): void;
  /** It must join again: the tracker has put it out. */
  trackerDropped(): void;
}

/** Round trips of TCP, TLS and Socket.IO before a peer can join. */
const CONNECT_ROUND_TRIPS = 3;
const RECONNECT_MS = 1_000;

/** The tracker's own code in simulated time: messages take their time, and are lost while it is away. */
export class SimTracker {
  readonly #queue: EventQueue;
  readonly #tracker: Tracker;
  readonly #random: Random;
  readonly #isReachable: () => boolean;
  readonly #hosts = new Map<string, TrackerClientHost>();
  readonly #tick: DueEvent;

  constructor(
    options: TrackerOptions,
    ports: { queue: EventQueue; random: Random; startedWallMs: number; isReachable: () => boolean },
  ) {
    const { queue, random, startedWallMs, isReachable } = ports;
    this.#queue = queue;
    this.#random = random;
    this.#isReachable = isReachable;
    const clock: Clock = { nowMs: () => queue.nowMs, wallMs: () => startedWallMs + queue.nowMs };
    // Nobody checks tickets here, and signing 100,000 of them takes minutes.
    const signature = new Uint8Array(SIGNATURE_BYTES);
    const tracker = new Tracker({ clock, random, signer: () => signature, publicKey: new Uint8Array(32).fill(1) }, options);
    this.#tracker = tracker;
    this.#tick = new DueEvent(queue, { leastWaitMs: 1, peerIndex: ORIGIN }, () => this.#ticked());
  }

  /** A peer connects and joins, however often it takes. */
  connect(host: TrackerClientHost): void {
    if (!host.isUp) return;
    const retryMs = RECONNECT_MS * (0.5 + this.#random.next());
    if (!this.#isReachable()) {
      this.#after(retryMs, host.index, () => this.connect(host));
      return;
    }
    const setUpMs = (2 * CONNECT_ROUND_TRIPS + 1) * host.trackerDelayMs;
    this.#after(setUpMs, ORIGIN, () => {
      if (!host.isUp) return;
      if (!this.#isReachable()) this.connect(host);
      else this.#join(host);
    });
  }

  report(host: TrackerClientHost, report: PeerReport): void {
    this.#toTracker(host, () => this.#carryOut(this.#tracker.report(host.peerId, report)));
  }

  /** Only the origin's seeder says whom of those on duty it is linked to. */
  seeded(host: TrackerClientHost, seeded: Seeded): void {
    this.#toTracker(host, () => this.#tracker.seeded(host.peerId, seeded));
  }

  wantNeighbours(host: TrackerClientHost, wanted: NeighboursWanted): void {
    this.#toTracker(host, () => {
      const { neighbours } = this.#tracker.neighboursWanted(host.peerId, wanted);
      this.#toHost(host, () => host.neighboursOffered(neighbours));
    });
  }

  /** A peer is gone; `isGraceful`: it said so. */
  disconnect(host: TrackerClientHost, isGraceful: boolean): void {
    this.#toTracker(host, () => {
      this.#hosts.delete(host.peerId);
      this.#carryOut(isGraceful ? this.#tracker.leave(host.peerId) : this.#tracker.disconnected(host.peerId));
    });
  }

  /** Every connection is lost, as when the tracker's machine is cut off; each peer tries to come back by itself. */
  cutOff(): void {
    const hosts = [...this.#hosts.values()];
    this.#hosts.clear();
    for (const host of hosts) {
      this.#carryOut(this.#tracker.disconnected(host.peerId));
      host.trackerDropped();
      this.connect(host);
    }
  }

  warmPeers(streamId: StreamId, count: number, rendition: RenditionId): PeerDescription[] {
    return this.#tracker.warmPeers(streamId, count, rendition);
  }

  viewerCount(streamId: StreamId): number {
    return this.#tracker.viewerCount(streamId);
  }

  #join(host: TrackerClientHost): void {
    const { answer, effects } = this.#tracker.join(host.peerId, host.joinRequest());
    if (answer.kind === 'joined') {
      this.#hosts.set(host.peerId, host);
      this.#toHost(host, () => host.trackerJoined(answer));
    } else {
      this.#after(answer.retryAfterMs ?? RECONNECT_MS, ORIGIN, () => this.connect(host));
    }
    this.#carryOut(effects);
  }

  #carryOut(effects: readonly TrackerEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'disconnect') {
        this.#dropped(effect.connection);
        continue;
      }
      const host = this.#hosts.get(effect.to);
      if (!host) continue;
      const { message } = effect;
      if (message.event === 'duty') this.#toHost(host, () => host.dutyChanged(message.payload));
      else if (message.event === 'dutyMap') this.#toHost(host, () => host.dutyMapChanged(message.payload));
      else if (message.event === 'reportInterval') this.#toHost(host, () => host.reportIntervalChanged(message.payload.reportIntervalMs));
    }
    this.#tick.set(this.#tracker.nextTickMs ?? Infinity);
  }

  #dropped(connection: string): void {
    const host = this.#hosts.get(connection);
    if (!host) return;
    this.#hosts.delete(connection);
    this.#toHost(host, () => {
      host.trackerDropped();
      this.connect(host);
    });
  }

  #ticked(): void {
    this.#carryOut(this.#tracker.tick());
  }

  #toTracker(host: TrackerClientHost, happens: () => void): void {
    this.#after(host.trackerDelayMs, ORIGIN, () => {
      if (this.#isReachable()) happens();
    });
  }

  #toHost(host: TrackerClientHost, happens: () => void): void {
    this.#after(host.trackerDelayMs, host.index, () => {
      if (host.isUp && this.#isReachable()) happens();
    });
  }

  #after(delayMs: number, peerIndex: number, happens: () => void): void {
    this.#queue.schedule(new Happening(happens, peerIndex), this.#queue.nowMs + delayMs);
  }
}
