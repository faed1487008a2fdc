import { STRIPE_COUNT, type PeerId } from '@p2ptv/protocol';
import { dutyShape, EMPTY_DUTY_PLAN, planDuty, stripesOfPeer, type DutyPlan, type DutyShape } from './duty-plan.js';
import { canTakeDuty, type Member } from './member.js';
import type { ResolvedTrackerOptions } from './tracker-options.js';

/** Who is on duty in one swarm, and whether that must change. */
export class DutyRoster {
  readonly #options: ResolvedTrackerOptions['duty'];
  /** May be on duty and have reported. */
  readonly #seasoned = new Map<PeerId, Member>();
  /** May be on duty but have not reported yet: one is taken when there is nobody else. */
  readonly #fresh = new Map<PeerId, Member>();
  /** May be on duty but did no work on it lately: taken when there is really nobody else. */
  readonly #barred = new Map<PeerId, Member>();
  #holders = new Map<PeerId, Member>();
  #plan: DutyPlan = EMPTY_DUTY_PLAN;
  #shape: DutyShape = dutyShape(0, 0, 1);
  #peerCount = 0;
  #isHolderLost = false;
  /** When the origin's seeder said last whom it is linked to. */
  #seededAtMs = -Infinity;
  /** Since when it has said so without a longer pause. */
  #seededSinceMs = -Infinity;

  constructor(options: ResolvedTrackerOptions['duty']) {
    this.#options = options;
  }

  get plan(): DutyPlan {
    return this.#plan;
  }

  /** The stripes that a peer is on duty for. */
  stripesOf(peerId: PeerId): number[] {
    return this.#holders.has(peerId) ? stripesOfPeer(this.#plan, peerId) : [];
  }

  /** Notes that a member came, changed, was lost or returned. */
  note(member: Member, nowMs: number): void {
    this.#forget(member);
    if (canTakeDuty(member)) this.#placeOf(member, nowMs).set(member.peerId, member);
    else if (this.#holders.has(member.peerId)) this.#isHolderLost = true;
  }

  /** Notes that a member is gone for good. */
  drop(member: Member): void {
    this.#forget(member);
    if (this.#holders.has(member.peerId)) this.#isHolderLost = true;
  }

  /** Notes that the origin's seeder has said whom it is linked to: see {@link Member.linkedAtMs}. */
  noteSeeded(nowMs: number): void {
    // After a pause it may have started anew, and needs a while to link.
    if (nowMs - this.#seededAtMs >= this.#options.idleMs) this.#seededSinceMs = nowMs;
    this.#seededAtMs = nowMs;
  }

  /**
   * Deals anew if someone on duty was lost or the swarm has outgrown its duty; otherwise it costs
   * next to nothing.
   *
   * @param peerCount all peers but the origin's own
   * @returns those whose stripes changed
   */
  update(peerCount: number, nowMs: number): Member[] {
    this.#peerCount = peerCount;
    const shape = this.#shapeFor(this.#candidateCount());
    if (!this.#isHolderLost && isSameShape(shape, this.#shape)) return [];
    return this.#deal(this.#plan, nowMs);
  }

  /**
   * Looks whether those on duty do their work: who is not linked to the seeder by its own word is
   * taken off duty (without its word: who gets nothing from it while others do), and one clearly slower than an idle candidate is replaced (one at a time, and
   * only by a margin, so that duty doesn't wander).
   */
  review(nowMs: number): Member[] {
    const changed = new Set<Member>();
    const dealAgain = (previous: DutyPlan): void => {
      for (const member of this.#deal(previous, nowMs)) changed.add(member);
    };
    for (const member of this.#barred.values()) {
      if (member.barredUntilMs <= nowMs) this.note(member, nowMs);
    }
    const idle = this.#idleHolders(nowMs);
    for (const member of idle) {
      member.barredUntilMs = nowMs + this.#options.barredMs;
      this.note(member, nowMs);
    }
    if (idle.length > 0) dealAgain(this.#plan);
    const faster = this.#planWithSlowestReplaced();
    if (faster) dealAgain(faster);
    return [...changed];
  }

  #deal(previous: DutyPlan, nowMs: number): Member[] {
    const candidates = this.#candidates();
    const before = this.#plan;
    const oldHolders = this.#holders;
    this.#shape = this.#shapeFor(candidates.length);
    const named = new Set(previous.flat());
    const contenders = new Set([
      ...candidates.filter(({ peerId }) => named.has(peerId)),
      // No plan has more places, so it can want no more of those who are not on duty yet.
      ...fittest(candidates, STRIPE_COUNT * this.#shape.copies),
    ]);
    const byId = new Map([...contenders].sort(byFitness).map((member) => [member.peerId, member]));
    this.#plan = planDuty(previous, [...byId.keys()], this.#shape);
    this.#isHolderLost = false;
    this.#holders = new Map();
    for (const peerId of this.#plan.flat()) {
      const member = byId.get(peerId);
      if (member) this.#holders.set(peerId, member);
    }
    for (const [peerId, member] of this.#holders) {
      if (!oldHolders.has(peerId)) member.dutySinceMs = nowMs;
    }
    return [...new Map([...oldHolders, ...this.#holders]).values()].filter(
      ({ peerId }) => !isSameList(stripesOfPeer(before, peerId), stripesOfPeer(this.#plan, peerId)),
    );
  }

  #shapeFor(candidateCount: number): DutyShape {
    const isSmall = this.#peerCount <= this.#options.singleCopyPeers;
    return dutyShape(this.#peerCount, candidateCount, isSmall ? 1 : this.#options.copies);
  }

  #candidates(): Member[] {
    const usual = [...this.#seasoned.values(), ...this.#freshHolders()];
    if (usual.length > 0) return usual;
    for (const newcomer of this.#fresh.values()) return [newcomer];
    return [...this.#barred.values()];
  }

  /** Size of {@link #candidates}, without walking it. */
  #candidateCount(): number {
    const usual = this.#seasoned.size + this.#freshHolders().length;
    if (usual > 0) return usual;
    return this.#fresh.size > 0 ? 1 : this.#barred.size;
  }

  #freshHolders(): Member[] {
    if (this.#fresh.size === 0) return [];
    return [...this.#holders.values()].filter(({ peerId }) => this.#fresh.has(peerId));
  }

  #idleHolders(nowMs: number): Member[] {
    const { idleMs } = this.#options;
    const holders = [...this.#holders.values()];
    if (nowMs - this.#seededAtMs < idleMs) return this.#unlinkedHolders(holders, nowMs);
    const isFed = ({ dutySinceMs, seededAtMs }: Member): boolean =>
      seededAtMs > dutySinceMs && nowMs - seededAtMs < idleMs / 2;
    // When nobody is fed, the publisher pauses or the seeder is away: no fault of theirs.
    if (!holders.some(isFed)) return [];
    return holders.filter(
      ({ dutySinceMs, seededAtMs }) => nowMs - Math.max(dutySinceMs, seededAtMs) >= idleMs,
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
    const isOtherWaiting = [...this.#seasoned.keys()].some((peerId) => !this.#holders.has(peerId));
    return isOneLinked || isOtherWaiting ? unlinked : [];
  }

  #planWithSlowestReplaced(): DutyPlan | undefined {
    let slowest: Member | undefined;
    for (const member of this.#holders.values()) {
      const isKnown = member.uplinkBitsPerSecond > 0;
      if (isKnown && member.uplinkBitsPerSecond < (slowest?.uplinkBitsPerSecond ?? Infinity)) slowest = member;
    }
    // Who failed on duty once displaces nobody: else it would come back each time its bar is over.
    const idle = [...this.#seasoned.values()].filter(
      (member) => !this.#holders.has(member.peerId) && !hasFailed(member),
    );
    const [best] = fittest(idle, 1);
    if (!slowest || !best) return undefined;
    const isWorth = best.uplinkBitsPerSecond >= slowest.uplinkBitsPerSecond * this.#options.replaceRatio;
    if (!isWorth || best.neighbourCount === 0) return undefined;
    return this.#plan.map((holders) =>
      holders.map((peerId) => (peerId === slowest.peerId ? best.peerId : peerId)),
    );
  }

  #placeOf(member: Member, nowMs: number): Map<PeerId, Member> {
    if (member.barredUntilMs > nowMs) return this.#barred;
    return member.hasReported ? this.#seasoned : this.#fresh;
  }

  #forget(member: Member): void {
    this.#seasoned.delete(member.peerId);
    this.#fresh.delete(member.peerId);
    this.#barred.delete(member.peerId);
  }
}

function isSameShape(left: DutyShape, right: DutyShape): boolean {
  return left.copies === right.copies && left.superPeers === right.superPeers;
}

function isSameList(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((value, index) => value === right[index]);
}

/** The best `count` members, best first, in one pass over all. */
function fittest(members: readonly Member[], count: number): Member[] {
  const best: Member[] = [];
  for (const member of members) {
    const last = best.at(-1);
    if (best.length === count && last && byFitness(member, last) >= 0) continue;
    const place = best.findIndex((other) => byFitness(member, other) < 0);
    best.splice(place < 0 ? best.length : place, 0, member);
    if (best.length > count) best.pop();
  }
  return best;
}

function hasFailed({ barredUntilMs }: Member): boolean {
  return barredUntilMs > -Infinity;
}

/** Best first: never failed on duty, has links (can be reached), larger uplink, has sent more. */
function byFitness(left: Member, right: Member): number {
  return (
    Number(hasFailed(left)) - Number(hasFailed(right)) ||
    Number(right.neighbourCount > 0) - Number(left.neighbourCount > 0) ||
    right.uplinkBitsPerSecond - left.uplinkBitsPerSecond ||
    right.sentBytes - left.sentBytes
  );
}
