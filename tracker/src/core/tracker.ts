import {
  encodePublicKey,
  encodeTicket,
  isPublisherProofValid,
  type Clock,
  type DutyMap,
  type JoinRequest,
  type NeighboursAnswer,
  type NeighboursWanted,
  type PeerDescription,
  type PeerReport,
  type Random,
  type Seeded,
  type Signal,
  type Signer,
  type StreamId,
  type SwarmScrape,
  type TicketRenewal,
  type TrackerJoinAnswer,
  type TrackerToPeerEvents,
} from '@p2ptv/protocol';
import { DueQueue } from './due-queue.js';
import { FIRST_RENDITION, isSettled, type ConnectionId, type JoinSource, type Member, type NetworkName } from './member.js';
import { Swarm } from './swarm.js';
import { resolveTrackerOptions, type ResolvedTrackerOptions, type TrackerOptions } from './tracker-options.js';

/** A message to a peer: the event's name and its only argument. */
export type TrackerMessage = {
  [Name in keyof TrackerToPeerEvents]: {
    readonly event: Name;
    readonly payload: Parameters<TrackerToPeerEvents[Name]>[0];
  };
}[keyof TrackerToPeerEvents];

/** What the tracker wants done; in this order. */
export type TrackerEffect =
  | { readonly kind: 'send'; readonly to: ConnectionId; readonly message: TrackerMessage }
  /**
   * Close this connection. `replaced`: its peer has come by another one; `silent`: its peer is out
   * for want of reports. Either way its client may come again, and then takes the place over.
   */
  | { readonly kind: 'disconnect'; readonly connection: ConnectionId; readonly reason: 'replaced' | 'silent' };

/** What a tracker stands on. */
export type TrackerPorts = {
  readonly clock: Clock;
  readonly random: Random;
  /** Signs tickets with the tracker's key. */
  readonly signer: Signer;
  /** The tracker's Ed25519 key, 32 bytes. */
  readonly publicKey: Uint8Array;
};

/** The answer to a join, and what else follows from it (to be carried out after the answer is sent). */
export type JoinOutcome = { readonly answer: TrackerJoinAnswer; readonly effects: readonly TrackerEffect[] };

type Refusal = Extract<TrackerJoinAnswer, { kind: 'refused' }>;

/**
 * Who is in which swarm, who should meet whom, who is on duty. Synchronous and without I/O:
 * connections are names, inputs come as calls, effects go out as return values, clock and chance
 * are ports. A server and a simulator run the same code. Inputs are trusted to have passed the
 * contract's schemas.
 */
export class Tracker {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #signer: Signer;
  readonly #options: ResolvedTrackerOptions;
  readonly #trackerKey: string;
  readonly #swarms = new Map<StreamId, Swarm>();
  readonly #membersByConnection = new Map<ConnectionId, Member>();
  /** Members by their last report, for each interval that any was told. */
  readonly #reportsDue = new Map<number, DueQueue<Member>>();
  /** Members whose connection broke. */
  readonly #absent: DueQueue<Member>;
  readonly #ticketsDue: DueQueue<Member>;
  readonly #reviewsDue: DueQueue<Swarm>;
  /** Swarms whose duty is to be dealt anew, but not yet. */
  readonly #dealsDue = new Set<Swarm>();

  constructor(ports: TrackerPorts, options: TrackerOptions = {}) {
    this.#clock = ports.clock;
    this.#random = ports.random;
    this.#signer = ports.signer;
    this.#trackerKey = encodePublicKey(ports.publicKey);
    this.#options = resolveTrackerOptions(options);
    const { membership, tickets, duty } = this.#options;
    this.#absent = new DueQueue(membership.graceMs);
    this.#ticketsDue = new DueQueue(tickets.lifetimeMs - tickets.renewBeforeMs);
    this.#reviewsDue = new DueQueue(duty.reviewIntervalMs);
  }

  /** When {@link tick} has something to do next, on the clock's monotonic time; undefined: nothing waits. */
  get nextTickMs(): number | undefined {
    const times = [...this.#reportsDue.values(), this.#absent, this.#ticketsDue, this.#reviewsDue].flatMap(
      ({ nextMs }) => nextMs ?? [],
    );
    for (const swarm of this.#dealsDue) times.push(swarm.dutyDueMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Whether a peer has joined by this connection. */
  isJoined(connection: ConnectionId): boolean {
    return this.#membersByConnection.has(connection);
  }

  /**
   * A peer enters a swarm, or comes back.
   *
   * @param network names the network that it connects from, where that is known: peers of one network are
   * introduced to each other first. It is told to nobody.
   */
  join(connection: ConnectionId, request: JoinRequest, network?: NetworkName): JoinOutcome {
    const nowMs = this.#clock.nowMs();
    const swarm = this.#admit(connection, request);
    if ('kind' in swarm) return { answer: swarm, effects: [] };
    const effects: TrackerEffect[] = [];
    const member = this.#enter(swarm, { connection, network, request, effects });
    this.#absent.delete(member);
    this.#membersByConnection.set(connection, member);
    // The origin's own peer lives with the publisher: its connection is its sign of life.
    if (member.role !== 'origin') {
      // However large the crowd: whoever others are to be sent to has to say first that it uploads.
      this.#reportsDueOf(member).delete(member);
      member.reportIntervalMs = this.#options.membership.reportIntervalMs;
      this.#reportsDueOf(member).touch(member, nowMs);
    }
    effects.push(...this.#dutyEffects(swarm, { changed: swarm.updateDuty(nowMs), except: member }));
    if (member.role === 'origin') {
      const isTold = (map: DutyMap): boolean =>
        effects.some((effect) => effect.kind === 'send' && effect.message.event === 'dutyMap' && effect.message.payload.rendition === map.rendition);
      for (const map of swarm.dutyMaps()) {
        if (!isTold(map)) effects.push({ kind: 'send', to: connection, message: { event: 'dutyMap', payload: map } });
      }
    }
    const { ticket, ticketExpiresAtMs } = this.#newTicket(member);
    const neighbours =
      member.role === 'origin'
        ? []
        : swarm.neighboursFor(member, { count: this.#options.neighbours.count, exclude: [] }, nowMs);
    return {
      answer: {
        kind: 'joined',
        ticket,
        ticketExpiresAtMs,
        trackerKey: this.#trackerKey,
        neighbours,
        dutyStripes: swarm.dutyStripesOf(member),
        iceServers: [...this.#options.iceServers],
        reportIntervalMs: member.reportIntervalMs,
        wallMs: this.#clock.wallMs(),
      },
      effects,
    };
  }

  /** A peer says good-bye. */
  leave(connection: ConnectionId): TrackerEffect[] {
    const found = this.#find(connection);
    return found ? this.#remove(found.member, found.swarm) : [];
  }

  /** A connection broke or was closed: its peer keeps its place for the grace period, but not its duty. */
  disconnected(connection: ConnectionId): TrackerEffect[] {
    const found = this.#find(connection);
    if (!found) return [];
    const { member, swarm } = found;
    const nowMs = this.#clock.nowMs();
    this.#membersByConnection.delete(connection);
    this.#reportsDueOf(member).delete(member);
    this.#absent.touch(member, nowMs);
    swarm.disconnect(member, nowMs);
    return this.#dutyEffects(swarm, { changed: swarm.updateDuty(nowMs) });
  }

  report(connection: ConnectionId, report: PeerReport): TrackerEffect[] {
    const found = this.#find(connection);
    if (!found) return [];
    const nowMs = this.#clock.nowMs();
    const { member, swarm } = found;
    const hasMoved = swarm.report(member, report, nowMs);
    const changed = swarm.updateDuty(nowMs);
    // Its duty ended with the rendition that it has left.
    const effects = this.#dutyEffects(swarm, { changed: hasMoved && !changed.includes(member) ? [...changed, member] : changed });
    if (member.role === 'origin') return effects;
    const reportIntervalMs = isSettled(member, nowMs) ? swarm.reportIntervalMs : this.#options.membership.reportIntervalMs;
    if (member.reportIntervalMs !== reportIntervalMs) {
      this.#reportsDueOf(member).delete(member);
      member.reportIntervalMs = reportIntervalMs;
      effects.push({ kind: 'send', to: connection, message: { event: 'reportInterval', payload: { reportIntervalMs } } });
    }
    this.#reportsDueOf(member).touch(member, nowMs);
    return effects;
  }

  /** The origin's seeder says whom it is linked to; those who lie about duty are found out by it at the next review. */
  seeded(connection: ConnectionId, seeded: Seeded): void {
    const found = this.#find(connection);
    found?.swarm.noteSeeded(found.member, seeded, this.#clock.nowMs());
  }

  /** More neighbours for a peer; none for one that has not joined. */
  neighboursWanted(connection: ConnectionId, wanted: NeighboursWanted): NeighboursAnswer {
    const found = this.#find(connection);
    return { neighbours: found ? found.swarm.neighboursFor(found.member, wanted, this.#clock.nowMs()) : [] };
  }

  /** Passes a signal on within the sender's swarm, under the sender's own name. */
  signal(connection: ConnectionId, signal: Signal): TrackerEffect[] {
    const found = this.#find(connection);
    if (!found) return [];
    const from = found.member.peerId;
    const target = found.swarm.member(signal.to);
    if (target?.presence.kind === 'connected' && target !== found.member) {
      const payload: Signal = { ...signal, from };
      return [{ kind: 'send', to: target.presence.connection, message: { event: 'signal', payload } }];
    }
    // A refusal is not answered: it would go round in circles.
    if (signal.body.kind === 'refuse') return [];
    const payload: Signal = {
      from: signal.to,
      to: from,
      connectionId: signal.connectionId,
      body: { kind: 'refuse', reason: 'gone' },
    };
    return [{ kind: 'send', to: connection, message: { event: 'signal', payload } }];
  }

  /** Does what has fallen due: forgets the dead, renews tickets, reviews duty. */
  tick(): TrackerEffect[] {
    const nowMs = this.#clock.nowMs();
    const effects: TrackerEffect[] = [];
    for (const member of [...this.#reportsDue.values()].flatMap((queue) => queue.takeDue(nowMs))) {
      if (member.presence.kind === 'connected') {
        effects.push({ kind: 'disconnect', connection: member.presence.connection, reason: 'silent' });
      }
      effects.push(...this.#removeFromSwarm(member));
    }
    for (const member of this.#absent.takeDue(nowMs)) effects.push(...this.#removeFromSwarm(member));
    for (const member of this.#ticketsDue.takeDue(nowMs)) {
      if (member.presence.kind !== 'connected') continue;
      const message = { event: 'ticket', payload: this.#newTicket(member) } as const;
      effects.push({ kind: 'send', to: member.presence.connection, message });
    }
    for (const swarm of [...this.#dealsDue]) {
      if (swarm.dutyDueMs <= nowMs) effects.push(...this.#dutyEffects(swarm, { changed: swarm.updateDuty(nowMs) }));
    }
    for (const swarm of this.#reviewsDue.takeDue(nowMs)) {
      if (swarm.size === 0) continue;
      this.#reviewsDue.touch(swarm, nowMs);
      effects.push(...this.#dutyEffects(swarm, { changed: swarm.reviewDuty(nowMs) }));
    }
    return effects;
  }

  /** All swarms, in the order of their first joins. */
  scrape(): SwarmScrape[] {
    return [...this.#swarms.values()].map((swarm) => swarm.scrape());
  }

  /** Up to `count` visible peers that watch a rendition, have proved to deliver and have room: others each time, so that a rush of newcomers is spread. */
  warmPeers(streamId: StreamId, count: number, rendition = FIRST_RENDITION): PeerDescription[] {
    return this.#swarms.get(streamId)?.warmPeers(count, rendition) ?? [];
  }

  /** Viewers of a stream now; 0 for an unknown one. */
  viewerCount(streamId: StreamId): number {
    return this.#swarms.get(streamId)?.viewerCount ?? 0;
  }

  /** The swarm that the peer may enter, or why it may not. */
  #admit(connection: ConnectionId, request: JoinRequest): Swarm | Refusal {
    const { swarms } = this.#options;
    const { streamId, peerId, fingerprint } = request;
    const current = this.#membersByConnection.get(connection);
    if (current && (current.streamId !== streamId || current.peerId !== peerId)) {
      return refusal('BAD_REQUEST', 'This connection has joined already: leave first.');
    }
    if (!swarms.isStreamAllowed(streamId)) {
      return refusal('UNKNOWN_STREAM', 'This tracker does not serve that stream.');
    }
    if (request.role === 'origin') {
      const claim = { streamId, peerId, fingerprint };
      const isValid = request.proof && isPublisherProofValid(request.proof, claim, this.#clock.wallMs());
      if (!isValid) return refusal('BAD_PROOF', "Only the publisher's own seeder may join as origin.");
    }
    const swarm = this.#swarms.get(streamId);
    const holder = swarm?.member(peerId);
    if (holder && holder.fingerprint !== fingerprint) {
      return refusal('PEER_ID_TAKEN', 'Another peer has that id.');
    }
    if (!holder && swarm && swarm.size >= swarms.maxMembers && request.role !== 'origin') {
      return refusal('SWARM_FULL', 'This swarm takes no more peers.');
    }
    return swarm ?? this.#newSwarm(streamId) ?? refusal('SWARM_FULL', 'This tracker takes no more streams.');
  }

  #newSwarm(streamId: StreamId): Swarm | undefined {
    if (this.#swarms.size >= this.#options.swarms.maxSwarms) {
      const empty = [...this.#swarms.values()].find(({ size }) => size === 0);
      if (!empty) return undefined;
      this.#swarms.delete(empty.streamId);
      this.#reviewsDue.delete(empty);
      this.#dealsDue.delete(empty);
    }
    const swarm = new Swarm(streamId, this.#options, this.#random);
    this.#swarms.set(streamId, swarm);
    return swarm;
  }

  #enter(
    swarm: Swarm,
    entry: JoinSource & { request: JoinRequest; effects: TrackerEffect[] },
  ): Member {
    const { connection, network, request, effects } = entry;
    const nowMs = this.#clock.nowMs();
    if (swarm.size === 0) this.#reviewsDue.touch(swarm, nowMs);
    const known = swarm.member(request.peerId);
    if (known?.presence.kind === 'connected' && known.presence.connection !== connection) {
      effects.push({ kind: 'disconnect', connection: known.presence.connection, reason: 'replaced' });
      this.#membersByConnection.delete(known.presence.connection);
    }
    if (known?.role === request.role) {
      swarm.reconnect(known, request, { connection, network, nowMs });
      return known;
    }
    if (known) this.#forget(known, swarm);
    return swarm.add(request, { connection, network }, nowMs);
  }

  #find(connection: ConnectionId): { member: Member; swarm: Swarm } | undefined {
    const member = this.#membersByConnection.get(connection);
    const swarm = member && this.#swarms.get(member.streamId);
    return member && swarm ? { member, swarm } : undefined;
  }

  #removeFromSwarm(member: Member): TrackerEffect[] {
    const swarm = this.#swarms.get(member.streamId);
    return swarm ? this.#remove(member, swarm) : [];
  }

  #remove(member: Member, swarm: Swarm): TrackerEffect[] {
    this.#forget(member, swarm);
    return this.#dutyEffects(swarm, { changed: swarm.updateDuty(this.#clock.nowMs()) });
  }

  #forget(member: Member, swarm: Swarm): void {
    if (member.presence.kind === 'connected') this.#membersByConnection.delete(member.presence.connection);
    this.#reportsDueOf(member).delete(member);
    this.#absent.delete(member);
    this.#ticketsDue.delete(member);
    swarm.remove(member);
  }

  /** Where a member waits for its next report: it may come as much too late as it might if it were told the usual interval. */
  #reportsDueOf({ reportIntervalMs }: Member): DueQueue<Member> {
    let queue = this.#reportsDue.get(reportIntervalMs);
    if (!queue) {
      const { membership } = this.#options;
      queue = new DueQueue(reportIntervalMs + membership.reportIntervalMs * (membership.missedReports - 1));
      this.#reportsDue.set(reportIntervalMs, queue);
    }
    return queue;
  }

  #newTicket(member: Member): TicketRenewal {
    const { streamId, peerId, role, fingerprint } = member;
    const ticketExpiresAtMs = this.#clock.wallMs() + this.#options.tickets.lifetimeMs;
    this.#ticketsDue.touch(member, this.#clock.nowMs());
    const claim = { version: 1, streamId, peerId, role, fingerprint, expiresAtMs: ticketExpiresAtMs } as const;
    return { ticket: encodeTicket(claim, this.#signer), ticketExpiresAtMs };
  }

  /** Tells those whose duty changed, and the origin's seeder, which then dials whom it doesn't know. */
  #dutyEffects(swarm: Swarm, change: { changed: readonly Member[]; except?: Member }): TrackerEffect[] {
    if (swarm.dutyDueMs < Infinity) this.#dealsDue.add(swarm);
    else this.#dealsDue.delete(swarm);
    const effects: TrackerEffect[] = [];
    const send = (member: Member, message: TrackerMessage): void => {
      if (member.presence.kind !== 'connected') return;
      effects.push({ kind: 'send', to: member.presence.connection, message });
    };
    for (const member of change.changed) {
      // A newcomer reads its stripes in the answer to its join.
      if (member === change.except) continue;
      const { rendition } = member;
      const stripes = swarm.dutyStripesOf(member);
      send(member, { event: 'duty', payload: rendition === FIRST_RENDITION ? { stripes } : { stripes, rendition } });
    }
    for (const map of swarm.takeChangedDutyMaps()) if (swarm.seeder) send(swarm.seeder, { event: 'dutyMap', payload: map });
    return effects;
  }
}

function refusal(code: Refusal['code'], message: string): Refusal {
  return { kind: 'refused', code, message };
}
