import { setTimeout } from 'node:timers/promises';

import type { OriginBytes } from '@p2ptv/protocol';

import { BenchError } from '../errors.js';
import { percentile } from '../metrics/percentile.js';
import { bytesSince, offloadRatio, totalBytes } from '../metrics/offload.js';
import { MachineLoad } from '../machine-load.js';
import { ProcessTreeMeter, readProcesses } from '../process-times.js';
import type { BrowserOptions } from './options.js';
import type { OriginProcess } from '../origin-process.js';
import type { ViewerReport } from './page/viewing.js';
import { ViewerProcess, type ViewerSettings } from './viewer-process.js';
import type { SystemName } from './systems/registry.js';

/** What a run of one system takes from the bench. */
export type RunContext = {
  readonly options: BrowserOptions;
  readonly origin: OriginProcess;
  readonly chromiumPath: string;
  readonly pageUrl: string;
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
  readonly failure: string | undefined;
};

/** Who used how much of the processors during a run, s. */
export type CpuSeconds = {
  /** All browsers. */
  readonly viewers: number;
  /** Without its encoder. */
  readonly origin: number;
  readonly encoder: number;
  /** What has nothing to do with the bench. */
  readonly others: number;
  /** What there was to be used. */
  readonly machine: number;
};

/** A run of one system, when it is over. */
export type SystemOutcome = {
  readonly viewers: readonly ViewerOutcome[];
  /** What the origin sent during the run. */
  readonly originBytes: OriginBytes;
  readonly elapsedMs: number;
  /** Processor time; undefined where it cannot be told. */
  readonly cpuSeconds: CpuSeconds | undefined;
  readonly chromiumVersion: string;
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
/** The origin has come to rest when nothing was sent for so long, ms. */
const QUIET_MS = 400;
const QUIET_LIMIT_MS = 15_000;

/** Measures one system: a discarded viewer first, then all of them. */
export async function runSystem(system: SystemName, context: RunContext): Promise<SystemOutcome> {
  const { options, print } = context;
  print(`${system}: warming up with one viewer for ${WARM_UP_SECONDS} s, not measured`);
  await new SystemRun(system, context, { viewers: 1, seconds: WARM_UP_SECONDS, isSilent: true }).run();
  print(`${system}: starting ${options.viewers} browsers`);
  return new SystemRun(system, context, { viewers: options.viewers, seconds: options.seconds, isSilent: false }).run();
}

type RunSize = { readonly viewers: number; readonly seconds: number; readonly isSilent: boolean };

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
  readonly #originMeter: ProcessTreeMeter;
  #startedAtMs = 0;
  #load = new MachineLoad();
  #ownCpu = process.cpuUsage();

  constructor(system: SystemName, context: RunContext, size: RunSize) {
    this.#system = system;
    this.#context = context;
    this.#size = size;
    this.#originMeter = new ProcessTreeMeter(context.origin.pid);
  }

  async run(): Promise<SystemOutcome> {
    const { origin, signal } = this.#context;
    try {
      const before = await this.#untilQuiet();
      const settings = await this.#settings();
      for (let index = 0; index < this.#size.viewers; index++) {
        signal.throwIfAborted();
        this.#viewers.push(new WatchedViewer(await ViewerProcess.open(settings)));
      }
      await setTimeout(REST_MS, undefined, { signal });
      await this.#refuseEarlyTraffic(before);
      this.#startedAtMs = performance.now();
      this.#load = new MachineLoad();
      this.#ownCpu = process.cpuUsage();
      this.#lookAtProcesses();
      await this.#watch();
      this.#lookAtProcesses();
      const elapsedMs = performance.now() - this.#startedAtMs;
      const cpuSeconds = this.#cpuSeconds();
      origin.check();
      const after = await this.#untilQuiet();
      return this.#outcome({ originBytes: bytesSince(before, after), elapsedMs, cpuSeconds });
    } finally {
      await Promise.all(this.#viewers.map((viewer) => viewer.process.close()));
      // An abort surfaces as what it was, not as the timer that it cut short.
      signal.throwIfAborted();
    }
  }

  async #settings(): Promise<ViewerSettings> {
    const { origin, chromiumPath, pageUrl } = this.#context;
    const listing = await origin.listing();
    if (!listing) throw new BenchError('The origin has no stream any more.');
    return {
      chromiumPath,
      pageUrl,
      originUrl: origin.url,
      plan: {
        system: this.#system,
        stream: { link: listing.link, playlistUrl: `${origin.url}/live/${listing.slug}/index.m3u8` },
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

  async #watch(): Promise<void> {
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
      this.#lookAtProcesses();
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

  #lookAtProcesses(): void {
    const processes = readProcesses();
    if (!processes) return;
    this.#originMeter.look(processes);
    for (const { process } of this.#viewers) process.meter.look(processes);
  }

  #printProgress(elapsedMs: number): void {
    if (this.#size.isSilent) return;
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

  #cpuSeconds(): CpuSeconds | undefined {
    if (!readProcesses()) return undefined;
    const isEncoder = (name: string): boolean => name.startsWith('ffmpeg');
    const viewers = this.#viewers.reduce((sum, { process: viewer }) => sum + viewer.meter.cpuSeconds(), 0);
    const all = this.#originMeter.cpuSeconds();
    const encoder = this.#originMeter.cpuSeconds(isEncoder);
    const { user, system } = process.cpuUsage(this.#ownCpu);
    const { busySeconds, totalSeconds } = this.#load.sinceStart;
    const others = Math.max(0, busySeconds - viewers - all - (user + system) / 1e6);
    return { viewers, origin: all - encoder, encoder, others, machine: totalSeconds };
  }

  #outcome(run: Pick<SystemOutcome, 'originBytes' | 'elapsedMs' | 'cpuSeconds'>): SystemOutcome {
    return {
      ...run,
      viewers: this.#viewers.map(({ report, total, steady, process }) => ({
        report,
        total,
        steady,
        failure: process.failure ?? failureOf(report),
      })),
      chromiumVersion: this.#viewers[0]?.process.version ?? 'unknown',
    };
  }

  /** Waits until the origin has nothing more to send, and has forgotten its last viewers. */
  async #untilQuiet(): Promise<OriginBytes> {
    const { origin, signal } = this.#context;
    const endMs = performance.now() + QUIET_LIMIT_MS;
    let last = await origin.stats();
    while (performance.now() < endMs) {
      await setTimeout(QUIET_MS, undefined, { signal });
      const stats = await origin.stats();
      const isQuiet = stats && last && totalBytes(bytesSince(last.originBytes, stats.originBytes)) === 0;
      if (isQuiet && stats.viewers === 0) return stats.originBytes;
      last = stats;
    }
    throw new BenchError(`The origin went on sending for ${QUIET_LIMIT_MS / 1000} s after the last viewer had left.`);
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
