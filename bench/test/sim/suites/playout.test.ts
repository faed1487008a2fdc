import { describe, expect, it } from 'vitest';

import { readScenario } from '../../../src/sim/scenario.js';
import type { SimReport } from '../../../src/sim/sim-report.js';
import { leastPlayoutText } from '../../../src/sim/suites/playout.js';
import { comparisonOf } from '../../../src/sim/suites/registry.js';
import { simResult } from '../made-up-result.js';

/** A report of runs at playout delays, each with whether its bar is met. */
function tried(runs: Readonly<Record<number, boolean>>): Pick<SimReport, 'config' | 'results'> {
  const names = Object.entries(runs);
  const bars = [{ field: 'stalledRatio', most: 0.001 }];
  return {
    config: {
      title: '',
      runs: Object.fromEntries(names.map(([delayMs]) => [`at ${delayMs}`, { scenario: 'small-origin', purpose: '', options: { playoutMs: delayMs }, bars, comparedWith: null }])),
    },
    results: Object.fromEntries(names.map(([delayMs, isMet]) => [`at ${delayMs}`, simResult({ stalledRatio: isMet ? 0 : 0.1 })])),
  };
}

describe('suite of the playout delays', () => {
  it('makes the same run at one delay after the other, with the bars of the scenario', () => {
    const { entries } = comparisonOf('playout').plan({ only: ['1300', '2500'], scenario: undefined, given: { viewers: '50', playoutMs: '700' } });
    expect(entries.map(({ name, config }) => [name, config.playoutMs, config.viewers])).toEqual([
      ['small-origin at 1300 ms', 1_300, 50],
      ['small-origin at 2500 ms', 2_500, 50],
    ]);
    for (const { planned } of entries) expect(planned.bars).toEqual(readScenario('small-origin').bars);
  });

  it('takes other scenarios', () => {
    const { entries } = comparisonOf('playout').plan({ only: [], scenario: 'lossy', given: {} });
    expect(new Set(entries.map(({ planned }) => planned.scenario))).toEqual(new Set(['lossy']));
    expect(entries.length).toBeGreaterThan(3);
  });

  it.each([
    ['the least', { 1300: true, 1600: true }, 'All bars are met from a playout delay of 1300 ms on.'],
    ['the least that no greater one contradicts', { 1000: true, 1300: false, 1600: true }, 'All bars are met from a playout delay of 1600 ms on.'],
    ['that there is none', { 1300: true, 2500: false }, 'At 2500 ms of playout delay not all bars are met.'],
  ])('tells %s', (_what, runs, text) => {
    expect(leastPlayoutText(tried(runs))).toBe(text);
  });
});
