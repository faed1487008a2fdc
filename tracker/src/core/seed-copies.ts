import { copiesInReach } from './duty-plan.js';
import type { ResolvedTrackerOptions } from './tracker-options.js';

/** Fallbacks above this share of the seeds raise the copies, below the other they lower them. */
const RAISE_OVER = 1 / 2;
const LOWER_UNDER = 1 / 4;
/** Fallbacks above this share of all media mean that the peers' uplinks do not suffice; likewise if the uplinks carry so much less than all. */
const SHORTAGE_OVER = 1 / 4;
/** Share of the uplinks that is counted on (DESIGN: The scheduler). */
const UPLINK_SHARE = 0.7;
/** One step upwards, as a share of the copies; at least one copy. */
const STEP_RATIO = 0.1;
/** It is no less than that share of what is fetched in need: from few copies tenths of them lead nowhere. */
const NEED_STEP_RATIO = 0.1;
/** One step downwards, as a share of the copies; at least one copy. A step up goes too far where the need was a beginning's. */
const LOWER_RATIO = 0.2;
/** Newcomers fetch from the origin until they are linked, which more copies would not change. */
const SETTLED_AFTER_MS = 10_000;
/** From then on they tell what their uplinks carry, and whether they had to fetch beside that. */
const MEASURED_AFTER_MS = 4_000;
/** Viewers that one uplink counts for at most: a claim beyond that hides no shortage. */
const MOST_CARRIED = 10;

/** What {@link SeedCopies} keeps of one member. */
export type FallbackMark = {
  /** Bytes fetched in need, and all received, at the last sample. */
  fallbackBytes: number;
  receivedBytes: number;
  sampledAtMs: number;
};

/**
 * Decides s, the copies of a chunk that the origin's seeder sends: the fewest with which viewers
 * rarely turn to the origin. Let f be the copies of a chunk that are fetched because a deadline came
 * near: what is fetched beyond s/2, and beyond the one copy that a step costs, costs more than it would to seed more, and less than s/4 shows
 * that fewer would do (DESIGN: Seeding and the origin's budget).
 *
 * Never below a share of the viewers, with which the time to spread is the same at every size; never
 * above what the origin's uplink carries. One step a review: upwards a tenth, or a tenth of f if that
 * is more, downwards a fifth; at once to half of what is fetched in need where that is more than a
 * quarter of everything, and, without waiting for the crowd to settle, where its uplinks carry that
 * much less than all as well.
 */
export class SeedCopies {
  readonly #options: ResolvedTrackerOptions['duty'];
  #copies = 1;
  #maxCopies = Infinity;
  /** Sum of the members' shares of media fetched in need, and how many samples it has. */
  #fallbackShares = 0;
  #sampleCount = 0;
  /** Samples of settled members that received nothing. */
  #idleCount = 0;
  /** The same of all whose uplink is known, with how many viewers the uplinks carry. */
  #measured = nothingMeasured();

  constructor(options: ResolvedTrackerOptions['duty']) {
    this.#options = options;
  }

  /** s now. */
  get copies(): number {
    return this.#copies;
  }

  /** Takes the origin's word on what its uplink carries; Infinity: no limit. */
  limit(maxCopies: number): void {
    this.#maxCopies = maxCopies;
  }

  /**
   * Takes a member's totals. Each counts alike however much it claims, so that one that lies changes
   * the mean of N by 1/N at most.
   */
  sample(
    mark: FallbackMark,
    totals: {
      readonly fallbackBytes: number;
      readonly receivedBytes: number;
      /** What it can send; undefined: it does not know yet. */
      readonly uplinkBitsPerSecond: number | undefined;
    },
    at: {
      readonly nowMs: number;
      readonly joinedAtMs: number;
      readonly intervalMs: number;
      /** Its interval over the usual one: where all report less often, each report stands for as many. */
      readonly weight: number;
    },
  ): void {
    // Reports may come in bunches: none counts twice.
    const elapsedMs = at.nowMs - mark.sampledAtMs;
    if (elapsedMs < at.intervalMs / 2) return;
    const fallbackBytes = totals.fallbackBytes - mark.fallbackBytes;
    const receivedBytes = totals.receivedBytes - mark.receivedBytes;
    mark.sampledAtMs = at.nowMs;
    mark.fallbackBytes = totals.fallbackBytes;
    mark.receivedBytes = totals.receivedBytes;
    const ageMs = at.nowMs - at.joinedAtMs;
    if (receivedBytes <= 0 && ageMs >= SETTLED_AFTER_MS) this.#idleCount++;
    if (ageMs < MEASURED_AFTER_MS || receivedBytes <= 0) return;
    const share = Math.min(1, Math.max(0, fallbackBytes / receivedBytes));
    const { uplinkBitsPerSecond } = totals;
    if (uplinkBitsPerSecond !== undefined && Number.isFinite(elapsedMs)) {
      const carried = Math.min(MOST_CARRIED, (uplinkBitsPerSecond * elapsedMs) / (receivedBytes * 8000));
      this.#measured.count++;
      this.#measured.weight += at.weight;
      this.#measured.fallbackShares += share;
      this.#measured.viewersCarried += carried;
    }
    if (ageMs < SETTLED_AFTER_MS) return;
    this.#fallbackShares += share;
    this.#sampleCount++;
  }

  /** Follows a swarm that outgrows a small one's copies, grows fast, or is short of uplink, between two reviews; costs nothing. */
  follow(peerCount: number): void {
    const least = this.#leastFor(peerCount);
    if (least >= this.#copies * 2 || (least > this.#copies && least <= this.#options.copies)) this.#copies = least;
    const short = Math.min(Math.floor(this.#copiesShort(peerCount) / 2), copiesInReach(peerCount), this.#options.maxCopies);
    this.#copies = Math.max(1, Math.min(Math.max(this.#copies, short), this.#maxCopies));
  }

  /** Copies that the uplinks do not carry, and that are fetched in need as well; 0 while that is not known of half the peers, or not much. */
  #copiesShort(peerCount: number): number {
    const { count, weight, fallbackShares, viewersCarried } = this.#measured;
    if (count === 0 || weight * 2 < peerCount) return 0;
    const shortShare = Math.min(fallbackShares / count, 1 - (UPLINK_SHARE * viewersCarried) / count);
    return shortShare > SHORTAGE_OVER ? shortShare * peerCount : 0;
  }

  /** Takes one step, if there is reason to. */
  review(peerCount: number): void {
    const step = Math.max(1, Math.floor(this.#copies * STEP_RATIO));
    const least = this.#leastFor(peerCount);
    if (this.#sampleCount > 0) {
      // While the stream pauses, only who lies has received anything: it shall not speak for all.
      const fallbackCopies = (this.#fallbackShares / (this.#sampleCount + this.#idleCount)) * peerCount;
      // Where uplinks cannot carry the stream, the origin sends that much anyway: better early, to those who pass it on.
      if (fallbackCopies > peerCount * SHORTAGE_OVER) this.#copies = Math.max(this.#copies + step, Math.floor(fallbackCopies / 2));
      else if (fallbackCopies > Math.max(1, this.#copies * RAISE_OVER)) this.#copies += Math.max(step, Math.floor(fallbackCopies * NEED_STEP_RATIO));
      else if (fallbackCopies < this.#copies * LOWER_UNDER) this.#copies = Math.max(least, this.#copies - Math.max(1, Math.floor(this.#copies * LOWER_RATIO)));
    }
    this.#fallbackShares = 0;
    this.#sampleCount = 0;
    this.#idleCount = 0;
    this.#measured = nothingMeasured();
    const most = Math.min(copiesInReach(peerCount), this.#options.maxCopies, this.#maxCopies);
    this.#copies = Math.max(1, Math.min(Math.max(this.#copies, least), most));
  }

  #leastFor(peerCount: number): number {
    const { maxCopies } = this.#options;
    return Math.min(this.#leastAtSize(peerCount), maxCopies, this.#maxCopies);
  }

  #leastAtSize(peerCount: number): number {
    const { singleCopyPeers, doubleCopyPeers, copies, seedShare } = this.#options;
    if (peerCount <= singleCopyPeers) return 1;
    return peerCount <= doubleCopyPeers ? Math.min(2, copies) : Math.max(copies, Math.ceil(peerCount * seedShare));
  }
}

function nothingMeasured(): { count: number; weight: number; fallbackShares: number; viewersCarried: number } {
  return { count: 0, weight: 0, fallbackShares: 0, viewersCarried: 0 };
}
