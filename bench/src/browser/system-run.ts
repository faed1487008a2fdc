import { setTimeout } from 'node:timers/promises';

import type { OriginBytes } from '@p2ptv/protocol';

import { BenchError } from '../errors.js';
import { percentile } from '../metrics/percentile.js';
import { bytesSince, offloadRatio, totalBytes } from '../metrics/offload.js';
import type { BrowserOptions } from './options.js';
import { untilPhaseMs } from './click-phase.js';
import type { OriginProcess } from '../origin-process.js';
import { OriginRate } from './origin-rate.js';
import { untilQuiet } from './origin-rest.js';
import type { ViewerPlan, ViewerReport } from './page/viewing.js';
import { visitPages, type PageVisits } from './page-visits.js';
import { RunCpu, type CpuSeconds } from './run-cpu.js';
import type { SystemName } from './systems/registry.js';
import { ViewerProcess, type ViewerSettings } from './viewer-process.js';

/** What a run of one system takes from the bench. */
export type RunContext = {
  readonly options: BrowserOptions;
  readonly origin: OriginProcess;
  readonly chromiumPath: string;
  readonly pageUrl: string;
  /** Undefined where no system of the bench needs one. */
  readonly webTorrentTrackerUrl: string | undefined;
  /** Where in a segment the first viewer clicks, by the wall clock, ms. */
  readonly phaseMs: number;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
};

/** What one viewer has received and been handed up to a moment. */
export type ViewerTally = { readonly received: OriginBytes; readonly handedBytes: number };

/** One viewer of a run, when it is over. */
export type ViewerOutcome = {
  /** The last one that could be had; undefined if none could. */
  readonly report: ViewerReport | undefined;
  readonly total: ViewerTally | undefined;
  /** 10 s after its click; undefined when it did not last so long. */
  readonly steady: ViewerTally | undefined;
  /** From the navigation to the first frame, in a visit of its own, ms. */
  readonly navigationMs: number | undefined;
  readonly failure: string | undefined;
};

/** A run of one system, when it is over. */
export type SystemOutcome = {
  readonly viewers: readonly ViewerOutcome[];
  /** What the origin sent during the run. */
  readonly originBytes: OriginBytes;
  /** The same second by second, bits. */
  readonly originBitsPerSecond: readonly number[];
  readonly elapsedMs: number;
  /** Processor time; undefined where it cannot be told. */
  readonly cpuSeconds: CpuSeconds | undefined;
  readonly chromiumVersion: string;
  /** A JPEG of the first viewer's picture, where it was asked for. */
  readonly picture: Buffer | undefined;
};

/** How long the discarded first viewer of each system watches, s. */
export const WARM_UP_SECONDS = 5;
/** From when on a viewer counts as settled, s after its click. */
export const STEADY_AFTER_SECONDS = 10;
/** Browsers that have just started are given this long to come to rest, ms. */
const REST_MS = 2_000;
const LOOK_MS = 500;
const REPORT_EVERY_LOOKS = 4;
const PROGRESS_EVERY_MS = 10_000;
/** How long after its time a viewer may finish, ms. */
const FINISH_LIMIT_MS = 15_000;
/** How long a visit may last, s: longer than it takes. */
const VISIT_SECONDS = 60;

/** Lets one viewer of a system watch for a while, and forgets it: files and connections are warm then. */
export async function warmUp(system: SystemName, context: RunContext): Promise<void> {
  context.print(`${system}: warming up with one viewer for ${WARM_UP_SECONDS} s, not measured`);
  await new SystemRun(system, context, { viewers: 1, seconds: WARM_UP_SECONDS, isMeasured: false }).run();
}

/** Measures one system: all viewers watch, and then each follows a link to the page. */
export async function runSystem(system: SystemName, context: RunContext): Promise<SystemOutcome> {
  const { options, print } = context;
  print(`${system}: starting ${options.viewers} browsers`);
  return new SystemRun(system, context, { viewers: options.viewers, seconds: options.seconds, isMeasured: true }).run();
}

type RunSize = { readonly viewers: number; readonly seconds: number; readonly isMeasured: boolean };

class WatchedViewer {
  readonly process: ViewerProcess;
  isClicked = false;
  report: ViewerReport | undefined;
  total: ViewerTally | undefined;
  steady: ViewerTally | undefined;

  constructor(process: ViewerProcess) {
    this.process = process;
  }

  /** Keeps what it says now: it may be the last. */
  async look(): Promise<void> {
    const report = await this.process.report();
    if (!report) return;
    this.report = report;
    this.total = {
      received: report.system.received ?? this.process.httpBytes,
      handedBytes: report.system.handedBytes,
    };
  }

  get isOver(): boolean {
    return this.report?.isFinished === true || this.process.failure !== undefined;
  }
}

class SystemRun {
  readonly #system: SystemName;
  readonly #context: RunContext;
  readonly #size: RunSize;
  readonly #viewers: WatchedViewer[] = [];
  #startedAtMs = 0;

  constructor(system: SystemName, context: RunContext, size: RunSize) {
    this.#system = system;
    this.#context = context;
    this.#size = size;
  }

  async run(): Promise<SystemOutcome> {
    const { origin, signal } = this.#context;
    const rate = new OriginRate(async () => (await origin.stats())?.originBytes);
    try {
      const before = await untilQuiet(origin, signal);
      const settings = await this.#settings();
      for (let index = 0; index < this.#size.viewers; index++) {
        signal.throwIfAborted();
        this.#viewers.push(new WatchedViewer(await ViewerProcess.open(settings)));
      }
      await setTimeout(REST_MS, undefined, { signal });
      await this.#refuseEarlyTraffic(before);
      await this.#untilPhase();
      this.#startedAtMs = performance.now();
      const cpu = new RunCpu(origin.pid, this.#viewers.map(({ process }) => process.meter));
      cpu.look();
      rate.start();
      await this.#watch(cpu);
      await rate.stop();
      cpu.look();
      const elapsedMs = performance.now() - this.#startedAtMs;
      const { seconds: cpuSeconds } = cpu;
      origin.check();
      const after = await untilQuiet(origin, signal);
      const measured = { originBytes: bytesSince(before, after), originBitsPerSecond: rate.bitsPerSecond, elapsedMs, cpuSeconds };
      const visits = this.#size.isMeasured ? await this.#visit(settings.plan) : { startupsMs: [], picture: undefined };
      return this.#outcome(measured, visits);
    } finally {
      await rate.stop();
      await Promise.all(this.#viewers.map((viewer) => viewer.process.close()));
      // An abort surfaces as what it was, not as the timer that it cut short.
      signal.throwIfAborted();
    }
  }

  /** After all has been counted. */
  async #visit(plan: ViewerPlan): Promise<PageVisits> {
    const { options, signal, print } = this.#context;
    print(`${this.#system}: each viewer follows a link to the page, in a fresh profile`);
    const viewers = this.#viewers.map(({ process }) => process);
    await Promise.all(viewers.map((viewer) => viewer.leave()));
    await setTimeout(REST_MS, undefined, { signal });
    await this.#untilPhase();
    const visit = { plan: { ...plan, watchMs: VISIT_SECONDS * 1000 }, staggerMs: options.staggerMs, hasPicture: options.htmlPath !== undefined, signal };
    return visitPages(viewers, visit);
  }

  /** How soon a player can begin depends on where the stream is: viewer i of every system is to find it at the same place. */
  async #untilPhase(): Promise<void> {
    const { phaseMs, signal } = this.#context;
    await setTimeout(untilPhaseMs(Date.now(), phaseMs), undefined, { signal });
  }

  async #settings(): Promise<ViewerSettings> {
    const { origin, chromiumPath, pageUrl, webTorrentTrackerUrl } = this.#context;
    const listing = await origin.listing();
    if (!listing) throw new BenchError('The origin has no stream any more.');
    return {
      chromiumPath,
      pageUrl,
      originUrl: origin.url,
      plan: {
        system: this.#system,
        stream: {
          link: listing.link,
          playlistUrl: `${origin.url}/live/${listing.slug}/index.m3u8`,
          ...(webTorrentTrackerUrl === undefined ? {} : { webTorrentTrackerUrl }),
        },
        watchMs: this.#size.seconds * 1000,
      },
    };
  }

  /** A system that works before the click has an advantage that its users would not have. */
  async #refuseEarlyTraffic(before: OriginBytes): Promise<void> {
    const stats = await this.#context.origin.stats();
    const sent = stats ? totalBytes(bytesSince(before, stats.originBytes)) : 0;
    const urls = this.#viewers.flatMap((viewer) => viewer.process.requestedUrls);
    if (sent === 0 && urls.length === 0 && stats?.viewers === 0) return;
    const what = urls[0] ?? `${sent} bytes sent, ${stats?.viewers ?? 0} viewers joined`;
    throw new BenchError(`${this.#system} touched the stream before the click (${what}): its startup would not be comparable.`);
  }

  async #watch(cpu: RunCpu): Promise<void> {
    const { options, signal } = this.#context;
    const clicks = this.#viewers.map(async (viewer, index) => {
      await setTimeout(index * options.staggerMs, undefined, { signal });
      viewer.isClicked = true;
      await viewer.process.click();
      if (this.#size.seconds <= STEADY_AFTER_SECONDS) return;
      await setTimeout(STEADY_AFTER_SECONDS * 1000, undefined, { signal });
      await viewer.look();
      if (!viewer.isOver) viewer.steady = viewer.total;
    });
    // Not to be forgotten when the loop below ends in an error first.
    const allClicked = Promise.all(clicks).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    const lastEndMs = (this.#size.viewers - 1) * options.staggerMs + this.#size.seconds * 1000 + FINISH_LIMIT_MS;
    let nextProgressMs = PROGRESS_EVERY_MS;
    for (let looks = 1; this.#viewers.some((viewer) => !viewer.isOver); looks++) {
      await setTimeout(LOOK_MS, undefined, { signal });
      this.#context.origin.check();
      cpu.look();
      const elapsedMs = performance.now() - this.#startedAtMs;
      if (elapsedMs > lastEndMs) break;
      if (looks % REPORT_EVERY_LOOKS === 0) await this.#lookAtViewers();
      if (elapsedMs < nextProgressMs) continue;
      nextProgressMs += PROGRESS_EVERY_MS;
      this.#printProgress(elapsedMs);
    }
    await allClicked;
  }

  async #lookAtViewers(): Promise<void> {
    const watching = this.#viewers.filter((viewer) => viewer.isClicked && !viewer.isOver);
    await Promise.all(watching.map((viewer) => viewer.look()));
  }

  #printProgress(elapsedMs: number): void {
    if (!this.#size.isMeasured) return;
    const reports = this.#viewers.flatMap(({ report }) => report ?? []);
    const playing = this.#viewers.filter(({ report, isOver }) => report?.startupMs !== undefined && !isOver).length;
    const delayMs = percentile(reports.flatMap(({ delaysMs }) => delaysMs), 0.5);
    const totals = this.#viewers.flatMap(({ total }) => total ?? []);
    const sent = totals.reduce((sum, { received }) => sum + totalBytes(received), 0);
    const handed = totals.reduce((sum, { handedBytes }) => sum + handedBytes, 0);
    const offload = offloadRatio(sent, handed);
    this.#context.print(
      [
        `${this.#system}: ${String(Math.round(elapsedMs / 1000)).padStart(4)} s`,
        `${playing} of ${this.#size.viewers} playing`,
        `delay p50 ${delayMs === undefined ? '-' : Math.round(delayMs)} ms`,
        `offload so far ${offload?.toFixed(3) ?? '-'}`,
      ].join('   '),
    );
  }

  #outcome(run: Pick<SystemOutcome, 'originBytes' | 'originBitsPerSecond' | 'elapsedMs' | 'cpuSeconds'>, visits: PageVisits): SystemOutcome {
    return {
      ...run,
      viewers: this.#viewers.map(({ report, total, steady, process }, index) => ({
        report,
        total,
        steady,
        navigationMs: visits.startupsMs[index],
        failure: process.failure ?? failureOf(report) ?? (this.#size.isMeasured ? visitFailureOf(visits.startupsMs[index]) : undefined),
      })),
      chromiumVersion: this.#viewers[0]?.process.version ?? 'unknown',
      picture: visits.picture,
    };
  }
}

function failureOf(report: ViewerReport | undefined): string | undefined {
  if (!report) return 'it never answered';
  if (!report.isFinished) return 'it did not come to its end';
  if (report.system.problem !== undefined) return report.system.problem;
  if (report.startupMs === undefined) return 'it never showed a frame';
  if (report.delaysMs.length === 0) return 'no clock could be read in its picture';
  return undefined;
}

function visitFailureOf(startupMs: number | undefined): string | undefined {
  return startupMs === undefined ? 'it showed no frame after it had followed a link' : undefined;
}
