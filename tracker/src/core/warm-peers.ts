import type { Random } from '@p2ptv/protocol';
import type { Member } from './member.js';
import type { SamplingSet } from './sampling-set.js';

/** Of how many uploaders, drawn at random, one is taken: favours the strong without giving all to a few. */
const DRAWN_PER_TAKEN = 4;
/** What a member whose uplink is unknown is taken to have. */
const ASSUMED_BITS_PER_SECOND = 1_000_000;

/**
 * Uploaders for a newcomer's first frames: those whose uplink leaves most for one link more, counting
 * the links they have and the newcomers they were lately named to. Those with many links come only
 * when there is nobody else.
 */
export function chooseWarmPeers(
  proven: SamplingSet<Member>,
  wish: { readonly count: number; readonly crowdedAt: number },
  random: Random,
): Member[] {
  const { count, crowdedAt } = wish;
  const isRoomy = (member: Member): boolean => member.isVisible && links(member) < crowdedAt;
  const drawn = new Set(proven.sample(count * DRAWN_PER_TAKEN, random, isRoomy));
  if (drawn.size < count) {
    const isLeft = (member: Member): boolean => member.isVisible && !drawn.has(member);
    for (const member of proven.sample(count - drawn.size, random, isLeft)) drawn.add(member);
  }
  const chosen = [...drawn].sort((left, right) => shareOfOneMore(right) - shareOfOneMore(left)).slice(0, count);
  for (const member of chosen) member.warmMentions++;
  return chosen;
}

/** The links that it has, and those that newcomers are likely to make. */
function links(member: Member): number {
  return member.neighbourCount + member.warmMentions;
}

function shareOfOneMore(member: Member): number {
  return (member.uplinkBitsPerSecond || ASSUMED_BITS_PER_SECOND) / (links(member) + 1);
}
