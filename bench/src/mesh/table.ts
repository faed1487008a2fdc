import { formatFigure } from '../sim/figures.js';
import { formatTable } from '../text-table.js';
import { judgeMesh, type MeshBar } from './bars.js';
import { compare } from './comparison.js';
import type { MeshReport, MeshResult } from './report.js';

/** Busier than this, or with timers later than this, the machine is what was measured. */
const SATURATED_RATIO = 0.9;
const LATE_LOOP_MS = 50;

/** Mesh and simulator side by side, then what only a real mesh has, and the bars; for people. */
export function formatMeshReport(report: MeshReport): string {
  const { config, machine, results } = report;
  const { mesh, sim } = results;
  const what = `${config.peers} Node viewers and ${config.browsers} in browsers, ${config.seconds} s, ${formatFigure(mesh.streamBitsPerSecond, 'bitsPerSecond')} in parts of ${config.partMs} ms, uplinks ${config.uplink}`;
  const where = `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`;
  const rows = compare(mesh, sim).map(({ figure, mesh: ours, sim: theirs, differenceRatio }) => [
    figure.label,
    formatFigure(ours, figure.unit),
    formatFigure(theirs, figure.unit),
    differenceRatio === undefined ? '' : signedPercent(differenceRatio),
  ]);
  const blocks = [
    `${what}\n${where}`,
    formatTable([['', 'mesh', sim ? 'simulator' : '(not simulated)', 'mesh over simulator'], ...rows]),
    formatTable(machineRows(mesh)),
  ];
  if (mesh.browsers.length > 0) blocks.push(formatTable(browserRows(mesh)));
  const bars = judgeMesh(report);
  if (bars.length > 0) blocks.push(formatTable([['', 'value', 'bar', ''], ...bars.map(barRow)]));
  const warning = saturationOf(mesh);
  if (warning !== undefined) blocks.push(warning);
  if (mesh.failures.length > 0) blocks.push(mesh.failures.join('\n'));
  return blocks.join('\n\n');
}

/** Why the figures are the machine's rather than the mesh's; undefined: they are not. */
export function saturationOf({ machineBusyRatio, loopDelayP99Ms }: Pick<MeshResult, 'machineBusyRatio' | 'loopDelayP99Ms'>): string | undefined {
  if (machineBusyRatio < SATURATED_RATIO && (loopDelayP99Ms ?? 0) < LATE_LOOP_MS) return undefined;
  const late = loopDelayP99Ms === null ? '' : `, and 1 % of the workers' timers were more than ${Math.round(loopDelayP99Ms)} ms late`;
  return `The machine was saturated: its processors were ${Math.round(100 * machineBusyRatio)} % busy${late}. These figures are the machine's: lower --rate-kbps or --peers.`;
}

function machineRows({ linkDelayMs, captureToPublishMs, neighbours, originCounted, totalsDifferenceRatio, cpuSeconds, ...mesh }: MeshResult): string[][] {
  const ms = (value: number | null): string => (value === null ? '-' : `${value.toFixed(1)} ms`);
  const share = (seconds: number): string => `${formatFigure(seconds / mesh.ranSeconds, 'share')} of a core`;
  return [
    ['link delay p5, p50, p95', [linkDelayMs.p5, linkDelayMs.p50, linkDelayMs.p95].map(ms).join(', ')],
    ['capture to publication', formatFigure(captureToPublishMs, 'ms')],
    ['neighbours, least, median, most', `${neighbours.least}, ${neighbours.median}, ${neighbours.most}`],
    ['origin says it sent', formatFigure(Object.values(originCounted).reduce((sum, bytes) => sum + bytes, 0), 'bytes')],
    ['byte totals differ by', formatFigure(totalsDifferenceRatio, 'share')],
    ...(cpuSeconds
      ? (['workers', 'browsers', 'origin', 'encoder', 'bench', 'others'] as const).map((name) => [`CPU, ${name}`, share(cpuSeconds[name])])
      : []),
    ['processors busy', formatFigure(mesh.machineBusyRatio, 'share')],
    ["workers' timers late, p99", ms(mesh.loopDelayP99Ms)],
  ];
}

function browserRows({ browsers }: MeshResult): string[][] {
  return [
    ['browsers', ...browsers.map(({ viewer }) => `viewer ${viewer}`)],
    ['startup', ...browsers.map(({ startupMs }) => formatFigure(startupMs, 'ms'))],
    ['playout delay p50', ...browsers.map(({ playoutDelayMs }) => formatFigure(playoutDelayMs.p50, 'ms'))],
    ['stalls', ...browsers.map(({ stalls, stalledMs }) => `${stalls} (${formatFigure(stalledMs, 'ms')})`)],
    ['media from peers', ...browsers.map(({ mediaBytes }) => formatFigure(mediaBytes.peers, 'bytes'))],
    ['media from the origin', ...browsers.map(({ mediaBytes }) => formatFigure(mediaBytes.origin, 'bytes'))],
    ['media sent to peers', ...browsers.map(({ sentBytes }) => formatFigure(sentBytes, 'bytes'))],
  ];
}

function barRow({ name, value, least, most, isMet }: MeshBar): string[] {
  return [name, value?.toFixed(3) ?? '-', least === undefined ? `≤ ${most ?? ''}` : `≥ ${least}`, isMet ? 'ok' : 'NOT MET'];
}

function signedPercent(differenceRatio: number): string {
  const percent = 100 * differenceRatio;
  return `${percent >= 0 ? '+' : ''}${percent.toFixed(Math.abs(percent) < 10 ? 1 : 0)} %`;
}
