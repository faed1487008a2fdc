import { percentile } from '../../../metrics/percentile.js';
import type { ChartSeries, Plot } from '../../../report/chart.js';
import { grid, roundSpan, ruler, valueAxis } from '../../../report/chart.js';
import type { ShownSystem } from '../systems.js';

const SECOND_MS = 1000;

/** Which rendition those with slower lines watch, second by second. */
export function heightsPlot(systems: readonly ShownSystem[]): Plot | undefined {
  const lines = systems.map(({ name, color, result }) => ({ name, color, change: result.lineChange, heights: mediansOf(result.rounds.map((round) => round.heightsBySecond)) }));
  const seconds = Math.max(0, ...lines.map(({ heights }) => heights.length));
  const [main] = lines;
  if (!main?.change || seconds === 0) return undefined;
  const { slowedAtMs, restoredAtMs, downMs } = main.change;
  const turned = downMs.p50 === null ? `nobody’s of ${main.name} changed` : `${main.name} turned to a lesser rendition after ${(downMs.p50 / SECOND_MS).toFixed(1)} s`;
  return {
    title: 'The picture of those whose lines halve',
    finding: `Mean height of what is on their screens. When the lines halved, ${turned}.`,
    legend: lines.map(({ name, color }) => ({ label: name, color, mark: 'line' })),
    draw: (size) => ({
      grid: grid(size, { left: 56, top: 24 }),
      xAxis: valueAxis({ name: 'seconds', format: String, min: 0, max: seconds, interval: roundSpan(seconds).interval, hasGrid: false }),
      yAxis: valueAxis({ format: (value) => `${value} px`, min: 0 }),
      series: [
        ...[...lines].reverse().map(
          ({ color, heights }): ChartSeries => ({
            type: 'line',
            silent: true,
            symbol: 'none',
            step: 'end',
            data: heights.map((height, second) => [second + 1, height]),
            lineStyle: { color, width: color === main.color ? 2.4 : 1.5 },
          }),
        ),
        ruler(slowedAtMs / SECOND_MS, { text: 'halved' }),
        ruler(restoredAtMs / SECOND_MS, { text: 'restored' }),
      ],
    }),
  };
}

function mediansOf(rounds: readonly (readonly number[])[]): number[] {
  const seconds = Math.max(0, ...rounds.map((round) => round.length));
  return Array.from({ length: seconds }, (_, second) => percentile(rounds.flatMap((round) => round[second] ?? []), 0.5) ?? 0);
}
