import { percentile } from '../../../metrics/percentile.js';
import type { ChartSeries, Plot } from '../../../report/chart.js';
import { grid, roundSpan, valueAxis } from '../../../report/chart.js';
import type { ShownSystem } from '../systems.js';

const BITS_PER_MEGABIT = 1e6;

/** What the origin sent, second by second. */
export function originRatePlot(systems: readonly ShownSystem[]): Plot | undefined {
  const lines = systems.map(({ name, color, result }) => ({ name, color, result, megabits: mediansOf(result.rounds.map((round) => round.originBitsPerSecond)) }));
  const seconds = Math.max(0, ...lines.map(({ megabits }) => megabits.length));
  const [main] = lines;
  if (!main || seconds === 0) return undefined;
  const most = Math.max(...lines.flatMap(({ megabits }) => megabits));
  const peak = (main.result.originPeakBitsPerSecond ?? 0) / BITS_PER_MEGABIT;
  return {
    title: 'What leaves the origin',
    finding: `All that it sends to all viewers, from the first click on${main.result.rounds.length > 1 ? ', the median of the rounds' : ''}. ${main.name} at most ${peak.toFixed(1)} Mb/s in a second.`,
    legend: lines.map(({ name, color }) => ({ label: name, color, mark: 'line' })),
    draw: (size) => ({
      grid: grid(size, { left: 56 }),
      xAxis: valueAxis({ name: 'seconds', format: String, min: 0, max: seconds, interval: roundSpan(seconds).interval, hasGrid: false }),
      yAxis: valueAxis({ format: (value) => `${value} Mb/s`, min: 0, max: roundSpan(most).max, interval: roundSpan(most).interval }),
      series: [...lines].reverse().map(
        ({ color, megabits }): ChartSeries => ({
          type: 'line',
          silent: true,
          symbol: 'none',
          data: megabits.map((value, second) => [second + 1, value]),
          lineStyle: { color, width: color === main.color ? 2.4 : 1.5 },
        }),
      ),
    }),
  };
}

function mediansOf(rounds: readonly (readonly number[])[]): number[] {
  const seconds = Math.max(0, ...rounds.map((round) => round.length));
  return Array.from({ length: seconds }, (_, second) => (percentile(rounds.flatMap((round) => round[second] ?? []), 0.5) ?? 0) / BITS_PER_MEGABIT);
}
