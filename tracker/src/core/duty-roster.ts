import type { DutyMap } from '@p2ptv/protocol';
import {
  bitsByPeer,
  dutyShape,
  EMPTY_DUTY_PLAN,
  planDuty,
  stripesOfBits,
  type DutyPlan,
  type DutyShape,
} from './duty-plan.js';
import { DutyPool, hasFailed } from './duty-pool.js';
import { canTakeDuty, type DutyStanding, type Member } from './member.js';
import type { ResolvedTrackerOptions } from './tracker-options.js';

/** Reports that one on duty may make without having got anything, where its own word is all that there is. */
const REPORTS_WAITED = 3;

/**
 * Who is on duty in one swarm, and whether that must change. What a report or a join costs does not
 * grow with the swarm; a deal costs as much as there are places, and is made at most every
 * `dealIntervalMs`.
 */
export class DutyRoster {
  readonly #options: ResolvedTrackerOptions['duty'];
  /** Seasoned members that are not on duty. */
  readonly #idle = new DutyPool();
  /** May be on duty but have not reported yet: one is taken when there is nobody else. */
  readonly #fresh = new Set<Member>();
  /** May be on duty but did no work on it lately: taken when there is really nobody else. */
  readonly #barred = new Set<Member>();
  readonly #holders = new Set<Member>();
  /** Holders that are seasoned or fresh. */
  #ableHolders = 0;
  #plan: DutyPlan<Member> = EMPTY_DUTY_PLAN;
  #shape: DutyShape = dutyShape(0, 0, 1);
  #peerCount = 0;
  #copies = 1;
  /** Somebody on duty is gone, or the plan names somebody new. */
  #isPlanChanged = false;
  #dealtAtMs = -Infinity;
  #isDealDue = false;
  /** Somebody on duty has been sent away since the last deal. */
  #hasExpelled = false;
  #isMapNew = false;
  /** When the origin's seeder said last whom it is linked to. */
  #seededAtMs = -Infinity;
  /** Since when it has said so without a longer pause. */
  #seededSinceMs = -Infinity;

  constructor(options: ResolvedTrackerOptions['duty']) {
    this.#options = options;
  }

  /** Who is on duty, by stripe. */
  get map(): DutyMap {
    return { stripes: this.#plan.map((holders) => holders.map(({ peerId }) => peerId)) };
  }

  /** When {@link update} will deal what it has put off; Infinity: nothing. */
  get dueMs(): number {
    return this.#isDealDue ? this.#dealtAtMs + this.#options.dealIntervalMs : Infinity;
  }

  /** Notes that a member came, changed, was lost or returned. */
  note(member: Member, nowMs: number): void {
    this.#stand(member, standingOf(member, nowMs));
  }

  /** Notes that a member is gone for good. */
  drop(member: Member): void {
    this.#stand(member, 'none');
  }

  /** A member cannot be on duty here any more: it has none from this moment, and others get it at the next deal. */
  expel(member: Member): void {
    this.#stand(member, 'none');
    if (!this.#holders.delete(member)) return;
    this.#plan = this.#plan.map((holders) => holders.filter((holder) => holder !== member));
    member.dutyBits = 0;
    this.#hasExpelled = true;
  }

  /** Whether {@link map} is another one than when this was asked last. */
  takeMapChange(): boolean {
    const isNew = this.#isMapNew;
    this.#isMapNew = false;
    return isNew;
  }

  /** Notes that the origin's seeder has said whom it is linked to: see {@link Member.linkedAtMs}. */
  noteSeeded(nowMs: number): void {
    // After a pause it may have started anew, and needs a while to link.
    if (nowMs - this.#seededAtMs >= this.#options.idleMs) this.#seededSinceMs = nowMs;
    this.#seededAtMs = nowMs;
  }

  /**
   * Deals anew if someone on duty was lost or the swarm has outgrown its duty; otherwise it costs
   * next to nothing. What comes too soon after the last deal is put off, see {@link dueMs}.
   *
   * @param swarm all peers but the origin's own, and the copies of a chunk that the seeder is to send
   * @returns those whose stripes changed
   */
  update(swarm: { readonly peerCount: number; readonly copies: number }, nowMs: number): Member[] {
    this.#peerCount = swarm.peerCount;
    this.#copies = swarm.copies;
    const isBarredOnDuty = this.#ableHolders < this.#holders.size && this.#isSomebodyAble;
    this.#isDealDue = this.#isPlanChanged || isBarredOnDuty || !isSameShape(this.#shapeNow(), this.#shape);
    if (!this.#isDealDue || nowMs < this.dueMs) return [];
    return this.#deal(nowMs);
  }

  /**
   * Looks whether those on duty do their work: who is not linked to the seeder by its own word is
   * taken off duty (without its word: who gets nothing from it while others do), and one clearly
   * slower than an idle candidate is replaced (one at a time, and only by a margin, so that duty
   * doesn't wander). It is {@link update} that deals.
   */
  review(nowMs: number): void {
    for (const member of this.#barred) {
      if (member.barredUntilMs <= nowMs) this.note(member, nowMs);
    }
    for (const member of this.#idleHolders(nowMs)) {
      member.barredUntilMs = nowMs + this.#options.barredMs;
      this.note(member, nowMs);
    }
    const faster = this.#planWithSlowestReplaced();
    if (!faster) return;
    this.#plan = faster;
    this.#isPlanChanged = true;
  }

  #stand(member: Member, standing: DutyStanding): void {
    const isHolder = this.#holders.has(member);
    if (isHolder) this.#ableHolders += Number(isAble(standing)) - Number(isAble(member.standing));
    if (isHolder && standing === 'none') this.#isPlanChanged = true;
    if (standing !== member.standing) {
      this.#fresh.delete(member);
      this.#barred.delete(member);
      if (standing === 'fresh') this.#fresh.add(member);
      if (standing === 'barred') this.#barred.add(member);
      member.standing = standing;
    }
    if (standing === 'seasoned' && !isHolder) this.#idle.put(member);
    else this.#idle.delete(member);
  }

  #deal(nowMs: number): Member[] {
    this.#shape = this.#shapeNow();
    this.#plan = planDuty(this.#plan, this.#ranked(), this.#shape);
    this.#isPlanChanged = false;
    this.#isDealDue = false;
    this.#dealtAtMs = nowMs;
    const bits = bitsByPeer(this.#plan);
    const changed: Member[] = [];
    for (const member of this.#holders) {
      if (!bits.has(member)) changed.push(member);
    }
    for (const member of changed) {
      member.dutyBits = 0;
      this.#holders.delete(member);
      this.#ableHolders -= Number(isAble(member.standing));
      this.#stand(member, member.standing);
    }
    for (const [member, stripes] of bits) {
      if (member.dutyBits === stripes) continue;
      changed.push(member);
      member.dutyBits = stripes;
      if (this.#holders.has(member)) continue;
      member.dutySinceMs = nowMs;
      this.#holders.add(member);
      this.#ableHolders += Number(isAble(member.standing));
      this.#stand(member, member.standing);
    }
    this.#isMapNew ||= changed.length > 0 || this.#hasExpelled;
    this.#hasExpelled = false;
    return changed;
  }

  #shapeNow(): DutyShape {
    return dutyShape(this.#peerCount, this.#candidateCount, this.#copies);
  }

  /** Those who may be dealt stripes: whom the plan names, then the fittest of the others. */
  #ranked(): Member[] {
    if (this.#isSomebodyAble) {
      const named = [...bitsByPeer(this.#plan).keys()].filter(({ standing }) => isAble(standing));
      return [...new Set([...named, ...this.#idle.best(this.#shape.superPeers)])];
    }
    for (const newcomer of this.#fresh) return [newcomer];
    return [...this.#barred];
  }

  get #isSomebodyAble(): boolean {
    return this.#idle.size + this.#ableHolders > 0;
  }

  get #candidateCount(): number {
    if (this.#isSomebodyAble) return this.#idle.size + this.#ableHolders;
    return this.#fresh.size > 0 ? 1 : this.#barred.size;
  }

  #idleHolders(nowMs: number): Member[] {
    const { idleMs } = this.#options;
    // Of one that reports seldom, less is known of what it got lately.
    const patienceMs = ({ reportIntervalMs }: Member): number => Math.max(idleMs, reportIntervalMs * REPORTS_WAITED);
    const holders = [...this.#holders];
    if (nowMs - this.#seededAtMs < idleMs) return this.#unlinkedHolders(holders, nowMs);
    const isFed = (member: Member): boolean =>
      member.seededAtMs > member.dutySinceMs && nowMs - member.seededAtMs < patienceMs(member) / 2;
    // When nobody is fed, the publisher pauses or the seeder is away: no fault of theirs.
    if (!holders.some(isFed)) return [];
    return holders.filter(
      (member) => nowMs - Math.max(member.dutySinceMs, member.seededAtMs) >= patienceMs(member),
    );
  }

  /** By the seeder's word alone: what those on duty say of themselves may be invented. */
  #unlinkedHolders(holders: readonly Member[], nowMs: number): Member[] {
    const { idleMs } = this.#options;
    const unlinked = holders.filter(
      ({ dutySinceMs, linkedAtMs }) =>
        nowMs - Math.max(dutySinceMs, linkedAtMs, this.#seededSinceMs) >= idleMs,
    );
    const isOneLinked = holders.some(({ linkedAtMs }) => nowMs - linkedAtMs < idleMs);
    // With nobody linked the fault may be the seeder's; but all may be impostors, and others wait.
    return isOneLinked || this.#idle.size > 0 ? unlinked : [];
  }

  #planWithSlowestReplaced(): DutyPlan<Member> | undefined {
    let slowest: Member | undefined;
    for (const member of this.#holders) {
      const isKnown = member.uplinkBitsPerSecond > 0 && isAble(member.standing);
      if (isKnown && member.uplinkBitsPerSecond < (slowest?.uplinkBitsPerSecond ?? Infinity)) slowest = member;
    }
    const [best] = this.#idle.best(1);
    // Who failed on duty once displaces nobody: else it would come back each time its bar is over.
    if (!slowest || !best || hasFailed(best)) return undefined;
    const isWorth = best.uplinkBitsPerSecond >= slowest.uplinkBitsPerSecond * this.#options.replaceRatio;
    if (!isWorth || best.neighbourCount === 0) return undefined;
    return this.#plan.map((holders) => holders.map((member) => (member === slowest ? best : member)));
  }
}

/** The stripes that a member is on duty for, rising. */
export function dutyStripesOf(member: Member): number[] {
  return stripesOfBits(member.dutyBits);
}

function standingOf(member: Member, nowMs: number): DutyStanding {
  if (!canTakeDuty(member)) return 'none';
  if (member.barredUntilMs > nowMs) return 'barred';
  return member.hasReported ? 'seasoned' : 'fresh';
}

function isAble(standing: DutyStanding): boolean {
  return standing === 'seasoned' || standing === 'fresh';
}

function isSameShape(left: DutyShape, right: DutyShape): boolean {
  return left.copies === right.copies && left.superPeers === right.superPeers;
}

