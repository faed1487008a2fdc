import { NO_CLASS, type Member } from './member.js';

/** Uplinks count as equal within a class; there are four to a factor of two. */
const CLASSES_PER_OCTAVE = 4;
const LEAST_BITS_PER_SECOND = 100_000;
/** Up to the most that a member is believed, 1 Gb/s. */
const UPLINK_CLASSES = 56;
/** Up to so many members, the best of a class are picked out one by one. */
const SORTED_CLASS_SIZE = 256;

/**
 * Members that could take duty and have none, the fittest at hand: to enter, to leave and to change
 * takes the same time however many there are. Within a class of nearly equal uplinks the order is
 * exact only while the class is small.
 */
export class DutyPool {
  readonly #classes: Member[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Puts a member in, or where it now belongs. */
  put(member: Member): void {
    const fitness = fitnessClass(member);
    if (member.poolClass === fitness) return;
    this.delete(member);
    const peers = (this.#classes[fitness] ??= []);
    member.poolClass = fitness;
    member.poolPlace = peers.length;
    peers.push(member);
    this.#size++;
  }

  delete(member: Member): void {
    const peers = this.#classes[member.poolClass];
    if (!peers) return;
    const last = peers.pop();
    if (last && last !== member) {
      peers[member.poolPlace] = last;
      last.poolPlace = member.poolPlace;
    }
    member.poolClass = NO_CLASS;
    this.#size--;
  }

  /** The `count` fittest, best first; fewer when there are no more. They stay in. */
  best(count: number): Member[] {
    const best: Member[] = [];
    for (let fitness = this.#classes.length - 1; fitness >= 0 && best.length < count; fitness--) {
      const peers = this.#classes[fitness] ?? [];
      const ordered = peers.length <= SORTED_CLASS_SIZE ? [...peers].sort(byFitness) : peers;
      best.push(...ordered.slice(0, count - best.length));
    }
    return best;
  }
}

/** True for one that was on duty and did no work on it. */
export function hasFailed({ barredUntilMs }: Member): boolean {
  return barredUntilMs > -Infinity;
}

/** Whether its uplink is known: not at all, by its word, or by what it has sent. */
function uplinkEvidence({ uplinkBitsPerSecond, sentBytes }: Member): 0 | 1 | 2 {
  if (uplinkBitsPerSecond === 0) return 0;
  return sentBytes > 0 ? 2 : 1;
}

/** Rising with fitness: never failed on duty, has links (can be reached), has shown what it sends, larger uplink. */
function fitnessClass(member: Member): number {
  const octaves = Math.log2(Math.max(1, member.uplinkBitsPerSecond / LEAST_BITS_PER_SECOND));
  const uplink = Math.min(UPLINK_CLASSES - 1, Math.floor(octaves * CLASSES_PER_OCTAVE));
  const reach = Number(!hasFailed(member)) * 2 + Number(member.neighbourCount > 0);
  return (reach * 3 + uplinkEvidence(member)) * UPLINK_CLASSES + uplink;
}

/** Best first, within a class. */
function byFitness(left: Member, right: Member): number {
  return right.uplinkBitsPerSecond - left.uplinkBitsPerSecond || right.sentBytes - left.sentBytes;
}
