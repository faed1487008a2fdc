import { describeMachine } from '../machine.js';
import type { SuiteContext } from '../suite.js';
import { resolveSimOptions, type RawSimOptions } from './options.js';
import { runSimulation } from './run.js';
import type { Scenario } from './scenario.js';
import type { SimConfig } from './sim-config.js';
import { simReportSchema, type PlannedRun, type SimReport } from './sim-report.js';
import type { SimResult } from './sim-result.js';
import { createStrategy, type StrategyName } from './strategies/registry.js';
import { simulatedEngineOptions } from './engine-settings.js';

/** One run of a plan: what is simulated, and what stands in the report about it. */
export type PlanEntry = {
  /** Of its result; unique in the plan. */
  readonly name: string;
  readonly config: SimConfig;
  readonly strategy: StrategyName;
  readonly planned: PlannedRun;
};

/** Runs to be made one after the other, for one report. */
export type SimPlan = { readonly title: string; readonly entries: readonly PlanEntry[] };

/** How the runs of {@link planRuns} are called. */
export type PlanNaming = {
  /** Of the first strategy's run; the others' get their strategy's name behind it. Else they are called like their strategies. */
  readonly name?: string;
  readonly comparedWith?: string;
};

/**
 * Plans a scenario, or what the command line says, once for each strategy.
 *
 * @param given options; they override the scenario's
 * @throws UsageError for options that cannot be
 */
export function planRuns(scenario: Scenario | undefined, given: RawSimOptions, naming: PlanNaming = {}): PlanEntry[] {
  const options = { ...scenario?.options, ...withoutUndefined(given) };
  const { config, strategies } = resolveSimOptions(options);
  return strategies.map((strategy, index) => ({
    name: naming.name === undefined ? strategy : index === 0 ? naming.name : `${naming.name} ${strategy}`,
    config,
    strategy,
    planned: {
      scenario: scenario?.name ?? null,
      purpose: scenario?.purpose ?? '',
      options: { ...options, strategy },
      bars: scenario?.bars ?? [],
      comparedWith: naming.comparedWith ?? null,
    },
  }));
}

/**
 * Makes all runs of a plan.
 *
 * @param finished is told each result as it comes
 * @throws SimulationError, StoppedError
 */
export async function runPlan(plan: SimPlan, context: SuiteContext, finished?: (name: string, result: SimResult) => void): Promise<SimReport> {
  const startedAt = new Date().toISOString();
  const results: Record<string, SimResult> = {};
  for (const { name, config, strategy } of plan.entries) {
    const agent = createStrategy(strategy, simulatedEngineOptions(config));
    const result = await runSimulation(config, agent, context);
    results[name] = result;
    finished?.(name, result);
  }
  // Our own schema: a figure that does not fit is a defect here, and must not be written.
  return simReportSchema.parse({
    suite: 'sim',
    startedAt,
    machine: describeMachine({ chromium: 'not used', ffmpeg: 'not used' }),
    config: { title: plan.title, runs: Object.fromEntries(plan.entries.map(({ name, planned }) => [name, planned])) },
    results,
  });
}

function withoutUndefined(options: RawSimOptions): RawSimOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
