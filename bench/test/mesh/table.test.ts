import { describe, expect, it } from 'vitest';
import { judgeMesh } from '../../src/mesh/bars.js';
import { compare } from '../../src/mesh/comparison.js';
import { cautionOf, formatMeshReport } from '../../src/mesh/table.js';
import { simResult } from '../sim/made-up-result.js';
import { CPU, meshResult, report } from './made-up-mesh.js';

describe('mesh beside simulator', () => {
  it('tells the slowest of the delays that the simulator is not given', () => {
    expect(formatMeshReport(report(meshResult()))).toMatch(/link delay p5, p50, p95, p99 +0\.2 ms, 1\.0 ms, 4\.0 ms, 12\.0 ms/);
  });

  it('says by how much each figure differs', () => {
    const compared = compare(meshResult({ chunkDelayMs: { p50: 110, p95: 200, p99: 300 } }), simResult({ chunkDelayMs: { p50: 100, p95: 200, p99: 400 } }));
    const differenceOf = (field: string): number | undefined => compared.find(({ figure }) => figure.field === field)?.differenceRatio;
    expect(differenceOf('chunkDelayMs.p50')).toBeCloseTo(0.1, 6);
    expect(differenceOf('chunkDelayMs.p95')).toBe(0);
    expect(differenceOf('chunkDelayMs.p99')).toBeCloseTo(-0.25, 6);
  });

  it('has the mesh alone where the simulator did not run', () => {
    const compared = compare(meshResult(), undefined);
    expect(compared.length).toBeGreaterThan(20);
    expect(compared.every(({ mesh, sim, differenceRatio }) => mesh !== undefined && sim === undefined && differenceRatio === undefined)).toBe(true);
  });

  it('prints both, the differences, the machine and what went wrong', () => {
    const text = formatMeshReport(report(meshResult({ chunkDelayMs: { p50: 110, p95: 200, p99: 300 }, failures: ['Worker 1 of 2 ended by SIGKILL, and its viewers with it.'] })));
    expect(text).toMatch(/chunk delay p99 +300 ms +400 ms +-25 %/);
    expect(text).toMatch(/CPU, workers +50\.0 % of a core/);
    expect(text).toContain('Worker 1 of 2 ended by SIGKILL');
  });
});

describe('the bars of a mesh', () => {
  it.each([
    [0.96, 400, true, true],
    [0.94, 400, false, true],
    [0.95, 521, true, false],
    [0.95, 279, true, false],
    [0.95, 281, true, true],
  ])('offload over limit %d and a p99 of %d ms where the simulator has 400', (offloadOverLimit, p99, isOffloadMet, isDelayMet) => {
    const bars = judgeMesh(report(meshResult({ offloadOverLimit, chunkDelayMs: { p50: 1, p95: 2, p99 } })));
    expect(bars.map(({ isMet }) => isMet)).toEqual([isOffloadMet, isDelayMet]);
  });

  it('are not met by what was not measured, and not set for a small mesh', () => {
    const { chunkDelayMs: _delays, ...without } = meshResult();
    expect(judgeMesh(report(without)).at(-1)).toMatchObject({ value: undefined, isMet: false });
    expect(judgeMesh(report(meshResult(), 49))).toEqual([]);
  });
});

describe('compare', () => {
  it('gives no difference in per cent where one of the two is below 0', () => {
    const differenceOf = (ours: number, theirs: number): number | undefined =>
      compare(meshResult({ offloadSteadyRatio: ours }), simResult({ offloadSteadyRatio: theirs })).find(({ figure }) => figure.field === 'offloadSteadyRatio')?.differenceRatio;
    expect(differenceOf(0.5, 0.4)).toBeCloseTo(0.25);
    expect(differenceOf(0, 0.4)).toBe(-1);
    for (const [ours, theirs] of [[-1.5, 0.01], [-0.8, -0.1], [0.4, -0.1], [0.4, 0]] as const) expect(differenceOf(ours, theirs)).toBeUndefined();
  });
});

describe('cautionOf', () => {
  const quiet = { machineBusyRatio: 0.5, loopDelayP99Ms: 8, cpuSeconds: CPU };

  it('says nothing of a machine with room', () => {
    expect(cautionOf(quiet)).toBeUndefined();
    expect(cautionOf({ ...quiet, cpuSeconds: null, loopDelayP99Ms: null })).toBeUndefined();
  });

  it.each([
    [{ machineBusyRatio: 0.9 }, '90 % busy, 88 % with this run'],
    [{ machineBusyRatio: 0.9 }, 'lower --rate-kbps or --peers'],
    [{ loopDelayP99Ms: 90 }, '90 ms late'],
    [{ machineBusyRatio: 0.9, cpuSeconds: { ...CPU, others: 60 } }, 'Others used 50 % of the machine'],
  ])('%o: says what is wrong', (changes, sentence) => {
    expect(cautionOf({ ...quiet, ...changes })).toContain(sentence);
  });

  it('does not blame the run for what others took', () => {
    const caution = cautionOf({ machineBusyRatio: 0.98, loopDelayP99Ms: 58, cpuSeconds: { ...CPU, others: 90 } });
    expect(caution).toContain('98 % busy, 23 % with this run');
    expect(caution).not.toContain('lower');
  });
});
