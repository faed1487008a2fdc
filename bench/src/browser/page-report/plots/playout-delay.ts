import type { Plot } from '../../../report/chart.js';
import { grid, MUTED, nameAxis, valueAxis } from '../../../report/chart.js';
import { percentile } from '../../../metrics/percentile.js';
import type { ShownSystem } from '../systems.js';
import { delayScale } from './delay-scale.js';

const ROW_PX = 34;
/** The list of quantiles goes in twentieths. */
const AT = { p5: 1, p50: 10, p95: 19 } as const;

/** Where the readings of the clock in the picture lie. */
export function playoutDelayPlot(systems: readonly ShownSystem[]): Plot | undefined {
  const rows = systems.flatMap(({ name, color, result }) => {
    const at = (index: number): number | undefined => percentile(result.rounds.flatMap((round) => round.playoutDelayQuantilesMs[index] ?? []), 0.5);
    const [p5, p50, p95] = [at(AT.p5), at(AT.p50), at(AT.p95)];
    return p5 === undefined || p50 === undefined || p95 === undefined ? [] : [{ name, color, p5, p50, p95 }];
  });
  const [first] = rows;
  if (!first) return undefined;
  const scale = delayScale(rows.flatMap(({ p5, p95 }) => [p5, p95]));
  const nearest = rows.reduce((best, row) => (row.p50 < best.p50 ? row : best));
  const names = rows.map(({ name }) => name);
  return {
    title: 'How far behind the camera',
    finding: `Glass to glass, read from the clock in the picture; all viewers, from the first frame on. Nearest: ${nearest.name}, ${Math.round(nearest.p50)} ms in the middle.`,
    legend: [
      { label: 'p50', color: MUTED, mark: 'dot' },
      { label: 'p5 to p95', color: MUTED, mark: 'box' },
    ],
    height: 60 + rows.length * ROW_PX,
    draw: (size) => ({
      grid: grid(size, { left: nameAxis(names, size).left, right: 24 }),
      xAxis: { ...valueAxis({ name: 'playout delay', format: scale.format }), ...scale.axis },
      yAxis: nameAxis(names, size).axis,
      series: rows.flatMap(({ color, p5, p50, p95 }, row) => [
        { type: 'line' as const, silent: true, symbol: 'none', data: [[scale.place(p5), row], [scale.place(p95), row]], lineStyle: { color, width: 9, opacity: 0.5 } },
        { type: 'scatter' as const, silent: true, symbolSize: 12, data: [[scale.place(p50), row]], itemStyle: { color } },
      ]),
    }),
  };
}
