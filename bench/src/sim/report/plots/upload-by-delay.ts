import type { SimSeries } from '../../sim-result.js';
import type { ChartSeries, Plot } from '../../../report/chart.js';
import { formatFigure } from '../../figures.js';
import { grid, valueAxis } from '../../../report/chart.js';
import type { DrawnRun } from '../runs.js';

/** One that got something, and for long enough to tell how late. */
type Peer = SimSeries['peers'][number] & { readonly delayP95Ms: number };

/** More dots hide each other. */
const MOST_DOTS = 500;
const CLASSES = 4;

/** What each viewer gave against how late it gets its chunks: whether giving pays. */
export function uploadByDelayPlot({ name, result }: DrawnRun, isAlone: boolean): Plot | undefined {
  const peers = evenly(result.series.peers.filter((peer): peer is Peer => peer.receivedBytes > 0 && peer.delayP95Ms !== null));
  if (peers.length === 0) return undefined;
  const classes = classesOf(peers);
  const { jain, leastContributorsP99Ms, mostContributorsP99Ms } = result.uploadFairness;
  const leastMs = Math.floor(Math.min(...peers.map(({ delayP95Ms }) => delayP95Ms)) / 100) * 100;
  return {
    title: isAlone ? 'Who gives, and who waits' : `Who gives, and who waits: ${name}`,
    finding:
      `A dot a viewer. The quarter that gave least of its uplink has a 99th percentile of ${formatFigure(leastContributorsP99Ms, 'ms')}, ` +
      `the one that gave most ${formatFigure(mostContributorsP99Ms, 'ms')}. Fairness of the load (Jain) ${jain.toFixed(2)}.`,
    legend: classes.map(({ label, color }) => ({ label, color, mark: 'dot' })),
    draw: (size) => ({
      grid: grid(size, { left: 68 }),
      xAxis: valueAxis({ name: 'uploaded over downloaded', format: (ratio) => `${Number(ratio.toFixed(2))}×`, min: 0, hasGrid: false }),
      // From the quickest on: a cloud in a corner shows nothing.
      yAxis: valueAxis({ name: 'chunk delay, p95', nameGap: 52, format: (value) => `${value} ms`, min: leastMs }),
      series: classes.map(({ color, peers: members }): ChartSeries => ({
        type: 'scatter',
        silent: true,
        symbolSize: size.isNarrow ? 4.5 : 5.5,
        data: members.map(({ sentBytes, receivedBytes, delayP95Ms }) => [sentBytes / receivedBytes, delayP95Ms]),
        itemStyle: { color, opacity: 0.6 },
      })),
    }),
  };
}

/** By uplink: the classes that there are, or quarters. */
function classesOf(peers: readonly Peer[]): { label: string; color: string; peers: readonly Peer[] }[] {
  const values = [...new Set(peers.map(({ uplinkKbps }) => uplinkKbps))].sort((left, right) => left - right);
  const tops =
    values.length <= CLASSES
      ? values
      : Array.from({ length: CLASSES }, (_, index) => {
          const sorted = peers.map(({ uplinkKbps }) => uplinkKbps).sort((left, right) => left - right);
          return sorted[Math.ceil(((index + 1) * sorted.length) / CLASSES) - 1] ?? 0;
        });
  return [...new Set(tops)].map((top, index, all) => {
    const above = all[index - 1] ?? -1;
    const members = peers.filter(({ uplinkKbps }) => uplinkKbps > above && uplinkKbps <= top);
    const megabits = (kbps: number): string => String(Number((kbps / 1000).toPrecision(2)));
    const label = values.length <= CLASSES ? `uplink ${megabits(top)} Mb/s` : `${index === 0 ? 'uplink ' : ''}up to ${megabits(top)} Mb/s`;
    return { label, color: `var(--step-${index + 1})`, peers: members };
  });
}

function evenly(peers: readonly Peer[]): readonly Peer[] {
  if (peers.length <= MOST_DOTS) return peers;
  return Array.from({ length: MOST_DOTS }, (_, index) => peers[Math.floor((index * peers.length) / MOST_DOTS)]).filter((peer) => peer !== undefined);
}
