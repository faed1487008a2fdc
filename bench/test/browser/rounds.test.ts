import { describe, expect, it } from 'vitest';
import { pairedRatios } from '../../src/browser/paired-ratios.js';
import { browserReportSchema } from '../../src/browser/report.js';
import { rotated } from '../../src/browser/rotation.js';
import { mediansOf, spreadOf } from '../../src/browser/round-medians.js';
import { formatReport } from '../../src/browser/table.js';
import { judge } from '../../src/browser/bars.js';
import { report, round, roundStarting } from './made-up-report.js';

describe('the order of rounds', () => {
  it('begins with another system each time, and keeps who follows whom', () => {
    const rounds = [0, 1, 2, 3].map((index) => rotated(['a', 'b', 'c'], index).join(''));
    expect(rounds).toEqual(['abc', 'bca', 'cab', 'abc']);
    expect(rotated([], 2)).toEqual([]);
  });
});

describe('medians over rounds', () => {
  const rounds = [
    { stalls: 0, delayMs: { p50: 900, p95: null }, all: [1, 2] },
    { stalls: 5, delayMs: { p50: 1000, p95: 1300 }, all: [3] },
    { stalls: 1, delayMs: { p50: 1400, p95: 1100 }, all: [] },
  ];

  it('are taken figure by figure, without what could not be measured; samples are put together', () => {
    expect(mediansOf(rounds)).toEqual({ stalls: 1, delayMs: { p50: 1000, p95: 1200 }, all: [1, 2, 3] });
    expect(mediansOf([{ p95: null }, { p95: null }])).toEqual({ p95: null });
  });

  it('come with the least and the most', () => {
    expect(spreadOf(rounds)).toEqual({ stalls: { min: 0, max: 5 }, 'delayMs.p50': { min: 900, max: 1400 }, 'delayMs.p95': { min: 1100, max: 1300 } });
  });

  it('know counters that only some rounds have', () => {
    expect(mediansOf([{ mechanisms: { pulls: 4 } }, { mechanisms: {} }])).toEqual({ mechanisms: { pulls: 4 } });
  });
});

describe('paired ratios', () => {
  it('compare viewer i with viewer i of the same round, and each round with itself', () => {
    const mine = [roundStarting([100, 300], { cpuSecondsPerViewerMinute: 5 }), roundStarting([800, 600], { cpuSecondsPerViewerMinute: 12 })];
    const its = [roundStarting([200, 200], { cpuSecondsPerViewerMinute: 10 }), roundStarting([400, 600], { cpuSecondsPerViewerMinute: 10 })];
    const ratios = pairedRatios(mine, its);
    expect(ratios.startupMs).toEqual({ p50: 1.25, upper95: null, all: [0.5, 1.5, 2, 1] });
    expect(ratios.cpuSecondsPerViewerMinute).toMatchObject({ p50: 0.85, all: [0.5, 1.2] });
  });

  it('compare the same click of viewer i', () => {
    const clicking = (startupMs: number, laterStartupsMs: (number | null)[]) => ({ ...round().viewers[0]!, startupMs, laterStartupsMs });
    const mine = [round({ viewers: [clicking(100, [300, 200, 400])] })];
    const its = [round({ viewers: [clicking(200, [300, null])] })];
    expect(pairedRatios(mine, its).startupMs.all).toEqual([0.5, 1]);
  });

  it('leave out pairs of which a half is missing', () => {
    const ratios = pairedRatios([roundStarting([100, null, 300]), roundStarting([100])], [roundStarting([200, 200, null])]);
    expect(ratios.startupMs.all).toEqual([0.5]);
    expect(pairedRatios([round({ cpuSecondsPerViewerMinute: null })], [round()]).cpuSecondsPerViewerMinute).toEqual({ p50: null, upper95: null, all: [] });
  });
});

describe('a report of several rounds', () => {
  const delays = [900, 1500, 1000].map((p50) => round({ playoutDelayMs: { p50, p95: p50, samples: 9, invalidReads: 0 } }));
  const made = report({ p2ptv: delays, hlsjs: [round(), round({ failures: ['Viewer 1: its page crashed.'] }), round()] });

  it('fits its schema, and has the rounds beside their medians', () => {
    expect(browserReportSchema.parse(made).results['p2ptv']).toMatchObject({ playoutDelayMs: { p50: 1000 }, spread: { 'playoutDelayMs.p50': { min: 900, max: 1500 } } });
    expect(made.results['p2ptv']?.rounds).toHaveLength(3);
    expect(made.results['p2ptv']?.ratiosToHlsjs?.playoutDelayMs.p50).toBe(1);
    expect(made.results['hlsjs']?.ratiosToHlsjs).toBeNull();
  });

  it('says in which round something went wrong', () => {
    expect(made.results['hlsjs']?.failures).toEqual(['Round 2: Viewer 1: its page crashed.']);
  });

  it('leaves out a system that was not reached', () => {
    expect(Object.keys(report({ p2ptv: delays, hlsjs: [] }).results)).toEqual(['p2ptv']);
  });

  it('is told with its spread, its ratios and its bars', () => {
    const text = formatReport(made, judge(made));
    expect(text).toMatch(/playout delay p50, ms +1000 \(900–1500\) +1000/);
    expect(text).toMatch(/startup from the click +1\.000 \(1\.000\)/);
    expect(text).toMatch(/medians of 3 rounds/);
    expect(text).not.toContain('--rounds 3');
    const quick = report({ p2ptv: [round()] });
    expect(formatReport(quick, judge(quick))).toContain('--rounds 3');
    // Asked for three, stopped after the first.
    const stopped = report({ p2ptv: [round()] }, { rounds: 3 });
    expect(formatReport(stopped, judge(stopped))).toContain('--rounds 3');
    expect(formatReport(stopped, judge(stopped))).not.toContain('least–most');
  });
});
