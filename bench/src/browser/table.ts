import { formatTable } from '../text-table.js';
import type { Bar } from './bars.js';
import type { BrowserReport, SystemResult } from './report.js';
import { BYTE_KINDS } from './summary.js';

type Row = readonly string[];

/** The figures side by side, then the bars, for people. */
export function formatReport(report: BrowserReport, bars: readonly Bar[]): string {
  const systems = Object.entries(report.results);
  const rows: Row[] = [['', ...systems.map(([name]) => name)]];
  for (const [name, value] of FIGURES) rows.push([name, ...systems.map(([, result]) => value(result))]);
  const { config, machine } = report;
  const what = `${config.viewers} viewers, ${config.seconds} s each, parts of ${config.partMs} ms, ${config.width}x${config.height}`;
  const where = `${machine.cpu}, ${machine.cores} cores, Chromium ${machine.chromium}, ffmpeg ${machine.ffmpeg}`;
  const blocks = [[what, where].join('\n'), formatTable(rows)];
  if (bars.length > 0) blocks.push(formatTable([['p2ptv', 'value', 'bar', ''], ...bars.map(barRow)]));
  const failures = systems.flatMap(([name, { failures: all }]) => all.map((failure) => `${name}: ${failure}`));
  if (failures.length > 0) blocks.push(failures.join('\n'));
  return blocks.join('\n\n');
}

const FIGURES: readonly (readonly [string, (result: SystemResult) => string])[] = [
  ['startup p50, ms', ({ startupMs }) => whole(startupMs.p50)],
  ['startup p95, ms', ({ startupMs }) => whole(startupMs.p95)],
  ['playout delay p50, ms', ({ playoutDelayMs }) => whole(playoutDelayMs.p50)],
  ['playout delay p95, ms', ({ playoutDelayMs }) => whole(playoutDelayMs.p95)],
  ['clock reads, invalid of all', ({ playoutDelayMs: { samples, invalidReads } }) => `${invalidReads} of ${samples + invalidReads}`],
  ['stalls', ({ stalls }) => String(stalls)],
  ['stalled', ({ stalledRatio }) => percent(stalledRatio)],
  ['skips', ({ skips, skippedMs }) => `${skips} (${whole(skippedMs)} ms)`],
  ['at a rate other than 1', ({ rateChangedRatio }) => percent(rateChangedRatio)],
  ['frames dropped', ({ droppedFrames }) => String(droppedFrames)],
  ['media from peers, MB', ({ mediaBytes }) => megabytes(mediaBytes.peers)],
  ['media from the origin, MB', ({ mediaBytes }) => megabytes(mediaBytes.origin)],
  ['handed to hls.js, MB', ({ handedBytes }) => megabytes(handedBytes)],
  ...BYTE_KINDS.map((kind) => [`origin sent: ${kind}, MB`, ({ originBytes }: SystemResult) => megabytes(originBytes[kind])] as const),
  ['offload', ({ offloadRatio }) => ratio(offloadRatio)],
  ['offload, limit', ({ offloadLimitRatio }) => ratio(offloadLimitRatio)],
  ['offload, steady', ({ offloadSteadyRatio }) => ratio(offloadSteadyRatio)],
  ['offload, steady, limit', ({ offloadSteadyLimitRatio }) => ratio(offloadSteadyLimitRatio)],
  ['byte totals differ by', ({ totalsDifferenceRatio }) => percent(totalsDifferenceRatio)],
  ['chunks verified', ({ chunksVerified }) => String(chunksVerified)],
  ['chunks rejected', ({ chunksRejected }) => String(chunksRejected)],
  ['CPU s a viewer minute', ({ cpuSecondsPerViewerMinute }) => tenths(cpuSecondsPerViewerMinute)],
  ['CPU s a minute, origin', ({ originCpuSecondsPerMinute }) => tenths(originCpuSecondsPerMinute)],
  ['CPU s a minute, encoder', ({ encoderCpuSecondsPerMinute }) => tenths(encoderCpuSecondsPerMinute)],
  ['CPU used by others', ({ othersCpuRatio }) => (othersCpuRatio === null ? '-' : percent(othersCpuRatio))],
];

function barRow({ name, value, limit, sense, unit, isMet }: Bar): Row {
  const show = (figure: number): string => (unit === 'ms' ? `${Math.round(figure)} ms` : figure.toFixed(3));
  return [name, value === undefined ? '-' : show(value), `${sense === 'least' ? '>=' : '<='} ${show(limit)}`, isMet ? 'ok' : 'NOT MET'];
}

function whole(value: number | null): string {
  return value === null ? '-' : String(Math.round(value));
}

function tenths(value: number | null): string {
  return value?.toFixed(1) ?? '-';
}

function ratio(value: number | null): string {
  return value?.toFixed(3) ?? '-';
}

function percent(value: number): string {
  return `${(value * 100).toFixed(2)} %`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(3);
}
