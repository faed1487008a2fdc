import { describe, expect, it } from 'vitest';

import type { SimReport } from '../../src/sim/sim-report.js';
import { formatSimReport } from '../../src/sim/table.js';
import { simResult } from './made-up-result.js';

type Run = SimReport['config']['runs'][string];

const planned = (bars: Run['bars'] = []): Run => ({ scenario: null, purpose: '', options: {}, bars, comparedWith: null });

describe('table of runs', () => {
  it('has a column for each of a few runs, and leaves out what none has', () => {
    const table = formatSimReport({
      config: { title: 'Two of them.', runs: { p2ptv: planned(), tree: planned() } },
      results: { p2ptv: simResult(), tree: simResult({ offloadSteadyRatio: 0.5, mechanisms: {} }) },
    });
    expect(table).toMatch(/^Two of them\.\n\n +p2ptv +tree\n/);
    expect(table).toMatch(/\noffload, steady +0\.962 +0\.500\n/);
    expect(table).toMatch(/\n {2}splits +312 +0(\n|$)/);
    expect(table).not.toContain('seek');
  });

  it('says which bars are met, and how many', () => {
    const table = formatSimReport({
      config: { title: 'One.', runs: { steady: planned([{ field: 'offloadSteadyRatio', least: 0.96 }, { field: 'stalledRatio', most: 0.0001 }]) } },
      results: { steady: simResult() },
    });
    expect(table).toMatch(/steady: offload, steady +0\.962 +≥ 0\.960 +ok/);
    expect(table).toMatch(/steady: stalled +0\.04\d? % +≤ 0\.01\d? % +NOT MET/);
    expect(table).toContain('1 of 2 bars met.');
  });

  it('says how many times another run’s figure it is, and where that other run is to be had', () => {
    const bars = [{ field: 'uploadFairness.contributorsP99Ms', most: 1.1, times: { run: 'contributors' } }];
    const riders = { ...planned(bars), scenario: 'free-riders' };
    const contributors = simResult({ uploadFairness: { jain: 1, contributorsP99Ms: 1_000, leastContributorsP99Ms: 1_000, mostContributorsP99Ms: 1_000 } });
    const together = formatSimReport({
      config: { title: 'Both.', runs: { contributors: planned(), 'free-riders': riders } },
      results: { contributors, 'free-riders': simResult() },
    });
    expect(together).toMatch(/p99 of who gave at all +1005 ms \(1\.00 ×\) +≤ 1100 ms \(contributors\) +ok/);
    const alone = formatSimReport({ config: { title: 'One.', runs: { p2ptv: riders } }, results: { p2ptv: simResult() } });
    expect(alone).not.toContain('bars met');
    expect(alone).toContain('free-riders is held against contributors by --suite bars --only free-riders.');
  });

  it('has a row for each of many', () => {
    const names = Array.from({ length: 9 }, (_, index) => `run-${index}`);
    const table = formatSimReport({
      config: { title: 'Many.', runs: Object.fromEntries(names.map((name) => [name, planned()])) },
      results: Object.fromEntries(names.map((name) => [name, simResult()])),
    });
    for (const name of names) expect(table).toMatch(new RegExp(`\n${name} +0\\.962 +1010 ms `));
  });
});
