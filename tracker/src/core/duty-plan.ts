import { STRIPE_COUNT, type PeerId } from '@p2ptv/protocol';

/** Who is on duty: a list of peers for each stripe, the one longest on duty first. */
export type DutyPlan<Peer = PeerId> = readonly (readonly Peer[])[];

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
export const EMPTY_DUTY_PLAN: DutyPlan<never> = Array.from({ length: STRIPE_COUNT }, () => []);

/**
 * How many peers share duty (DESIGN: Seeding): min(8, N), but enough for nobody to have more than
 * two stripes from N = 8 on. They do not get more with N alone: a stripe that moves takes the way
 * from all who hang below its holder, and in a crowd that grows one would move all the time. Where
 * candidates are too few for the copies wanted, there are fewer copies; every stripe has one as
 * long as there is a candidate.
 *
 * @param peerCount N, all peers of the swarm but the origin's own
 * @param candidateCount those of them that can take duty
 */
export function dutyShape(peerCount: number, candidateCount: number, wantedCopies: number): DutyShape {
  if (candidateCount === 0) return { copies: 0, superPeers: 0, stripesEach: 0 };
  const copies = Math.min(wantedCopies, copiesInReach(candidateCount));
  const places = copies * STRIPE_COUNT;
  const wantedPeers = Math.max(Math.min(STRIPE_COUNT, peerCount), Math.ceil(places / MAX_STRIPES_EACH));
  const superPeers = Math.min(wantedPeers, candidateCount, places);
  return { copies, superPeers, stripesEach: Math.ceil(places / superPeers) };
}

/**
 * Deals the stripes anew, moving none without need: whoever had a stripe keeps it, unless it is no
 * candidate any more, has more than its share, or the stripe has more copies than it should.
 * Gaps go to the best candidate without duty until there are enough super-peers, then to the
 * super-peer with the fewest stripes. Takes time in proportion to the places, not to the swarm.
 *
 * @param ranked candidates, best first: at least those of the previous plan and as many others as there are to be super-peers
 */
export function planDuty<Peer>(
  previous: DutyPlan<Peer>,
  ranked: readonly Peer[],
  shape: DutyShape,
): DutyPlan<Peer> {
  const deal = new Deal(ranked, shape);
  deal.keep(previous);
  deal.fillGaps();
  deal.spread();
  return deal.plan;
}

/** Copies that so many candidates can take, with two stripes each; at least one. */
export function copiesInReach(candidateCount: number): number {
  return Math.max(1, Math.floor((candidateCount * MAX_STRIPES_EACH) / STRIPE_COUNT));
}

/** A stripe as a set of bits. */
export function stripeBit(stripe: number): number {
  return 1 << stripe;
}

/** The stripes of a set of bits, rising. */
export function stripesOfBits(bits: number): number[] {
  const stripes: number[] = [];
  for (let stripe = 0; stripe < STRIPE_COUNT; stripe++) if (bits & stripeBit(stripe)) stripes.push(stripe);
  return stripes;
}

/** The stripes of every peer in a plan, as bits. */
export function bitsByPeer<Peer>(plan: DutyPlan<Peer>): Map<Peer, number> {
  const bits = new Map<Peer, number>();
  plan.forEach((holders, stripe) => {
    for (const peer of holders) bits.set(peer, (bits.get(peer) ?? 0) | stripeBit(stripe));
  });
  return bits;
}

class Deal<Peer> {
  readonly plan: Peer[][] = Array.from({ length: STRIPE_COUNT }, () => []);
  readonly #ranked: readonly Peer[];
  readonly #shape: DutyShape;
  /** Stripes of each peer that has any, as bits. */
  readonly #bits = new Map<Peer, number>();
  /** Peers by the number of their stripes. */
  readonly #byCount: Set<Peer>[] = Array.from({ length: STRIPE_COUNT + 1 }, () => new Set());
  /** Candidates before this one are known to be on duty. */
  #idleFrom = 0;

  constructor(ranked: readonly Peer[], shape: DutyShape) {
    this.#ranked = ranked;
    this.#shape = shape;
  }

  keep(previous: DutyPlan<Peer>): void {
    const candidates = new Set(this.#ranked);
    previous.forEach((holders, stripe) => {
      for (const peer of holders) {
        const isRoom = this.#holdersOf(stripe).length < this.#shape.copies;
        if (isRoom && candidates.has(peer) && this.#count(peer) < this.#shape.stripesEach) this.#give(stripe, peer);
      }
    });
  }

  fillGaps(): void {
    // First every stripe's first copy: a gap there is a loss, one in a later copy a delay.
    for (let copy = 1; copy <= this.#shape.copies; copy++) {
      for (let place = 0; place < STRIPE_COUNT; place++) {
        // To and fro, so that no stripe gets the stronger peer of every round.
        const stripe = copy % 2 === 1 ? place : STRIPE_COUNT - 1 - place;
        if (this.#holdersOf(stripe).length >= copy) continue;
        const taker = this.#takerFor(stripe);
        if (taker !== undefined) this.#give(stripe, taker);
        else this.#fillBySwap(stripe);
      }
    }
  }

  /** Sees to it that there are as many super-peers as wanted, by moving single stripes. */
  spread(): void {
    while (this.#bits.size < this.#shape.superPeers) {
      const idle = this.#nextIdle();
      const donor = this.#busiest();
      if (idle === undefined || donor === undefined) return;
      const stripe = 31 - Math.clz32(this.#bits.get(donor) ?? 0);
      this.#take(stripe, donor);
      this.#give(stripe, idle);
    }
  }

  #takerFor(stripe: number): Peer | undefined {
    if (this.#bits.size < this.#shape.superPeers) {
      const idle = this.#nextIdle();
      if (idle !== undefined) return idle;
    }
    for (let count = 1; count < this.#shape.stripesEach; count++) {
      for (const peer of this.#byCount[count] ?? []) if (!this.#holds(peer, stripe)) return peer;
    }
    return undefined;
  }

  /** The best candidate without a stripe. Nobody loses its last stripe in a deal, so it looks forward only. */
  #nextIdle(): Peer | undefined {
    for (; this.#idleFrom < this.#ranked.length; this.#idleFrom++) {
      const peer = this.#ranked[this.#idleFrom];
      if (peer !== undefined && !this.#bits.has(peer)) return peer;
    }
    return undefined;
  }

  #busiest(): Peer | undefined {
    for (let count = STRIPE_COUNT; count > 1; count--) {
      for (const peer of this.#byCount[count] ?? []) return peer;
    }
    return undefined;
  }

  /** Only those who have the stripe already could take more: one of them takes another's stripe, and that one this. */
  #fillBySwap(stripe: number): void {
    const free = this.#holdersOf(stripe).find((peer) => this.#count(peer) < this.#shape.stripesEach);
    if (free === undefined) return;
    for (let other = 0; other < STRIPE_COUNT; other++) {
      if (other === stripe || this.#holds(free, other)) continue;
      const mover = this.#holdersOf(other).find((peer) => !this.#holds(peer, stripe));
      if (mover === undefined) continue;
      this.#give(stripe, mover);
      this.#take(other, mover);
      this.#give(other, free);
      return;
    }
  }

  #holdersOf(stripe: number): Peer[] {
    return this.plan[stripe] ?? [];
  }

  #holds(peer: Peer, stripe: number): boolean {
    return ((this.#bits.get(peer) ?? 0) & stripeBit(stripe)) !== 0;
  }

  #count(peer: Peer): number {
    return bitCount(this.#bits.get(peer) ?? 0);
  }

  #give(stripe: number, peer: Peer): void {
    this.#holdersOf(stripe).push(peer);
    this.#setBits(peer, (this.#bits.get(peer) ?? 0) | stripeBit(stripe));
  }

  #take(stripe: number, peer: Peer): void {
    const holders = this.#holdersOf(stripe);
    holders.splice(holders.indexOf(peer), 1);
    this.#setBits(peer, (this.#bits.get(peer) ?? 0) & ~stripeBit(stripe));
  }

  #setBits(peer: Peer, bits: number): void {
    this.#byCount[this.#count(peer)]?.delete(peer);
    if (bits === 0) this.#bits.delete(peer);
    else this.#bits.set(peer, bits);
    if (bits !== 0) this.#byCount[bitCount(bits)]?.add(peer);
  }
}

function bitCount(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}
