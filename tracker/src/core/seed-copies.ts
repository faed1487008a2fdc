import { copiesInReach } from './duty-plan.js';
import type { ResolvedTrackerOptions } from './tracker-options.js';

/** Fallbacks above this share of the seeds raise the copies, below the other they lower them. */
const RAISE_OVER = 1 / 2;
const LOWER_UNDER = 1 / 10;
/** Fallbacks above this share of all media mean that the peers' uplinks do not suffice. */
const SHORTAGE_OVER = 1 / 4;
/** One step, as a share of the copies; at least one copy. */
const STEP_RATIO = 0.1;
/** Newcomers fetch from the origin until they are linked, which more copies would not change. */
const SETTLED_AFTER_MS = 10_000;

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
 * near: what is fetched beyond s/2 costs more than it would to seed more, and less than s/10 shows
 * that fewer would do (DESIGN: Seeding and the origin's budget).
 *
 * Never below a share of the viewers, with which the time to spread is the same at every size; never
 * above what the origin's uplink carries. In steps of a tenth, one a review; at once to half of what
 * is fetched in need where that is more than a quarter of everything.
 */
export class SeedCopies {
  readonly #options: ResolvedTrackerOptions['duty'];
  #copies = 1;
  #maxCopies = Infinity;
  /** Sum of the members' shares of media fetched in need, and how many samples it has. */
  #fallbackShares = 0;
  #sampleCount = 0;

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
    totals: { readonly fallbackBytes: number; readonly receivedBytes: number },
    at: { readonly nowMs: number; readonly joinedAtMs: number; readonly intervalMs: number },
  ): void {
    // Reports may come in bunches: none counts twice.
    if (at.nowMs - mark.sampledAtMs < at.intervalMs / 2) return;
    const fallbackBytes = totals.fallbackBytes - mark.fallbackBytes;
    const receivedBytes = totals.receivedBytes - mark.receivedBytes;
    mark.sampledAtMs = at.nowMs;
    mark.fallbackBytes = totals.fallbackBytes;
    mark.receivedBytes = totals.receivedBytes;
    if (at.nowMs - at.joinedAtMs < SETTLED_AFTER_MS || receivedBytes <= 0) return;
    this.#fallbackShares += Math.min(1, Math.max(0, fallbackBytes / receivedBytes));
    this.#sampleCount++;
  }

  /** Follows a swarm that grows fast between two reviews; costs nothing. */
  follow(peerCount: number): void {
    const least = this.#leastFor(peerCount);
    if (least >= this.#copies * 2) this.#copies = least;
    this.#copies = Math.max(1, Math.min(this.#copies, this.#maxCopies));
  }

  /** Takes one step, if there is reason to. */
  review(peerCount: number): void {
    const step = Math.max(1, Math.floor(this.#copies * STEP_RATIO));
    const least = this.#leastFor(peerCount);
    if (this.#sampleCount > 0) {
      const fallbackCopies = (this.#fallbackShares / this.#sampleCount) * peerCount;
      // Where uplinks cannot carry the stream, the origin sends that much anyway: better early, to those who pass it on.
      if (fallbackCopies > peerCount * SHORTAGE_OVER) this.#copies = Math.max(this.#copies + step, Math.floor(fallbackCopies / 2));
      else if (fallbackCopies > this.#copies * RAISE_OVER) this.#copies += step;
      else if (fallbackCopies < this.#copies * LOWER_UNDER) this.#copies = Math.max(least, this.#copies - step);
    }
    this.#fallbackShares = 0;
    this.#sampleCount = 0;
    const most = Math.min(copiesInReach(peerCount), this.#options.maxCopies, this.#maxCopies);
    this.#copies = Math.max(1, Math.min(Math.max(this.#copies, least), most));
  }

  #leastFor(peerCount: number): number {
    const { singleCopyPeers, copies, seedShare, maxCopies } = this.#options;
    const least = peerCount <= singleCopyPeers ? 1 : Math.max(copies, Math.ceil(peerCount * seedShare));
    return Math.min(least, maxCopies, this.#maxCopies);
  }
}
