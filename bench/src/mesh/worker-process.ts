import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { BenchError } from '../errors.js';
import { keptOn } from './own-processors.js';
import { WARM_UP, type FromWorker, type ToWorker, type WorkerNews, type WorkerPlan } from './worker-messages.js';

const WORKER = fileURLToPath(new URL('./worker.js', import.meta.url));
const READY_LIMIT_MS = 60_000;
/** Room for young objects, MiB: 25 viewers fill V8's own, 16, several times a second. */
const YOUNG_MIB = 32;
/** Longer than this a worker may not take to tell the last and end, ms. */
const FINISH_LIMIT_MS = 5_000;

/** How a worker comes up. */
export type WorkerStart = {
  /** As people shall read it. */
  readonly name: string;
  /** The processor that it is kept on, by its number; undefined: where the system likes. */
  readonly processor: number | undefined;
  /** It simulates first, so that its code is compiled when viewers come. */
  readonly isWarmedUp: boolean;
  /** Is told what happens in it. */
  readonly happened: (news: WorkerNews) => void;
};

/** A process with Node viewers in it. It is ended with this one, whatever happens. */
export class WorkerProcess {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #happened: (news: WorkerNews) => void;
  readonly #ready: Promise<void>;
  readonly #ended: Promise<void>;
  readonly #endNow = (): void => void this.#child.kill('SIGKILL');
  #loopDelayP99Ms: number | undefined;
  #isFinishing = false;
  #lastWords = '';

  private constructor(plan: WorkerStart) {
    this.#name = plan.name;
    this.#happened = plan.happened;
    const node = { program: process.execPath, args: [`--max-semi-space-size=${YOUNG_MIB}`] };
    const { program, args } = plan.processor === undefined ? node : keptOn(plan.processor, node);
    this.#child = fork(WORKER, plan.isWarmedUp ? [WARM_UP] : [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execPath: program,
      execArgv: [...args],
    });
    process.once('exit', this.#endNow);
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = text.trim().split('\n')[0] ?? '';
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.once('error', () => resolve());
    });
    this.#ready = new Promise((resolve) => {
      this.#child.on('message', (message: FromWorker) => this.#heard(message, resolve));
    });
  }

  /**
   * @throws BenchError when it does not come up
   * @throws the signal's reason when it is aborted first
   */
  static async start(plan: WorkerStart, signal: AbortSignal): Promise<WorkerProcess> {
    const worker = new WorkerProcess(plan);
    const isReady = await Promise.race([
      worker.#ready.then(() => true),
      worker.#ended.then(() => false),
      // Rejected when it is aborted, which counts as not ready.
      setTimeout(READY_LIMIT_MS, false, { ref: false, signal }).catch(() => false),
    ]);
    if (isReady) return worker;
    await worker.end();
    signal.throwIfAborted();
    throw new BenchError(`${plan.name} did not start: ${worker.#lastWords || 'it did not say why'}`);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when the process has ended. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Why it ended before its time; undefined as long as it runs, and when it was told to end. */
  get failure(): string | undefined {
    const { exitCode, signalCode } = this.#child;
    if (this.#isFinishing || (exitCode === null && signalCode === null)) return undefined;
    const how = signalCode === null ? `with code ${exitCode ?? 0}` : `by ${signalCode}`;
    return `${this.#name} ended ${how}${this.#lastWords ? ` (${this.#lastWords})` : ''}, and its viewers with it.`;
  }

  /** How late its timers were at the 99th percentile, ms; known at the end. */
  get loopDelayP99Ms(): number | undefined {
    return this.#loopDelayP99Ms;
  }

  begin(plan: WorkerPlan): void {
    this.#say({ kind: 'plan', plan });
  }

  /** Lets it tell the last, and end. */
  async finish(): Promise<void> {
    if (this.failure === undefined) {
      this.#isFinishing = true;
      this.#say({ kind: 'finish' });
      await Promise.race([this.#ended, setTimeout(FINISH_LIMIT_MS, undefined, { ref: false })]);
    }
    await this.end();
  }

  /** Ends it at once. */
  async end(): Promise<void> {
    this.#isFinishing ||= this.failure === undefined;
    process.off('exit', this.#endNow);
    this.#endNow();
    await this.#ended;
  }

  #say(message: ToWorker): void {
    // One that has just died is noticed by its end.
    this.#child.send(message, () => undefined);
  }

  #heard(message: FromWorker, ready: () => void): void {
    switch (message.kind) {
      case 'ready':
        ready();
        return;
      case 'happened':
        this.#happened(message);
        return;
      case 'finished':
        this.#loopDelayP99Ms = message.loopDelayP99Ms;
        return;
    }
  }
}
