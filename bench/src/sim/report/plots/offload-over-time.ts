import type { ChartSeries, LegendEntry, Plot } from '../../../report/chart.js';
import { grid, INK, MUTED, roundSpan, valueAxis } from '../../../report/chart.js';
import type { DrawnRun } from '../runs.js';

/** What share of the media came from other viewers, second by second; with a single run also how many watched. */
export function offloadOverTimePlot([main, ...others]: readonly [DrawnRun, ...DrawnRun[]]): Plot {
  const runs = [main, ...others];
  const isAlone = others.length === 0;
  const { offloadSteadyRatio, offloadSteadyLimitRatio } = main.result;
  // Viewers of a recording are at different places: how many there are says little of the limit.
  const isLive = main.result.seekMs === undefined;
  const legend: LegendEntry[] = [
    ...runs.map(({ name, color }) => ({ label: isAlone ? 'offload' : name, color, mark: 'line' as const })),
    ...(isLive ? [{ label: 'limit 1 − 1/N', color: INK, mark: 'dashed' as const }] : []),
    ...(isAlone ? [{ label: 'viewers', color: MUTED, mark: 'box' as const }] : []),
  ];
  const seconds = Math.max(1, ...runs.map((run) => run.result.series.overTime.length));
  return {
    title: 'What the origin is spared',
    finding:
      `${isAlone ? 'From' : `${main.name}, from`} 10 s after each join ${percent(offloadSteadyRatio)} of the media come from other viewers; ` +
      `${isLive ? 'with one copy leaving the origin it would be' : 'as somebody has to be the first to play each, it is at most'} ${percent(offloadSteadyLimitRatio)}.`,
    legend,
    draw: (size) => ({
      grid: grid(size, isAlone ? { right: size.isNarrow ? 38 : 50 } : {}),
      xAxis: valueAxis({ name: 'seconds', format: String, min: 0, max: seconds, interval: roundSpan(seconds).interval, hasGrid: false }),
      yAxis: [
        valueAxis({ format: (share) => `${Math.round(share * 100)} %`, min: 0, max: 1, interval: 0.25 }),
        ...(isAlone ? [valueAxis({ format: compact, min: 0, hasGrid: false })] : []),
      ],
      series: [
        ...(isAlone ? [viewersOf(main)] : []),
        ...[...runs].reverse().map((run): ChartSeries => ({
          type: 'line',
          silent: true,
          symbol: 'none',
          data: run.result.series.overTime.map(({ atSeconds, offloadRatio }) => [atSeconds, Math.max(0, offloadRatio)]),
          lineStyle: { color: run.color, width: run === main ? 2.4 : 1.6 },
        })),
        ...(isLive ? [limitOf(main)] : []),
      ],
    }),
  };
}

function limitOf(run: DrawnRun): ChartSeries {
  return {
    type: 'line',
    silent: true,
    symbol: 'none',
    data: run.result.series.overTime.map(({ atSeconds, viewers }) => [atSeconds, viewers > 1 ? 1 - 1 / viewers : 0]),
    lineStyle: { color: INK, width: 1.2, type: [5, 4] },
  };
}

function viewersOf(run: DrawnRun): ChartSeries {
  return {
    type: 'line',
    silent: true,
    symbol: 'none',
    yAxisIndex: 1,
    data: run.result.series.overTime.map(({ atSeconds, viewers }) => [atSeconds, viewers]),
    lineStyle: { width: 0 },
    areaStyle: { color: MUTED, opacity: 0.14 },
  };
}

function percent(share: number): string {
  const text = (share * 100).toFixed(share > 0.98 ? 2 : 1);
  return `${text} %`;
}

function compact(count: number): string {
  return count >= 1000 ? `${Number((count / 1000).toFixed(1))}k` : String(count);
}
