import type {
  DutyMap,
  JoinRequest,
  NeighboursWanted,
  PeerDescription,
  PeerId,
  PeerReport,
  Random,
  RenditionId,
  Seeded,
  StreamId,
  SwarmScrape,
} from '@p2ptv/protocol';
import { Audience } from './audience.js';
import type { ByteTally, ReceivedBytes } from './byte-tally.js';
import { dutyStripesOf } from './duty-roster.js';
import {
  describeMember,
  FIRST_RENDITION,
  forgetIntroductions,
  isMeetable,
  knownUplink,
  newMember,
  noteIntroductions,
  noteReport,
  refreshMember,
  type JoinSource,
  type Member,
  type NetworkName,
} from './member.js';
import { chooseNeighbours } from './neighbour-choice.js';
import { ReportPace } from './report-pace.js';
import { SamplingSet } from './sampling-set.js';
import type { ResolvedTrackerOptions } from './tracker-options.js';
import { chooseWarmPeers } from './warm-peers.js';

/** Members gone whose tallies are kept, so that a return after a longer absence counts nothing twice. */
const REMEMBERED_TALLIES = 10_000;

/** The peers of one stream: who they are, who is on duty, what they have moved. */
export class Swarm {
  readonly streamId: StreamId;
  readonly #options: ResolvedTrackerOptions;
  readonly #random: Random;
  readonly #members = new Map<PeerId, Member>();
  readonly #tallies = new Map<PeerId, { readonly fingerprint: string; readonly tally: ByteTally }>();
  readonly #audiences = new Map<RenditionId, Audience>();
  /** Connected members by the network they connect from, where that is known. */
  readonly #networks = new Map<NetworkName, SamplingSet<Member>>();
  readonly #received: ReceivedBytes = { originBytes: 0, seederBytes: 0, peerBytes: 0 };
  readonly #pace: ReportPace;
  readonly #counts = { viewer: 0, seeder: 0, origin: 0 };
  #downloaded = 0;
  /** What the origin's uplink carries, by its word. */
  #maxCopies = Infinity;
  /** The origin's seeder that joined last: the one that is told who is on duty. */
  #seeder: Member | undefined;

  constructor(streamId: StreamId, options: ResolvedTrackerOptions, random: Random) {
    this.streamId = streamId;
    this.#options = options;
    this.#random = random;
    const { reportIntervalMs, reportsPerSecond } = options.membership;
    this.#pace = new ReportPace({ baseMs: reportIntervalMs, perSecond: reportsPerSecond });
    this.#audience(FIRST_RENDITION);
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

  /** What the origin's seeder is told, of each rendition that anybody has watched. */
  dutyMaps(): DutyMap[] {
    return [...this.#audiences.values()].map((audience) => audience.dutyMap);
  }

  /** Those of them that the last deals have changed; each is named once. */
  takeChangedDutyMaps(): DutyMap[] {
    const changed: DutyMap[] = [];
    for (const audience of this.#audiences.values()) if (audience.roster.takeMapChange()) changed.push(audience.dutyMap);
    return changed;
  }

  member(peerId: PeerId): Member | undefined {
    return this.#members.get(peerId);
  }

  dutyStripesOf(member: Member): number[] {
    return dutyStripesOf(member);
  }

  /** How often members are to report now, ms. */
  get reportIntervalMs(): number {
    return this.#pace.intervalMs(this.#members.size);
  }

  /** Takes in a peer whose id is free. */
  add(request: JoinRequest, source: JoinSource, nowMs: number): Member {
    const known = this.#tallies.get(request.peerId);
    const isReturn = known?.fingerprint === request.fingerprint;
    const { reportIntervalMs } = this.#options.membership;
    const member = newMember(request, {
      ...source,
      nowMs,
      streamId: this.streamId,
      reportIntervalMs,
      tally: isReturn ? known.tally : undefined,
    });
    if (known) this.#tallies.delete(member.peerId);
    this.#members.set(member.peerId, member);
    this.#counts[member.role]++;
    if (member.role === 'viewer' && !isReturn) this.#downloaded++;
    if (member.role === 'origin') this.#setSeeder(member);
    this.#audience(member.rendition).enter(member, nowMs);
    this.#changed(member, nowMs);
    return member;
  }

  /** A member has come back, or come by another connection. */
  reconnect(member: Member, request: JoinRequest, at: JoinSource & { nowMs: number }): void {
    this.#leaveNetwork(member);
    refreshMember(member, request, at);
    this.#watches(member, request.rendition, at.nowMs);
    if (member.role === 'origin') this.#setSeeder(member);
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
    this.#leaveNetwork(member);
    this.#audience(member.rendition).drop(member);
    this.#remember(member);
  }

  /** @returns whether it watches another rendition than before, so that it has no duty any more */
  report(member: Member, report: PeerReport, nowMs: number): boolean {
    const intervalMs = member.reportIntervalMs;
    noteReport(member, report, nowMs);
    forgetIntroductions(member, nowMs);
    const hasMoved = this.#watches(member, report.rendition, nowMs);
    if (report.fallbackBytes !== undefined) {
      const receivedBytes = report.fromPeersBytes + report.fromOriginBytes + report.fromSeederBytes;
      const totals = { fallbackBytes: report.fallbackBytes, receivedBytes, uplinkBitsPerSecond: knownUplink(member) };
      this.#audience(member.rendition).copies.sample(member, totals, { nowMs, joinedAtMs: member.joinedAtMs, intervalMs, weight: intervalMs / this.#options.membership.reportIntervalMs });
    }
    // The origin's own peer takes nothing from the swarm.
    if (member.role !== 'origin') {
      const added = member.tally.take(report, nowMs);
      this.#received.originBytes += added.originBytes;
      this.#received.seederBytes += added.seederBytes;
      this.#received.peerBytes += added.peerBytes;
    }
    this.#changed(member, nowMs);
    return hasMoved;
  }

  /** Takes over what the origin's seeder says; from anybody else, and from a seeder that has been followed by another, nothing. */
  noteSeeded(from: Member, seeded: Seeded, nowMs: number): void {
    if (from !== this.#seeder) return;
    if (seeded.maxCopies !== undefined) this.#limitCopies(seeded.maxCopies);
    for (const peerId of seeded.peers) {
      const member = this.#members.get(peerId);
      if (member) member.linkedAtMs = nowMs;
    }
    for (const { roster } of this.#audiences.values()) roster.noteSeeded(nowMs);
  }

  /** Deals duty anew where needed; returns those whose stripes changed. What is put off is due at {@link dutyDueMs}. */
  updateDuty(nowMs: number): Member[] {
    const changed: Member[] = [];
    for (const audience of this.#audiences.values()) changed.push(...audience.updateDuty(nowMs));
    return changed;
  }

  /** When {@link updateDuty} has something to do that it put off; Infinity: nothing. */
  get dutyDueMs(): number {
    let dueMs = Infinity;
    for (const { roster } of this.#audiences.values()) dueMs = Math.min(dueMs, roster.dueMs);
    return dueMs;
  }

  /** Looks whether there are enough copies, and those on duty do their work; returns those whose stripes changed. */
  reviewDuty(nowMs: number): Member[] {
    for (const audience of this.#audiences.values()) audience.reviewDuty(nowMs);
    return this.updateDuty(nowMs);
  }

  /** Whom a member should meet; it will send the offers. */
  neighboursFor(seeker: Member, wanted: NeighboursWanted, nowMs: number): PeerDescription[] {
    const chosen = chooseNeighbours(
      {
        same: this.#audience(wanted.rendition ?? seeker.rendition),
        others: [...this.#audiences.values()].filter(({ rendition }) => rendition !== (wanted.rendition ?? seeker.rendition)),
        kin: this.#kinOf(seeker),
      },
      {
        seeker,
        count: wanted.count,
        exclude: new Set(wanted.exclude),
        excludedKin: this.#kinAmong(seeker, wanted.exclude),
        crowdedAt: this.#options.neighbours.crowdedAt,
      },
      this.#random,
    );
    // Until their next report says how many came: the next newcomer is sent elsewhere.
    noteIntroductions(seeker, chosen, nowMs);
    return chosen.map(describeMember);
  }

  /** Strong visible uploaders with room that watch a rendition, for a newcomer's first dials; others for the next newcomer. */
  warmPeers(count: number, rendition: RenditionId): PeerDescription[] {
    const { crowdedAt } = this.#options.neighbours;
    return chooseWarmPeers(this.#audience(rendition).proven, { count, crowdedAt }, this.#random).map(describeMember);
  }

  scrape(): SwarmScrape {
    return {
      streamId: this.streamId,
      seeders: this.#counts.seeder + this.#counts.origin,
      viewers: this.#counts.viewer,
      downloaded: this.#downloaded,
      ...this.#received,
      seedCopies: Math.max(...[...this.#audiences.values()].map(({ copies }) => copies.copies)),
    };
  }

  #audience(rendition: RenditionId): Audience {
    let audience = this.#audiences.get(rendition);
    if (!audience) {
      audience = new Audience(rendition, this.#options.duty);
      audience.copies.limit(this.#maxCopies);
      this.#audiences.set(rendition, audience);
    }
    return audience;
  }

  /** Takes over which rendition a member watches; true when that is another one. */
  #watches(member: Member, told: RenditionId | undefined, nowMs: number): boolean {
    const rendition = told ?? FIRST_RENDITION;
    if (rendition === member.rendition) return false;
    this.#audience(member.rendition).release(member);
    member.rendition = rendition;
    this.#audience(rendition).enter(member, nowMs);
    return true;
  }

  #limitCopies(maxCopies: number): void {
    this.#maxCopies = maxCopies;
    for (const { copies } of this.#audiences.values()) copies.limit(maxCopies);
  }

  /** What the one before said of its uplink is not this one's. */
  #setSeeder(member: Member): void {
    if (this.#seeder !== member) this.#limitCopies(Infinity);
    this.#seeder = member;
  }

  #changed(member: Member, nowMs: number): void {
    if (isMeetable(member)) this.#enterNetwork(member);
    else this.#leaveNetwork(member);
    this.#audience(member.rendition).note(member, nowMs);
  }

  #kinOf(member: Member): SamplingSet<Member> | undefined {
    return member.network === undefined ? undefined : this.#networks.get(member.network);
  }

  /** How many of those that a seeker has, or has tried, connect from its network. */
  #kinAmong(seeker: Member, peerIds: readonly PeerId[]): number {
    const { network } = seeker;
    if (network === undefined) return 0;
    return peerIds.filter((peerId) => this.#members.get(peerId)?.network === network).length;
  }

  #enterNetwork(member: Member): void {
    const { network } = member;
    if (network === undefined) return;
    let kin = this.#networks.get(network);
    if (!kin) {
      kin = new SamplingSet();
      this.#networks.set(network, kin);
    }
    kin.add(member);
  }

  #leaveNetwork(member: Member): void {
    const { network } = member;
    const kin = this.#kinOf(member);
    if (network === undefined || !kin) return;
    kin.delete(member);
    if (kin.size === 0) this.#networks.delete(network);
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
