import type { MeasuredFigures } from '../../sim-result.js';
import { formatFigure } from '../../figures.js';
import type { ChartSeries, LegendEntry, Plot } from '../../../report/chart.js';
import { grid, MUTED, nameAxis, roundSpan, valueAxis } from '../../../report/chart.js';
import type { DrawnRun } from '../runs.js';

type Kind = keyof MeasuredFigures['originBytes'];

/** In the order in which they are stacked. */
const KINDS: readonly { readonly kind: Kind; readonly short: string; readonly label: string; readonly color: string }[] = [
  { kind: 'seed', short: 'seeds', label: 'seeds', color: 'var(--series-1)' },
  { kind: 'fallback', short: 'fallbacks', label: 'fallbacks before a deadline', color: 'var(--series-2)' },
  { kind: 'join', short: 'joins', label: 'joins', color: 'var(--series-3)' },
  { kind: 'header', short: 'headers', label: 'headers', color: 'var(--series-4)' },
  { kind: 'playlist', short: 'playlists', label: 'playlists', color: 'var(--series-7)' },
];
const ROW_PX = 34;
const KIND_ROW_PX = 52;

/** What the origin sent in each second, by what it was for. */
export function originBytesOverTimePlot({ name, result }: DrawnRun, isAlone: boolean): Plot {
  const { overTime } = result.series;
  const whole = total(result.originBytes);
  const handed = result.offloadRatio < 1 ? whole / (1 - result.offloadRatio) : whole;
  const seconds = Math.max(1, overTime.length);
  return {
    title: isAlone ? 'What leaves the origin' : `What leaves the origin: ${name}`,
    finding:
      `${bytes(whole)} in all, where ${bytes(handed)} were watched; at most ${formatFigure(result.originPeakBitsPerSecond, 'bitsPerSecond')} in any one second. ` +
      `${listed(result.originBytes, whole)}.`,
    legend: legendOf([result]),
    draw: (size) => ({
      grid: grid(size, { left: 58 }),
      xAxis: valueAxis({ name: 'seconds', format: String, min: 0, max: seconds, interval: roundSpan(seconds).interval, hasGrid: false }),
      yAxis: valueAxis({ format: megabits, min: 0 }),
      series: KINDS.filter(({ kind }) => result.originBytes[kind] > 0).map(({ kind, color }): ChartSeries => ({
        type: 'line',
        silent: true,
        symbol: 'none',
        stack: 'origin',
        step: 'end',
        // The last second has a length too.
        data: [...overTime, ...overTime.slice(-1).map(({ origin }) => ({ atSeconds: seconds, origin }))].map(({ atSeconds, origin }) => [atSeconds, (origin[kind] * 8) / 1e6]),
        lineStyle: { width: 0 },
        areaStyle: { color, opacity: 0.85 },
      })),
    }),
  };
}

/** What the origin sent in all: of one run each kind by itself, of several over what was watched. */
export function originBytesTotalPlot(runs: readonly [DrawnRun, ...DrawnRun[]]): Plot {
  return runs.length === 1 ? kindsPlot(runs[0].result) : sharesPlot(runs);
}

function kindsPlot({ originBytes }: MeasuredFigures): Plot {
  const whole = total(originBytes);
  const sent = KINDS.filter(({ kind }) => originBytes[kind] > 0);
  const largest = sent.reduce<(typeof sent)[number] | undefined>((most, kind) => (most && originBytes[most.kind] >= originBytes[kind.kind] ? most : kind), undefined);
  return {
    title: 'What the origin sent in all',
    finding: largest ? `Most of it for ${largest.label}: ${bytes(originBytes[largest.kind])} of ${bytes(whole)}.` : 'Nothing.',
    legend: [],
    height: 24 + sent.length * KIND_ROW_PX,
    draw: (size) => ({
      grid: { ...grid(size, { left: nameAxis(sent.map(({ short }) => short), size).left, right: size.isNarrow ? 88 : 104 }), bottom: 12 },
      // Each bar says its figure: an axis would say it again.
      xAxis: { type: 'value', show: false, min: 0 },
      yAxis: nameAxis(sent.map(({ short }) => short), size).axis,
      series: [
        {
          type: 'bar',
          silent: true,
          barWidth: 22,
          data: sent.map(({ kind, color }) => ({ value: originBytes[kind], itemStyle: { color, opacity: 0.9 } })),
          label: {
            show: true,
            position: 'right',
            color: MUTED,
            fontSize: 11,
            formatter: ({ dataIndex }) => {
              const kind = sent[dataIndex]?.kind;
              return kind ? `${bytes(originBytes[kind])}, ${percent(originBytes[kind] / whole)}` : '';
            },
          },
        },
      ],
    }),
  };
}

function sharesPlot(runs: readonly [DrawnRun, ...DrawnRun[]]): Plot {
  const rows = runs.map(({ name, result }) => {
    const whole = total(result.originBytes);
    const handed = result.offloadRatio < 1 ? whole / (1 - result.offloadRatio) : whole;
    return { name, result, shareOf: (kind: Kind) => (handed > 0 ? result.originBytes[kind] / handed : 0), whole: handed > 0 ? whole / handed : 0 };
  });
  const names = rows.map(({ name }) => name);
  const least = rows.reduce((best, row) => (row.whole < best.whole ? row : best));
  return {
    title: 'What the origin sent in all',
    finding: `Over what was watched; without peers it would be 100 %. Least with ${least.name}: ${percent(least.whole)}.`,
    legend: legendOf(rows.map(({ result }) => result)),
    height: 60 + runs.length * ROW_PX,
    draw: (size) => ({
      grid: grid(size, { left: nameAxis(names, size).left, right: 58 }),
      xAxis: valueAxis({ name: 'of the media that were watched', format: percent, min: 0 }),
      yAxis: nameAxis(names, size).axis,
      series: [
        ...KINDS.map(({ kind, color }): ChartSeries => ({
          type: 'bar',
          silent: true,
          stack: 'origin',
          barWidth: 18,
          data: rows.map(({ shareOf }) => shareOf(kind)),
          itemStyle: { color, opacity: 0.9 },
        })),
        {
          type: 'bar',
          silent: true,
          stack: 'origin',
          barWidth: 18,
          data: rows.map(() => 0),
          label: { show: true, position: 'right', color: MUTED, fontSize: 11, formatter: ({ dataIndex }) => percent(rows[dataIndex]?.whole ?? 0) },
        },
      ],
    }),
  };
}

function legendOf(results: readonly MeasuredFigures[]): LegendEntry[] {
  return KINDS.filter(({ kind }) => results.some(({ originBytes }) => originBytes[kind] > 0)).map(({ label, color }) => ({ label, color, mark: 'box' }));
}

function listed(sent: MeasuredFigures['originBytes'], whole: number): string {
  const parts = KINDS.filter(({ kind }) => whole > 0 && sent[kind] / whole >= 0.01).map(({ kind, label }) => `${label} ${percent(sent[kind] / whole)}`);
  const text = parts.join(', ');
  return text === '' ? 'Nothing was sent' : text.charAt(0).toUpperCase() + text.slice(1);
}

function total(sent: MeasuredFigures['originBytes']): number {
  return KINDS.reduce((sum, { kind }) => sum + sent[kind], 0);
}

function bytes(count: number): string {
  return formatFigure(count, 'bytes');
}

function megabits(value: number): string {
  return value >= 1000 ? `${Number((value / 1000).toFixed(1))} Gb/s` : `${Number(value.toFixed(1))} Mb/s`;
}

function percent(share: number): string {
  const value = share * 100;
  return `${value !== 0 && Math.abs(value) < 10 ? Number(value.toFixed(1)) : Math.round(value)} %`;
}
