import { MECHANISMS } from '@p2ptv/peer/engine';
import { describe, expect, it } from 'vitest';

import { FIGURES } from '../../../src/sim/figures.js';
import { runsNeededBy } from '../../../src/sim/bars.js';
import { readScenario, scenarioNames } from '../../../src/sim/scenario.js';
import { STRATEGY_NAMES } from '../../../src/sim/strategies/registry.js';
import type { ComparisonRequest } from '../../../src/sim/suites/comparison.js';
import { comparisonOf } from '../../../src/sim/suites/registry.js';
import { argumentsOf } from '../../../src/sim/suites/run-apart.js';

const plan = (name: string, request: Partial<ComparisonRequest> = {}): ReturnType<ReturnType<typeof comparisonOf>['plan']>['entries'] =>
  comparisonOf(name).plan({ only: [], scenario: undefined, given: {}, ...request }).entries;

describe('bars of the scenarios', () => {
  it.each(scenarioNames())('%s: are set on figures that there are, against scenarios that there are', (name) => {
    const { bars } = readScenario(name);
    const fields = bars.flatMap(({ field, times, plus }) => [field, times?.field ?? field, plus?.field ?? field]);
    expect(fields.filter((field) => !FIGURES.some((figure) => figure.field === field))).toEqual([]);
    expect(runsNeededBy(bars).filter((needed) => !scenarioNames().includes(needed))).toEqual([]);
  });
});

describe('suite of the bars', () => {
  it('has every scenario with bars, the largest last', () => {
    const names = plan('bars').map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(scenarioNames().filter((name) => readScenario(name).bars.length > 0)));
    expect(new Set(names).size).toBe(names.length);
    expect(names.slice(-2)).toEqual(['steady-10k', 'steady-100k']);
  });

  it('runs what a wanted scenario is held against too', () => {
    expect(plan('bars', { only: ['free-riders'] }).map(({ name }) => name)).toEqual(['contributors', 'free-riders']);
  });

  it('knows what it does not know', () => {
    expect(() => plan('bars', { only: ['nonsense'] })).toThrow(/--only nonsense: there are steady-10/);
    expect(() => comparisonOf('nonsense')).toThrow(/there are bars, playout, baselines, ablation/);
  });
});

describe('suite of the baselines', () => {
  it('runs every strategy on the same network with the same seed', () => {
    const entries = plan('baselines', { given: { viewers: '50', seed: '7' } });
    expect(entries.map(({ name }) => name)).toEqual(STRATEGY_NAMES);
    expect(new Set(entries.map(({ config }) => JSON.stringify(config))).size).toBe(1);
    expect(entries[0]?.config).toMatchObject({ viewers: 50, seed: 7 });
  });

  it('holds nobody but us against our bars', () => {
    for (const { strategy, planned } of plan('baselines')) expect(planned.bars.length > 0).toBe(strategy === 'p2ptv');
  });

  it('takes another scenario, and some of the strategies', () => {
    const entries = plan('baselines', { scenario: 'churn', only: ['tree', 'p2ptv'] });
    expect(entries.map(({ name, planned }) => [name, planned.scenario])).toEqual([['p2ptv', 'churn'], ['tree', 'churn']]);
  });
});

describe('suite of the ablation', () => {
  it('switches off each mechanism there is, beside the whole engine in the same scenario', () => {
    const entries = plan('ablation');
    const without = entries.filter(({ planned }) => planned.comparedWith !== null);
    expect(without.flatMap(({ config }) => config.disabled).sort()).toEqual([...MECHANISMS].sort());
    for (const { config, planned } of without) {
      const whole = entries.find(({ name }) => name === planned.comparedWith);
      expect(whole?.config).toEqual({ ...config, disabled: [] });
    }
  });

  it('takes some of the mechanisms', () => {
    expect(plan('ablation', { only: ['jitter'] }).map(({ name }) => name)).toEqual(['small-origin', 'small-origin without jitter']);
  });
});

describe('command line of a run', () => {
  it('gives the run that was planned', () => {
    const [entry] = plan('baselines', { scenario: 'codec', only: ['tree'], given: { uplink: 'equal:9000', kill: '0.1:10' } });
    const args = argumentsOf(entry!);
    expect(args.slice(0, 2)).toEqual(['--scenario', 'codec']);
    expect(args).toContain('--codec');
    expect(args.join(' ')).toContain('--uplink equal:9000 --kill 0.1:10 --strategy tree');
    expect(args).not.toContain('true');
  });
});
