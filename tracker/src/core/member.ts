import type { JoinRequest, PeerDescription, PeerId, PeerReport, PeerRole, StreamId } from '@p2ptv/protocol';
import { ByteTally } from './byte-tally.js';

/** Names a peer's connection to the tracker; whoever runs the tracker draws them, and reuses none. */
export type ConnectionId = string;

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
  presence: Presence;
  uplinkBitsPerSecond: number;
  isUploading: boolean;
  isVisible: boolean;
  /** It has reported at least once: its links have had a moment to form. */
  hasReported: boolean;
  /** As reported; raised for each member that was told of it since. */
  neighbourCount: number;
  /** Whom it was told of in the current report interval: who asks often crowds nobody. */
  readonly introductions: Set<PeerId>;
  introductionsSinceMs: number;
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
};

/** More than any viewer's line; a larger claim wins nothing. */
const MAX_UPLINK_BITS_PER_SECOND = 1e9;

/** A peer at its join; with the tally of its former stay, if it had one. */
export function newMember(
  request: JoinRequest,
  at: { readonly connection: ConnectionId; readonly nowMs: number; readonly tally: ByteTally | undefined },
): Member {
  return {
    streamId: request.streamId,
    peerId: request.peerId,
    role: request.role,
    fingerprint: request.fingerprint,
    tally: at.tally ?? new ByteTally(at.nowMs),
    presence: { kind: 'connected', connection: at.connection },
    uplinkBitsPerSecond: credibleUplink(request.uplinkBitsPerSecond),
    isUploading: request.isUploading,
    isVisible: request.isVisible,
    hasReported: false,
    neighbourCount: 0,
    introductions: new Set(),
    introductionsSinceMs: at.nowMs,
    sentBytes: 0,
    seededBytes: 0,
    seededAtMs: -Infinity,
    linkedAtMs: -Infinity,
    dutySinceMs: at.nowMs,
    barredUntilMs: -Infinity,
  };
}

/** Takes over what a returning peer says about itself. */
export function refreshMember(member: Member, request: JoinRequest, connection: ConnectionId): void {
  member.presence = { kind: 'connected', connection };
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
  at: { readonly nowMs: number; readonly intervalMs: number },
): void {
  if (at.nowMs - seeker.introductionsSinceMs >= at.intervalMs) {
    seeker.introductions.clear();
    seeker.introductionsSinceMs = at.nowMs;
  }
  for (const member of told) {
    if (seeker.introductions.has(member.peerId)) continue;
    seeker.introductions.add(member.peerId);
    member.neighbourCount++;
  }
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
