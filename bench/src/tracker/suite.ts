import { BenchError, StoppedError } from '../errors.js';
import { connectionLimit } from '../load/open-file-limit.js';
import { writeJsonOutput } from '../output-file.js';
import { describeMachine } from '../machine.js';
import type { Suite, SuiteContext } from '../suite.js';
import { resolveTrackerOptions, trackerFlags, type TrackerOptions } from './options.js';
import { trackerReportSchema, type TrackerReport } from './report.js';
import { AT_ONCE, runTracker } from './run.js';
import { formatTrackerReport } from './table.js';

/** How many peers a tracker holds, how fast they join, and how long that takes them. */
export const trackerSuite: Suite = {
  name: 'tracker',
  summary: 'load on the tracker: connections a GiB, joins and signals a second, beside bittorrent-tracker',
  configure: (command) => {
    for (const flag of trackerFlags()) command.addOption(flag);
  },
  run: async (flags, context) => {
    const options = resolveTrackerOptions(flags);
    const report = await measure(options, context);
    context.print(`\n${formatTrackerReport(report)}`);
    if (options.jsonPath !== undefined) context.print(`\nFigures: ${options.jsonPath}`);
    return Object.values(report.results).every(({ failures }) => failures.length === 0);
  },
};

async function measure(options: TrackerOptions, context: SuiteContext): Promise<TrackerReport> {
  const { sockets, note } = reachable(options.sockets);
  if (note !== null) context.print(note);
  const results: TrackerReport['results'] = {};
  const report: TrackerReport = {
    suite: 'tracker',
    startedAt: new Date().toISOString(),
    machine: describeMachine({ chromium: 'not used', ffmpeg: 'not used' }),
    config: { sockets: [...sockets], note, seconds: options.seconds, clients: options.clients, atOnce: AT_ONCE },
    results,
  };
  const save = (): void => {
    // Our own schema: a figure that does not fit is a defect here, and must not be written.
    if (options.jsonPath !== undefined) writeJsonOutput(options.jsonPath, trackerReportSchema.parse(report));
  };
  try {
    for (const name of options.systems) {
      const result: TrackerReport['results'][string] = { levels: [], failures: [] };
      results[name] = result;
      const measured = (level: (typeof result.levels)[number]): void => {
        result.levels.push(level);
        save();
      };
      try {
        result.failures.push(...(await runTracker(name, { ...options, sockets, context, measured })));
      } catch (error) {
        // What was measured before stands, and so does the other tracker.
        if (!(error instanceof BenchError)) throw error;
        result.failures.push(error.message);
        context.print(error.message);
      }
    }
  } catch (error) {
    const isSomethingMeasured = Object.values(results).some(({ levels }) => levels.length > 0);
    if (!(error instanceof StoppedError) || !isSomethingMeasured) throw error;
    context.print(`\n${formatTrackerReport(report)}\n`);
    throw new StoppedError(`Stopped: ${options.jsonPath ?? 'the table'} has what was finished.`);
  }
  save();
  return report;
}

/** The levels that this machine's limit of open files allows; the last one is lowered to it. */
function reachable(asked: readonly number[]): { readonly sockets: readonly number[]; readonly note: string | null } {
  const limit = connectionLimit();
  const sockets = [...new Set(asked.map((level) => Math.min(level, limit)))];
  if (sockets.at(-1) === asked.at(-1)) return { sockets, note: null };
  const note = `A process may open ${limit} connections here, so ${asked.at(-1) ?? 0} become ${limit}: for more, raise the limit first (ulimit -Hn, as root).`;
  return { sockets, note };
}
