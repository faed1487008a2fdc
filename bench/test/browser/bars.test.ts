import { describe, expect, it } from 'vitest';
import { groupFigures } from '../../src/browser/group-figures.js';
import { barText, barValueText, judge } from '../../src/browser/bars.js';
import type { RoundResult } from '../../src/browser/report.js';
import { viewerOutcome } from './outcome.js';
import { report, round, roundStarting } from './made-up-report.js';

const delayed = (p50: number | null): Pick<RoundResult, 'playoutDelayMs'> => ({ playoutDelayMs: { p50, p95: p50, samples: 9, invalidReads: 0 } });
const far = round({ ...delayed(16_000), offloadRatio: 0.65 });

function missed(rounds: Readonly<Record<string, readonly RoundResult[]>>): string[] {
  return judge(report(rounds)).filter(({ isMet }) => !isMet).map(({ name }) => name);
}

describe('the bars', () => {
  it('are met by good figures, all of them', () => {
    const good = [round(), round(), round()];
    const rounds = { p2ptv: good, hlsjs: good, 'hlsjs-tuned': good, 'p2p-media-loader': [far, far, far] };
    expect(missed(rounds)).toEqual([]);
    expect(judge(report(rounds))).toHaveLength(15);
  });

  it.each<[string, Partial<RoundResult>]>([
    ['offloadSteadyRatio / its limit', { offloadOverLimit: 0.969 }],
    ['offloadRatio / its limit', { offloadRatio: 0.68 }],
    ['playoutDelayMs p50', delayed(1401)],
    ['playback rate, least', { leastRate: 0.94 }],
    ['playback rate, most', { mostRate: 1.11 }],
    ['stalledRatio', { stalledRatio: 0.0011 }],
    ['startupMs p50', { startupMs: { p50: 401, p95: 800, first: 401, laterP50: 401, all: [401] } }],
    ['origin headers / media', { headersRatio: 0.011 }],
    ['totalsDifferenceRatio', { totalsDifferenceRatio: 0.011 }],
  ])('%s is missed by itself', (name, figures) => {
    expect(missed({ p2ptv: [round(figures)] })).toEqual([name]);
  });

  it('on-demand: a fast median is not enough where seeks come to no picture', () => {
    const sought = (seeksUnfinished: number): RoundResult => round({ seekMs: { p50: 90, p95: 200, samples: 40 }, seekInBufferMs: { p50: 9, p95: 9, samples: 9 }, seeksUnfinished });
    const missed = (...rounds: RoundResult[]): string[] => judge(report({ p2ptv: rounds }, { scenario: 'on-demand' })).filter(({ isMet }) => !isMet).map(({ name }) => name);
    expect(missed(sought(1), sought(0), sought(1))).toEqual([]);
    // Not in the median of the rounds: in all of them.
    expect(missed(sought(0), sought(0), sought(4))).toEqual(['seeksUnfinished / all seeks']);
    // Nobody sought at all.
    expect(missed(round())).toEqual(['seekMs p50', 'seeksUnfinished / all seeks']);
  });

  it('hold the delay against the better of plain and tuned hls.js, round by round', () => {
    const p2ptv = [round(delayed(1000)), round(delayed(2000)), round(delayed(1000))];
    // A slow round is slow for all.
    const others = { hlsjs: [990, 1990, 900].map((p50) => round(delayed(p50))), 'hlsjs-tuned': [1200, 1900, 990].map((p50) => round(delayed(p50))) };
    const name = 'playoutDelayMs p50 / better of hlsjs, hlsjs-tuned';
    const bar = judge(report({ p2ptv, ...others })).find((one) => one.name === name);
    expect(bar).toMatchObject({ value: 2000 / 1900, isMet: false });
    expect(judge(report({ p2ptv, hlsjs: others.hlsjs })).map((one) => one.name)).not.toContain(name);
  });

  it('hold startup against plain hls.js, pair by pair, with its upper limit where there are pairs enough', () => {
    const slow = [roundStarting([300, 400, 500, 600])];
    const fast = [roundStarting([290, 410, 480, 550])];
    const names = (rounds: Parameters<typeof report>[0]): string[] => judge(report(rounds)).map(({ name }) => name);
    expect(missed({ p2ptv: slow, hlsjs: fast })).toEqual(['startupMs / hlsjs, median of pairs']);
    expect(names({ p2ptv: slow, hlsjs: fast })).not.toContain('startupMs / hlsjs, upper 95 % limit');
    const uneven = [roundStarting([200, 200, 200, 200]), roundStarting([500, 500, 500, 200])];
    const even = [roundStarting([400, 400, 400, 400]), roundStarting([400, 400, 400, 400])];
    expect(missed({ p2ptv: uneven, hlsjs: even })).toEqual(['startupMs / hlsjs, upper 95 % limit']);
  });

  it('hold what watching costs against plain hls.js', () => {
    const costly = [round({ cpuSecondsPerViewerMinute: 14 })];
    expect(missed({ p2ptv: costly, hlsjs: [round({ cpuSecondsPerViewerMinute: 10 })] })).toEqual(['CPU of viewers / hlsjs']);
    const unknown = [round({ cpuSecondsPerViewerMinute: null })];
    expect(judge(report({ p2ptv: unknown, hlsjs: unknown })).map(({ name }) => name)).not.toContain('CPU of viewers / hlsjs');
  });

  it('want more offload than p2p-media-loader, at a fifth of its delay', () => {
    expect(missed({ p2ptv: [round()], 'p2p-media-loader': [round({ ...delayed(4900), offloadRatio: 0.72 })] })).toEqual([
      'offloadRatio, against p2p-media-loader',
      'playoutDelayMs p50 / p2p-media-loader',
    ]);
  });

  it('are missed by what could not be measured', () => {
    expect(missed({ p2ptv: [round(delayed(null))] })).toEqual(['playoutDelayMs p50']);
  });

  it('judge rates by the worst round, other figures by the median', () => {
    expect(missed({ p2ptv: [round(), round({ mostRate: 1.2, stalledRatio: 0.5 }), round()] })).toEqual(['playback rate, most']);
  });

  it('are not applied to what they were not set for', () => {
    expect(judge(report({ hlsjs: [round()] }))).toEqual([]);
    for (const config of [{ viewers: 2 }, { seconds: 30 }]) {
      expect(judge(report({ p2ptv: [round()] }, config)).some(({ name }) => name.startsWith('offload'))).toBe(false);
    }
  });

  it('are others where half the viewers are killed: for the survivors', () => {
    const survivors = (stalledRatio: number): RoundResult => {
      const members = groupFigures([viewerOutcome()]);
      return round({ stalledRatio: 0.5, groups: { survivors: { ...members, stalledRatio }, killed: { ...members, stalledRatio: 0.5 } } });
    };
    const judged = (stalledRatio: number): boolean[] => judge(report({ p2ptv: [survivors(stalledRatio)] }, { scenario: 'kill' })).map(({ isMet }) => isMet);
    expect(judged(0.002)).toEqual([true]);
    expect(judged(0.0021)).toEqual([false]);
  });

  it('are others on limited lines', () => {
    const judged = (figures: Partial<RoundResult>): string[] => {
      const bars = judge(report({ p2ptv: [round(figures)] }, { scenario: 'shape' }));
      expect(bars).toHaveLength(2);
      return bars.filter(({ isMet }) => !isMet).map(({ name }) => name);
    };
    expect(judged({ offloadRatio: 0.85 * 0.75, offloadLimitRatio: 0.75, stalledRatio: 0.005 })).toEqual([]);
    expect(judged({ offloadRatio: 0.63, offloadLimitRatio: 0.75, stalledRatio: 0.0051 })).toEqual(['offloadRatio / its limit', 'stalledRatio']);
  });

  it('are not set for other scenarios', () => {
    expect(judge(report({ p2ptv: [round()] }, { scenario: 'origin-killed' }))).toEqual([]);
  });

  it('are told in words', () => {
    const [offload] = judge(report({ p2ptv: [round()] }));
    expect([barValueText(offload!), barText(offload!)]).toEqual(['0.993', '≥ 0.970']);
    expect(judge(report({ p2ptv: [round()] })).map(barText)).toContain('≤ 1400 ms');
  });
});
