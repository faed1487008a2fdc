import { Option } from 'commander';

import { UsageError } from '../errors.js';
import { outputFileOf, writeJsonOutput, writeOutput } from '../output-file.js';
import type { Suite, SuiteContext } from '../suite.js';
import { runWithHeapFor } from './heap.js';
import { flagOf, SIM_OPTION_NAMES, simFlags } from './options.js';
import { planRuns, runPlan, type SimPlan } from './plan.js';
import { simPage } from './report/page.js';
import { readScenario, scenarioNames } from './scenario.js';
import type { SimReport } from './sim-report.js';
import type { Comparison } from './suites/comparison.js';
import { COMPARISONS, comparisonOf } from './suites/registry.js';
import { runApart } from './suites/run-apart.js';
import { formatSimReport, judgeReport } from './table.js';

/** With less Node hardly starts. */
const LEAST_HEAP_MIB = 64;

/** The engine by the thousands, in virtual time, against what is physically possible. */
export const simSuite: Suite = {
  name: 'sim',
  summary: 'the engine by the thousands in virtual time: delay and offload beside their limits',
  configure: (command) => {
    command.addOption(new Option('--scenario <name>', `a named run, whose options the others override: ${scenarioNames().join(', ')}`));
    command.addOption(new Option('--suite <name>', COMPARISONS.map(({ name, summary }) => `${name}: ${summary}`).join('. ')));
    command.addOption(new Option('--only <names>', 'parts of a suite, with commas (default: all)'));
    for (const flag of simFlags()) command.addOption(flag);
    command.addOption(new Option('--json <file>', 'the file to write the figures to'));
    command.addOption(new Option('--html <file>', 'a page with plots of the figures'));
    command.addOption(new Option('--heap-mib <MiB>', "memory of the run's heap (default: as the number of viewers needs it)"));
  },
  run: async (flags, context) => {
    const files = { json: fileOf(flags, 'json'), html: fileOf(flags, 'html') };
    if (files.json !== undefined && files.json === files.html) throw new UsageError('--json and --html name the same file.');
    const save = (report: SimReport): void => {
      if (files.json !== undefined) writeJsonOutput(files.json, report);
      if (files.html !== undefined && Object.keys(report.results).length > 0) writeOutput(files.html, simPage(report));
    };
    const comparison = typeof flags['suite'] === 'string' ? comparisonOf(flags['suite']) : undefined;
    const report = await (comparison ? compare(comparison, flags, { context, save }) : simulate(flags, context));
    if (typeof report === 'boolean') return report;
    save(report);
    context.print(`\n${formatSimReport(report)}`);
    if (comparison?.conclude) context.print(`\n${comparison.conclude(report)}`);
    for (const file of [files.json, files.html]) if (file !== undefined) context.print(`\nWritten: ${file}`);
    const isComplete = Object.values(report.config.runs).every(({ failure }) => failure === undefined);
    return isComplete && (comparison?.isJudge !== true || judgeReport(report).every(({ isMet }) => isMet));
  },
};

type Flags = Readonly<Record<string, unknown>>;

/** @returns a boolean when a process with more memory did it all, and how it went */
async function simulate(flags: Flags, context: SuiteContext): Promise<SimReport | boolean> {
  if (flags['only'] !== undefined) throw new UsageError('--only goes with --suite.');
  const plan = planOf(flags);
  const viewers = Math.max(...plan.entries.map(({ config }) => config.viewers * (config.flash?.factor ?? 1)));
  const elsewhere = await runWithHeapFor(viewers, heapMibOf(flags), context);
  return elsewhere ?? runPlan(plan, context);
}

/** Runs that are made to be compared; what there is so far is saved after each. */
function compare(comparison: Comparison, flags: Flags, { context, save }: { context: SuiteContext; save: (report: SimReport) => void }): Promise<SimReport> {
  const { only, scenario } = flags;
  const given = givenOf(flags);
  for (const [flag, value] of Object.entries({ ...given, scenario })) {
    if (value !== undefined && comparison.sets.includes(flag)) throw new UsageError(`${flagOf(flag)} does not go with --suite ${comparison.name}, which chooses by itself: see --only.`);
  }
  const heapMib = heapMibOf(flags);
  const plan = comparison.plan({
    only: typeof only === 'string' ? only.split(',').filter((part) => part !== '') : [],
    scenario: typeof scenario === 'string' ? scenario : undefined,
    given,
  });
  const [, cli = ''] = process.argv;
  return runApart(plan, context, {
    command: [process.execPath, ...process.execArgv, cli, 'sim'],
    more: heapMib > 0 ? ['--heap-mib', String(heapMib)] : [],
    soFar: save,
  });
}

function givenOf(flags: Flags): Flags {
  return Object.fromEntries(Object.entries(flags).filter(([key]) => SIM_OPTION_NAMES.includes(key)));
}

function planOf(flags: Flags): SimPlan {
  const { scenario: name } = flags;
  const scenario = typeof name === 'string' ? readScenario(name) : undefined;
  const given = givenOf(flags);
  const entries = planRuns(scenario, given);
  const config = entries[0]?.config;
  const title = scenario ? `${scenario.name}: ${scenario.purpose}` : `${config?.viewers ?? 0} viewers for ${config?.seconds ?? 0} s`;
  return { title, entries };
}

/** @throws UsageError */
function fileOf(flags: Readonly<Record<string, unknown>>, name: 'json' | 'html'): string | undefined {
  const given = flags[name];
  return typeof given === 'string' ? outputFileOf(`--${name}`, given) : undefined;
}

/** 0: as the number of viewers needs it. */
function heapMibOf({ heapMib }: Flags): number {
  if (heapMib === undefined) return 0;
  const mib = Number(heapMib);
  if (!Number.isInteger(mib) || mib < LEAST_HEAP_MIB) throw new UsageError(`--heap-mib must be a whole number of at least ${LEAST_HEAP_MIB}.`);
  return mib;
}
