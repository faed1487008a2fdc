import { BenchError } from '../errors.js';
import { describeMachine } from '../machine.js';
import type { SuiteContext } from '../suite.js';
import { CHROMIUM_FLAGS, findChromium } from './chromium.js';
import { clickPhaseMs } from './click-phase.js';
import { refuseWithoutRoot } from './network/shaped-network.js';
import type { BrowserOptions } from './options.js';
import { SEGMENT_MS } from '../origin-process.js';
import { browserReportSchema, type BrowserReport, type RoundResult } from './report.js';
import { rotated } from './rotation.js';
import { scenarioOf } from './scenarios/registry.js';
import { summarize } from './summary.js';
import { Surroundings } from './surroundings.js';
import { systemResults } from './system-result.js';
import { runSystem, STEADY_AFTER_SECONDS, WARM_UP_SECONDS, warmUp, type RunContext } from './system-run.js';
import { systemOf, type SystemName } from './systems/registry.js';

/** What came of it. */
export type BrowserBench = {
  readonly report: BrowserReport;
  /** A JPEG of each player, where a page is to be written. */
  readonly pictures: ReadonlyMap<string, Buffer>;
  /** Why not all was measured that was asked for; undefined if it was. */
  readonly cutShortBy: Error | undefined;
};

/**
 * Runs the systems in turn on one origin, round by round, and cleans up whatever happens. Once something has
 * been measured, whatever ends the run early ends it with that.
 *
 * @throws UsageError where lines cannot be limited, BenchError when nothing can be measured, StoppedError when somebody has stopped it before
 */
export async function runBrowserBench(options: BrowserOptions, context: SuiteContext): Promise<BrowserBench> {
  const { signal, print } = context;
  if (options.lines) refuseWithoutRoot();
  const recorded = scenarioOf(options.scenario).recordedSeconds?.(options);
  const startedAt = new Date().toISOString();
  const chromiumPath = findChromium();
  let surroundings: Surroundings | undefined;
  try {
    print(recorded === undefined ? 'origin: starting, and waiting for a live picture' : `origin: starting, and recording ${recorded} s`);
    surroundings = await Surroundings.start(options, { chromiumPath, signal });
    const { origin, pages, tracker, network, lines } = surroundings;
    const listing = await origin.listing();
    if (!listing) throw new BenchError('The origin has no stream.');
    print(`origin: ${recorded === undefined ? 'live' : 'recorded'} at ${listing.width}x${listing.height}, parts of ${options.partMs} ms`);
    if (lines) print(`lines: ${lines.uplinkKbps} kb/s up, ${lines.downlinkKbps} kb/s down${lines.hasNat ? ', behind routers' : ''}; the stream takes ${lines.streamKbps} kb/s`);
    const webTorrentTrackerUrl = surroundings.webTorrentTracker?.url;
    const run = { options, origin, tracker, network, chromiumPath, pageUrl: pages.url, webTorrentTrackerUrl, signal, print };
    const measured = await measure({ ...run, bestHeight: listing.height });
    // Our own schema: a figure that does not fit is a defect here, and must not be written.
    const report = browserReportSchema.parse({
      suite: 'browser',
      startedAt,
      machine: describeMachine({ chromium: measured.chromiumVersion, ffmpeg: origin.ffmpegVersion }),
      config: {
        scenario: options.scenario,
        scenarioSummary: scenarioOf(options.scenario).summary,
        lines: lines ?? null,
        viewers: options.viewers,
        seconds: options.seconds,
        partMs: options.partMs,
        segmentMs: SEGMENT_MS,
        systems: [...options.systems],
        settings: Object.fromEntries(options.systems.map((system) => [system, systemOf(system).summary])),
        rounds: options.rounds,
        starts: scenarioOf(options.scenario).hasVisits ? options.starts : 1,
        order: measured.order,
        staggerMs: options.staggerMs,
        input: options.input,
        width: listing.width,
        height: listing.height,
        warmUp: `before its first round one viewer of each system watches for ${WARM_UP_SECONDS} s and is discarded`,
        steadyAfterSeconds: STEADY_AFTER_SECONDS,
        chromiumFlags: [...CHROMIUM_FLAGS, ...(network?.chromiumFlags(pages.url) ?? [])],
      },
      results: systemResults(measured.rounds),
    });
    return { report, pictures: measured.pictures, cutShortBy: measured.cutShortBy };
  } finally {
    await surroundings?.stop();
  }
}

type Measured = {
  readonly rounds: ReadonlyMap<SystemName, RoundResult[]>;
  readonly order: SystemName[][];
  readonly pictures: Map<string, Buffer>;
  chromiumVersion: string;
  cutShortBy: Error | undefined;
};

async function measure({ bestHeight, ...run }: Omit<RunContext, 'phaseMs'> & { readonly bestHeight: number }): Promise<Measured> {
  const { options, print, signal } = run;
  const rounds = new Map(options.systems.map((system): [SystemName, RoundResult[]] => [system, []]));
  const measured: Measured = { rounds, order: [], pictures: new Map(), chromiumVersion: 'unknown', cutShortBy: undefined };
  try {
    for (let round = 0; round < options.rounds; round++) {
      const order: SystemName[] = [];
      measured.order.push(order);
      for (const system of rotated(options.systems, round)) {
        if (options.rounds > 1) print(`round ${round + 1} of ${options.rounds}, ${system}`);
        const { headStartSeconds } = systemOf(system);
        await run.tracker?.untilReady();
        if (headStartSeconds !== undefined && !scenarioOf(options.scenario).recordedSeconds) await run.origin.untilHeld(headStartSeconds, signal);
        const context = { ...run, phaseMs: (start: number) => clickPhaseMs(round * options.starts + start) };
        if (round === 0) await warmUp(system, context);
        const warningsBefore = run.origin.warnings.length;
        const outcome = await runSystem(system, context);
        const result = summarize(outcome, { originWarnings: run.origin.warnings.slice(warningsBefore), isRecorded: scenarioOf(options.scenario).recordedSeconds !== undefined, bestHeight });
        order.push(system);
        rounds.get(system)?.push(result);
        if (outcome.picture) measured.pictures.set(system, outcome.picture);
        measured.chromiumVersion = outcome.chromiumVersion;
      }
    }
  } catch (error) {
    if (measured.order.flat().length === 0 || !(error instanceof Error)) throw error;
    measured.cutShortBy = error;
  }
  return measured;
}
