import type { ChartSeries, LegendEntry, Plot } from '../../../report/chart.js';
import { grid, INK, MUTED, roundSpan, ruler, valueAxis } from '../../../report/chart.js';
import type { LiveRun } from '../runs.js';

type Point = { readonly atMs: number; readonly share: number };

/** Past the slowest run's 99th percentile nothing happens any more. */
const BEYOND_RATIO = 1.12;

/** How many viewers have a chunk so long after its publication, against the limit. */
export function diffusionPlot([main, ...others]: readonly [LiveRun, ...LiveRun[]]): Plot {
  const runs = [main, ...others];
  const { chunkDelayMs, chunkDelayLimitMs, chunkDelayHardBoundMs, chunkDelayOverLimit } = main.result;
  const { max: lastMs, interval } = roundSpan(Math.max(chunkDelayLimitMs, ...runs.map(({ result }) => result.chunkDelayMs.p99)) * BEYOND_RATIO);
  const limit = main.result.series.diffusionLimit;
  const finding =
    `${others.length > 0 ? `${main.name}: half` : 'Half'} of the viewers have a chunk after ${ms(chunkDelayMs.p50)}, 99 % after ${ms(chunkDelayMs.p99)}` +
    (chunkDelayOverLimit !== null
      ? `: ${chunkDelayOverLimit.toFixed(2)} times the ${ms(chunkDelayLimitMs)} that the last of all would need at least if chunks were passed on whole (D*).`
      : '.');
  const legend: LegendEntry[] = [
    ...runs.map(({ name, color }) => ({ label: name, color, mark: 'line' as const })),
    { label: others.length > 0 ? `limit D* (${main.name}'s seeds)` : 'limit D*, passed on whole', color: INK, mark: 'dashed' },
    ...(chunkDelayHardBoundMs > 0 ? [{ label: 'hard bound: not all before this', color: MUTED, mark: 'dotted' as const }] : []),
  ];
  return {
    title: 'How a chunk reaches the viewers',
    finding,
    legend,
    draw: (size) => ({
      grid: grid(size),
      xAxis: valueAxis({ name: 'ms after publication', format: String, min: 0, max: lastMs, interval, hasGrid: false }),
      yAxis: valueAxis({ format: (share) => `${Math.round(share * 100)} %`, min: 0, max: 1, interval: 0.25 }),
      series: [
        ...[...runs].reverse().map((run) => lineOf(run.result.series.diffusion, lastMs, {
          lineStyle: { color: run.color, width: run === main ? 2.6 : 1.7 },
          ...(others.length === 0 ? { areaStyle: { color: run.color, opacity: 0.12 } } : {}),
        })),
        lineOf(limit, lastMs, { step: 'end', lineStyle: { color: INK, width: 1.4, type: [5, 4] } }),
        ...(chunkDelayHardBoundMs > 0 ? [ruler(chunkDelayHardBoundMs, { text: '' })] : []),
      ],
    }),
  };
}

function lineOf(points: readonly Point[], lastMs: number, style: object): ChartSeries {
  const last = points.at(-1);
  // The curve stays where it is after its last point.
  const all = last && last.atMs < lastMs ? [...points, { atMs: lastMs, share: last.share }] : points;
  return { type: 'line', silent: true, symbol: 'none', data: all.map(({ atMs, share }) => [atMs, share]), ...style };
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}
