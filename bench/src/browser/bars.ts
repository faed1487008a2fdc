import { percentile } from '../metrics/percentile.js';
import type { BrowserReport, RoundResult, SystemResult } from './report.js';

/** One bar that P2PTV has set itself, and how it was met. */
export type Bar = {
  readonly name: string;
  readonly value: number | undefined;
  readonly limit: number;
  /** `most`: the value must not exceed the limit; `more`: it has to exceed it. */
  readonly sense: 'least' | 'most' | 'more';
  readonly unit: 'ms' | 'ratio';
  readonly isMet: boolean;
};

type Wanted = Omit<Bar, 'isMet' | 'value'> & { readonly value: number | null | undefined };

/** What the bars for the offload are set for. */
const BARRED_VIEWERS = 4;
const BARRED_SECONDS = 60;
/** Rounds from which on medians are to be relied on. */
export const BARRED_ROUNDS = 3;

/** The range of playback rates in which a change of tempo is hard to hear. */
const LEAST_RATE = 0.95;
const MOST_RATE = 1.1;
/** Share of the seeks that may come to no picture before the next one: a viewer would take more of them for a fault. */
const MOST_UNFINISHED_SEEK_RATIO = 0.02;

/**
 * Holds P2PTV's medians against its bars; none where it was not measured. Bars that need other systems, or
 * another size of run, are left out where these are missing. What could not be measured is not met.
 */
export function judge({ config, results }: Pick<BrowserReport, 'config' | 'results'>): Bar[] {
  const { p2ptv } = results;
  if (!p2ptv) return [];
  return barsOf({ config, results }, p2ptv).map((bar) => {
    const value = bar.value ?? undefined;
    return { ...bar, value, isMet: value !== undefined && keeps(value, bar) };
  });
}

/** Each scenario has its own; some have none. */
function barsOf({ config, results }: Pick<BrowserReport, 'config' | 'results'>, p2ptv: SystemResult): Wanted[] {
  switch (config.scenario) {
    case 'steady': {
      const hasSize = config.viewers === BARRED_VIEWERS && config.seconds >= BARRED_SECONDS;
      return [...(hasSize ? offloadBars(p2ptv) : []), ...delayBars(results, p2ptv), ...startupBars(p2ptv), ...costBars(p2ptv), ...peerBars(results, p2ptv)];
    }
    case 'kill':
      return [{ name: 'survivors: stalledRatio', value: p2ptv.groups['survivors']?.stalledRatio, limit: 0.002, sense: 'most', unit: 'ratio' }];
    case 'shape':
      return [
        { name: 'offloadRatio / its limit', value: wholeOffload(p2ptv), limit: 0.85, sense: 'least', unit: 'ratio' },
        { name: 'stalledRatio', value: p2ptv.stalledRatio, limit: 0.005, sense: 'most', unit: 'ratio' },
      ];
    case 'on-demand':
      return [
        { name: 'offloadSteadyRatio', value: p2ptv.offloadSteadyRatio, limit: 0.6, sense: 'least', unit: 'ratio' },
        { name: 'seekMs p50', value: p2ptv.seekMs?.p50, limit: 500, sense: 'most', unit: 'ms' },
        // Those have no time, so the median is silent about them.
        { name: 'seeksUnfinished / all seeks', value: unfinishedSeekRatio(p2ptv), limit: MOST_UNFINISHED_SEEK_RATIO, sense: 'most', unit: 'ratio' },
      ];
    default:
      return [];
  }
}

/** Over all rounds together. */
function unfinishedSeekRatio({ rounds }: SystemResult): number | undefined {
  const sum = (count: (round: RoundResult) => number): number => rounds.reduce((all, round) => all + count(round), 0);
  const unfinished = sum(({ seeksUnfinished }) => seeksUnfinished ?? 0);
  const all = unfinished + sum(({ seekMs, seekInBufferMs }) => (seekMs?.samples ?? 0) + (seekInBufferMs?.samples ?? 0));
  return all > 0 ? unfinished / all : undefined;
}

/** Offload over its limit, over whole sessions. */
function wholeOffload({ rounds }: SystemResult): number | undefined {
  return medianOf(rounds, ({ offloadRatio, offloadLimitRatio }) => quotient(offloadRatio, offloadLimitRatio));
}

function offloadBars(p2ptv: SystemResult): Wanted[] {
  return [
    { name: 'offloadSteadyRatio / its limit', value: p2ptv.offloadOverLimit, limit: 0.97, sense: 'least', unit: 'ratio' },
    {
      name: 'offloadRatio / its limit',
      value: wholeOffload(p2ptv),
      limit: 0.93,
      sense: 'least',
      unit: 'ratio',
    },
  ];
}

function delayBars(results: BrowserReport['results'], { playoutDelayMs, stalledRatio, rounds }: SystemResult): Wanted[] {
  const { hlsjs, 'hlsjs-tuned': tuned } = results;
  const wanted: Wanted[] = [{ name: 'playoutDelayMs p50', value: playoutDelayMs.p50, limit: 1400, sense: 'most', unit: 'ms' }];
  if (hlsjs && tuned) {
    const value = medianOf(rounds, ({ playoutDelayMs: { p50 } }, round) => {
      const others = [hlsjs, tuned].map((other) => other.rounds[round]?.playoutDelayMs.p50);
      const known = others.filter((other) => typeof other === 'number');
      return known.length === others.length ? quotient(p50, Math.min(...known)) : undefined;
    });
    wanted.push({ name: 'playoutDelayMs p50 / better of hlsjs, hlsjs-tuned', value, limit: 1.05, sense: 'most', unit: 'ratio' });
  }
  return [
    ...wanted,
    // At any time, not in the median.
    { name: 'playback rate, least', value: Math.min(...rounds.map(({ leastRate }) => leastRate)), limit: LEAST_RATE, sense: 'least', unit: 'ratio' },
    { name: 'playback rate, most', value: Math.max(...rounds.map(({ mostRate }) => mostRate)), limit: MOST_RATE, sense: 'most', unit: 'ratio' },
    { name: 'stalledRatio', value: stalledRatio, limit: 0.001, sense: 'most', unit: 'ratio' },
  ];
}

function startupBars({ startupMs, ratiosToHlsjs }: SystemResult): Wanted[] {
  const wanted: Wanted[] = [{ name: 'startupMs p50', value: startupMs.p50, limit: 400, sense: 'most', unit: 'ms' }];
  if (!ratiosToHlsjs) return wanted;
  const { p50, upper95 } = ratiosToHlsjs.startupMs;
  wanted.push({ name: 'startupMs / hlsjs, median of pairs', value: p50, limit: 1, sense: 'most', unit: 'ratio' });
  // Fewer pairs than it takes say nothing, good or bad.
  if (upper95 !== null) wanted.push({ name: 'startupMs / hlsjs, upper 95 % limit', value: upper95, limit: 1.1, sense: 'most', unit: 'ratio' });
  return wanted;
}

function costBars({ ratiosToHlsjs, headersRatio, totalsDifferenceRatio }: SystemResult): Wanted[] {
  const cpu = ratiosToHlsjs?.cpuSecondsPerViewerMinute;
  return [
    // Processor time is known on Linux only.
    ...(cpu && cpu.p50 !== null ? [{ name: 'CPU of viewers / hlsjs', value: cpu.p50, limit: 1.3, sense: 'most', unit: 'ratio' } as const] : []),
    { name: 'origin headers / media', value: headersRatio, limit: 0.01, sense: 'most', unit: 'ratio' },
    { name: 'totalsDifferenceRatio', value: totalsDifferenceRatio, limit: 0.01, sense: 'most', unit: 'ratio' },
  ];
}

/**
 * Against p2p-media-loader at its best: over whole sessions, since what it fetches in the first seconds it plays later,
 * in those that count as steady.
 */
function peerBars(results: BrowserReport['results'], { offloadRatio, rounds }: SystemResult): Wanted[] {
  const { 'p2p-media-loader': other } = results;
  if (!other) return [];
  const share = medianOf(rounds, ({ playoutDelayMs: { p50 } }, round) => quotient(p50, other.rounds[round]?.playoutDelayMs.p50));
  return [
    ...(other.offloadRatio === null
      ? []
      : [{ name: 'offloadRatio, against p2p-media-loader', value: offloadRatio, limit: other.offloadRatio, sense: 'more', unit: 'ratio' } as const]),
    { name: 'playoutDelayMs p50 / p2p-media-loader', value: share, limit: 0.2, sense: 'most', unit: 'ratio' },
  ];
}

function keeps(value: number, { sense, limit }: Wanted): boolean {
  switch (sense) {
    case 'least':
      return value >= limit;
    case 'more':
      return value > limit;
    case 'most':
      return value <= limit;
  }
}

function medianOf(rounds: readonly RoundResult[], figure: (round: RoundResult, index: number) => number | undefined): number | undefined {
  return percentile(
    rounds.map(figure).filter((value) => value !== undefined),
    0.5,
  );
}

function quotient(value: number | null, by: number | null | undefined): number | undefined {
  return value === null || typeof by !== 'number' || by === 0 ? undefined : value / by;
}

const SENSES: Readonly<Record<Bar['sense'], string>> = { least: '≥', more: '>', most: '≤' };

/** The value, for people. */
export function barValueText({ value, unit }: Bar): string {
  return value === undefined ? '-' : figureText(value, unit);
}

/** What was wanted, for people: `≥ 0.970`. */
export function barText({ limit, sense, unit }: Bar): string {
  return `${SENSES[sense]} ${figureText(limit, unit)}`;
}

function figureText(figure: number, unit: Bar['unit']): string {
  return unit === 'ms' ? `${Math.round(figure)} ms` : figure.toFixed(3);
}
