import type { BrowserReport } from './report.js';

/** One bar that P2PTV has set itself, and how it was met. */
export type Bar = {
  readonly name: string;
  readonly value: number | undefined;
  readonly limit: number;
  /** `most`: the value must not exceed the limit. */
  readonly sense: 'least' | 'most';
  readonly unit: 'ms' | 'ratio';
  readonly isMet: boolean;
};

type Wanted = Omit<Bar, 'isMet' | 'value'> & { readonly value: number | null | undefined };

/** The bar for the offload is set for so many viewers. */
const OFFLOAD_VIEWERS = 4;

/** Holds P2PTV's figures against its bars; none where it was not measured. What could not be measured is not met. */
export function judge(report: Pick<BrowserReport, 'config' | 'results'>): Bar[] {
  const { p2ptv, hlsjs } = report.results;
  if (!p2ptv) return [];
  const wanted: Wanted[] = [];
  if (report.config.viewers === OFFLOAD_VIEWERS) {
    wanted.push({ name: 'offloadRatio', value: p2ptv.offloadRatio, limit: 0.6, sense: 'least', unit: 'ratio' });
  }
  wanted.push({ name: 'playoutDelayMs p50', value: p2ptv.playoutDelayMs.p50, limit: 1500, sense: 'most', unit: 'ms' });
  if (hlsjs) {
    const value = quotient(p2ptv.playoutDelayMs.p50, hlsjs.playoutDelayMs.p50);
    wanted.push({ name: 'playoutDelayMs p50 / hlsjs', value, limit: 1.15, sense: 'most', unit: 'ratio' });
  }
  wanted.push({ name: 'startupMs p50', value: p2ptv.startupMs.p50, limit: 700, sense: 'most', unit: 'ms' });
  if (hlsjs) {
    const value = quotient(p2ptv.startupMs.p50, hlsjs.startupMs.p50);
    wanted.push({ name: 'startupMs p50 / hlsjs', value, limit: 1.15, sense: 'most', unit: 'ratio' });
  }
  wanted.push(
    { name: 'stalledRatio', value: p2ptv.stalledRatio, limit: 0.005, sense: 'most', unit: 'ratio' },
    { name: 'origin headers / media', value: p2ptv.headersRatio, limit: 0.01, sense: 'most', unit: 'ratio' },
    { name: 'totalsDifferenceRatio', value: p2ptv.totalsDifferenceRatio, limit: 0.01, sense: 'most', unit: 'ratio' },
  );
  return wanted.map((bar) => {
    const value = bar.value ?? undefined;
    const isMet = value !== undefined && (bar.sense === 'least' ? value >= bar.limit : value <= bar.limit);
    return { ...bar, value, isMet };
  });
}

function quotient(value: number | null, by: number | null): number | undefined {
  return value === null || by === null || by === 0 ? undefined : value / by;
}
