import { FIGURES, figureValue, type Figure } from '../sim/figures.js';
import type { MeasuredFigures } from '../sim/sim-result.js';

/** A figure of the mesh beside the simulator's. */
export type ComparedFigure = {
  readonly figure: Figure;
  readonly mesh: number | undefined;
  readonly sim: number | undefined;
  /** The mesh's over the simulator's, less 1; undefined where one of them is missing, or there is nothing to divide by. */
  readonly differenceRatio: number | undefined;
};

/** What says nothing here: of worlds that a mesh is not, and of the simulator itself. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'firstViewersStalledRatio',
  'firstViewersSkippedRatio',
  'badBlocksPlayed',
  'badBlocksForwarded',
  'pollutersRemainingAfterMs',
  'originBytes.playlist',
  'events',
  'eventsPerSecond',
  'wallSeconds',
  'peakRssBytes',
]);

/** Every figure that at least one of the two has. */
export function compare(mesh: MeasuredFigures, sim: MeasuredFigures | undefined): ComparedFigure[] {
  return FIGURES.filter(({ field }) => !LEFT_OUT.has(field))
    .map((figure) => {
      const ours = figureValue(mesh, figure.field);
      const theirs = sim && figureValue(sim, figure.field);
      // Below 0, as an offload may be, a share of the other's says nothing.
      const isComparable = ours !== undefined && theirs !== undefined && ours >= 0 && theirs > 0;
      return { figure, mesh: ours, sim: theirs, differenceRatio: isComparable ? ours / theirs - 1 : undefined };
    })
    .filter(({ mesh: ours, sim: theirs }) => ours !== undefined || theirs !== undefined);
}
