import { setTimeout } from 'node:timers/promises';

import { isStreamLink, parseStreamLink, type ChunkSequence, type OriginBytes } from '@p2ptv/protocol';

import { BenchError } from '../errors.js';
import { MachineLoad } from '../machine-load.js';
import { bytesSince } from '../metrics/offload.js';
import { OriginProcess, type PublishedChunk } from '../origin-process.js';
import { ProcessTreeMeter, readProcesses } from '../process-times.js';
import type { SuiteContext } from '../suite.js';
import { planAudience, type PlannedViewer } from './audience.js';
import { BrowserViewers } from './browser-viewers.js';
import { LinkDelays } from './link-delays.js';
import { MeshMeasure } from './mesh-measure.js';
import type { MeshOptions } from './options.js';
import { ownProcessors } from './own-processors.js';
import { Samples } from './samples.js';
import type { WorkerNews } from './worker-messages.js';
import { WorkerProcess } from './worker-process.js';

/** A mesh that has run, or as far as it came. */
export type MeshOutcome = {
  readonly options: MeshOptions;
  readonly measure: MeshMeasure;
  /** From leaving an uplink to the receiving peer, ms. */
  readonly linkDelays: Samples;
  /** From the dial to an open link, ms. */
  readonly linkSetups: Samples;
  readonly audience: readonly PlannedViewer[];
  readonly browsers: BrowserViewers['all'];
  readonly neighbourCounts: readonly number[];
  readonly published: readonly PublishedChunk[];
  readonly picture: { readonly width: number; readonly height: number };
  /** Undefined: it had ended, and could not be asked any more. */
  readonly originCounted: OriginBytes | undefined;
  readonly ranMs: number;
  readonly isWhole: boolean;
  readonly cpuSeconds: MeshCpuSeconds | undefined;
  readonly machineBusyRatio: number;
  readonly loopDelayP99Ms: number | undefined;
  /** Each worker was kept on one processor. */
  readonly hasOwnProcessors: boolean;
  readonly programs: { readonly chromium: string; readonly ffmpeg: string };
  readonly failures: readonly string[];
};

/** Who used how much of the processors, s. */
export type MeshCpuSeconds = {
  readonly workers: number;
  readonly browsers: number;
  readonly origin: number;
  readonly encoder: number;
  /** The bench's own process. */
  readonly bench: number;
  /** What has nothing to do with the bench. */
  readonly others: number;
  /** What there was to be used. */
  readonly machine: number;
};

/** Sound of the origin's encoder, kb/s. */
const AUDIO_KBPS = 96;
const LEAST_VIDEO_KBPS = 50;
/** With so many viewers a process or more, compiling while they come would take what they need. */
const WARMED_UP_PEERS = 10;
/** The run begins so long after its workers are told, ms. */
const HEAD_START_MS = 300;
const LOOK_MS = 500;
/** Every so many looks the browsers and the machine's processes are looked at too. */
const SLOW_LOOKS = 4;
const PROGRESS_MS = 5_000;
/** As in the simulator, whose viewers ask for the first parts so. */
const LEAST_JOIN_DELAY_MS = 600;

/**
 * Runs a mesh to its end, or until somebody stops it or a worker dies: what was measured by then is the outcome.
 *
 * @throws BenchError when it cannot begin, StoppedError when it was stopped before it had begun
 */
export async function runMesh(options: MeshOptions, context: SuiteContext): Promise<MeshOutcome> {
  const published: PublishedChunk[] = [];
  const { print, signal } = context;
  print('origin: starting, and waiting for a live picture');
  let run: MeshRun | undefined;
  const origin = await OriginProcess.start(
    {
      partMs: options.partMs,
      heights: [options.height],
      input: options.input,
      videoKbps: Math.max(LEAST_VIDEO_KBPS, options.rateKbps - AUDIO_KBPS),
      uplinkKbps: options.originUplinkKbps,
      published: (chunk) => {
        published.push(chunk);
        run?.published(chunk);
      },
    },
    signal,
  );
  try {
    run = new MeshRun(options, { context, origin, published });
    return await run.run();
  } finally {
    await run?.close();
    await origin.stop();
  }
}

/** Median from capture to publication, ms. */
export function captureToPublishMs(published: readonly PublishedChunk[]): number {
  const sorted = published.map(({ publishedWallMs, programDateTimeMs }) => publishedWallMs - programDateTimeMs).sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

class MeshRun {
  readonly #options: MeshOptions;
  readonly #context: SuiteContext;
  readonly #origin: OriginProcess;
  readonly #published: readonly PublishedChunk[];
  readonly #audience: readonly PlannedViewer[];
  readonly #measure: MeshMeasure;
  readonly #linkDelays = new LinkDelays();
  readonly #linkSetups = new Samples();
  readonly #workers: WorkerProcess[] = [];
  readonly #meters = new Map<WorkerProcess, ProcessTreeMeter>();
  readonly #originMeter: ProcessTreeMeter;
  readonly #failures: string[] = [];
  readonly #endMs: number;
  /** One for each worker, in turn; none: the system decides. */
  readonly #processors: readonly number[];
  #browsers: BrowserViewers | undefined;
  #startedWallMs = Infinity;
  #load = new MachineLoad();
  #ownCpu = process.cpuUsage();

  constructor(options: MeshOptions, parts: { context: SuiteContext; origin: OriginProcess; published: readonly PublishedChunk[] }) {
    this.#options = options;
    this.#context = parts.context;
    this.#origin = parts.origin;
    this.#published = parts.published;
    this.#endMs = options.seconds * 1_000;
    this.#audience = planAudience(options);
    this.#measure = new MeshMeasure({ viewers: this.#audience, bitsPerSecond: options.rateKbps * 1_000, endMs: this.#endMs });
    this.#originMeter = new ProcessTreeMeter(parts.origin.pid);
    const processors = ownProcessors() ?? [];
    // With fewer workers, one of them could use more than one.
    this.#processors = options.processes >= processors.length ? processors : [];
  }

  published(chunk: PublishedChunk): void {
    const atMs = chunk.publishedWallMs - this.#startedWallMs;
    if (atMs >= 0) this.#measure.published({ sequence: chunk.sequence as ChunkSequence, byteLength: chunk.byteLength, atMs });
  }

  async run(): Promise<MeshOutcome> {
    const { print, signal } = this.#context;
    const origin = this.#origin;
    const listing = await origin.listing();
    if (!listing) throw new BenchError('The origin has no stream.');
    const { peers, processes, browsers } = this.#options;
    print(`origin: live at ${listing.width}x${listing.height}, parts of ${this.#options.partMs} ms`);
    print(`starting ${processes} processes for ${peers} peers${browsers > 0 ? `, and ${browsers === 1 ? 'a browser' : `${browsers} browsers`}` : ''}`);
    await this.#startWorkers();
    this.#browsers = await BrowserViewers.open(
      this.#audience.filter(({ isBrowser }) => isBrowser),
      { originUrl: origin.url, link: listing.link, playlistUrl: `${origin.url}/live/${listing.slug}/index.m3u8`, endMs: this.#endMs },
    );
    signal.throwIfAborted();
    const before = (await origin.stats())?.originBytes;
    if (!before) throw new BenchError('The origin has no stream any more.');
    this.#begin(listing.link);
    await this.#watch();
    const ranMs = Math.min(this.#endMs, Date.now() - this.#startedWallMs);
    const machine = this.#machineFigures();
    const neighbourCounts = this.#measure.neighbourCounts;
    await this.#lookAtBrowsers();
    await Promise.all(this.#workers.map((worker) => worker.finish()));
    const after = (await origin.stats().catch(() => undefined))?.originBytes;
    this.#measure.finish(ranMs);
    const isWhole = ranMs >= this.#endMs && this.#failures.length === 0;
    this.#failures.push(...this.#silentViewers(), ...origin.warnings.map((warning) => `The origin said: ${warning}`));
    const loopDelays = this.#workers.flatMap(({ loopDelayP99Ms }) => loopDelayP99Ms ?? []);
    return {
      options: this.#options,
      measure: this.#measure,
      linkDelays: this.#linkDelays.samples,
      linkSetups: this.#linkSetups,
      audience: this.#audience,
      browsers: this.#browsers.all,
      neighbourCounts,
      published: this.#published.filter(({ publishedWallMs }) => publishedWallMs >= this.#startedWallMs),
      picture: { width: listing.width, height: listing.height },
      originCounted: after && bytesSince(before, after),
      ranMs,
      isWhole,
      ...machine,
      hasOwnProcessors: this.#processors.length > 0,
      loopDelayP99Ms: loopDelays.length > 0 ? Math.max(...loopDelays) : undefined,
      programs: { chromium: this.#browsers.all[0]?.version ?? 'not used', ffmpeg: origin.ffmpegVersion },
      failures: this.#failures,
    };
  }

  /** Ends whatever still runs. */
  async close(): Promise<void> {
    await Promise.all([...this.#workers.map((worker) => worker.end()), this.#browsers?.close()]);
  }

  async #startWorkers(): Promise<void> {
    const { processes, peers } = this.#options;
    const happened = ({ records, marks, setupsMs }: WorkerNews): void => {
      this.#measure.happened(records);
      this.#linkDelays.add(marks);
      for (const tookMs of setupsMs) this.#linkSetups.add(tookMs);
    };
    const isWarmedUp = peers >= WARMED_UP_PEERS * processes;
    if (isWarmedUp) this.#context.print('warming up: each process simulates a mesh, so that its code is compiled when viewers come');
    const starts = Array.from({ length: processes }, async (_, place) => {
      const processor = this.#processors[place % this.#processors.length];
      const worker = await WorkerProcess.start({ name: `Worker ${place + 1} of ${processes}`, processor, isWarmedUp, happened }, this.#context.signal);
      this.#workers.push(worker);
      this.#meters.set(worker, new ProcessTreeMeter(worker.pid));
    });
    const [failed] = (await Promise.allSettled(starts)).filter((start) => start.status === 'rejected');
    if (failed) throw failed.reason;
  }

  #begin(magnetLink: string): void {
    const { partMs, playoutMs, downlinkKbps } = this.#options;
    const link = parseStreamLink(magnetLink);
    if (!isStreamLink(link)) throw new BenchError(`The origin gives a link that is none: ${link.problem}`);
    const joinDelayMs = Math.max(LEAST_JOIN_DELAY_MS, playoutMs - captureToPublishMs(this.#published));
    this.#startedWallMs = Date.now() + HEAD_START_MS;
    const nodePeers = this.#audience.filter(({ isBrowser }) => !isBrowser);
    this.#workers.forEach((worker, number) => {
      // In turns, so that each process has some of those who come first.
      const peers = nodePeers.filter((_, place) => place % this.#workers.length === number);
      worker.begin({ link, startedWallMs: this.#startedWallMs, peers, playoutMs, partMs, joinDelayMs, downlinkBitsPerSecond: downlinkKbps && downlinkKbps * 1_000 });
    });
    this.#load = new MachineLoad();
    this.#ownCpu = process.cpuUsage();
    this.#lookAtProcesses();
  }

  async #watch(): Promise<void> {
    const { signal, print } = this.#context;
    let toldMs = 0;
    for (let look = 1; ; look++) {
      const nowMs = Date.now() - this.#startedWallMs;
      const restMs = this.#endMs - nowMs;
      if (restMs <= 0) return;
      await setTimeout(Math.min(LOOK_MS, restMs), undefined, { signal }).catch(() => undefined);
      const atMs = Date.now() - this.#startedWallMs;
      if (signal.aborted) {
        this.#failures.push(`Somebody stopped it after ${(atMs / 1_000).toFixed(1)} of ${this.#options.seconds} s.`);
        return;
      }
      if (this.#hasBroken(atMs)) return;
      this.#click(atMs);
      this.#measure.advance(atMs);
      if (look % SLOW_LOOKS === 0) {
        this.#lookAtProcesses();
        void this.#lookAtBrowsers();
      }
      if (atMs - toldMs < PROGRESS_MS) continue;
      toldMs = atMs;
      print(this.#progress(atMs));
    }
  }

  /** Without a worker or the origin what follows would say nothing. */
  #hasBroken(atMs: number): boolean {
    const failures = this.#workers.flatMap(({ failure }) => failure ?? []);
    try {
      this.#origin.check();
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
    this.#failures.push(...failures.map((failure) => `After ${(atMs / 1_000).toFixed(1)} s: ${failure}`));
    return failures.length > 0;
  }

  #click(atMs: number): void {
    for (const viewer of this.#browsers?.all ?? []) {
      if (viewer.hasClicked || atMs < viewer.plan.joinAtMs) continue;
      this.#measure.browserCame(viewer.plan.index, atMs);
      void viewer.click();
    }
  }

  async #lookAtBrowsers(): Promise<void> {
    const clicked = (this.#browsers?.all ?? []).filter(({ hasClicked }) => hasClicked);
    await Promise.all(
      clicked.map(async (viewer) => {
        const totals = await viewer.totals();
        if (totals) this.#measure.browserTold(viewer.plan.index, Date.now() - this.#startedWallMs, totals);
      }),
    );
  }

  #lookAtProcesses(): void {
    const processes = readProcesses();
    if (!processes) return;
    this.#originMeter.look(processes);
    for (const meter of this.#meters.values()) meter.look(processes);
    for (const viewer of this.#browsers?.all ?? []) viewer.lookAtProcesses(processes);
  }

  #machineFigures(): Pick<MeshOutcome, 'cpuSeconds' | 'machineBusyRatio'> {
    this.#lookAtProcesses();
    const { busySeconds, totalSeconds } = this.#load.sinceStart;
    const machineBusyRatio = totalSeconds > 0 ? busySeconds / totalSeconds : 0;
    if (!readProcesses()) return { cpuSeconds: undefined, machineBusyRatio };
    const isEncoder = (name: string): boolean => name.startsWith('ffmpeg');
    const { user, system } = process.cpuUsage(this.#ownCpu);
    const bench = (user + system) / 1e6;
    const workers = [...this.#meters.values()].reduce((sum, meter) => sum + meter.cpuSeconds(), 0);
    const browsers = (this.#browsers?.all ?? []).reduce((sum, viewer) => sum + viewer.cpuSeconds, 0);
    const all = this.#originMeter.cpuSeconds();
    const encoder = this.#originMeter.cpuSeconds(isEncoder);
    const others = Math.max(0, busySeconds - bench - workers - browsers - all);
    return { cpuSeconds: { workers, browsers, origin: all - encoder, encoder, bench, others, machine: totalSeconds }, machineBusyRatio };
  }

  #progress(atMs: number): string {
    const { measure } = this.#measure;
    const { busySeconds, totalSeconds } = this.#load.sinceStart;
    const sent = Object.values(measure.originBytes).reduce((sum, bytes) => sum + bytes, 0);
    return [
      `${String(Math.round(atMs / 1_000)).padStart(4)} of ${this.#options.seconds} s`,
      `${measure.viewersNow} viewers (${measure.stalledNow} stalled)`,
      `chunk delay p99 ${measure.delays.count > 0 ? `${Math.round(measure.delays.quantile(0.99))} ms` : '-'}`,
      `offload so far ${measure.handedBytes > 0 ? (1 - sent / measure.handedBytes).toFixed(3) : '-'}`,
      `processors ${Math.round((100 * busySeconds) / totalSeconds)} % busy`,
    ].join('   ');
  }

  #silentViewers(): string[] {
    const silent = [...this.#measure.measure.viewers].filter(({ peer, startupMs }) => startupMs === undefined && !this.#isBrowser(peer.index));
    const browsers = (this.#browsers?.all ?? []).flatMap(({ plan, failure, report }) => {
      const why = failure ?? (report?.startupMs === undefined ? 'it never showed a frame' : undefined);
      return why === undefined ? [] : [`The browser that is viewer ${plan.index}: ${why}.`];
    });
    return [...(silent.length > 0 ? [`${silent.length} Node viewers never had a picture.`] : []), ...browsers];
  }

  #isBrowser(index: number): boolean {
    return this.#audience[index - 1]?.isBrowser ?? false;
  }
}
