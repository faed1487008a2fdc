import type { PeerId, Random } from '@p2ptv/protocol';
import { isProvenUploader, type Member } from './member.js';
import type { SamplingSet } from './sampling-set.js';

/** Members to draw from. */
type Drawable = { readonly proven: SamplingSet<Member>; readonly unproven: SamplingSet<Member> };

/** Among whom neighbours are chosen. */
export type NeighbourPool = {
  /** Those who watch the seeker's rendition. */
  readonly same: Drawable;
  /** Those who watch another one, by rendition. */
  readonly others: readonly Drawable[];
  /** Those of all that connect from the seeker's network, itself included; undefined: not known. */
  readonly kin: SamplingSet<Member> | undefined;
};

/** Who asks, and for how many. */
export type NeighbourWish = {
  readonly seeker: Member;
  readonly count: number;
  readonly exclude: ReadonlySet<PeerId>;
  /** How many of the excluded connect from the seeker's network. */
  readonly excludedKin: number;
  /** Links from which on a peer counts as full. */
  readonly crowdedAt: number;
};

/** Of how many proven uploaders, drawn at random, the best half is taken: favours the strong without giving all to one. */
const DRAWN_PER_TAKEN = 3;

/**
 * Neighbours of one's own network that one should have: the way to them is short and costs their
 * provider little. Not more, or the swarm would fall into islands.
 */
const KIN_WANTED = 3;

/** Of those who watch another rendition so much of the answer is kept: they stand by for when the seeker changes to theirs. */
const OTHERS_SHARE = 1 / 4;

/**
 * A few of the seeker's own network, and a random mix that favours proven uploaders: at least half
 * of the answer where there are that many; in small swarms everybody. Those who watch the seeker's
 * rendition make up three quarters of it, where there are others. Peers that are full come only when
 * there is nobody else.
 */
export function chooseNeighbours(pool: NeighbourPool, wish: NeighbourWish, random: Random): Member[] {
  const { seeker, count } = wish;
  const { exclude, crowdedAt } = wish;
  const isOpen = (member: Member): boolean =>
    member !== seeker &&
    // Two that only take have nothing for each other.
    (member.isUploading || seeker.isUploading) &&
    // Last, because a newcomer excludes nobody, and an id is one more place in memory.
    (exclude.size === 0 || !exclude.has(member.peerId));
  const isRoomy = (member: Member): boolean => member.neighbourCount < crowdedAt && isOpen(member);
  const standby = pool.others.filter(({ proven, unproven }) => proven.size + unproven.size > 0);
  const sameCount = standby.length === 0 ? count : Math.ceil(count * (1 - OTHERS_SHARE));
  const half = Math.ceil(sameCount / 2);
  // A few dozen at most: to look through them is faster than any set.
  const chosen: Member[] = [];
  const add = (members: readonly Member[], most = count): void => {
    for (const member of members) {
      if (chosen.length >= most) return;
      if (!chosen.includes(member)) chosen.push(member);
    }
  };

  // At most half of the answer, which leaves the other half for proven uploaders.
  const kinCount = Math.min(KIN_WANTED - wish.excludedKin, Math.floor(count / 2));
  if (pool.kin && kinCount > 0) add(pool.kin.sample(kinCount, random, isRoomy));
  const best = pool.same.proven.sample(half * DRAWN_PER_TAKEN, random, isRoomy).sort(byWorth).slice(0, half);
  add(best, sameCount);
  add(drawMixed(pool.same, { count, isWanted: isRoomy }, random), sameCount);
  for (const [index, other] of standby.entries()) {
    const most = Math.ceil((count * (index + 1)) / standby.length);
    add(drawMixed(other, { count, isWanted: isRoomy }, random), Math.min(count, most));
  }
  for (const { proven, unproven } of [pool.same, ...standby]) {
    if (chosen.length >= count) break;
    const isLeft = (member: Member): boolean => isOpen(member) && !chosen.includes(member);
    add(proven.sample(count, random, isLeft));
    add(unproven.sample(count, random, isLeft));
  }
  return chosen.sort(byWorth);
}

/** Uniform over both sets: each gives a share as large as its part of the swarm. */
function drawMixed(
  pool: Drawable,
  draw: { readonly count: number; readonly isWanted: (member: Member) => boolean },
  random: Random,
): Member[] {
  const proven = pool.proven.sample(draw.count * 2, random, draw.isWanted);
  const unproven = pool.unproven.sample(draw.count * 2, random, draw.isWanted);
  const total = pool.proven.size + pool.unproven.size;
  const mixed: Member[] = [];
  while (proven.length + unproven.length > 0) {
    const isProvenTurn = random.next() * total < pool.proven.size;
    const next = (isProvenTurn ? proven.pop() : unproven.pop()) ?? proven.pop() ?? unproven.pop();
    if (next) mixed.push(next);
  }
  return mixed;
}

/** Proven first, then visible, then the larger uplink. */
function byWorth(left: Member, right: Member): number {
  const proven = Number(isProvenUploader(right)) - Number(isProvenUploader(left));
  if (proven !== 0) return proven;
  const visible = Number(right.isVisible) - Number(left.isVisible);
  return visible === 0 ? right.uplinkBitsPerSecond - left.uplinkBitsPerSecond : visible;
}
