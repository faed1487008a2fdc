import { setTimeout } from 'node:timers/promises';

import type { OriginBytes } from '@p2ptv/protocol';

import { BenchError } from '../errors.js';
import { percentile } from '../metrics/percentile.js';
import { bytesSince, offloadRatio, totalBytes } from '../metrics/offload.js';
import type { ShapedNetwork } from './network/shaped-network.js';
import type { BrowserOptions } from './options.js';
import { untilPhaseMs } from './click-phase.js';
import type { OriginProcess } from '../origin-process.js';
import { OriginRate } from './origin-rate.js';
import { untilQuiet } from './origin-rest.js';
import { startups, type PageVisits, type Startups } from './page-visits.js';
import { RunCpu, type CpuSeconds } from './run-cpu.js';
import { scenarioOf } from './scenarios/registry.js';
import type { EventKind, PlannedEvent, PlannedViewer } from './scenarios/scenario.js';
import { inTurn } from './scenarios/timetable.js';
import type { SystemName } from './systems/registry.js';
import type { StreamAddresses } from './systems/system.js';
import type { TrackerProcess } from './tracker-process.js';
import { ViewerProcess, type ViewerSettings } from './viewer-process.js';
import { WatchedViewer, type ViewerOutcome } from './watched-viewer.js';

/** What a run of one system takes from the bench. */
export type RunContext = {
  readonly options: BrowserOptions;
  readonly origin: OriginProcess;
  /** Undefined where the tracker is the origin's. */
  readonly tracker: TrackerProcess | undefined;
  /** Undefined where viewers and origin share the machine's own. */
  readonly network: ShapedNetwork | undefined;
  readonly chromiumPath: string;
  readonly pageUrl: string;
  /** Undefined where no system of the bench needs one. */
  readonly webTorrentTrackerUrl: string | undefined;
  /** Where in a segment the first viewer clicks, by the wall clock, ms; each time that viewers begin has its own. */
  readonly phaseMs: (start: number) => number;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
};

/** Something that happened in the middle of a run. */
export type RunEvent = {
  readonly kind: EventKind;
  /** Wall clock, ms. */
  readonly atMs: number;
};

/** A run of one system, when it is over. */
export type SystemOutcome = {
  readonly viewers: readonly ViewerOutcome[];
  /** In order of time. */
  readonly events: readonly RunEvent[];
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
/** A short run tells at least how it goes halfway. */
const LEAST_PROGRESS_LINES = 2;
/** How long after its time a viewer may finish, ms. */
const FINISH_LIMIT_MS = 15_000;
/** How long a visit may last, s: longer than it takes. */
const VISIT_SECONDS = 60;

/** Lets one viewer of a system watch for a while, and forgets it: files and connections are warm then. */
export async function warmUp(system: SystemName, context: RunContext): Promise<void> {
  context.print(`${system}: warming up with one viewer for ${WARM_UP_SECONDS} s, not measured`);
  const viewers = inTurn({ viewers: 1, seconds: WARM_UP_SECONDS, staggerMs: 0 });
  await new SystemRun(system, context, { viewers, events: [], hasVisits: false, isMeasured: false }).run();
}

/** Measures one system in its scenario, and then, where that has it so, each viewer begins anew: by clicks, and by a link to the page. */
export async function runSystem(system: SystemName, context: RunContext): Promise<SystemOutcome> {
  const { options, print } = context;
  const { viewers, events, hasVisits } = scenarioOf(options.scenario);
  const plan = { viewers: viewers(options), events: events?.(options) ?? [], hasVisits, isMeasured: true };
  print(`${system}: starting ${plan.viewers.length} browsers`);
  return new SystemRun(system, context, plan).run();
}

type RunPlan = {
  readonly viewers: readonly PlannedViewer[];
  readonly events: readonly PlannedEvent[];
  readonly hasVisits: boolean;
  readonly isMeasured: boolean;
};

class SystemRun {
  readonly #system: SystemName;
  readonly #context: RunContext;
  readonly #plan: RunPlan;
  readonly #viewers: WatchedViewer[] = [];
  readonly #events: RunEvent[] = [];
  #startedAtMs = 0;

  constructor(system: SystemName, context: RunContext, plan: RunPlan) {
    this.#system = system;
    this.#context = context;
    this.#plan = plan;
  }

  async run(): Promise<SystemOutcome> {
    const { origin, signal } = this.#context;
    const rate = new OriginRate(async () => (await origin.stats())?.originBytes);
    try {
      const before = await untilQuiet(origin, signal);
      const stream = await this.#stream();
      for (const [index, plan] of this.#plan.viewers.entries()) {
        signal.throwIfAborted();
        this.#viewers.push(new WatchedViewer(plan, await ViewerProcess.open(this.#settings(stream, { plan, index }))));
      }
      await setTimeout(REST_MS, undefined, { signal });
      await this.#refuseEarlyTraffic(before);
      await this.#untilPhase(0);
      this.#startedAtMs = performance.now();
      const cpu = new RunCpu(origin, this.#viewers.map(({ process }) => process.meter));
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
      return this.#outcome(measured, this.#plan.hasVisits ? await this.#visit(stream) : undefined);
    } finally {
      await rate.stop();
      await Promise.all(this.#viewers.map((viewer) => viewer.process.close()));
      // An abort surfaces as what it was, not as the timer that it cut short.
      signal.throwIfAborted();
    }
  }

  /** After all has been counted. */
  async #visit(stream: StreamAddresses): Promise<PageVisits> {
    const { options, signal, print } = this.#context;
    const { staggerMs, starts, htmlPath } = options;
    const plan = { system: this.#system, stream, watchMs: VISIT_SECONDS * 1000 };
    const viewers = this.#viewers.map(({ process }) => process);
    const leave = (): Promise<unknown> => Promise.all(viewers.map((viewer) => viewer.leave()));
    const comeAnew = async (start: number, arrive: (viewer: ViewerProcess) => Promise<void>): Promise<Startups> => {
      await setTimeout(REST_MS, undefined, { signal });
      await this.#untilPhase(start);
      return startups(viewers, { staggerMs, arrive, signal });
    };
    const clickedMs: Startups[] = [];
    for (let start = 1; start < starts; start++) {
      print(`${this.#system}: each viewer clicks anew, in a fresh profile, ${start} of ${starts - 1}`);
      await leave();
      await Promise.all(viewers.map((viewer) => viewer.reopen(plan)));
      clickedMs.push(await comeAnew(start, (viewer) => viewer.click()));
    }
    print(`${this.#system}: each viewer follows a link to the page, in a fresh profile`);
    await leave();
    const navigatedMs = await comeAnew(0, (viewer) => viewer.followLink(plan));
    return { clickedMs, navigatedMs, picture: htmlPath === undefined ? undefined : await viewers[0]?.picture() };
  }

  /** How soon a player can begin depends on where the stream is: viewer i of every system is to find it at the same place. */
  async #untilPhase(start: number): Promise<void> {
    const { phaseMs, signal } = this.#context;
    await setTimeout(untilPhaseMs(Date.now(), phaseMs(start)), undefined, { signal });
  }

  async #stream(): Promise<StreamAddresses> {
    const { origin, webTorrentTrackerUrl } = this.#context;
    const listing = await origin.listing();
    if (!listing) throw new BenchError('The origin has no stream any more.');
    return {
      link: listing.link,
      playlistUrl: `${origin.url}/live/${listing.slug}/index.m3u8`,
      ...(webTorrentTrackerUrl === undefined ? {} : { webTorrentTrackerUrl }),
    };
  }

  #settings(stream: StreamAddresses, { plan, index }: { readonly plan: PlannedViewer; readonly index: number }): ViewerSettings {
    const { origin, network, chromiumPath, pageUrl } = this.#context;
    return {
      chromiumPath: network?.chromiumAt(index) ?? chromiumPath,
      flags: network?.chromiumFlags(pageUrl) ?? [],
      pageUrl,
      originUrl: origin.url,
      hasWebRtc: plan.hasWebRtc,
      plan: { system: this.#system, stream, watchMs: plan.watchMs, ...(plan.seeks ? { seeks: plan.seeks } : {}) },
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
    const { signal } = this.#context;
    const course = Promise.all([...this.#viewers.map((viewer) => this.#attend(viewer)), ...this.#plan.events.map((event) => this.#happen(event))]);
    // Whatever fails in it ends the run, and not only when all are through.
    const failing = course.then(() => new Promise<never>(() => undefined));
    failing.catch(() => undefined);
    const lastEndMs = Math.max(...this.#plan.viewers.map(({ clickAtMs, watchMs }) => clickAtMs + watchMs)) + FINISH_LIMIT_MS;
    const progressEveryMs = Math.min(PROGRESS_EVERY_MS, (this.#context.options.seconds * 1000) / LEAST_PROGRESS_LINES);
    let nextProgressMs = progressEveryMs;
    for (let looks = 1; this.#viewers.some((viewer) => !viewer.isOver); looks++) {
      await Promise.race([setTimeout(LOOK_MS, undefined, { signal }), failing]);
      this.#context.origin.check();
      cpu.look();
      const elapsedMs = performance.now() - this.#startedAtMs;
      if (elapsedMs > lastEndMs) break;
      if (looks % REPORT_EVERY_LOOKS === 0) await this.#lookAtViewers();
      if (elapsedMs < nextProgressMs) continue;
      nextProgressMs += progressEveryMs;
      this.#printProgress(elapsedMs);
    }
    await course;
  }

  /** One viewer's course: its click, a look when it is settled, and its death, if it has to die. */
  async #attend(viewer: WatchedViewer): Promise<void> {
    const { clickAtMs, watchMs, killAtMs } = viewer.plan;
    await this.#untilMs(clickAtMs);
    await viewer.click();
    const settledAtMs = clickAtMs + STEADY_AFTER_SECONDS * 1000;
    if (settledAtMs < Math.min(clickAtMs + watchMs, killAtMs ?? Infinity)) {
      await this.#untilMs(settledAtMs);
      await viewer.settle();
    }
    if (killAtMs === undefined) return;
    await this.#untilMs(killAtMs);
    await viewer.kill();
  }

  async #happen({ atMs, kind, what, act }: PlannedEvent): Promise<void> {
    const { origin, tracker, network, signal, print } = this.#context;
    await this.#untilMs(atMs);
    print(`${this.#system}: ${what}`);
    await act({ origin, tracker, network, signal });
    this.#events.push({ kind, atMs: Date.now() });
  }

  async #untilMs(sinceStartMs: number): Promise<void> {
    const restMs = this.#startedAtMs + sinceStartMs - performance.now();
    await setTimeout(Math.max(0, restMs), undefined, { signal: this.#context.signal });
  }

  async #lookAtViewers(): Promise<void> {
    const watching = this.#viewers.filter((viewer) => viewer.isClicked && !viewer.isOver);
    await Promise.all(watching.map((viewer) => viewer.look()));
  }

  #printProgress(elapsedMs: number): void {
    if (!this.#plan.isMeasured) return;
    const reports = this.#viewers.flatMap(({ report }) => report ?? []);
    const playing = this.#viewers.filter(({ isPlaying }) => isPlaying).length;
    const delayMs = percentile(reports.flatMap(({ delaysMs }) => delaysMs), 0.5);
    const totals = this.#viewers.flatMap(({ total }) => total ?? []);
    const sent = totals.reduce((sum, { received }) => sum + totalBytes(received), 0);
    const handed = totals.reduce((sum, { handedBytes }) => sum + handedBytes, 0);
    const offload = offloadRatio(sent, handed);
    this.#context.print(
      [
        `${this.#system}: ${String(Math.round(elapsedMs / 1000)).padStart(4)} s`,
        `${playing} of ${this.#context.options.viewers} playing`,
        `delay p50 ${delayMs === undefined ? '-' : Math.round(delayMs)} ms`,
        `offload so far ${offload?.toFixed(3) ?? '-'}`,
      ].join('   '),
    );
  }

  #outcome(run: Pick<SystemOutcome, 'originBytes' | 'originBitsPerSecond' | 'elapsedMs' | 'cpuSeconds'>, visits: PageVisits | undefined): SystemOutcome {
    return {
      ...run,
      viewers: this.#viewers.map((viewer, index) => viewer.outcome(visits && { clickedMs: visits.clickedMs.map((byViewer) => byViewer[index]), navigatedMs: visits.navigatedMs[index] })),
      events: this.#events,
      chromiumVersion: this.#viewers[0]?.process.version ?? 'unknown',
      picture: visits?.picture,
    };
  }
}
