import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { SimResult } from '../../src/sim/sim-result.js';
import { simSuite } from '../../src/sim/suite.js';
import { simResult } from './made-up-result.js';

/** Stands for the bench that makes one run: its result is the same whatever the run. */
const PROGRAM = `
const { readFileSync, writeFileSync } = require('node:fs');
writeFileSync(process.argv[process.argv.indexOf('--json') + 1], readFileSync(__dirname + '/report.json'));`;

describe('a suite of simulated runs', () => {
  const [, bench = ''] = process.argv;
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'p2ptv-test-'));
    writeFileSync(join(folder, 'program.cjs'), PROGRAM);
    process.argv[1] = join(folder, 'program.cjs');
  });
  afterEach(() => {
    process.argv[1] = bench;
    rmSync(folder, { recursive: true });
  });

  async function run(suite: string, only: string, result: SimResult): Promise<{ isGood: boolean; output: string }> {
    const machine = { cpu: 'a', cores: 1, memoryBytes: 1, os: 'a', node: 'a', chromium: 'a', ffmpeg: 'a' };
    const planned = { scenario: null, purpose: '', options: {}, bars: [], comparedWith: null };
    const report = { suite: 'sim', startedAt: '2026-11-21T12:00:00.000Z', machine, config: { title: 'One', runs: { p2ptv: planned } }, results: { p2ptv: result } };
    writeFileSync(join(folder, 'report.json'), JSON.stringify(report));
    const lines: string[] = [];
    const context = { signal: new AbortController().signal, print: (line: string) => void lines.push(line) };
    return { isGood: await simSuite.run({ suite, only }, context), output: lines.join('\n') };
  }

  it('of bars fails by one that is missed, and by none that is met', async () => {
    const met = await run('bars', 'steady-100', simResult());
    expect(met.output).toContain('5 of 5 bars met.');
    expect(met.isGood).toBe(true);
    const missed = await run('bars', 'steady-100', simResult({ stalledRatio: 0.0011 }));
    expect(missed.output).toMatch(/steady-100: stalled +0\.11 % +≤ 0\.1\d? % +NOT MET/);
    expect(missed.output).toContain('4 of 5 bars met.');
    expect(missed.isGood).toBe(false);
  });

  it.each([
    [{ suite: 'bars', scenario: 'churn' }, '--scenario'],
    [{ suite: 'bars', strategy: 'tree' }, '--strategy'],
    [{ suite: 'playout', playoutMs: '900' }, '--playout-ms'],
    [{ suite: 'baselines', strategy: 'tree' }, '--strategy'],
    [{ suite: 'ablation', disable: 'push' }, '--disable'],
    [{ suite: 'ablation', only: 'pull' }, '--only'],
    [{ only: 'push' }, '--only'],
    [{ heapMib: 'much' }, '--heap-mib'],
    [{ heapMib: '-4' }, '--heap-mib'],
    [{ json: tmpdir() }, '--json'],
    [{ html: '/there/is/no/such/folder.html' }, '--html'],
    [{ json: join(tmpdir(), 'one'), html: join(tmpdir(), 'one') }, '--json'],
  ])('refuses %o before anything runs, naming the flag', async (flags, named) => {
    const context = { signal: new AbortController().signal, print: () => undefined };
    await expect(simSuite.run({ viewers: '2', seconds: '1', ...flags }, context)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(named) as string,
    });
  });

  it('of comparisons is no judge, and says what follows from them', async () => {
    const { isGood, output } = await run('playout', '1300,1600', simResult({ offloadSteadyRatio: 0.9 }));
    expect(isGood).toBe(true);
    expect(output).toContain('At 1600 ms of playout delay not all bars are met.');
  });
});
