import type { RenditionId } from '@p2ptv/protocol';
import type { Rung } from './ladder.js';
import type { AccessLine } from './access-line.js';

/** A viewer, as far as its rendition is looked at. */
export interface RenditionViewer {
  readonly line: AccessLine;
  readonly rendition: RenditionId;
  readonly isStalled: boolean;
}

/** A rendition fits a downlink that has so much room beside its mean rate. */
const ROOM_RATIO = 1.1;

/** What viewers watched, of several renditions. */
export type RenditionFigures = {
  /** Share of the watched time at the best rendition. */
  readonly bestRatio: number;
  /** Changes to another rendition, a viewer and minute. */
  readonly changesPerMinute: number;
};

/** How those fared whose downlink was slow for a while. */
export type SlowDownlinkFigures = {
  /** Of the time while it was slow: stood still, and at a rendition that it carries. */
  readonly stalledRatio: number;
  readonly fittingRatio: number;
  /** Of the last 10 s: at the best rendition. Null: it was slow to the end. */
  readonly bestAtEndRatio: number | null;
};

/** Looks at everybody now and then. */
export class RenditionTally {
  readonly #rates: ReadonlyMap<RenditionId, number>;
  readonly #best: RenditionId | undefined;
  #looks = 0;
  #bestLooks = 0;
  readonly #slow = { looks: 0, stalled: 0, fitting: 0 };
  /** Of those whose downlink was slow and is not any more, second by second of the run. */
  readonly #recovered = new Map<number, { looks: number; best: number }>();

  constructor(ladder: readonly Rung[]) {
    this.#rates = new Map(ladder.map(({ rendition, bitsPerSecond }) => [rendition, bitsPerSecond]));
    this.#best = ladder[0]?.rendition;
  }

  /** A look at one viewer whose picture has begun. */
  looked(nowMs: number, viewer: RenditionViewer): void {
    const { line, rendition } = viewer;
    const isBest = rendition === this.#best;
    this.#looks++;
    if (isBest) this.#bestLooks++;
    if (line.isSlowed) {
      this.#slow.looks++;
      if (viewer.isStalled) this.#slow.stalled++;
      if ((this.#rates.get(rendition) ?? 0) * ROOM_RATIO <= line.downlinkBitsPerSecond) this.#slow.fitting++;
    } else if (line.wasSlowed) {
      const at = Math.floor(nowMs / 1_000);
      const { looks, best } = this.#recovered.get(at) ?? { looks: 0, best: 0 };
      this.#recovered.set(at, { looks: looks + 1, best: best + Number(isBest) });
    }
  }

  /** @param watchedMs by all, and how often somebody changed over */
  figures(watchedMs: number, changes: number): RenditionFigures {
    return { bestRatio: ratioOf(this.#bestLooks, this.#looks), changesPerMinute: ratioOf(changes * 60_000, watchedMs) };
  }

  slowDownlinkFigures(): SlowDownlinkFigures {
    const { looks, stalled, fitting } = this.#slow;
    const end = [...this.#recovered.values()].slice(-10);
    const endLooks = end.reduce((sum, second) => sum + second.looks, 0);
    return {
      stalledRatio: ratioOf(stalled, looks),
      fittingRatio: ratioOf(fitting, looks),
      bestAtEndRatio: endLooks === 0 ? null : end.reduce((sum, second) => sum + second.best, 0) / endLooks,
    };
  }
}

function ratioOf(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
