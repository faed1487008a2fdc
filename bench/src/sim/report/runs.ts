import type { PlannedRun, SimReport } from '../sim-report.js';
import { isLiveResult, type LiveResult, type MeasuredFigures, type SimResult } from '../sim-result.js';
import { seriesColor } from '../../report/chart.js';

/** A run as it is drawn, simulated or real. */
export type DrawnRun = {
  readonly name: string;
  readonly color: string;
  readonly result: MeasuredFigures;
};

/** One run as the simulator's page shows it. */
export type ShownRun = DrawnRun & {
  readonly result: SimResult;
  readonly planned: PlannedRun;
};

/** A run of a live stream: it has delays. */
export type LiveRun = DrawnRun & { readonly result: LiveResult };

/** True for a run of a live stream. */
export function isLiveRun<Run extends DrawnRun>(run: Run): run is Run & LiveRun {
  return isLiveResult(run.result);
}

/** The runs that have a result, in the order in which they were planned, each with its colour. */
export function shownRuns({ config, results }: Pick<SimReport, 'config' | 'results'>): ShownRun[] {
  const runs: ShownRun[] = [];
  for (const [name, planned] of Object.entries(config.runs)) {
    const result = Object.hasOwn(results, name) ? results[name] : undefined;
    if (result) runs.push({ name, color: seriesColor(runs.length), result, planned });
  }
  return runs;
}
