import type { ChartSeries, Plot } from '../../../report/chart.js';
import { grid, MUTED, nameAxis, roundSpan, valueAxis } from '../../../report/chart.js';
import type { ShownSystem } from '../systems.js';

const ROW_PX = 44;
/** The two kinds of a system lie on either side of its line. */
const ASIDE = 0.17;

/** When each viewer had its first frame, each time that it began. */
export function startupPlot(systems: readonly ShownSystem[]): Plot | undefined {
  const rows = systems.map(({ name, color, result }) => {
    const viewers = result.rounds.flatMap((round) => round.viewers);
    return { name, color, result, clicked: viewers.flatMap(({ startupMs, laterStartupsMs }) => shown([startupMs, ...laterStartupsMs])), navigated: viewers.flatMap(({ startupFromNavigationMs }) => shown([startupFromNavigationMs])) };
  });
  const all = rows.flatMap(({ clicked, navigated }) => [...clicked, ...navigated]);
  const [main] = rows;
  if (!main || all.length === 0) return undefined;
  const names = rows.map(({ name }) => name);
  const { result } = main;
  const hasNavigated = rows.some(({ navigated }) => navigated.length > 0);
  return {
    title: 'Time to the first frame',
    finding: `A dot each time that a viewer began. ${main.name}: ${text(result.startupMs.p50)} from the click in the middle (the first viewer ${text(result.startupMs.first)})${hasNavigated ? `, ${text(result.startupFromNavigationMs.p50)} from following a link to a page that was never loaded before` : ''}.`,
    legend: [
      { label: 'from the click', color: MUTED, mark: 'dot' },
      ...(hasNavigated ? [{ label: 'from navigation', color: MUTED, mark: 'box' as const }] : []),
    ],
    height: 60 + rows.length * ROW_PX,
    draw: (size) => ({
      grid: grid(size, { left: nameAxis(names, size).left, right: 24 }),
      xAxis: valueAxis({ name: 'ms', format: String, min: 0, ...roundSpan(Math.max(...all) * 1.02) }),
      // Names lie at whole numbers, as on an axis of names, and dots may lie between them.
      yAxis: [nameAxis(names, size).axis, { type: 'value', show: false, inverse: true, min: -0.5, max: rows.length - 0.5 }],
      series: rows.flatMap(({ color, clicked, navigated }, row): ChartSeries[] => [
        dots(clicked, row - ASIDE, { color, symbol: 'circle' }),
        dots(navigated, row + ASIDE, { color, symbol: 'rect' }),
      ]),
    }),
  };
}

function dots(startupsMs: readonly number[], row: number, { color, symbol }: { color: string; symbol: string }): ChartSeries {
  return { type: 'scatter', silent: true, yAxisIndex: 1, symbol, symbolSize: 9, data: startupsMs.map((startupMs) => [startupMs, row]), itemStyle: { color, opacity: 0.65 } };
}

function shown(startupsMs: readonly (number | null)[]): number[] {
  return startupsMs.filter((startupMs) => startupMs !== null);
}

function text(startupMs: number | null): string {
  return startupMs === null ? '-' : `${Math.round(startupMs)} ms`;
}
