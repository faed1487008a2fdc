import type {
  DutyMap,
  JoinRequest,
  NeighboursWanted,
  PeerDescription,
  PeerId,
  PeerReport,
  Random,
  StreamId,
  SwarmScrape,
} from '@p2ptv/protocol';
import type { ByteTally, ReceivedBytes } from './byte-tally.js';
import { DutyRoster } from './duty-roster.js';
import {
  describeMember,
  isMeetable,
  isProvenUploader,
  newMember,
  noteIntroductions,
  noteReport,
  refreshMember,
  type ConnectionId,
  type Member,
} from './member.js';
import { chooseNeighbours } from './neighbour-choice.js';
import { SamplingSet } from './sampling-set.js';
import type { ResolvedTrackerOptions } from './tracker-options.js';

/** Members gone whose tallies are kept, so that a return after a longer absence counts nothing twice. */
const REMEMBERED_TALLIES = 10_000;

/** The peers of one stream: who they are, who is on duty, what they have moved. */
export class Swarm {
  readonly streamId: StreamId;
  readonly #options: ResolvedTrackerOptions;
  readonly #random: Random;
  readonly #members = new Map<PeerId, Member>();
  readonly #tallies = new Map<PeerId, { readonly fingerprint: string; readonly tally: ByteTally }>();
  /** Connected members, all but the origin's: one that is gone is never drawn. */
  readonly #proven = new SamplingSet<Member>();
  readonly #unproven = new SamplingSet<Member>();
  readonly #roster: DutyRoster;
  readonly #received: ReceivedBytes = { originBytes: 0, seederBytes: 0, peerBytes: 0 };
  readonly #counts = { viewer: 0, seeder: 0, origin: 0 };
  #downloaded = 0;
  /** The origin's seeder that joined last: the one that is told who is on duty. */
  #seeder: Member | undefined;

  constructor(streamId: StreamId, options: ResolvedTrackerOptions, random: Random) {
    this.streamId = streamId;
    this.#options = options;
    this.#random = random;
    this.#roster = new DutyRoster(options.duty);
  }

  get size(): number {
    return this.#members.size;
  }

  /** Members that watch; absent ones count until their grace period is over. */
  get viewerCount(): number {
    return this.#counts.viewer;
  }

  /** The origin's seeder, where it is connected. */
  get seeder(): Member | undefined {
    return this.#seeder?.presence.kind === 'connected' ? this.#seeder : undefined;
  }

  /** What the origin's seeder is told. */
  get dutyMap(): DutyMap {
    return { stripes: this.#roster.plan.map((holders) => [...holders]) };
  }

  member(peerId: PeerId): Member | undefined {
    return this.#members.get(peerId);
  }

  dutyStripesOf(member: Member): number[] {
    return this.#roster.stripesOf(member.peerId);
  }

  /** Takes in a peer whose id is free. */
  add(request: JoinRequest, connection: ConnectionId, nowMs: number): Member {
    const known = this.#tallies.get(request.peerId);
    const isReturn = known?.fingerprint === request.fingerprint;
    const member = newMember(request, { connection, nowMs, tally: isReturn ? known.tally : undefined });
    this.#tallies.delete(member.peerId);
    this.#members.set(member.peerId, member);
    this.#counts[member.role]++;
    if (member.role === 'viewer' && !isReturn) this.#downloaded++;
    if (member.role === 'origin') this.#seeder = member;
    this.#changed(member, nowMs);
    return member;
  }

  /** A member has come back, or come by another connection. */
  reconnect(member: Member, request: JoinRequest, at: { connection: ConnectionId; nowMs: number }): void {
    refreshMember(member, request, at.connection);
    if (member.role === 'origin') this.#seeder = member;
    this.#changed(member, at.nowMs);
  }

  /** A member's connection broke: it keeps its place, but is named to nobody and has no duty. */
  disconnect(member: Member, nowMs: number): void {
    member.presence = { kind: 'absent' };
    this.#changed(member, nowMs);
  }

  remove(member: Member): void {
    member.presence = { kind: 'absent' };
    if (!this.#members.delete(member.peerId)) return;
    this.#counts[member.role]--;
    if (this.#seeder === member) this.#seeder = undefined;
    this.#proven.delete(member);
    this.#unproven.delete(member);
    this.#roster.drop(member);
    this.#remember(member);
  }

  report(member: Member, report: PeerReport, nowMs: number): void {
    noteReport(member, report, nowMs);
    // The origin's own peer takes nothing from the swarm.
    if (member.role !== 'origin') {
      const added = member.tally.take(report, nowMs);
      this.#received.originBytes += added.originBytes;
      this.#received.seederBytes += added.seederBytes;
      this.#received.peerBytes += added.peerBytes;
    }
    this.#changed(member, nowMs);
  }

  /** Takes over whom the origin's seeder is linked to; from anybody else, and from a seeder that has been followed by another, nothing. */
  noteSeeded(from: Member, peerIds: readonly PeerId[], nowMs: number): void {
    if (from !== this.#seeder) return;
    for (const peerId of peerIds) {
      const member = this.#members.get(peerId);
      if (member) member.linkedAtMs = nowMs;
    }
    this.#roster.noteSeeded(nowMs);
  }

  /** Deals duty anew where needed; returns those whose stripes changed. */
  updateDuty(nowMs: number): Member[] {
    return this.#roster.update(this.#members.size - this.#counts.origin, nowMs);
  }

  /** Looks whether those on duty do their work; returns those whose stripes changed. */
  reviewDuty(nowMs: number): Member[] {
    return this.#roster.review(nowMs);
  }

  /** Whom a member should meet; it will send the offers. */
  neighboursFor(seeker: Member, wanted: NeighboursWanted, nowMs: number): PeerDescription[] {
    const chosen = chooseNeighbours(
      { proven: this.#proven, unproven: this.#unproven },
      {
        seeker,
        count: wanted.count,
        exclude: new Set(wanted.exclude),
        crowdedAt: this.#options.neighbours.crowdedAt,
      },
      this.#random,
    );
    // Until their next report says how many came: the next newcomer is sent elsewhere.
    noteIntroductions(seeker, chosen, { nowMs, intervalMs: this.#options.membership.reportIntervalMs });
    return chosen.map(describeMember);
  }

  /** Visible proven uploaders, for a newcomer's first dials. */
  warmPeers(count: number): PeerDescription[] {
    return this.#proven.sample(count, this.#random, (member) => member.isVisible).map(describeMember);
  }

  scrape(): SwarmScrape {
    return {
      streamId: this.streamId,
      seeders: this.#counts.seeder + this.#counts.origin,
      viewers: this.#counts.viewer,
      downloaded: this.#downloaded,
      ...this.#received,
    };
  }

  #changed(member: Member, nowMs: number): void {
    this.#proven.delete(member);
    this.#unproven.delete(member);
    if (isProvenUploader(member)) this.#proven.add(member);
    else if (isMeetable(member)) this.#unproven.add(member);
    this.#roster.note(member, nowMs);
  }

  #remember({ peerId, fingerprint, tally }: Member): void {
    this.#tallies.set(peerId, { fingerprint, tally });
    if (this.#tallies.size <= REMEMBERED_TALLIES) return;
    for (const oldest of this.#tallies.keys()) {
      this.#tallies.delete(oldest);
      return;
    }
  }
}
