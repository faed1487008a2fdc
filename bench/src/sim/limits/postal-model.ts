/** How often a holder can hand something on, and how long that is under way. */
export type PostalTimes = {
  /** From one sending to the sender's next, ms; above 0. */
  readonly sendMs: number;
  /** From the beginning of a sending to when its receiver begins to send, ms; above 0. */
  readonly handOverMs: number;
};

/** So many hold it from this time on. */
export type PostalStep = { readonly atMs: number; readonly holders: number };

/** One generation: peers that are so many hand-overs away from the first holder. */
type Generation = { nextAtMs: number; arrivals: number; sendings: number };

/**
 * How the holders of one thing multiply when everybody who has it sends without a pause, each time to
 * somebody who lacks it: F(t) = F(t − sendMs) + F(t − handOverMs) with F = 1 in the beginning, the
 * postal model in continuous time. Nothing that sends one after the other spreads faster.
 *
 * A peer that is `j` hand-overs away from the first holder, with `i` sendings of other receivers
 * waited for in all on the way, gets it at i·sendMs + j·handOverMs; there are C(i + j − 1, i) of these.
 *
 * Source: A. Bar-Noy, S. Kipnis: Designing broadcasting algorithms in the postal model for
 * message-passing systems. Mathematical Systems Theory 27 (1994), 431–452.
 *
 * @yields every time at which the number changes, in order, without end
 */
export function* postalSteps({ sendMs, handOverMs }: PostalTimes): Generator<PostalStep, never, undefined> {
  if (!(sendMs > 0 && handOverMs > 0)) throw new RangeError(`Times must be above 0, not ${sendMs} and ${handOverMs} ms.`);
  let holders = 1;
  yield { atMs: 0, holders };
  const generations: Generation[] = [firstArrival(1, handOverMs)];
  while (true) {
    const [index, next] = earliest(generations);
    const atMs = next.nextAtMs;
    holders += next.arrivals;
    // The youngest generation has begun: the one after it may be next.
    if (index === generations.length - 1) generations.push(firstArrival(generations.length + 1, handOverMs));
    next.sendings += 1;
    next.arrivals *= (next.sendings + index) / next.sendings;
    next.nextAtMs = next.sendings * sendMs + (index + 1) * handOverMs;
    yield { atMs, holders };
  }
}

/**
 * When there are so many holders.
 *
 * @param holders may be a fraction: the target over the number of first holders
 * @returns ms from when the first had it; 0 for a target of one or less
 */
export function postalReachMs(times: PostalTimes, holders: number): number {
  if (!Number.isFinite(holders)) throw new RangeError(`There is no reaching ${holders} holders.`);
  for (const step of postalSteps(times)) if (step.holders >= holders * (1 - ROUNDING)) return step.atMs;
  // Unreachable: the steps have no end.
  return Infinity;
}

/** Quotients of whole numbers are compared; their rounding must not cost a step. */
const ROUNDING = 1e-12;

function firstArrival(handOvers: number, handOverMs: number): Generation {
  return { nextAtMs: handOvers * handOverMs, arrivals: 1, sendings: 0 };
}

function earliest(generations: readonly Generation[]): [number, Generation] {
  let best: [number, Generation] | undefined;
  for (const [index, generation] of generations.entries()) {
    if (best === undefined || generation.nextAtMs < best[1].nextAtMs) best = [index, generation];
  }
  if (best === undefined) throw new RangeError('There is always a generation.');
  return best;
}
