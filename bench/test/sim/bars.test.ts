import { describe, expect, it } from 'vitest';

import { barSchema, judgeBars, runsNeededBy } from '../../src/sim/bars.js';
import { FIGURES, figureValue, formatFigure } from '../../src/sim/figures.js';
import { simResultSchema } from '../../src/sim/sim-report.js';
import { simResult } from './made-up-result.js';

const verdicts = (bars: unknown[], changes: Parameters<typeof simResult>[0] = {}): boolean[] =>
  judgeBars(
    { name: 'run', bars: bars.map((bar) => barSchema.parse(bar)) },
    { run: simResult(changes), other: simResult({ offloadSteadyRatio: 0.9, stalledRatio: 0.001 }) },
  ).map(({ isMet }) => isMet);

describe('bars', () => {
  it('are met at their very value', () => {
    const bars = [{ field: 'offloadSteadyRatio', least: 0.96 }, { field: 'stalledRatio', most: 0.001 }];
    expect(verdicts(bars, { offloadSteadyRatio: 0.96, stalledRatio: 0.001 })).toEqual([true, true]);
    expect(verdicts(bars, { offloadSteadyRatio: 0.9599, stalledRatio: 0.0011 })).toEqual([false, false]);
  });

  it('can be a multiple of another figure of the run', () => {
    const bar = { field: 'offloadSteadyRatio', least: 0.9, times: { field: 'offloadUplinkLimitRatio' } };
    expect(verdicts([bar], { offloadSteadyRatio: 0.46, offloadUplinkLimitRatio: 0.5 })).toEqual([true]);
    expect(verdicts([bar], { offloadSteadyRatio: 0.44, offloadUplinkLimitRatio: 0.5 })).toEqual([false]);
  });

  it('can be so far from the same figure of another run', () => {
    const bar = { field: 'offloadSteadyRatio', least: -0.05, plus: { run: 'other' } };
    expect(verdicts([bar], { offloadSteadyRatio: 0.851 })).toEqual([true]);
    expect(verdicts([bar], { offloadSteadyRatio: 0.849 })).toEqual([false]);
    expect(runsNeededBy([barSchema.parse(bar)])).toEqual(['other']);
  });

  it('are not met by what was not measured, nor against what did not run', () => {
    expect(verdicts([{ field: 'pollutersRemainingAfterMs', most: 2000 }], { pollutersRemainingAfterMs: null })).toEqual([false]);
    expect(verdicts([{ field: 'stalledRatio', most: 1, times: { run: 'absent' } }])).toEqual([false]);
  });

  it('have one limit', () => {
    expect(barSchema.safeParse({ field: 'stalledRatio' }).success).toBe(false);
    expect(barSchema.safeParse({ field: 'stalledRatio', least: 0, most: 1 }).success).toBe(false);
  });
});

describe('figures', () => {
  it('are all in a result, but for those of one kind of run', () => {
    const result = simResult({
      seekMs: { p50: 1, p95: 2 },
      recoveryMs: 1,
      outagePlayedRatio: 1,
      renditions: { bestRatio: 1, changesPerMinute: 3 },
      slowDownlinks: { stalledRatio: 0, fittingRatio: 1, bestAtEndRatio: 1 },
    });
    expect(FIGURES.filter(({ field }) => figureValue(result, field) === undefined)).toEqual([]);
    expect(figureValue(simResult(), 'seekMs.p50')).toBeUndefined();
    expect(figureValue(result, 'constructor.length')).toBeUndefined();
  });

  it.each([
    [0.9612, 'ratio', '0.961'],
    [0.99331, 'ratio', '0.9933'],
    [-0.0002, 'ratio', '0.000'],
    [-0.012, 'ratio', '-0.012'],
    [0.00042, 'share', '0.042 %'],
    [0.0000095, 'share', '< 0.01 %'],
    [0, 'share', '0.00 %'],
    [1234.5, 'ms', '1235 ms'],
    [18_400_000, 'bitsPerSecond', '18.4 Mb/s'],
    [512, 'bytes', '512 B'],
    [12_345, 'count', '12,345'],
    [undefined, 'ms', '-'],
  ] as const)('%d as %s is %s', (value, unit, text) => {
    expect(formatFigure(value, unit)).toBe(text);
  });
});

describe('schema of the results', () => {
  it('takes a whole result, and says where one is not', () => {
    expect(simResultSchema.parse(JSON.parse(JSON.stringify(simResult())))).toEqual(simResult());
    const broken = simResultSchema.safeParse({ ...simResult(), offloadRatio: 1.2 });
    expect(broken.error?.issues.map(({ path }) => path.join('.'))).toEqual(['offloadRatio']);
  });

  it('takes no figure that JSON cannot hold', () => {
    expect(simResultSchema.safeParse({ ...simResult(), chunkDelayOverLimit: Infinity }).success).toBe(false);
  });
});
