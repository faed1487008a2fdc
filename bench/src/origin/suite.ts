import { StoppedError } from '../errors.js';
import { writeJsonOutput } from '../output-file.js';
import { connectionLimit } from '../load/open-file-limit.js';
import { describeMachine } from '../machine.js';
import type { Suite, SuiteContext } from '../suite.js';
import { originFlags, resolveOriginOptions, type OriginOptions } from './options.js';
import { originReportSchema, type OriginReport } from './report.js';
import { channelCpuRatio, OriginBench } from './run.js';
import { formatOriginReport } from './table.js';

/** How fast the origin lets go those who wait for the next part, and how fast it sends. */
export const originSuite: Suite = {
  name: 'origin',
  summary: 'load on the origin: thousands that wait for the next part, beside a bare TCP server; segments, beside nginx; CPU of a channel',
  configure: (command) => {
    for (const flag of originFlags()) command.addOption(flag);
  },
  run: async (flags, context) => {
    const options = resolveOriginOptions(flags);
    const report = await measure(options, context);
    context.print(`\n${formatOriginReport(report)}`);
    if (options.jsonPath !== undefined) context.print(`\nFigures: ${options.jsonPath}`);
    return report.results.p2ptv.failures.length === 0;
  },
};

async function measure(asked: OriginOptions, context: SuiteContext): Promise<OriginReport> {
  const { options, notes } = reachable(asked);
  for (const note of notes) context.print(note);
  const results: OriginReport['results'] = { p2ptv: { releases: [], segments: null, channelCpuRatio: null, failures: [] } };
  const report: OriginReport = {
    suite: 'origin',
    startedAt: new Date().toISOString(),
    machine: describeMachine({ chromium: 'not used', ffmpeg: 'not used' }),
    config: {
      clients: [...options.clients],
      notes,
      rounds: options.rounds,
      seconds: options.seconds,
      connections: options.connections,
      rateKbps: options.rateKbps,
      partMs: options.partMs,
      clientProcesses: options.clientProcesses,
    },
    results,
  };
  const save = (): void => {
    // Our own schema: a figure that does not fit is a defect here, and must not be written.
    if (options.jsonPath !== undefined) writeJsonOutput(options.jsonPath, originReportSchema.parse(report));
  };
  try {
    await load(results, { options, context, save });
    context.print('a live channel without viewers');
    results.p2ptv.channelCpuRatio = (await channelCpuRatio(options, context)) ?? null;
  } catch (error) {
    if (!(error instanceof StoppedError) || results.p2ptv.releases.length === 0) throw error;
    context.print(`\n${formatOriginReport(report)}\n`);
    throw new StoppedError(`Stopped: ${options.jsonPath ?? 'the table'} has what was finished.`);
  }
  save();
  return report;
}

async function load(
  results: OriginReport['results'],
  { options, context, save }: { readonly options: OriginOptions; readonly context: SuiteContext; readonly save: () => void },
): Promise<void> {
  context.print('the origin: starting');
  const bench = await OriginBench.start(options, context);
  try {
    for (const clients of options.clients) {
      for (const waitedFor of options.waitFor) {
        context.print(`${clients} clients wait for the next ${waitedFor}, ${options.rounds} times`);
        results.p2ptv.releases.push(await bench.release(waitedFor, clients));
        save();
      }
    }
    context.print(`segments over ${options.connections} connections${options.nginx === undefined ? '' : ', in turn with nginx'}`);
    const { segments, nginx } = await bench.segments(options.nginx);
    results.p2ptv.segments = segments;
    if (nginx) results.nginx = nginx;
    save();
  } finally {
    results.p2ptv.failures.push(...bench.failures);
    await bench.stop();
  }
}

/** What this machine's limit of open files and its programs allow, and why that is less than was asked. */
function reachable(asked: OriginOptions): { readonly options: OriginOptions; readonly notes: string[] } {
  const limit = connectionLimit();
  const clients = [...new Set(asked.clients.map((level) => Math.min(level, limit)))];
  const notes: string[] = [];
  if (clients.at(-1) !== asked.clients.at(-1)) {
    notes.push(`A process may open ${limit} connections here, so ${asked.clients.at(-1) ?? 0} clients become ${limit}: for more, raise the limit first (ulimit -Hn, as root).`);
  }
  if (asked.nginx === undefined) {
    notes.push('There is no nginx to compare segments with: install it (apt install nginx, brew install nginx), or name it with --nginx.');
  }
  return { options: { ...asked, clients }, notes };
}
