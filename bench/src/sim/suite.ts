import { existsSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { Option } from 'commander';

import { BenchError, UsageError } from '../errors.js';
import type { Suite } from '../suite.js';
import { runWithHeapFor } from './heap.js';
import { SIM_OPTION_NAMES, simFlags } from './options.js';
import { planRuns, runPlan, type SimPlan } from './plan.js';
import { simPage } from './report/page.js';
import { readScenario, scenarioNames } from './scenario.js';
import { formatSimReport, judgeReport } from './table.js';

/** The engine by the thousands, in virtual time, against what is physically possible. */
export const simSuite: Suite = {
  name: 'sim',
  summary: 'the engine by the thousands in virtual time: delay and offload beside their limits',
  configure: (command) => {
    command.addOption(new Option('--scenario <name>', `a named run, whose options the others override: ${scenarioNames().join(', ')}`));
    for (const flag of simFlags()) command.addOption(flag);
    command.addOption(new Option('--json <file>', 'the file to write the figures to'));
    command.addOption(new Option('--html <file>', 'a page with plots of the figures'));
    command.addOption(new Option('--heap-mib <MiB>', "memory of the run's heap (default: as the number of viewers needs it)"));
  },
  run: async (flags, context) => {
    const plan = planOf(flags);
    const files = { json: fileOf(flags, 'json'), html: fileOf(flags, 'html') };
    const viewers = Math.max(...plan.entries.map(({ config }) => config.viewers * (config.flash?.factor ?? 1)));
    const elsewhere = await runWithHeapFor(viewers, Number(flags['heapMib'] ?? 0) || 0, context);
    if (elsewhere !== undefined) return elsewhere;
    const report = await runPlan(plan, context);
    if (files.json !== undefined) write(files.json, `${JSON.stringify(report, undefined, 2)}\n`);
    if (files.html !== undefined) write(files.html, simPage(report));
    context.print(`\n${formatSimReport(report)}`);
    for (const file of [files.json, files.html]) if (file !== undefined) context.print(`\nWritten: ${file}`);
    return judgeReport(report).every(({ isMet }) => isMet);
  },
};

function planOf(flags: Readonly<Record<string, unknown>>): SimPlan {
  const { scenario: name } = flags;
  const scenario = typeof name === 'string' ? readScenario(name) : undefined;
  const given = Object.fromEntries(Object.entries(flags).filter(([key]) => SIM_OPTION_NAMES.includes(key)));
  const entries = planRuns(scenario, given);
  const config = entries[0]?.config;
  const title = scenario ? `${scenario.name}: ${scenario.purpose}` : `${config?.viewers ?? 0} viewers for ${config?.seconds ?? 0} s`;
  return { title, entries };
}

/** @throws UsageError: found out now, not after minutes of simulating */
function fileOf(flags: Readonly<Record<string, unknown>>, name: 'json' | 'html'): string | undefined {
  const given = flags[name];
  if (typeof given !== 'string') return undefined;
  const path = resolve(given);
  if (!existsSync(dirname(path))) throw new UsageError(`The folder of --${name} ${given} does not exist.`);
  return path;
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new BenchError(`${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
