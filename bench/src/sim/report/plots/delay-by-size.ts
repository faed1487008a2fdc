import type { ChartSeries, Plot } from '../../../report/chart.js';
import { grid, INK, MUTED, valueAxis } from '../../../report/chart.js';
import type { LiveRun, ShownRun } from '../runs.js';

/** A simulated one. */
type SizedRun = ShownRun & LiveRun;

/** Sizes that differ by less are the same, for this. */
const SAME_SIZE = 1.2;

/** One strategy or scenario at several sizes. */
type Family = { readonly name: string; readonly color: string; readonly runs: readonly SizedRun[] };

/** The chunk delay against the logarithm of the audience; undefined unless something ran at several sizes. */
export function delayBySizePlot(runs: readonly SizedRun[]): Plot | undefined {
  const families = familiesOf(runs);
  const [first] = families;
  if (!first) return undefined;
  const all = families.flatMap((family) => family.runs);
  const [smallest, largest] = [first.runs[0], first.runs.at(-1)];
  const sizes = all.map(sizeOf);
  const slope =
    smallest && largest
      ? (largest.result.chunkDelayMs.p99 - smallest.result.chunkDelayMs.p99) / (Math.log2(sizeOf(largest)) - Math.log2(sizeOf(smallest)))
      : 0;
  return {
    title: 'Delay against the size of the audience',
    finding: `Each doubling of the audience costs ${first.name} ${Math.round(slope)} ms at the 99th percentile.`,
    legend: [
      ...families.map(({ name, color }) => ({ label: `${name}, p99`, color, mark: 'line' as const })),
      { label: 'p50', color: MUTED, mark: 'line' },
      { label: 'limit D*', color: INK, mark: 'dashed' },
      { label: 'hard bound', color: MUTED, mark: 'dashed' },
    ],
    draw: (size) => ({
      grid: grid(size, { left: 50 }),
      xAxis: {
        ...valueAxis({ name: 'viewers', format: (log) => compact(2 ** log), hasGrid: false, interval: 1 }),
        min: Math.floor(Math.log2(Math.min(...sizes))),
        max: Math.ceil(Math.log2(Math.max(...sizes))),
      },
      yAxis: valueAxis({ format: (value) => `${value} ms`, min: 0 }),
      series: families.flatMap(({ color, runs: members }) => [
        seriesOf(members, (run) => run.result.chunkDelayHardBoundMs, { lineStyle: { color: MUTED, width: 1.2, type: [2, 3] }, symbol: 'none' }),
        seriesOf(members, (run) => run.result.chunkDelayLimitMs, { lineStyle: { color: INK, width: 1.4, type: [5, 4] }, symbol: 'none' }),
        seriesOf(members, (run) => run.result.chunkDelayMs.p50, { lineStyle: { color, width: 1.4, opacity: 0.5 }, itemStyle: { color, opacity: 0.6 }, symbolSize: 6 }),
        seriesOf(members, (run) => run.result.chunkDelayMs.p99, { lineStyle: { color, width: 2.4 }, itemStyle: { color }, symbolSize: 9 }),
      ]),
    }),
  };
}

function seriesOf(runs: readonly SizedRun[], valueOf: (run: SizedRun) => number, style: object): ChartSeries {
  return { type: 'line', silent: true, symbol: 'circle', data: runs.map((run) => [Math.log2(sizeOf(run)), valueOf(run)]), ...style };
}

/** Runs whose names differ in nothing but a number at the end: `steady-100`, `steady-10k`. */
function familiesOf(runs: readonly SizedRun[]): Family[] {
  const byName = new Map<string, SizedRun[]>();
  for (const run of runs) {
    const name = run.name.replace(/[-\s]*\d+k?$/, '');
    byName.set(name, [...(byName.get(name) ?? []), run]);
  }
  const families: Family[] = [];
  for (const [name, members] of byName) {
    const sorted = [...members].sort((left, right) => sizeOf(left) - sizeOf(right));
    const [first, last] = [sorted[0], sorted.at(-1)];
    if (first && last && sizeOf(last) > sizeOf(first) * SAME_SIZE) {
      families.push({ name: name === '' ? first.result.strategy : name, color: `var(--series-${(families.length % 8) + 1})`, runs: sorted });
    }
  }
  return families;
}

function sizeOf({ result }: SizedRun): number {
  return Math.max(1, result.meanViewers);
}

function compact(count: number): string {
  if (count < 1000) return String(Math.round(count));
  return count < 1e6 ? `${Math.round(count / 1000)}k` : `${Math.round(count / 1e6)}M`;
}
