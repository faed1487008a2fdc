import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { BenchError } from '../errors.js';
import { ChildProgram } from '../load/child-program.js';
import { percentile } from '../metrics/percentile.js';
import { OriginProcess } from '../origin-process.js';
import { ProcessTreeMeter, readProcesses } from '../process-times.js';
import type { SuiteContext } from '../suite.js';
import { Audience } from './audience.js';
import { Nginx } from './nginx.js';
import { SEGMENT_MS, type OriginOptions } from './options.js';
import type { HostStart, Publication } from './origin-host.js';
import type { Release, Throughput, WaitedFor } from './report.js';
import { summarizeTurns, type SegmentTurn, type SegmentTurns } from './segment-turns.js';

const HOST = new URL('./origin-host.js', import.meta.url);
/** As `npm start` runs it: room for the young objects of thousands of requests (decision 0014). */
const AS_STARTED = ['--max-semi-space-size=64'];
/** As much as a playlist lists, so that it is as long as it gets: a minute, and the segment that grows. */
const HISTORY_MS = 64_000;
/** Rounds that are not counted: what is compiled then is not to be taken for what a release costs. */
const WARM_UP_ROUNDS = 3;
/** Segments that are downloaded in turn. */
const SEGMENTS = 8;
/** How long all clients may take to be waiting, ms; their requests are let go after 6 s. */
const WAIT_LIMIT_MS = 5_000;
const POLL_MS = 5;
/** Height of the live channel's picture, pixels. */
const CHANNEL_HEIGHT = 360;

/** How often the origin and nginx take their turns; the time is shared out among these. */
const SEGMENT_TURNS = 5;
/** Before each turn, s: connections have to find their pace. */
const WARM_UP_SECONDS = 0.5;

type NginxSource = {
  readonly port: number;
  readonly paths: readonly string[];
  readonly cpuSeconds: () => Promise<number | undefined>;
  readonly stop: () => Promise<void>;
};

/** An origin under load, and its clients. */
export class OriginBench {
  readonly #host: ChildProgram;
  readonly #audience: Audience;
  readonly #folder = mkdtempSync(join(tmpdir(), 'p2ptv-bench-'));
  readonly #options: OriginOptions;
  readonly #context: SuiteContext;
  #port = 0;
  #edge: Publication | undefined;
  /** What went wrong, a sentence each. */
  readonly failures = new Set<string>();

  private constructor(options: OriginOptions, context: SuiteContext) {
    this.#options = options;
    this.#context = context;
    const { profileFolder } = options;
    const nodeArgs = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
    this.#host = new ChildProgram({ name: 'The origin', script: HOST, nodeArgs: [...AS_STARTED, ...nodeArgs], signal: context.signal });
    this.#audience = new Audience(options.clientProcesses, context.signal);
  }

  /**
   * Starts the origin, with a minute published.
   *
   * @throws BenchError, StoppedError
   */
  static async start(options: OriginOptions, context: SuiteContext): Promise<OriginBench> {
    const bench = new OriginBench(options, context);
    try {
      const settings: HostStart = {
        dataFolder: join(bench.#folder, 'data'),
        partMs: options.partMs,
        segmentMs: SEGMENT_MS,
        bitsPerSecond: options.rateKbps * 1000,
      };
      bench.#port = await bench.#host.call<number>('open', settings);
      await bench.#publish(Math.round(HISTORY_MS / options.partMs));
      return bench;
    } catch (error) {
      await bench.stop();
      throw error;
    }
  }

  /** Publishes one part after the other to so many clients that wait for it. */
  async release(waitedFor: WaitedFor, clients: number): Promise<Release> {
    const { rounds } = this.#options;
    await this.#audience.connect(this.#port, clients);
    const latenciesMs: number[] = [];
    const lastMs: number[] = [];
    let bodyBytes = 0;
    const cpuSeconds = { asked: 0, released: 0 };
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
      const before = await this.#host.usage();
      await this.#audience.ask(waitedFor === 'playlist' ? this.#nextPlaylist() : this.#nextPart());
      await this.#untilWaiting(clients);
      const between = await this.#host.usage();
      const { atMs } = await this.#publish(1);
      const answers = await this.#audience.answers();
      if (answers.failure !== null) this.failures.add(`${answers.failed} of ${clients} clients that waited for a ${waitedFor}: ${answers.failure}.`);
      if (round < 0) continue;
      const after = await this.#host.usage();
      const delays = answers.endedAtMs.map((endedAtMs) => endedAtMs - atMs);
      for (const delay of delays) latenciesMs.push(delay);
      lastMs.push(percentile(delays, 1) ?? Infinity);
      bodyBytes += answers.bodyBytes;
      cpuSeconds.asked += between.cpuSeconds - before.cpuSeconds;
      cpuSeconds.released += after.cpuSeconds - between.cpuSeconds;
    }
    const answered = Math.max(1, latenciesMs.length);
    return {
      waitedFor,
      clients,
      rounds,
      releaseMs: { p50: figure(latenciesMs, 0.5), p99: figure(latenciesMs, 0.99), max: figure(latenciesMs, 1) },
      lastMs: { p50: figure(lastMs, 0.5), max: figure(lastMs, 1) },
      bytesPerAnswer: bodyBytes / answered,
      askCpuMicroseconds: (cpuSeconds.asked * 1e6) / answered,
      releaseCpuMicroseconds: (cpuSeconds.released * 1e6) / answered,
    };
  }

  /**
   * Whole segments as fast as they come, from the origin and, in turn with it, the same ones from nginx: what else
   * a machine does then weighs on both.
   *
   * @param nginxProgram undefined: from the origin alone
   */
  async segments(nginxProgram: string | undefined): Promise<SegmentTurns> {
    const nginx = nginxProgram === undefined ? undefined : await this.#startNginx(nginxProgram);
    const turns: SegmentTurn[] = [];
    try {
      for (let turn = 0; turn < SEGMENT_TURNS; turn++) {
        const p2ptv = await this.#download({ port: this.#port, paths: this.#segmentPaths() }, async () => (await this.#host.usage()).cpuSeconds);
        turns.push({ p2ptv, ...(nginx ? { nginx: await this.#download(nginx, nginx.cpuSeconds) } : {}) });
      }
    } finally {
      await nginx?.stop();
    }
    return summarizeTurns(turns);
  }

  /** Ends everything, and removes what was written. */
  async stop(): Promise<void> {
    await Promise.all([this.#host.stop(), this.#audience.stop()]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** One turn, on connections of its own. */
  async #download(
    { port, paths }: { readonly port: number; readonly paths: readonly string[] },
    cpuSeconds: () => Promise<number | undefined>,
  ): Promise<Throughput> {
    await this.#audience.disconnect();
    await this.#audience.connect(port, this.#options.connections);
    await this.#audience.download(paths, WARM_UP_SECONDS);
    const before = await cpuSeconds();
    const { bodyBytes, seconds } = await this.#audience.download(paths, this.#options.seconds / SEGMENT_TURNS);
    const after = await cpuSeconds();
    const isSeen = before !== undefined && after !== undefined;
    return { bytesPerSecond: bodyBytes / seconds, bytesPerCpuSecond: isSeen ? bodyBytes / Math.max(1e-6, after - before) : null };
  }

  /** nginx with the same segments in files. */
  async #startNginx(program: string): Promise<NginxSource> {
    const folder = join(this.#folder, 'nginx');
    mkdirSync(join(folder, 'files'), { recursive: true });
    const paths: string[] = [];
    for (const path of this.#segmentPaths()) {
      const name = path.slice(path.lastIndexOf('/') + 1);
      const answer = await fetch(`http://127.0.0.1:${this.#port}${path}`, { signal: this.#context.signal });
      writeFileSync(join(folder, 'files', name), Buffer.from(await answer.arrayBuffer()));
      paths.push(`/${name}`);
    }
    const nginx = await Nginx.start(program, folder, this.#context.signal);
    const meter = new ProcessTreeMeter(nginx.pid);
    return {
      port: nginx.port,
      paths,
      cpuSeconds: () => Promise.resolve(look(meter) ? meter.cpuSeconds() : undefined),
      stop: () => nginx.stop(),
    };
  }

  async #publish(parts: number): Promise<Publication> {
    this.#edge = await this.#host.call<Publication>('publish', { parts });
    return this.#edge;
  }

  async #untilWaiting(clients: number): Promise<void> {
    const endMs = performance.now() + WAIT_LIMIT_MS;
    while ((await this.#host.call<number>('waiting')) < clients) {
      if (performance.now() > endMs) throw new BenchError(`${clients} clients could not ask within ${WAIT_LIMIT_MS / 1000} s: this machine is too busy, or too slow for so many.`);
      await setTimeout(POLL_MS);
    }
  }

  /** As LL-HLS players ask for the next part. */
  #nextPlaylist(): string {
    const { mediaSequence, partIndex, isSegmentLast } = this.#last();
    const next = isSegmentLast ? { msn: mediaSequence + 1, part: 0 } : { msn: mediaSequence, part: partIndex + 1 };
    return `/live/main/0/live.m3u8?_HLS_msn=${next.msn}&_HLS_part=${next.part}&_HLS_skip=YES`;
  }

  #nextPart(): string {
    return `/live/main/0/part-${this.#last().sequence + 1}.m4s`;
  }

  #segmentPaths(): string[] {
    const { epoch, mediaSequence } = this.#last();
    return Array.from({ length: SEGMENTS }, (_, index) => `/live/main/0/segment-${epoch}-${mediaSequence - 1 - index}.m4s`);
  }

  #last(): Publication {
    if (!this.#edge) throw new BenchError('Nothing is published yet.');
    return this.#edge;
  }
}

/** @returns the share of a core that a live channel takes without its encoder; undefined where there is no /proc */
export async function channelCpuRatio({ seconds, partMs }: OriginOptions, { signal }: SuiteContext): Promise<number | undefined> {
  const origin = await OriginProcess.start({ partMs, heights: [CHANNEL_HEIGHT], input: 'clip' }, signal);
  try {
    const meter = new ProcessTreeMeter(origin.pid);
    if (!look(meter)) return undefined;
    const startMs = performance.now();
    await setTimeout(seconds * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
    look(meter);
    origin.check();
    return (meter.cpuSeconds((name) => !name.startsWith('ffmpeg')) * 1000) / (performance.now() - startMs);
  } finally {
    await origin.stop();
  }
}

function look(meter: ProcessTreeMeter): boolean {
  const processes = readProcesses();
  if (processes) meter.look(processes);
  return processes !== undefined;
}

function figure(samples: readonly number[], ratio: number): number | null {
  return percentile(samples, ratio) ?? null;
}
