import type { ChartSeries, Plot } from '../../../report/chart.js';
import { grid, INK, nameAxis, roundSpan, valueAxis } from '../../../report/chart.js';
import type { ShownSystem } from '../systems.js';

const ROW_PX = 38;

/** What watching costs a viewer's machine. */
export function cpuPlot(systems: readonly ShownSystem[]): Plot | undefined {
  const rows = systems.flatMap(({ name, color, result }) => {
    const { cpuSecondsPerViewerMinute: seconds, spread } = result;
    return seconds === null ? [] : [{ name, color, seconds, spread: spread['cpuSecondsPerViewerMinute'] }];
  });
  const [first] = rows;
  if (!first) return undefined;
  const names = rows.map(({ name }) => name);
  const most = Math.max(...rows.map(({ seconds, spread }) => Math.max(seconds, spread?.max ?? 0)));
  return {
    title: 'What watching costs',
    finding: `Processor time of a browser with all its processes, a minute watched; decoding and painting in memory are most of it. ${first.name}: ${first.seconds.toFixed(1)} s.`,
    legend: rows.some(({ spread }) => spread && spread.max > spread.min) ? [{ label: 'from round to round', color: INK, mark: 'line' }] : [],
    height: 60 + rows.length * ROW_PX,
    draw: (size) => ({
      grid: grid(size, { left: nameAxis(names, size).left, right: 48 }),
      xAxis: valueAxis({ name: 'CPU seconds a viewer minute', format: String, min: 0, ...roundSpan(most * 1.05) }),
      yAxis: nameAxis(names, size).axis,
      series: [
        {
          type: 'bar',
          silent: true,
          barWidth: 18,
          data: rows.map(({ seconds, color }) => ({ value: seconds, itemStyle: { color, opacity: 0.85 } })),
        },
        ...rows.map(
          ({ spread, seconds }, row): ChartSeries => ({
            type: 'line',
            silent: true,
            symbol: 'none',
            data: [[spread?.min ?? seconds, row], [spread?.max ?? seconds, row]],
            lineStyle: { color: INK, width: 2 },
          }),
        ),
      ],
    }),
  };
}
