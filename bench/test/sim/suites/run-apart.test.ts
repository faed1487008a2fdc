import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { StoppedError } from '../../../src/errors.js';
import { readScenario } from '../../../src/sim/scenario.js';
import type { SimReport } from '../../../src/sim/sim-report.js';
import { comparisonOf } from '../../../src/sim/suites/registry.js';
import { runApart } from '../../../src/sim/suites/run-apart.js';
import { judgeReport } from '../../../src/sim/table.js';
import { simResult } from '../made-up-result.js';

/** Stands for the bench: gives a made-up report, fails for churn, and never ends where it is told so. */
const PROGRAM = `
const [reportPath, ...args] = process.argv.slice(2);
const { readFileSync, writeFileSync } = require('node:fs');
if (args.includes('--hang')) setInterval(() => {}, 1000);
else if (args.includes('churn')) { console.error('It did what no run can do.'); process.exit(1); }
else {
  console.log('p2ptv: 1.0 of 2 s, about 3 s left');
  console.log('and a table');
  writeFileSync(args[args.indexOf('--json') + 1], readFileSync(reportPath));
}`;

let folder = '';
let command: [string, ...string[]] = ['none'];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'p2ptv-test-'));
  const [program, report] = [join(folder, 'program.cjs'), join(folder, 'report.json')];
  writeFileSync(program, PROGRAM);
  const machine = { cpu: 'a', cores: 1, memoryBytes: 1, os: 'a', node: 'a', chromium: 'a', ffmpeg: 'a' };
  const run = { scenario: null, purpose: '', options: {}, bars: [], comparedWith: null };
  writeFileSync(
    report,
    JSON.stringify({ suite: 'sim', startedAt: '2026-11-21T12:00:00.000Z', machine, config: { title: 'One', runs: { p2ptv: run } }, results: { p2ptv: simResult() } }),
  );
  command = [process.execPath, program, report];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const plan = (only: string[]): ReturnType<ReturnType<typeof comparisonOf>['plan']> =>
  comparisonOf('bars').plan({ only, scenario: undefined, given: {} });

describe('runs in processes of their own', () => {
  it('makes one report of them, tells of each as it comes, and passes progress on', async () => {
    const lines: string[] = [];
    const seen: string[][] = [];
    const context = { signal: new AbortController().signal, print: (line: string) => void lines.push(line) };
    const report = await runApart(plan(['steady-10', 'steady-100']), context, {
      command,
      more: [],
      soFar: ({ results }: SimReport) => void seen.push(Object.keys(results)),
    });
    expect(Object.keys(report.results)).toEqual(['steady-10', 'steady-100']);
    expect(seen).toEqual([['steady-10'], ['steady-10', 'steady-100']]);
    expect(lines.filter((line) => line.includes('3 s left'))).toHaveLength(2);
    expect(lines.some((line) => line.includes('and a table'))).toBe(false);
    // Both last 60 s, so that a hundred viewers take ten times as long as ten.
    expect(lines.filter((line) => line.includes('About'))).toEqual([`  About ${Math.ceil((simResult().wallSeconds * 10) / 60)} min for the other run.`]);
  });

  it('goes on after one that failed, says why, and counts its bars as missed', async () => {
    const context = { signal: new AbortController().signal, print: () => {} };
    const report = await runApart(plan(['steady-10', 'churn']), context, { command, more: [], soFar: () => {} });
    expect(Object.keys(report.results)).toEqual(['steady-10']);
    expect(report.config.runs['churn']?.failure).toBe('No result: It did what no run can do.');
    const judged = judgeReport(report).filter(({ run }) => run === 'churn');
    expect(judged).toHaveLength(readScenario('churn').bars.length);
    expect(judged.filter(({ isMet }) => isMet)).toEqual([]);
  });

  it('ends a run when it is stopped', async () => {
    const stop = new AbortController();
    const context = { signal: stop.signal, print: () => stop.abort(new StoppedError('Stopped.')) };
    await expect(runApart(plan(['steady-10']), context, { command, more: ['--hang'], soFar: () => {} })).rejects.toThrow(StoppedError);
  });
});
