import { totalBytes } from '../metrics/offload.js';
import { formatFigure } from '../sim/figures.js';
import { formatTable } from '../text-table.js';
import { judgeMesh, type MeshBar } from './bars.js';
import { compare } from './comparison.js';
import type { MeshReport, MeshResult } from './report.js';

/** With the bench alone busier than this, or timers later than this, the machine is what was measured. */
const SATURATED_RATIO = 0.85;
const LATE_LOOP_MS = 40;
/** What others use beyond this share of the machine is worth a word. */
const OTHERS_RATIO = 0.05;

/** Mesh and simulator side by side, then what only a real mesh has, and the bars; for people. */
export function formatMeshReport(report: MeshReport): string {
  const { config, machine, results } = report;
  const { mesh, sim } = results;
  const what = `${config.peers} Node viewers and ${config.browsers} in browsers, ${config.seconds} s, ${formatFigure(mesh.streamBitsPerSecond, 'bitsPerSecond')} in parts of ${config.partMs} ms, uplinks ${config.uplink}${config.downlinkKbps === null ? '' : `, downlinks ${config.downlinkKbps} kb/s`}`;
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
  const caution = cautionOf(mesh);
  if (caution !== undefined) blocks.push(caution);
  if (mesh.failures.length > 0) blocks.push(mesh.failures.join('\n'));
  return blocks.join('\n\n');
}

/** What of the machine is to be known before figures are believed; undefined: nothing. */
export function cautionOf({ machineBusyRatio, loopDelayP99Ms, cpuSeconds }: Pick<MeshResult, 'machineBusyRatio' | 'loopDelayP99Ms' | 'cpuSeconds'>): string | undefined {
  const othersRatio = cpuSeconds && cpuSeconds.machine > 0 ? cpuSeconds.others / cpuSeconds.machine : 0;
  const lateMs = loopDelayP99Ms ?? 0;
  const cautions: string[] = [];
  const ownRatio = machineBusyRatio - othersRatio;
  if (ownRatio >= SATURATED_RATIO || lateMs >= LATE_LOOP_MS) {
    // Where others take the machine, less of a run would hardly help.
    const advice = ownRatio >= othersRatio ? ': lower --rate-kbps or --peers' : '';
    cautions.push(
      `The processors were ${Math.round(100 * machineBusyRatio)} % busy, ${Math.round(100 * ownRatio)} % with this run, and 1 % of the workers' timers were ${Math.round(lateMs)} ms late or more. The figures are the machine's${advice}.`,
    );
  }
  if (othersRatio > OTHERS_RATIO) {
    cautions.push(`Others used ${Math.round(100 * othersRatio)} % of the machine: such figures are to be taken again on a quiet one.`);
  }
  return cautions.length > 0 ? cautions.join('\n') : undefined;
}

function machineRows({ linkDelayMs, linkSetupMs, captureToPublishMs, neighbours, originCounted, totalsDifferenceRatio, cpuSeconds, ...mesh }: MeshResult): string[][] {
  const ms = (value: number | null): string => (value === null ? '-' : `${value.toFixed(1)} ms`);
  const share = (seconds: number): string => `${formatFigure(seconds / mesh.ranSeconds, 'share')} of a core`;
  return [
    ['link delay p5, p50, p95, p99', [linkDelayMs.p5, linkDelayMs.p50, linkDelayMs.p95, linkDelayMs.p99].map(ms).join(', ')],
    ['link set-up p50, p95', [linkSetupMs.p50, linkSetupMs.p95].map(ms).join(', ')],
    ['capture to publication', formatFigure(captureToPublishMs, 'ms')],
    ['neighbours, least, median, most', `${neighbours.least}, ${neighbours.median}, ${neighbours.most}`],
    ['origin says it sent', formatFigure(originCounted && totalBytes(originCounted), 'bytes')],
    ['byte totals differ by', formatFigure(totalsDifferenceRatio, 'share')],
    ...(cpuSeconds
      ? (['workers', 'browsers', 'origin', 'encoder', 'bench', 'others'] as const).map((name) => [`CPU, ${name}`, share(cpuSeconds[name])])
      : []),
    ['processors busy', formatFigure(mesh.machineBusyRatio, 'share')],
    ['workers run', mesh.hasOwnProcessors ? 'each on one processor' : 'where the system likes'],
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

/** A difference as a table shows it: `+4.2 %`. */
export function signedPercent(differenceRatio: number): string {
  const percent = 100 * differenceRatio;
  return `${percent >= 0 ? '+' : ''}${percent.toFixed(Math.abs(percent) < 10 ? 1 : 0)} %`;
}
