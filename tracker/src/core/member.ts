import type { JoinRequest, PeerDescription, PeerId, PeerReport, PeerRole, RenditionId, StreamId } from '@p2ptv/protocol';
import { ByteTally } from './byte-tally.js';
import type { FallbackMark } from './seed-copies.js';

/** What a message means that names no rendition. */
export const FIRST_RENDITION = 0 as RenditionId;

/** Names a peer's connection to the tracker; whoever runs the tracker draws them, and reuses none. */
export type ConnectionId = string;

/** Names a network that peers connect from; whoever runs the tracker chooses the names. */
export type NetworkName = string;

/** Where a peer's join came from. */
export type JoinSource = { readonly connection: ConnectionId; readonly network: NetworkName | undefined };

/** Whether a member can be reached now. An absent one keeps its place for the grace period. */
export type Presence =
  | { readonly kind: 'connected'; readonly connection: ConnectionId }
  | { readonly kind: 'absent' };

/** A peer in a swarm. */
export type Member = {
  readonly streamId: StreamId;
  readonly peerId: PeerId;
  readonly role: PeerRole;
  readonly fingerprint: string;
  readonly tally: ByteTally;
  readonly joinedAtMs: number;
  presence: Presence;
  /** Names the network that it connects from, where that is known; told to nobody. */
  network: NetworkName | undefined;
  uplinkBitsPerSecond: number;
  isUploading: boolean;
  isVisible: boolean;
  /** That it watches, by its own word. */
  rendition: RenditionId;
  /** How often it is to report, as it was told last. */
  reportIntervalMs: number;
  /** It has reported at least once: its links have had a moment to form. */
  hasReported: boolean;
  /** As reported; raised for each member that was told of it since. */
  neighbourCount: number;
  /** Whom it was told of in the current report interval, if anybody: who asks often crowds nobody. */
  introductions: PeerId[] | undefined;
  introductionsSinceMs: number;
  /** How often it was named to newcomers lately; halves with each report. */
  warmMentions: number;
  sentBytes: number;
  /** As reported; what it got on duty shows in its growth. */
  seededBytes: number;
  /** When `seededBytes` grew last. */
  seededAtMs: number;
  /** When the origin's seeder named it last among those that it is linked to. */
  linkedAtMs: number;
  /** When it came on duty last. */
  dutySinceMs: number;
  /** No duty before then: the seeder seems not to reach it. */
  barredUntilMs: number;
  /** The stripes that it is on duty for, as bits. */
  dutyBits: number;
  /** Where it stands in the duty roster. */
  standing: DutyStanding;
  /** Its place in the pool of those who could take duty; kept by the pool. */
  poolClass: number;
  poolPlace: number;
} & FallbackMark;

/**
 * `none`: cannot be on duty; `seasoned`: can, and has reported; `fresh`: can, but has not reported;
 * `barred`: could, but did no work on duty lately.
 */
export type DutyStanding = 'none' | 'seasoned' | 'fresh' | 'barred';

/** The pool class of a member that is in no pool. */
export const NO_CLASS = -1;
/** A newcomer that has sent nothing after so long is one that does not upload, or that nobody needs. */
const SETTLING_MS = 10_000;
/** More than any viewer's line; a larger claim wins nothing. */
const MAX_UPLINK_BITS_PER_SECOND = 1e9;

/** A peer at its join; with the tally of its former stay, if it had one. */
export function newMember(
  request: JoinRequest,
  at: JoinSource & {
    /** The swarm's own text of it: every member's own would be as many copies. */
    readonly streamId: StreamId;
    readonly nowMs: number;
    readonly reportIntervalMs: number;
    readonly tally: ByteTally | undefined;
  },
): Member {
  return {
    streamId: at.streamId,
    peerId: request.peerId,
    role: request.role,
    fingerprint: request.fingerprint,
    tally: at.tally ?? new ByteTally(at.nowMs),
    joinedAtMs: at.nowMs,
    presence: { kind: 'connected', connection: at.connection },
    network: at.network,
    uplinkBitsPerSecond: credibleUplink(request.uplinkBitsPerSecond),
    isUploading: request.isUploading,
    isVisible: request.isVisible,
    rendition: request.rendition ?? FIRST_RENDITION,
    reportIntervalMs: at.reportIntervalMs,
    hasReported: false,
    neighbourCount: 0,
    introductions: undefined,
    introductionsSinceMs: at.nowMs,
    warmMentions: 0,
    sentBytes: 0,
    seededBytes: 0,
    seededAtMs: -Infinity,
    linkedAtMs: -Infinity,
    dutySinceMs: at.nowMs,
    barredUntilMs: -Infinity,
    dutyBits: 0,
    standing: 'none',
    poolClass: NO_CLASS,
    poolPlace: 0,
    fallbackBytes: 0,
    receivedBytes: 0,
    sampledAtMs: -Infinity,
  };
}

/** Takes over what a returning peer says about itself. */
export function refreshMember(member: Member, request: JoinRequest, source: JoinSource): void {
  member.presence = { kind: 'connected', connection: source.connection };
  member.network = source.network;
  member.uplinkBitsPerSecond = credibleUplink(request.uplinkBitsPerSecond);
  member.isUploading = request.isUploading;
  member.isVisible = request.isVisible;
}

/** Takes over a report; the byte totals go through {@link Member.tally}. */
export function noteReport(member: Member, report: PeerReport, nowMs: number): void {
  member.hasReported = true;
  member.uplinkBitsPerSecond = credibleUplink(report.uplinkBitsPerSecond);
  member.isUploading = report.isUploading;
  member.isVisible = report.isVisible;
  member.neighbourCount = report.neighbourCount;
  member.sentBytes = Math.max(member.sentBytes, report.sentBytes);
  member.warmMentions = Math.floor(member.warmMentions / 2);
  if (report.fromSeederBytes > member.seededBytes) {
    member.seededBytes = report.fromSeederBytes;
    member.seededAtMs = nowMs;
  }
}

/**
 * Notes that a seeker was told of others, who are to be dialled by it. Each counts once a seeker and
 * interval, by the tracker's time: otherwise one that asks all the time would make others look full.
 */
export function noteIntroductions(
  seeker: Member,
  told: readonly Member[],
  nowMs: number,
): void {
  forgetIntroductions(seeker, nowMs);
  const introductions = (seeker.introductions ??= []);
  for (const member of told) {
    if (introductions.includes(member.peerId)) continue;
    introductions.push(member.peerId);
    member.neighbourCount++;
  }
}

/** Forgets whom a seeker was told of in an interval that is over. */
export function forgetIntroductions(seeker: Member, nowMs: number): void {
  if (nowMs - seeker.introductionsSinceMs < seeker.reportIntervalMs) return;
  seeker.introductions = undefined;
  seeker.introductionsSinceMs = nowMs;
}

/** True for one that others can connect to and learn from now; the origin's seeder is never named to anybody. */
export function isMeetable(member: Member): boolean {
  return member.presence.kind === 'connected' && member.role !== 'origin';
}

/** True for one that has sent to others and goes on doing so. */
export function isProvenUploader(member: Member): boolean {
  return isMeetable(member) && member.isUploading && member.sentBytes > 0;
}

/** True for one that may be put on duty: connected, uploading, visible (DESIGN: a hidden viewer is no super-peer). */
export function canTakeDuty(member: Member): boolean {
  return isMeetable(member) && member.isUploading && member.isVisible;
}

/** True for one that has begun to upload, or will hardly do so soon: it need not report more often than others. */
export function isSettled({ sentBytes, joinedAtMs }: Member, nowMs: number): boolean {
  return sentBytes > 0 || nowMs - joinedAtMs >= SETTLING_MS;
}

/** What it can send, bits a second; undefined: it has not found out yet. */
export function knownUplink({ isUploading, uplinkBitsPerSecond }: Member): number | undefined {
  if (!isUploading) return 0;
  return uplinkBitsPerSecond > 0 ? uplinkBitsPerSecond : undefined;
}

/** How others get to know it. */
export function describeMember(member: Member): PeerDescription {
  return {
    peerId: member.peerId,
    role: member.role,
    uplinkBitsPerSecond: member.uplinkBitsPerSecond,
  };
}

function credibleUplink(claimed: number): number {
  return Math.min(claimed, MAX_UPLINK_BITS_PER_SECOND);
}
