import type { MeasuredFigures } from './sim-result.js';

/** How a figure is written. */
export type FigureUnit = 'ratio' | 'share' | 'ms' | 'bitsPerSecond' | 'bytes' | 'count' | 'number' | 'seconds';

/** One figure of {@link MeasuredFigures}. */
export type Figure = {
  /** Its path: `chunkDelayMs.p99`. */
  readonly field: string;
  /** What people read. */
  readonly label: string;
  /** `ratio` is written as .962, `share` as 3.8 %. */
  readonly unit: FigureUnit;
  /** Undefined: neither is better by itself. */
  readonly better?: 'more' | 'less';
};

/** Every figure of a run that people are shown, in the order of the tables. */
export const FIGURES: readonly Figure[] = [
  { field: 'offloadSteadyRatio', label: 'offload, steady', unit: 'ratio', better: 'more' },
  { field: 'offloadRatio', label: 'offload, whole sessions', unit: 'ratio', better: 'more' },
  { field: 'offloadSteadyLimitRatio', label: 'offload, steady, limit', unit: 'ratio' },
  { field: 'offloadLimitRatio', label: 'offload, limit', unit: 'ratio' },
  { field: 'offloadOverLimit', label: 'offload over limit', unit: 'ratio', better: 'more' },
  { field: 'offloadUplinkLimitRatio', label: 'offload that uplinks allow', unit: 'ratio' },
  { field: 'chunkDelayMs.p50', label: 'chunk delay p50', unit: 'ms', better: 'less' },
  { field: 'chunkDelayMs.p95', label: 'chunk delay p95', unit: 'ms', better: 'less' },
  { field: 'chunkDelayMs.p99', label: 'chunk delay p99', unit: 'ms', better: 'less' },
  { field: 'chunkDelayLimitMs', label: 'chunk delay, limit D*', unit: 'ms' },
  { field: 'chunkDelayCutThroughMs', label: 'chunk delay, cut-through', unit: 'ms' },
  { field: 'chunkDelaySnowballMs', label: 'chunk delay, snowball', unit: 'ms' },
  { field: 'chunkDelayHardBoundMs', label: 'chunk delay, hard bound', unit: 'ms' },
  { field: 'chunkDelayOverLimit', label: 'chunk delay p99 over D*', unit: 'number', better: 'less' },
  { field: 'playoutDelayMs.p50', label: 'playout delay p50', unit: 'ms', better: 'less' },
  { field: 'playoutDelayMs.p95', label: 'playout delay p95', unit: 'ms', better: 'less' },
  { field: 'startupMs.p50', label: 'startup p50', unit: 'ms', better: 'less' },
  { field: 'startupMs.p95', label: 'startup p95', unit: 'ms', better: 'less' },
  { field: 'seekMs.p50', label: 'seek p50', unit: 'ms', better: 'less' },
  { field: 'seekMs.p95', label: 'seek p95', unit: 'ms', better: 'less' },
  { field: 'stalledRatio', label: 'stalled', unit: 'share', better: 'less' },
  { field: 'stalledSteadyRatio', label: 'stalled, steady', unit: 'share', better: 'less' },
  { field: 'skippedRatio', label: 'left out', unit: 'share', better: 'less' },
  { field: 'skippedSteadyRatio', label: 'left out, steady', unit: 'share', better: 'less' },
  { field: 'firstViewersStalledRatio', label: 'stalled, who came first', unit: 'share', better: 'less' },
  { field: 'firstViewersSkippedRatio', label: 'left out, who came first', unit: 'share', better: 'less' },
  { field: 'recoveryMs', label: 'recovered after', unit: 'ms', better: 'less' },
  { field: 'outagePlayedRatio', label: 'played all of before the outage', unit: 'ratio', better: 'more' },
  { field: 'originBytes.seed', label: 'origin: seeds', unit: 'bytes', better: 'less' },
  { field: 'originBytes.fallback', label: 'origin: fallbacks', unit: 'bytes', better: 'less' },
  { field: 'originBytes.join', label: 'origin: joins', unit: 'bytes', better: 'less' },
  { field: 'originBytes.playlist', label: 'origin: playlists', unit: 'bytes', better: 'less' },
  { field: 'originBytes.header', label: 'origin: headers', unit: 'bytes', better: 'less' },
  { field: 'originPeakBitsPerSecond', label: 'origin, peak', unit: 'bitsPerSecond', better: 'less' },
  { field: 'renditions.bestRatio', label: 'watched at the best rendition', unit: 'share' },
  { field: 'renditions.changesPerMinute', label: 'changes of rendition a viewer and minute', unit: 'number' },
  { field: 'slowDownlinks.stalledRatio', label: 'slow downlinks: stalled', unit: 'share', better: 'less' },
  { field: 'slowDownlinks.fittingRatio', label: 'slow downlinks: at a rendition that fits', unit: 'share', better: 'more' },
  { field: 'slowDownlinks.bestAtEndRatio', label: 'slow downlinks, once recovered: at the best rendition', unit: 'share', better: 'more' },
  { field: 'seedsPerChunk', label: 'seeds a chunk', unit: 'number' },
  { field: 'duplicateRatio', label: 'media received twice', unit: 'share', better: 'less' },
  { field: 'controlRatio', label: 'control over media on links', unit: 'share', better: 'less' },
  { field: 'uploadFairness.jain', label: 'upload fairness (Jain)', unit: 'ratio', better: 'more' },
  { field: 'uploadFairness.contributorsP99Ms', label: 'p99 of who gave at all', unit: 'ms', better: 'less' },
  { field: 'uploadFairness.leastContributorsP99Ms', label: 'p99 of who gave least', unit: 'ms' },
  { field: 'uploadFairness.mostContributorsP99Ms', label: 'p99 of who gave most', unit: 'ms', better: 'less' },
  { field: 'badBlocksPlayed', label: 'bad blocks played', unit: 'count', better: 'less' },
  { field: 'badBlocksForwarded', label: 'bad blocks forwarded', unit: 'count', better: 'less' },
  { field: 'pollutersRemainingAfterMs', label: 'polluters gone after', unit: 'ms', better: 'less' },
  { field: 'viewers', label: 'viewers', unit: 'count' },
  { field: 'meanViewers', label: 'viewers at a time, mean', unit: 'number' },
  { field: 'events', label: 'events', unit: 'count' },
  { field: 'eventsPerSecond', label: 'events a second', unit: 'count' },
  { field: 'wallSeconds', label: 'ran for', unit: 'seconds' },
  { field: 'peakRssBytes', label: 'memory, peak', unit: 'bytes' },
];

/** Per cent below which it is not said how little. */
const LEAST_PERCENT = 0.01;

const BY_FIELD = new Map(FIGURES.map((figure) => [figure.field, figure]));

/** The figure of a path; what is not in the list is shown by its path, as a number. */
export function figureOf(field: string): Figure {
  return BY_FIELD.get(field) ?? { field, label: field, unit: 'number' };
}

/** A figure's value in a run; undefined when there is no such number, or it isn't finite. */
export function figureValue(result: MeasuredFigures, field: string): number | undefined {
  let value: unknown = result;
  for (const key of field.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  }
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** A value as people read it, with its unit; `-` when there is none. */
export function formatFigure(value: number | null | undefined, unit: FigureUnit): string {
  if (value === undefined || value === null) return '-';
  switch (unit) {
    case 'ratio':
      return value.toFixed(Math.abs(value) < 1 && Math.abs(value) >= 0.99 ? 4 : 3).replace(/^-(0\.0+)$/, '$1');
    case 'share':
      return `${percent(value * 100)} %`;
    case 'ms':
      return `${Math.round(value)} ms`;
    case 'bitsPerSecond':
      return scaled(value, 'b/s');
    case 'bytes':
      return scaled(value, 'B');
    case 'count':
      return Math.round(value).toLocaleString('en');
    case 'number':
      return Number.isInteger(value) ? value.toLocaleString('en') : trimmed(value);
    case 'seconds':
      return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
  }
}

/** That there was something is worth a word; how little it was is not. */
function percent(value: number): string {
  return value > 0 && value < LEAST_PERCENT ? `< ${LEAST_PERCENT}` : trimmed(value);
}

/** Two decimals while they say something. */
function trimmed(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 0.1 || size === 0) return value.toFixed(2);
  return String(Number(value.toPrecision(2)));
}

function scaled(value: number, unit: string): string {
  for (const [factor, prefix] of [[1e9, 'G'], [1e6, 'M'], [1e3, 'k']] as const) {
    if (Math.abs(value) >= factor) return `${(value / factor).toFixed(Math.abs(value) >= 100 * factor ? 0 : 1)} ${prefix}${unit}`;
  }
  return `${Math.round(value)} ${unit}`;
}
