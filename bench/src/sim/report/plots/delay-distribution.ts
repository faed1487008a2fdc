import type { Plot } from '../../../report/chart.js';
import { grid, INK, MUTED, nameAxis, roundSpan, ruler, valueAxis } from '../../../report/chart.js';
import type { LiveRun } from '../runs.js';

/** Bars that are thinner than this can't be told apart. */
const MOST_BARS = 60;
const ROW_PX = 34;
/** Words of lines that are nearer than this share of the width go to either side. */
const CLOSE = 0.09;

/** Chunk delays: of one run how many there were of each length, of several where their quantiles lie. */
export function delayDistributionPlot(runs: readonly [LiveRun, ...LiveRun[]]): Plot {
  return runs.length === 1 ? histogramPlot(runs[0]) : quantilesPlot(runs);
}

function histogramPlot({ result, color }: LiveRun): Plot {
  const { p50, p95, p99 } = result.chunkDelayMs;
  const { max: lastMs, interval } = roundSpan(p99 * 1.1);
  const bins = merged(result.series.delayHistogram.filter(({ fromMs }) => fromMs < lastMs));
  const total = result.series.delayHistogram.reduce((sum, { count }) => sum + count, 0) || 1;
  return {
    title: 'How long chunks take',
    finding: `From publication to complete and verified at a viewer: ${Math.round(p50)} ms in the middle, ${Math.round(p95)} ms at the 95th percentile, ${Math.round(p99)} ms at the 99th.`,
    legend: [],
    draw: (size) => ({
      grid: grid(size, { top: 24 }),
      xAxis: valueAxis({ name: 'ms after publication', format: String, min: 0, max: lastMs, interval, hasGrid: false }),
      yAxis: valueAxis({ format: (share) => `${Number((share * 100).toFixed(1))} %`, min: 0 }),
      series: [
        {
          type: 'line',
          silent: true,
          symbol: 'none',
          step: 'end',
          data: bins.flatMap(({ fromMs, count }) => [[fromMs, count / total]]).concat([[bins.at(-1)?.toMs ?? lastMs, 0]]),
          lineStyle: { color, width: 1 },
          areaStyle: { color, opacity: 0.45 },
        },
        ruler(p50, { text: 'p50', color: INK }),
        ruler(p95, { text: 'p95', color: INK, ...(p99 - p95 < lastMs * CLOSE ? { align: 'right' as const } : {}) }),
        ruler(p99, { text: 'p99', color: INK, ...(p99 - p95 < lastMs * CLOSE ? { align: 'left' as const } : {}) }),
      ],
    }),
  };
}

function quantilesPlot(runs: readonly [LiveRun, ...LiveRun[]]): Plot {
  const span = roundSpan(Math.max(...runs.map(({ result }) => Math.max(result.chunkDelayMs.p99, result.chunkDelayLimitMs))) * 1.03);
  const fastest = runs.reduce((best, run) => (run.result.chunkDelayMs.p99 < best.result.chunkDelayMs.p99 ? run : best));
  const names = runs.map(({ name }) => name);
  return {
    title: 'How long chunks take',
    finding: `From publication to complete and verified at a viewer. The shortest 99th percentile is that of ${fastest.name}: ${Math.round(fastest.result.chunkDelayMs.p99)} ms.`,
    legend: [
      { label: 'p50', color: MUTED, mark: 'dot' },
      { label: 'to p95', color: MUTED, mark: 'box' },
      { label: 'to p99', color: MUTED, mark: 'line' },
      { label: 'limit D*', color: INK, mark: 'dashed' },
    ],
    height: 60 + runs.length * ROW_PX,
    draw: (size) => ({
      grid: grid(size, { left: nameAxis(names, size).left, right: 24 }),
      xAxis: valueAxis({ name: 'ms after publication', format: String, min: 0, ...span }),
      yAxis: nameAxis(names, size).axis,
      series: runs.flatMap(({ result, color }, row) => {
        const { p50, p95, p99 } = result.chunkDelayMs;
        return [
          { type: 'line' as const, silent: true, symbol: 'none', data: [[p50, row], [p99, row]], lineStyle: { color, width: 2 } },
          { type: 'line' as const, silent: true, symbol: 'none', data: [[p50, row], [p95, row]], lineStyle: { color, width: 8, opacity: 0.55 } },
          { type: 'scatter' as const, silent: true, symbolSize: 11, data: [[p50, row]], itemStyle: { color } },
          { type: 'scatter' as const, silent: true, symbol: 'rect', symbolSize: [2, 12], data: [[p99, row]], itemStyle: { color } },
          { type: 'scatter' as const, silent: true, symbol: 'rect', symbolSize: [2, 22], data: [[result.chunkDelayLimitMs, row]], itemStyle: { color: INK } },
        ];
      }),
    }),
  };
}

type Bin = LiveRun['result']['series']['delayHistogram'][number];

/** Neighbouring bins as one while there are too many. */
function merged(bins: readonly Bin[]): readonly Bin[] {
  if (bins.length <= MOST_BARS) return bins;
  const pairs: Bin[] = [];
  for (let index = 0; index < bins.length; index += 2) {
    const [first, second] = [bins[index], bins[index + 1]];
    if (first) pairs.push({ fromMs: first.fromMs, toMs: (second ?? first).toMs, count: first.count + (second?.count ?? 0) });
  }
  return merged(pairs);
}
