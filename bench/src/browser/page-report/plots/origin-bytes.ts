import type { OriginBytes } from '@p2ptv/protocol';

import type { ChartSeries, Plot } from '../../../report/chart.js';
import { grid, MUTED, nameAxis, valueAxis } from '../../../report/chart.js';
import type { ShownSystem } from '../systems.js';

const ROW_PX = 38;
const KINDS: readonly { readonly kind: keyof OriginBytes; readonly label: string; readonly color: string }[] = [
  { kind: 'seeder', label: 'pushed to peers', color: 'var(--series-1)' },
  { kind: 'media', label: 'media over HTTP', color: 'var(--series-2)' },
  { kind: 'playlists', label: 'playlists', color: 'var(--series-6)' },
  { kind: 'join', label: 'join answers', color: 'var(--series-3)' },
  { kind: 'headers', label: 'headers', color: 'var(--series-5)' },
  { kind: 'init', label: 'init segments', color: 'var(--series-7)' },
];

/** All that the origin sent, over what was watched. */
export function originBytesPlot(systems: readonly ShownSystem[]): Plot | undefined {
  const rows = systems
    .filter(({ result }) => result.handedBytes > 0)
    .map(({ name, result }) => {
      const shareOf = (kind: keyof OriginBytes): number => result.originBytes[kind] / result.handedBytes;
      return { name, shareOf, whole: KINDS.reduce((sum, { kind }) => sum + shareOf(kind), 0) };
    });
  const [first] = rows;
  if (!first) return undefined;
  const least = rows.reduce((best, row) => (row.whole < best.whole ? row : best));
  const names = rows.map(({ name }) => name);
  const shown = KINDS.filter(({ kind }) => rows.some(({ shareOf }) => shareOf(kind) > 0));
  return {
    title: 'What the origin sent in all',
    finding: `Whole sessions, the first seconds included, over what was watched; without peers it is 100 % and what comes on top. Least with ${least.name}: ${percent(least.whole)}.`,
    legend: shown.map(({ label, color }) => ({ label, color, mark: 'box' })),
    height: 60 + rows.length * ROW_PX,
    draw: (size) => ({
      grid: grid(size, { left: nameAxis(names, size).left, right: 58 }),
      xAxis: valueAxis({ name: 'of the media that were watched', format: percent, min: 0 }),
      yAxis: nameAxis(names, size).axis,
      series: [
        ...shown.map(({ kind, color }): ChartSeries => ({ ...BAR, data: rows.map(({ shareOf }) => shareOf(kind)), itemStyle: { color, opacity: 0.9 } })),
        {
          ...BAR,
          data: rows.map(() => 0),
          label: { show: true, position: 'right', color: MUTED, fontSize: 11, formatter: ({ dataIndex }) => percent(rows[dataIndex]?.whole ?? 0) },
        },
      ],
    }),
  };
}

const BAR = { type: 'bar', silent: true, stack: 'origin', barWidth: 18 } as const;

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
