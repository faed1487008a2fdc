/** In the largest crowds reports come so many times less often. More, and uplinks, duty and copies would follow too late. */
const MOST_STRETCHED = 4;
/** Reports come more often again only when they would be that share of what is too many: no swarm goes to and fro. */
const RETURN_SHARE = 3 / 4;

/**
 * How often the members of a swarm are to report: in a crowd less often than in a few, because what
 * is learnt of all grows with their number, and what each of them tells matters less. The interval
 * doubles, so that few changes have to be told.
 */
export class ReportPace {
  readonly #baseMs: number;
  readonly #perSecond: number;
  #stretch = 1;

  /** @param limits the interval of a few, ms, and how many reports a second are too many */
  constructor({ baseMs, perSecond }: { readonly baseMs: number; readonly perSecond: number }) {
    this.#baseMs = baseMs;
    this.#perSecond = perSecond;
  }

  /** The interval for so many members, ms. */
  intervalMs(memberCount: number): number {
    while (this.#stretch < MOST_STRETCHED && this.#rate(memberCount, this.#stretch) > this.#perSecond) this.#stretch *= 2;
    while (this.#stretch > 1 && this.#rate(memberCount, this.#stretch / 2) < this.#perSecond * RETURN_SHARE) this.#stretch /= 2;
    return this.#baseMs * this.#stretch;
  }

  #rate(memberCount: number, stretch: number): number {
    return memberCount / ((this.#baseMs * stretch) / 1000);
  }
}
