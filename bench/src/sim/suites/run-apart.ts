import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { BenchError, StoppedError } from '../../errors.js';
import { describeMachine } from '../../machine.js';
import type { SuiteContext } from '../../suite.js';
import { flagOf } from '../options.js';
import type { PlanEntry, SimPlan } from '../plan.js';
import type { PlannedRun, SimReport } from '../sim-report.js';
import { simReportSchema } from '../sim-report.js';
import type { SimResult } from '../sim-result.js';
import { formatOutcome } from '../table.js';

/** What a run says of its progress; the rest that it prints is a table of its own. */
const PROGRESS = /s left$/;

/** How {@link runApart} makes its runs. */
export type ApartOptions = {
  /** The program that makes one run, with the arguments before the run's own: this bench. */
  readonly command: readonly [string, ...string[]];
  /** Is told the report after each run: a long comparison that is stopped has not been for nothing. */
  readonly soFar: (report: SimReport) => void;
  /** Arguments that every run's process gets too. */
  readonly more: readonly string[];
};

/**
 * Makes the runs of a plan one after the other, each in a process of its own: its memory is then its own,
 * and one that fails leaves the others.
 *
 * @throws StoppedError
 */
export async function runApart(plan: SimPlan, context: SuiteContext, { command, soFar, more }: ApartOptions): Promise<SimReport> {
  const startedAt = new Date().toISOString();
  const runs: Record<string, PlannedRun> = Object.fromEntries(plan.entries.map(({ name, planned }) => [name, planned]));
  const results: Record<string, SimResult> = {};
  const report = (): SimReport => ({
    suite: 'sim',
    startedAt,
    machine: describeMachine({ chromium: 'not used', ffmpeg: 'not used' }),
    config: { title: plan.title, runs },
    results,
  });
  let doneWork = 0;
  let doneSeconds = 0;
  const folder = mkdtempSync(join(tmpdir(), 'p2ptv-sim-'));
  const jsonPath = join(folder, 'run.json');
  try {
    for (const [index, entry] of plan.entries.entries()) {
      const { name, planned } = entry;
      context.print(`${name} (${index + 1} of ${plan.entries.length})`);
      try {
        const result = await runInChild([...command, ...argumentsOf(entry), ...more], jsonPath, context);
        results[name] = result;
        context.print(`  ${formatOutcome(result)}`);
        doneWork += workOf(entry);
        doneSeconds += result.wallSeconds;
      } catch (error) {
        if (context.signal.aborted) throw Object.keys(results).length > 0 ? new StoppedError('Stopped: the files that were asked for have what was finished.') : error;
        if (!(error instanceof BenchError)) throw error;
        runs[name] = { ...planned, failure: error.message };
        context.print(`  ${error.message}`);
      }
      soFar(report());
      const rest = plan.entries.slice(index + 1);
      if (rest.length > 0 && doneWork > 0) context.print(`  ${leftText(rest, doneSeconds / doneWork)}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return simReportSchema.parse(report());
}

/** About how much there is to do: viewers by seconds. */
function workOf({ config: { viewers, flash, seconds } }: PlanEntry): number {
  return viewers * (flash?.factor ?? 1) * seconds;
}

function leftText(rest: readonly PlanEntry[], secondsPerWork: number): string {
  const seconds = rest.reduce((sum, entry) => sum + workOf(entry), 0) * secondsPerWork;
  const time = seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
  return `About ${time} for the other ${rest.length === 1 ? 'run' : `${rest.length} runs`}.`;
}

/** The command line of one run. */
export function argumentsOf({ planned }: Pick<PlanEntry, 'planned'>): string[] {
  const flags = Object.entries(planned.options).flatMap(([name, value]) => {
    const flag = flagOf(name);
    if (typeof value === 'boolean') return value ? [flag] : [];
    return [flag, String(value)];
  });
  return [...(planned.scenario === null ? [] : ['--scenario', planned.scenario]), ...flags];
}

/** @throws BenchError when it gave no result, with the last that it said */
async function runInChild([program, ...args]: readonly [string, ...string[]], jsonPath: string, { signal, print }: SuiteContext): Promise<SimResult> {
  signal.throwIfAborted();
  rmSync(jsonPath, { force: true });
  const child = spawn(program, [...args, '--json', jsonPath], { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  let lastWords = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (PROGRESS.test(line)) print(`  ${line}`);
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.trim() !== '') lastWords = line;
  });
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('close', () => resolve());
      child.once('error', reject);
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  const [result] = Object.values(readReport(jsonPath)?.results ?? {});
  if (!result) throw new BenchError(`No result: ${lastWords === '' ? 'the run said nothing' : lastWords}`);
  return result;
}

function readReport(path: string): SimReport | undefined {
  try {
    return simReportSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    // A run that failed wrote nothing; what it said is told instead.
    return undefined;
  }
}
