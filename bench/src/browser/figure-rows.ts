import type { BrowserReport, Figures, SystemResult } from './report.js';
import type { FigureTree } from './round-medians.js';
import { BYTE_KINDS } from './summary.js';

/** One figure as it is shown, in tables and on pages. */
export type FigureRow = {
  readonly label: string;
  /** Of the figure within a result. */
  readonly path: string;
  readonly format: (value: number) => string;
};

const whole = (value: number): string => String(Math.round(value));
const tenths = (value: number): string => value.toFixed(1);
const thousandths = (value: number): string => value.toFixed(3);
const percent = (value: number): string => `${(value * 100).toFixed(2)} %`;
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(2);
const megabits = (bits: number): string => (bits / 1e6).toFixed(2);

/** The figures of every scenario, in the order in which they are shown. */
export const FIGURE_ROWS: readonly FigureRow[] = [
  { label: 'startup from the click p50, ms', path: 'startupMs.p50', format: whole },
  { label: 'startup from the click p95, ms', path: 'startupMs.p95', format: whole },
  { label: 'startup, first viewer, ms', path: 'startupMs.first', format: whole },
  { label: 'startup, later viewers p50, ms', path: 'startupMs.laterP50', format: whole },
  { label: 'startup from navigation p50, ms', path: 'startupFromNavigationMs.p50', format: whole },
  { label: 'startup from navigation, first, ms', path: 'startupFromNavigationMs.first', format: whole },
  { label: 'startup from navigation, later p50, ms', path: 'startupFromNavigationMs.laterP50', format: whole },
  { label: 'playout delay p50, ms', path: 'playoutDelayMs.p50', format: whole },
  { label: 'playout delay p95, ms', path: 'playoutDelayMs.p95', format: whole },
  { label: 'clock reads', path: 'playoutDelayMs.samples', format: whole },
  { label: 'clock reads, invalid', path: 'playoutDelayMs.invalidReads', format: whole },
  { label: 'stalls', path: 'stalls', format: whole },
  { label: 'stalled', path: 'stalledRatio', format: percent },
  { label: 'skips', path: 'skips', format: whole },
  { label: 'skipped, ms', path: 'skippedMs', format: whole },
  { label: 'at a rate other than 1', path: 'rateChangedRatio', format: percent },
  { label: 'rate changes', path: 'rateChanges', format: whole },
  { label: 'least rate', path: 'leastRate', format: thousandths },
  { label: 'most rate', path: 'mostRate', format: thousandths },
  { label: 'frames dropped', path: 'droppedFrames', format: whole },
  { label: 'media from peers, MB', path: 'mediaBytes.peers', format: megabytes },
  { label: 'media from the origin, MB', path: 'mediaBytes.origin', format: megabytes },
  { label: 'handed to hls.js, MB', path: 'handedBytes', format: megabytes },
  ...BYTE_KINDS.map((kind) => ({ label: `origin sent: ${kind}, MB`, path: `originBytes.${kind}`, format: megabytes })),
  { label: 'origin sent, peak, Mb/s', path: 'originPeakBitsPerSecond', format: megabits },
  { label: 'copies of a chunk from the origin', path: 'copiesPerChunk', format: thousandths },
  { label: 'offload', path: 'offloadRatio', format: thousandths },
  { label: 'offload, limit', path: 'offloadLimitRatio', format: thousandths },
  { label: 'offload, steady', path: 'offloadSteadyRatio', format: thousandths },
  { label: 'offload, steady, limit', path: 'offloadSteadyLimitRatio', format: thousandths },
  { label: 'byte totals differ by', path: 'totalsDifferenceRatio', format: percent },
  { label: 'chunks verified', path: 'chunksVerified', format: whole },
  { label: 'chunks rejected', path: 'chunksRejected', format: whole },
  { label: 'CPU s a viewer minute', path: 'cpuSecondsPerViewerMinute', format: tenths },
  { label: 'CPU s a minute, origin', path: 'originCpuSecondsPerMinute', format: tenths },
  { label: 'CPU s a minute, encoder', path: 'encoderCpuSecondsPerMinute', format: tenths },
  { label: 'CPU used by others', path: 'othersCpuRatio', format: percent },
];

const GROUP_ROWS: readonly (Omit<FigureRow, 'path'> & { readonly name: string })[] = [
  { label: 'viewers', name: 'viewers', format: whole },
  { label: 'startup from the click p50, ms', name: 'startupP50Ms', format: whole },
  { label: 'playout delay p50, ms', name: 'playoutDelayP50Ms', format: whole },
  { label: 'playout delay p95, ms', name: 'playoutDelayP95Ms', format: whole },
  { label: 'stalls', name: 'stalls', format: whole },
  { label: 'stalled', name: 'stalledRatio', format: percent },
  { label: 'skips', name: 'skips', format: whole },
  { label: 'handed to hls.js, MB', name: 'handedBytes', format: megabytes },
  { label: 'all from the origin, MB', name: 'originBytes', format: megabytes },
  { label: 'media from peers, MB', name: 'peerMediaBytes', format: megabytes },
  { label: 'offload', name: 'offloadRatio', format: thousandths },
];

const REBUFFER_ROWS: readonly FigureRow[] = [
  { label: 'stood after a killing p50, ms', path: 'rebufferAfterKillMs.p50', format: whole },
  { label: 'stood after a killing p95, ms', path: 'rebufferAfterKillMs.p95', format: whole },
  { label: 'stood after a killing, most, ms', path: 'rebufferAfterKillMs.most', format: whole },
];

const OUTAGE_ROWS: readonly FigureRow[] = [
  { label: 'origin away, ms', path: 'originOutage.awayMs', format: whole },
  { label: 'played on without it, least, ms', path: 'originOutage.playedOnLeastMs', format: whole },
  { label: 'played on without it p50, ms', path: 'originOutage.playedOnP50Ms', format: whole },
  { label: 'stood after its return p50, ms', path: 'originOutage.stoodAfterReturnP50Ms', format: whole },
  { label: 'stood after its return, most, ms', path: 'originOutage.stoodAfterReturnMostMs', format: whole },
];

const SEEK_ROWS: readonly FigureRow[] = [
  { label: 'seek p50, ms', path: 'seekMs.p50', format: whole },
  { label: 'seek p95, ms', path: 'seekMs.p95', format: whole },
  { label: 'seeks', path: 'seekMs.samples', format: whole },
  { label: 'seeks that came to no picture', path: 'seeksUnfinished', format: whole },
  { label: 'seek within the buffer p50, ms', path: 'seekInBufferMs.p50', format: whole },
  { label: 'seeks within the buffer', path: 'seekInBufferMs.samples', format: whole },
];

const LINE_ROWS: readonly FigureRow[] = [
  { label: 'slowed: were at the best', path: 'lineChange.wasBest', format: whole },
  { label: 'slowed: to a lesser one p50, ms', path: 'lineChange.downMs.p50', format: whole },
  { label: 'slowed: to a lesser one, most, ms', path: 'lineChange.downMs.most', format: whole },
  { label: 'slowed: stayed with the best', path: 'lineChange.stayedBest', format: whole },
  { label: 'slowed: stalled meanwhile', path: 'lineChange.stalledWhileSlowRatio', format: percent },
  { label: 'slowed: back to the best p50, ms', path: 'lineChange.upMs.p50', format: whole },
  { label: 'slowed: back to the best, most, ms', path: 'lineChange.upMs.most', format: whole },
  { label: 'slowed: did not come back', path: 'lineChange.stayedLow', format: whole },
];

/** The rows of a report: those that every scenario has, then what its own has beside them. */
export function figureRowsOf({ results }: Pick<BrowserReport, 'results'>): readonly FigureRow[] {
  const all = Object.values(results);
  const groups = [...new Set(all.flatMap((result) => Object.keys(result.groups)))];
  return [
    ...FIGURE_ROWS,
    ...groups.flatMap((group) => GROUP_ROWS.map(({ label, name, format }) => ({ label: `${group}: ${label}`, path: `groups.${group}.${name}`, format }))),
    ...(all.some(({ rebufferAfterKillMs }) => rebufferAfterKillMs) ? REBUFFER_ROWS : []),
    ...(all.some(({ seeksUnfinished }) => seeksUnfinished !== null) ? SEEK_ROWS : []),
    ...(all.some((result) => result.originOutage) ? OUTAGE_ROWS : []),
    ...(all.some((result) => result.lineChange) ? LINE_ROWS : []),
  ];
}

/** The figure at a path; undefined where there is none, or where it could not be measured. */
export function figureAt(figures: Figures, path: string): number | undefined {
  let at: FigureTree[string] | undefined = figures;
  for (const name of path.split('.')) at = typeof at === 'object' && at !== null ? (at as FigureTree)[name] : undefined;
  return typeof at === 'number' ? at : undefined;
}

/** A figure for people: the median, and how far the rounds lie apart where there are several. */
export function shownFigure(result: SystemResult, { path, format }: FigureRow): { readonly value: string; readonly spread: string } {
  const value = figureAt(result, path);
  const { min, max } = result.spread[path] ?? {};
  const hasSpread = result.rounds.length > 1 && min !== undefined && max !== undefined && format(min) !== format(max);
  // A dash beside a minus can't be read.
  const dash = min !== undefined && min < 0 ? ' to ' : '–';
  return { value: value === undefined ? '-' : format(value), spread: hasSpread ? `${format(min)}${dash}${format(max)}` : '' };
}

/** How many rounds there are figures of: fewer than asked for if the bench was stopped. */
export function measuredRounds(results: BrowserReport['results']): number {
  return Math.max(0, ...Object.values(results).map(({ rounds }) => rounds.length));
}
