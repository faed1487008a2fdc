import { medianUpperLimit } from '../metrics/median-limit.js';
import { percentile } from '../metrics/percentile.js';
import type { PairedRatio, RoundResult, SystemRatios, ViewerResult } from './report.js';

/** Of the limit of a median ratio. */
const CONFIDENCE = 0.95;

/**
 * Ratios of one system's figures to another's, each within a round: what the machine did in that round it
 * did to both. Startups are compared viewer by viewer and click by click: both systems' fall on the same places of a segment.
 *
 * @param system its rounds; where a run was cut short, one may have more than the other
 */
export function pairedRatios(system: readonly RoundResult[], by: readonly RoundResult[]): SystemRatios {
  const rounds = system.flatMap((mine, round) => {
    const its = by[round];
    return its ? [{ mine, its }] : [];
  });
  const startups = (of: (viewer: ViewerResult) => readonly (number | null)[]): PairedRatio =>
    ratioOf(
      rounds.flatMap(({ mine, its }) =>
        mine.viewers.flatMap((viewer, index) => {
          const other = its.viewers[index];
          const others = other ? of(other) : [];
          return of(viewer).map((startupMs, start) => quotient(startupMs, others[start]));
        }),
      ),
    );
  const figures = (of: (result: RoundResult) => number | null): PairedRatio => ratioOf(rounds.map(({ mine, its }) => quotient(of(mine), of(its))));
  return {
    startupMs: startups(({ startupMs, laterStartupsMs }) => [startupMs, ...laterStartupsMs]),
    startupFromNavigationMs: startups(({ startupFromNavigationMs }) => [startupFromNavigationMs]),
    playoutDelayMs: figures(({ playoutDelayMs }) => playoutDelayMs.p50),
    cpuSecondsPerViewerMinute: figures(({ cpuSecondsPerViewerMinute }) => cpuSecondsPerViewerMinute),
  };
}

function ratioOf(quotients: readonly (number | undefined)[]): PairedRatio {
  const all = quotients.filter((value) => value !== undefined);
  return { p50: percentile(all, 0.5) ?? null, upper95: medianUpperLimit(all, CONFIDENCE) ?? null, all };
}

/** undefined where a half of the pair is missing. */
function quotient(value: number | null | undefined, by: number | null | undefined): number | undefined {
  return typeof value !== 'number' || typeof by !== 'number' || by === 0 ? undefined : value / by;
}
