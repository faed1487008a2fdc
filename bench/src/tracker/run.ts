import { setTimeout } from 'node:timers/promises';

import { BenchError } from '../errors.js';
import { ChildProgram } from '../load/child-program.js';
import { shareOf } from '../load/client-share.js';
import type { ProcessUsage } from '../load/process-probe.js';
import { percentile } from '../metrics/percentile.js';
import type { SuiteContext } from '../suite.js';
import type { ClosedLoop, Repeated } from './crowd.js';
import type { CrowdStart, CrowdState } from './crowd-process.js';
import type { TrackerOptions } from './options.js';
import { WANTED_JOINS_PER_SECOND, type PacedJoins, type TrackerLevel } from './report.js';
import { TRACKER_SYSTEMS, type TrackerSystemName } from './systems/registry.js';
import type { RunningTracker } from './systems/system.js';

const CROWD = new URL('./crowd-process.js', import.meta.url);
const GIB = 2 ** 30;
/** Room for the clients' young objects: a pause of theirs would be taken for the tracker's. */
const CROWD_ARGS = ['--max-semi-space-size=64'];
/** Asked for at a time in all: enough to keep a tracker busy, few enough not to wait for each other. */
export const AT_ONCE = 64;
/** What is compiled once is not to be taken for what joins cost. */
const WARM_UP = { peers: 200, seconds: 2 };
/** Addresses that each crowd may use up. */
const ADDRESSES_A_CROWD = 1_000_000;

/** What a system's run is made with. */
export type TrackerRun = Pick<TrackerOptions, 'sockets' | 'seconds' | 'clients' | 'profileFolder'> & {
  readonly context: SuiteContext;
  /** Told after each level. */
  readonly measured: (level: TrackerLevel) => void;
};

/**
 * Measures one tracker at all levels.
 *
 * @returns what went wrong, a sentence each
 * @throws BenchError, StoppedError
 */
export async function runTracker(name: TrackerSystemName, run: TrackerRun): Promise<string[]> {
  const { signal, print } = run.context;
  const nodeArgs = run.profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${run.profileFolder}`];
  print(`${name}: starting`);
  const tracker = await TRACKER_SYSTEMS[name].start({ signal, nodeArgs });
  const programs: ChildProgram[] = [];
  try {
    for (let client = 0; client < run.clients; client++) programs.push(new ChildProgram({ name: 'A crowd', script: CROWD, nodeArgs: CROWD_ARGS, signal }));
    const crowds = new Crowds(programs, name, tracker);
    // Before the warm-up: whatever the tracker comes to hold beyond this is counted as its connections'.
    const base = await tracker.program.collect();
    await warmUp(crowds, run);
    for (const sockets of run.sockets) {
      const level = await measureLevel(sockets, { name, run, crowds, tracker, base });
      run.measured(level);
    }
    return await crowds.failures();
  } finally {
    await Promise.all(programs.map((program) => program.stop()));
    await tracker.stop();
  }
}

async function warmUp(crowds: Crowds, { sockets, seconds }: TrackerRun): Promise<void> {
  const peers = Math.min(WARM_UP.peers, sockets[0] ?? WARM_UP.peers);
  const loop = { seconds: Math.min(WARM_UP.seconds, seconds), atOnce: AT_ONCE };
  await crowds.start();
  await crowds.grow(peers);
  await crowds.loop('rejoin', loop);
  await crowds.loop('signal', loop);
  await crowds.loop('replace', loop);
  await crowds.close();
  await crowds.start();
}

async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(seconds * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
}

type LevelRun = {
  readonly name: TrackerSystemName;
  readonly run: TrackerRun;
  readonly crowds: Crowds;
  readonly tracker: RunningTracker;
  readonly base: ProcessUsage;
};

async function measureLevel(sockets: number, { name, run, crowds, tracker, base }: LevelRun): Promise<TrackerLevel> {
  const { context, seconds } = run;
  const { program } = tracker;
  const tell = (what: string): void => context.print(`${name}, ${sockets} sockets: ${what}`);
  tell('connecting');
  const grown = await crowds.grow(sockets);
  tell(`connected in ${grown.seconds.toFixed(1)} s, holding them`);
  const before = await program.usage();
  await pause(seconds, context.signal);
  const after = await program.usage();
  const held = await program.collect();
  const rated = async (method: 'rejoin' | 'signal' | 'replace', what: string): Promise<{ perSecond: number; perCpuSecond: number }> => {
    tell(what);
    const start = await program.usage();
    const done = await crowds.loop(method, { seconds, atOnce: AT_ONCE });
    const end = await program.usage();
    return { perSecond: done.count / (done.seconds || 1), perCpuSecond: done.count / Math.max(1e-6, end.cpuSeconds - start.cpuSeconds) };
  };
  const joins = await rated('rejoin', 'joins');
  const signals = await rated('signal', 'signals');
  const arrivals = await rated('replace', 'arrivals');
  const paced = async (perSecond: number): Promise<PacedJoins> => {
    tell(`${Math.round(perSecond)} joins/s`);
    const { count, latenciesMs } = await crowds.rejoinPaced(perSecond, seconds);
    const latency = (share: number): number | null => percentile(latenciesMs, share) ?? null;
    return { perSecond, samples: count, p50Ms: latency(0.5), p99Ms: latency(0.99), maxMs: latency(1) };
  };
  const pacedJoins = await paced(joins.perSecond / 2);
  const wantedJoins = await paced(WANTED_JOINS_PER_SECOND / 2);
  const size = await crowds.size();
  if (size === 0) throw new BenchError(`${name}: all connections are lost. ${(await crowds.failures()).join(' ')}`);
  return {
    sockets: size,
    bytesPerSocket: Math.max(0, held.rssBytes - base.rssBytes) / sockets,
    liveBytesPerSocket: Math.max(0, held.heapBytes + held.externalBytes - base.heapBytes - base.externalBytes) / sockets,
    socketsPerGib: (sockets * GIB) / Math.max(1, held.rssBytes - base.rssBytes),
    holdingCpuRatio: (after.cpuSeconds - before.cpuSeconds) / (after.atSeconds - before.atSeconds),
    arrivals,
    joins,
    signals,
    pacedJoins,
    wantedJoins,
  };
}

/** The crowds of all client processes, told as one. */
class Crowds {
  readonly #programs: readonly ChildProgram[];
  readonly #system: TrackerSystemName;
  readonly #url: string;
  #addresses = 0;

  constructor(programs: readonly ChildProgram[], system: TrackerSystemName, { url }: RunningTracker) {
    this.#programs = programs;
    this.#system = system;
    this.#url = url;
  }

  /** Begins anew, without peers. */
  async start(): Promise<void> {
    await this.#all((program) => {
      const start: CrowdStart = { system: this.#system, url: this.#url, firstAddress: this.#addresses };
      this.#addresses += ADDRESSES_A_CROWD;
      return program.call('start', start);
    });
  }

  /** New peers come until there are so many. */
  async grow(size: number): Promise<Repeated> {
    return merge(await this.#all((program, client) => program.call<Repeated>('grow', { size: this.#share(size, client), atOnce: this.#share(AT_ONCE, client) })));
  }

  /** See {@link Crowd}. */
  async loop(method: 'rejoin' | 'signal' | 'replace', { seconds, atOnce }: ClosedLoop): Promise<Repeated> {
    return merge(await this.#all((program, client) => program.call<Repeated>(method, { seconds, atOnce: this.#share(atOnce, client) })));
  }

  /** See {@link Crowd.rejoinPaced}. */
  async rejoinPaced(perSecond: number, seconds: number): Promise<Repeated> {
    return merge(await this.#all((program) => program.call<Repeated>('rejoinPaced', { perSecond: perSecond / this.#programs.length, seconds })));
  }

  async size(): Promise<number> {
    const states = await this.#all((program) => program.call<CrowdState>('state'));
    return states.reduce((sum, { size }) => sum + size, 0);
  }

  /** What went wrong, a sentence each. */
  async failures(): Promise<string[]> {
    const counts = new Map<string, number>();
    for (const { failures } of await this.#all((program) => program.call<CrowdState>('state'))) {
      for (const [reason, times] of Object.entries(failures)) counts.set(reason, (counts.get(reason) ?? 0) + times);
    }
    return [...counts].map(([reason, times]) => `${times} peers: ${reason}.`);
  }

  /** Hangs up on the tracker. */
  async close(): Promise<void> {
    await this.#all((program) => program.call('close'));
  }

  #share(total: number, client: number): number {
    return shareOf(total, this.#programs.length, client);
  }

  #all<Result>(call: (program: ChildProgram, client: number) => Promise<Result>): Promise<Result[]> {
    return Promise.all(this.#programs.map(call));
  }
}

function merge(all: readonly Repeated[]): Repeated {
  return {
    count: all.reduce((sum, { count }) => sum + count, 0),
    seconds: Math.max(0, ...all.map(({ seconds }) => seconds)),
    latenciesMs: all.flatMap(({ latenciesMs }) => latenciesMs),
  };
}
