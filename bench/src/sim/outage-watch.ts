/** A stall that begins so shortly after the origin's return still comes from its outage, ms. */
const AFTERMATH_MS = 5_000;
/** Dates that differ by less are the same one, ms. */
const SAME_DATE_MS = 1;

/** A viewer, as far as it is watched here. */
export interface OutageWitness {
  /** Capture date of the picture on its screen, ms; undefined before the first one. */
  readonly playheadMs: number | undefined;
}

/** How the origin's outage went by for its viewers. */
export class OutageWatch {
  /** Capture date up to which all had been published. */
  readonly #publishedToMs: number;
  /** Who had a picture as it began, and has stayed since. */
  readonly #watching: Set<OutageWitness>;
  /** Of these, to whom something was left out that had been published before. */
  readonly #deprived = new Set<OutageWitness>();
  #endedAtMs: number | undefined;
  #recoveryMs = 0;

  constructor(publishedToMs: number, watching: Iterable<OutageWitness>) {
    this.#publishedToMs = publishedToMs;
    this.#watching = new Set(watching);
  }

  /** From its end until nobody stood still because of it any more, ms; undefined: it did not end. */
  get recoveryMs(): number | undefined {
    return this.#endedAtMs === undefined ? undefined : this.#recoveryMs;
  }

  /** Share of those who watched as it began that have played all that had been published; undefined: nobody did. */
  get playedRatio(): number | undefined {
    return this.#watching.size === 0 ? undefined : 1 - this.#deprived.size / this.#watching.size;
  }

  ended(nowMs: number): void {
    this.#endedAtMs = nowMs;
  }

  /** Media from a capture date on are left out. */
  skipped(viewer: OutageWitness, fromMs: number): void {
    if (this.#watching.has(viewer) && fromMs < this.#publishedToMs - SAME_DATE_MS) this.#deprived.add(viewer);
  }

  /** A standstill is over, or the run is. */
  stalled(fromMs: number, toMs: number): void {
    const endedAtMs = this.#endedAtMs;
    if (endedAtMs === undefined || fromMs > endedAtMs + AFTERMATH_MS) return;
    this.#recoveryMs = Math.max(this.#recoveryMs, toMs - endedAtMs);
  }

  /** A viewer has left: what it did not play says nothing. */
  left(viewer: OutageWitness): void {
    this.#watching.delete(viewer);
    this.#deprived.delete(viewer);
  }

  /** The run is over. */
  finish(): void {
    for (const viewer of this.#watching) {
      if ((viewer.playheadMs ?? -Infinity) < this.#publishedToMs - SAME_DATE_MS) this.#deprived.add(viewer);
    }
  }
}
