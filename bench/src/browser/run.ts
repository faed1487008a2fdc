import { BenchError } from '../errors.js';
import { describeMachine } from '../machine.js';
import type { SuiteContext } from '../suite.js';
import { CHROMIUM_FLAGS, findChromium } from './chromium.js';
import type { BrowserOptions } from './options.js';
import { OriginProcess } from '../origin-process.js';
import { PageServer } from './page-server.js';
import { browserReportSchema, type BrowserReport, type SystemResult } from './report.js';
import { summarize } from './summary.js';
import { runSystem, STEADY_AFTER_SECONDS, WARM_UP_SECONDS } from './system-run.js';

/**
 * Runs the systems in turn on one origin, and cleans up whatever happens.
 *
 * @throws BenchError when nothing can be measured, StoppedError when somebody has stopped it
 */
export async function runBrowserBench(options: BrowserOptions, context: SuiteContext): Promise<BrowserReport> {
  const { signal, print } = context;
  const startedAt = new Date().toISOString();
  const chromiumPath = findChromium();
  const pages = await PageServer.start();
  let origin: OriginProcess | undefined;
  try {
    print('origin: starting, and waiting for a live picture');
    origin = await OriginProcess.start(options, signal);
    const listing = await origin.listing();
    if (!listing) throw new BenchError('The origin has no stream.');
    print(`origin: live at ${listing.width}x${listing.height}, parts of ${options.partMs} ms`);
    const results: Record<string, SystemResult> = {};
    let chromiumVersion = 'unknown';
    for (const system of options.systems) {
      const warningsBefore = origin.warnings.length;
      const outcome = await runSystem(system, { options, origin, chromiumPath, pageUrl: pages.url, signal, print });
      results[system] = summarize(outcome, { originWarnings: origin.warnings.slice(warningsBefore) });
      chromiumVersion = outcome.chromiumVersion;
    }
    // Our own schema: a figure that does not fit is a defect here, and must not be written.
    return browserReportSchema.parse({
      suite: 'browser',
      startedAt,
      machine: describeMachine({ chromium: chromiumVersion, ffmpeg: origin.ffmpegVersion }),
      config: {
        viewers: options.viewers,
        seconds: options.seconds,
        partMs: options.partMs,
        systems: [...options.systems],
        staggerMs: options.staggerMs,
        input: options.input,
        width: listing.width,
        height: listing.height,
        warmUp: `before each system one viewer of its own watches for ${WARM_UP_SECONDS} s and is discarded`,
        steadyAfterSeconds: STEADY_AFTER_SECONDS,
        chromiumFlags: [...CHROMIUM_FLAGS],
      },
      results,
    });
  } finally {
    await origin?.stop();
    pages.stop();
  }
}
