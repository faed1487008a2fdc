import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { BenchError } from '../errors.js';
import { ChildProgram } from '../load/child-program.js';
import { OriginProcess } from '../origin-process.js';
import { ProcessTreeMeter, readProcesses } from '../process-times.js';
import type { SuiteContext } from '../suite.js';
import type { BarePublication } from './bare-host.js';
import { HttpClient } from './http-client.js';
import { Nginx } from './nginx.js';
import { SEGMENT_MS, type OriginOptions } from './options.js';
import type { HostStart, Publication } from './origin-host.js';
import { summarizeReleases, type ReleaseTurn } from './release-turns.js';
import type { Release, Throughput, WaitedFor } from './report.js';
import { summarizeTurns, type SegmentTurn, type SegmentTurns } from './segment-turns.js';
import { WaitingCrowd } from './waiting-crowd.js';

const HOST = new URL('./origin-host.js', import.meta.url);
const BARE_HOST = new URL('./bare-host.js', import.meta.url);
/** As `npm start` runs it: room for the young objects of thousands of requests (decision 0014). */
const AS_STARTED = ['--max-semi-space-size=64'];
/** As much as a playlist lists, so that it is as long as it gets: a minute, and the segment that grows. */
const HISTORY_MS = 64_000;
/** Rounds that are not counted: what is compiled then is not to be taken for what a release costs. */
const WARM_UP_ROUNDS = 3;
/** Segments that are downloaded in turn. */
const SEGMENTS = 8;
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
  readonly #crowd: WaitingCrowd;
  readonly #bare: ChildProgram;
  readonly #bareCrowd: WaitingCrowd;
  readonly #folder = mkdtempSync(join(tmpdir(), 'p2ptv-bench-'));
  readonly #options: OriginOptions;
  readonly #context: SuiteContext;
  #port = 0;
  #barePort = 0;
  #edge: Publication | undefined;
  /** What went wrong, a sentence each. */
  readonly failures = new Set<string>();

  private constructor(options: OriginOptions, context: SuiteContext) {
    this.#options = options;
    this.#context = context;
    const { profileFolder } = options;
    const nodeArgs = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
    this.#host = new ChildProgram({ name: 'The origin', script: HOST, nodeArgs: [...AS_STARTED, ...nodeArgs], signal: context.signal });
    this.#bare = new ChildProgram({ name: 'The bare server', script: BARE_HOST, nodeArgs: AS_STARTED, signal: context.signal });
    const clients = { processes: options.clientProcesses, signal: context.signal };
    this.#crowd = new WaitingCrowd(this.#host, clients);
    this.#bareCrowd = new WaitingCrowd(this.#bare, clients);
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
      bench.#barePort = await bench.#bare.call<number>('open');
      await bench.#publish(Math.round(HISTORY_MS / options.partMs));
      return bench;
    } catch (error) {
      await bench.stop();
      throw error;
    }
  }

  /** Publishes one part after the other to so many clients that wait for it; after each the bare server writes as many the same bytes. */
  async release(waitedFor: WaitedFor, clients: number): Promise<Release> {
    await this.#crowd.connect(this.#port, clients);
    await this.#bareCrowd.connect(this.#barePort, clients);
    const sample = await HttpClient.open(this.#port);
    const turns: ReleaseTurn[] = [];
    try {
      for (let round = -WARM_UP_ROUNDS; round < this.#options.rounds; round++) {
        const path = waitedFor === 'playlist' ? this.#nextPlaylist() : this.#nextPart();
        const p2ptv = await this.#crowd.release(path, () => this.#publish(1));
        const bytes = await sample.getBytes(path);
        const bare = await this.#bareCrowd.release(path, () => this.#bare.call<BarePublication>('publish', { bytes }));
        if (p2ptv.failure !== null) this.failures.add(`Waiting for a ${waitedFor}, ${p2ptv.failure}.`);
        if (bare.failure !== null) this.failures.add(`Waiting at the bare server, ${bare.failure}.`);
        if (round >= 0) turns.push({ p2ptv: p2ptv.round, bare: bare.round });
      }
    } finally {
      sample.close();
    }
    return summarizeReleases({ waitedFor, clients }, turns);
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
    await Promise.all([this.#crowd.stop(), this.#bareCrowd.stop()]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** One turn, on connections of its own. */
  async #download(
    { port, paths }: { readonly port: number; readonly paths: readonly string[] },
    cpuSeconds: () => Promise<number | undefined>,
  ): Promise<Throughput> {
    const { audience } = this.#crowd;
    await audience.disconnect();
    await audience.connect(port, this.#options.connections);
    await audience.download(paths, WARM_UP_SECONDS);
    const before = await cpuSeconds();
    const { bodyBytes, seconds } = await audience.download(paths, this.#options.seconds / SEGMENT_TURNS);
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
