import { STRIPE_COUNT, type PeerId } from '@p2ptv/protocol';

/** Who is on duty: a list of peers for each stripe, the one longest on duty first. */
export type DutyPlan = readonly (readonly PeerId[])[];

/** How duty is to be spread over the peers that can take it. */
export type DutyShape = {
  /** Peers on duty for each stripe. */
  readonly copies: number;
  /** Peers on duty in all. */
  readonly superPeers: number;
  /** Most stripes that one of them has. */
  readonly stripesEach: number;
};

/** Stripes that one peer may have in swarms of at least {@link STRIPE_COUNT} peers, while there are enough to take them. */
const MAX_STRIPES_EACH = 2;

/** A plan with nobody on duty. */
export const EMPTY_DUTY_PLAN: DutyPlan = Array.from({ length: STRIPE_COUNT }, () => []);

/**
 * How many peers share duty (DESIGN: Seeding): max(min(8, N), ⌈N/10⌉), but enough for nobody to
 * have more than two stripes from N = 8 on, and no more than there are places for. Where
 * candidates are too few for the copies wanted, there are fewer copies; every stripe has one as
 * long as there is a candidate.
 *
 * @param peerCount N, all peers of the swarm but the origin's own
 * @param candidateCount those of them that can take duty
 */
export function dutyShape(peerCount: number, candidateCount: number, wantedCopies: number): DutyShape {
  if (candidateCount === 0) return { copies: 0, superPeers: 0, stripesEach: 0 };
  const copiesInReach = Math.floor((candidateCount * MAX_STRIPES_EACH) / STRIPE_COUNT);
  const copies = Math.max(1, Math.min(wantedCopies, copiesInReach));
  const places = copies * STRIPE_COUNT;
  const wantedPeers = Math.max(
    Math.min(STRIPE_COUNT, peerCount),
    Math.ceil(peerCount / 10),
    Math.ceil(places / MAX_STRIPES_EACH),
  );
  const superPeers = Math.min(wantedPeers, candidateCount, places);
  return { copies, superPeers, stripesEach: Math.ceil(places / superPeers) };
}

/** The stripes of one peer in a plan, rising. */
export function stripesOfPeer(plan: DutyPlan, peerId: PeerId): number[] {
  return plan.flatMap((holders, stripe) => (holders.includes(peerId) ? [stripe] : []));
}

/**
 * Deals the stripes anew, moving none without need: whoever had a stripe keeps it, unless it is no
 * candidate any more, has more than its share, or the stripe has more copies than it should.
 * Gaps go to the best candidate without duty until there are enough super-peers, then to the
 * super-peer with the fewest stripes.
 *
 * @param ranked candidates, best first
 */
export function planDuty(previous: DutyPlan, ranked: readonly PeerId[], shape: DutyShape): DutyPlan {
  const deal = new Deal(ranked, shape);
  deal.keep(previous);
  deal.fillGaps();
  deal.spread();
  return deal.plan;
}

class Deal {
  readonly plan: PeerId[][] = Array.from({ length: STRIPE_COUNT }, () => []);
  readonly #ranked: readonly PeerId[];
  readonly #shape: DutyShape;
  readonly #stripeCounts = new Map<PeerId, number>();

  constructor(ranked: readonly PeerId[], shape: DutyShape) {
    this.#ranked = ranked;
    this.#shape = shape;
  }

  keep(previous: DutyPlan): void {
    const candidates = new Set(this.#ranked);
    previous.forEach((holders, stripe) => {
      for (const peerId of holders) {
        const isRoom = this.#holdersOf(stripe).length < this.#shape.copies;
        if (isRoom && candidates.has(peerId) && this.#count(peerId) < this.#shape.stripesEach) {
          this.#give(stripe, peerId);
        }
      }
    });
  }

  fillGaps(): void {
    // First every stripe's first copy: a gap there is a loss, one in a later copy a delay.
    for (let copy = 1; copy <= this.#shape.copies; copy++) {
      for (let stripe = 0; stripe < STRIPE_COUNT; stripe++) {
        if (this.#holdersOf(stripe).length >= copy) continue;
        const taker = this.#takerFor(stripe);
        if (taker !== undefined) this.#give(stripe, taker);
        else this.#fillBySwap(stripe);
      }
    }
  }

  /** Sees to it that there are as many super-peers as wanted, by moving single stripes. */
  spread(): void {
    for (const idle of this.#ranked) {
      if (this.#stripeCounts.size >= this.#shape.superPeers) return;
      if (this.#count(idle) > 0) continue;
      const donor = [...this.#stripeCounts.keys()].reduce((most, peerId) =>
        this.#count(peerId) > this.#count(most) ? peerId : most,
      );
      const stripe = this.plan.findLastIndex((holders) => holders.includes(donor));
      this.#take(stripe, donor);
      this.#give(stripe, idle);
    }
  }

  #takerFor(stripe: number): PeerId | undefined {
    const holders = this.#holdersOf(stripe);
    if (this.#stripeCounts.size < this.#shape.superPeers) {
      const idle = this.#ranked.find((peerId) => this.#count(peerId) === 0);
      if (idle !== undefined) return idle;
    }
    let best: PeerId | undefined;
    for (const peerId of this.#stripeCounts.keys()) {
      if (this.#count(peerId) >= this.#shape.stripesEach || holders.includes(peerId)) continue;
      if (best === undefined || this.#count(peerId) < this.#count(best)) best = peerId;
    }
    return best;
  }

  /** Only those who have the stripe already could take more: one of them takes another's stripe, and that one this. */
  #fillBySwap(stripe: number): void {
    const holders = this.#holdersOf(stripe);
    const free = holders.find((peerId) => this.#count(peerId) < this.#shape.stripesEach);
    if (free === undefined) return;
    for (let other = 0; other < STRIPE_COUNT; other++) {
      const otherHolders = this.#holdersOf(other);
      if (other === stripe || otherHolders.includes(free)) continue;
      const mover = otherHolders.find((peerId) => !holders.includes(peerId));
      if (mover === undefined) continue;
      this.#take(other, mover);
      this.#give(other, free);
      this.#give(stripe, mover);
      return;
    }
  }

  #holdersOf(stripe: number): PeerId[] {
    return this.plan[stripe] ?? [];
  }

  #count(peerId: PeerId): number {
    return this.#stripeCounts.get(peerId) ?? 0;
  }

  #give(stripe: number, peerId: PeerId): void {
    this.plan[stripe]?.push(peerId);
    this.#stripeCounts.set(peerId, this.#count(peerId) + 1);
  }

  #take(stripe: number, peerId: PeerId): void {
    this.plan[stripe] = this.#holdersOf(stripe).filter((holder) => holder !== peerId);
    const left = this.#count(peerId) - 1;
    if (left === 0) this.#stripeCounts.delete(peerId);
    else this.#stripeCounts.set(peerId, left);
  }
}
