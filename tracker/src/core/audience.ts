import type { DutyMap, RenditionId } from '@p2ptv/protocol';
import { DutyRoster } from './duty-roster.js';
import { FIRST_RENDITION, isMeetable, isProvenUploader, type Member } from './member.js';
import { SamplingSet } from './sampling-set.js';
import { SeedCopies } from './seed-copies.js';
import type { ResolvedTrackerOptions } from './tracker-options.js';

/**
 * The members of a swarm that watch one rendition: who of them is on duty for it, and in how many
 * copies it is seeded. Only who watches a rendition can pass it on.
 */
export class Audience {
  readonly rendition: RenditionId;
  readonly roster: DutyRoster;
  readonly copies: SeedCopies;
  /** Connected members, all but the origin's: one that is gone is never drawn. */
  readonly proven = new SamplingSet<Member>();
  readonly unproven = new SamplingSet<Member>();
  /** Members, absent ones included, but the origin's own. */
  #peerCount = 0;

  constructor(rendition: RenditionId, options: ResolvedTrackerOptions['duty']) {
    this.rendition = rendition;
    this.roster = new DutyRoster(options);
    this.copies = new SeedCopies(options);
  }

  /** What the origin's seeder is told. */
  get dutyMap(): DutyMap {
    const { map } = this.roster;
    return this.rendition === FIRST_RENDITION ? map : { rendition: this.rendition, ...map };
  }

  /** A member has come, or watches this rendition now. */
  enter(member: Member, nowMs: number): void {
    if (member.role !== 'origin') this.#peerCount++;
    this.note(member, nowMs);
  }

  /** Notes that a member changed, was lost or returned. */
  note(member: Member, nowMs: number): void {
    const isProven = isProvenUploader(member);
    put(this.proven, member, isProven);
    put(this.unproven, member, !isProven && isMeetable(member));
    this.roster.note(member, nowMs);
  }

  /** A member is gone for good. */
  drop(member: Member): void {
    this.#forget(member);
    this.roster.drop(member);
  }

  /** A member watches another rendition now, and has no duty here from this moment. */
  release(member: Member): void {
    this.#forget(member);
    this.roster.expel(member);
  }

  /** Deals duty anew where needed; returns those whose stripes changed. */
  updateDuty(nowMs: number): Member[] {
    this.copies.follow(this.#peerCount);
    return this.roster.update({ peerCount: this.#peerCount, copies: this.copies.copies }, nowMs);
  }

  /** Looks whether there are enough copies, and those on duty do their work. */
  reviewDuty(nowMs: number): void {
    this.copies.review(this.#peerCount);
    this.roster.review(nowMs);
  }

  #forget(member: Member): void {
    if (member.role !== 'origin') this.#peerCount--;
    this.proven.delete(member);
    this.unproven.delete(member);
  }
}

function put(set: SamplingSet<Member>, member: Member, isIn: boolean): void {
  if (isIn) set.add(member);
  else set.delete(member);
}
