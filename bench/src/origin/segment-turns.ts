import { percentile } from '../metrics/percentile.js';
import type { NginxSegments, Throughput } from './report.js';

/** One turn of the origin, and of nginx where there is one. */
export type SegmentTurn = { readonly p2ptv: Throughput; readonly nginx?: Throughput };

/** What the turns came to. */
export type SegmentTurns = { readonly segments: Throughput; readonly nginx: NginxSegments | undefined };

/** Medians over all turns; of the ratios, which are taken turn by turn, too. */
export function summarizeTurns(turns: readonly SegmentTurn[]): SegmentTurns {
  const pairs = turns.flatMap(({ p2ptv, nginx }) => (nginx ? [{ p2ptv, nginx }] : []));
  const ratiosOf = (field: keyof Throughput): number[] =>
    pairs.flatMap(({ p2ptv, nginx }) => {
      const [ours, theirs] = [p2ptv[field], nginx[field]];
      return ours === null || theirs === null ? [] : [ours / theirs];
    });
  return {
    segments: medians(turns.map(({ p2ptv }) => p2ptv)),
    nginx:
      pairs.length === 0
        ? undefined
        : {
            segments: medians(pairs.map(({ nginx }) => nginx)),
            bytesPerSecondRatio: percentile(ratiosOf('bytesPerSecond'), 0.5) ?? 0,
            bytesPerCpuSecondRatio: percentile(ratiosOf('bytesPerCpuSecond'), 0.5) ?? null,
          },
  };
}

function medians(throughputs: readonly Throughput[]): Throughput {
  return {
    bytesPerSecond: percentile(throughputs.map(({ bytesPerSecond }) => bytesPerSecond), 0.5) ?? 0,
    bytesPerCpuSecond: percentile(throughputs.flatMap(({ bytesPerCpuSecond }) => bytesPerCpuSecond ?? []), 0.5) ?? null,
  };
}
