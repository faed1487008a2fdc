import type { Plot } from '../../../report/chart.js';
import { grid, INK, valueAxis } from '../../../report/chart.js';
import type { ShownSystem } from '../systems.js';
import { delayScale } from './delay-scale.js';

type Point = { readonly delayMs: number; readonly offload: number };

const TICK = 0.25;

/** What peers bring against what they cost: a dot a round. */
export function delayAndOffloadPlot(systems: readonly ShownSystem[]): Plot | undefined {
  const clouds = systems.map((system) => ({ ...system, points: pointsOf(system) })).filter(({ points }) => points.length > 0);
  const [main] = clouds;
  if (!main || clouds.length < 2) return undefined;
  const all = clouds.flatMap(({ points }) => points);
  const scale = delayScale(all.map(({ delayMs }) => delayMs));
  const limit = Math.max(...systems.map(({ result }) => result.offloadLimitRatio));
  const lowest = Math.min(0, ...all.map(({ offload }) => offload));
  const best = clouds.reduce((leader, cloud) => (mean(cloud.points) > mean(leader.points) ? cloud : leader));
  return {
    title: 'Delay and offload',
    finding: `A dot a round, over whole sessions: the higher, the less the origin sends; the further left, the closer to live. Most is spared by ${best.name}: ${percent(mean(best.points))}; the limit is ${percent(limit)}.`,
    legend: [...clouds.map(({ name, color }) => ({ label: name, color, mark: 'dot' as const })), { label: 'limit', color: INK, mark: 'dashed' }],
    draw: (size) => ({
      grid: grid(size, { left: 50, right: 24 }),
      xAxis: { ...valueAxis({ name: 'playout delay, median', format: scale.format, hasGrid: false }), ...scale.axis },
      yAxis: valueAxis({ format: percent, min: Math.floor(lowest / TICK) * TICK, max: 1, interval: TICK }),
      series: [
        { type: 'line', silent: true, symbol: 'none', data: [[scale.axis.min, limit], [scale.axis.max, limit]], lineStyle: { color: INK, width: 1.2, type: [5, 4] } },
        ...clouds.map(({ color, points }) => ({
          type: 'scatter' as const,
          silent: true,
          symbolSize: 13,
          data: points.map(({ delayMs, offload }) => [scale.place(delayMs), offload]),
          itemStyle: { color, opacity: 0.8 },
        })),
      ],
    }),
  };
}

function pointsOf({ result }: ShownSystem): Point[] {
  return result.rounds.flatMap(({ playoutDelayMs: { p50 }, offloadRatio }) => {
    return p50 === null || offloadRatio === null ? [] : [{ delayMs: p50, offload: offloadRatio }];
  });
}

function mean(points: readonly Point[]): number {
  return points.reduce((sum, { offload }) => sum + offload, 0) / Math.max(1, points.length);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
