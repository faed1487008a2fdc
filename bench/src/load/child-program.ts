import { fork, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';

import { BenchError } from '../errors.js';
import type { CallAnswer } from './process-calls.js';
import type { ProcessUsage } from './process-probe.js';

/** How a {@link ChildProgram} is started. */
export type ChildProgramOptions = {
  /** What people call it, for messages: `the tracker`. */
  readonly name: string;
  readonly script: URL;
  readonly args?: readonly string[];
  /** Options of Node itself, as --cpu-prof. */
  readonly nodeArgs?: readonly string[];
  /** Aborted: the process ends. */
  readonly signal: AbortSignal;
};

/** How long a process may take to end when asked to, ms, before it is killed. */
const STOP_LIMIT_MS = 6_000;
const STOP_SIGNALS: ReadonlySet<string> = new Set(['SIGINT', 'SIGTERM', 'SIGHUP']);
/** Within which a signal to a whole group reaches all of it, ms. */
const SAME_SIGNAL_MS = 300;
/** The built one, seen from the sources and from the built files alike. */
const PROBE = new URL('../../dist/load/process-probe.js', import.meta.url).href;

/**
 * A process of the bench's own that answers calls (see `answerCalls`), and tells what it uses. It
 * never outlives the bench.
 */
export class ChildProgram {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #signal: AbortSignal;
  readonly #exited: Promise<void>;
  readonly #calls = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  readonly #killNow: () => void;
  readonly #abort: () => void;
  readonly #lineListeners = new Set<(line: string) => void>();
  #lastCall = 0;
  #lastWords = '';
  #end: string | undefined;

  constructor({ name, script, args = [], nodeArgs = [], signal }: ChildProgramOptions) {
    this.#name = name;
    this.#signal = signal;
    this.#child = fork(script, [...args], {
      // This process's own options, as --cpu-prof, are not the child's.
      execArgv: ['--expose-gc', '--import', PROBE, ...nodeArgs],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#exited = new Promise((resolve) => {
      const ended = (reason: string): void => {
        this.#end = reason;
        for (const { reject } of this.#calls.values()) reject(this.#failure());
        this.#calls.clear();
        resolve();
      };
      this.#child.once('exit', (code, how) => ended(how === null ? `code ${code ?? 0}` : how));
      this.#child.once('error', (error) => ended(error.message));
    });
    this.#child.on('message', (message) => this.#answered(message as CallAnswer));
    const { stdout, stderr } = this.#child;
    if (stdout) createInterface({ input: stdout }).on('line', (line) => this.#said(line));
    if (stderr) createInterface({ input: stderr }).on('line', (line) => this.#said(line));
    this.#killNow = () => void this.#child.kill('SIGKILL');
    this.#abort = () => void this.#child.kill('SIGTERM');
    process.once('exit', this.#killNow);
    signal.addEventListener('abort', this.#abort, { once: true });
  }

  /**
   * Calls one of its methods.
   *
   * @throws BenchError when it fails or ends, the reason of the signal when that is aborted
   */
  async call<Result>(method: string, params?: unknown): Promise<Result> {
    this.#signal.throwIfAborted();
    if (this.#end !== undefined) throw this.#failure();
    const call = ++this.#lastCall;
    try {
      return await new Promise<Result>((resolve, reject) => {
        this.#calls.set(call, { resolve: resolve as (value: unknown) => void, reject });
        this.#child.send({ call, method, params });
      });
    } catch (error) {
      // Ctrl-C reaches all processes of a terminal: this one may hear of a child's end before it hears of its own.
      if (this.#wasSignalled) await setTimeout(SAME_SIGNAL_MS);
      this.#signal.throwIfAborted();
      throw error;
    }
  }

  /** What the process uses now. */
  usage(): Promise<ProcessUsage> {
    return this.call('usage');
  }

  /** Collects its garbage, and tells what is left. */
  collect(): Promise<ProcessUsage> {
    return this.call('collect');
  }

  /**
   * Waits for a line that it prints.
   *
   * @returns the pattern's match
   * @throws BenchError when it ends, or says nothing of the kind in time
   */
  async line(pattern: RegExp, limitMs: number): Promise<RegExpExecArray> {
    let listener: (line: string) => void = () => undefined;
    const found = new Promise<RegExpExecArray>((resolve) => {
      listener = (line) => {
        const match = pattern.exec(line);
        if (match) resolve(match);
      };
      this.#lineListeners.add(listener);
    });
    try {
      const match = await Promise.race([found, this.#exited, setTimeout(limitMs, undefined, { ref: false })]);
      this.#signal.throwIfAborted();
      if (match) return match;
      if (this.#end !== undefined) throw this.#failure();
      throw new BenchError(`${this.#name} did not start within ${limitMs / 1000} s: ${this.#lastWords || 'it said nothing'}`);
    } finally {
      this.#lineListeners.delete(listener);
    }
  }

  /**
   * Looks why it does not answer otherwise: its end is heard of a moment after its sockets'.
   *
   * @throws BenchError with its last words when it has ended, the reason of the signal when that is aborted
   */
  async check(): Promise<void> {
    await Promise.race([this.#exited, setTimeout(SAME_SIGNAL_MS, undefined, { ref: false })]);
    this.#signal.throwIfAborted();
    if (this.#end !== undefined) throw this.#failure();
  }

  /** Reads every line that it prints from now on. */
  onLine(listener: (line: string) => void): void {
    this.#lineListeners.add(listener);
  }

  /** Ends it at once: it finishes nothing. */
  async kill(): Promise<void> {
    this.#killNow();
    await this.#exited;
    this.#forget();
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await Promise.race([this.#exited, setTimeout(STOP_LIMIT_MS, undefined, { ref: false })]);
    await this.kill();
  }

  #forget(): void {
    process.off('exit', this.#killNow);
    this.#signal.removeEventListener('abort', this.#abort);
  }

  get #wasSignalled(): boolean {
    return this.#end !== undefined && STOP_SIGNALS.has(this.#end);
  }

  #said(line: string): void {
    if (line.trim() !== '') this.#lastWords = line;
    for (const listener of this.#lineListeners) listener(line);
  }

  #answered(answer: CallAnswer): void {
    const waiting = this.#calls.get(answer.call);
    if (!waiting) return;
    this.#calls.delete(answer.call);
    if ('problem' in answer) waiting.reject(new BenchError(`${this.#name}: ${answer.problem}`));
    else waiting.resolve(answer.result);
  }

  #failure(): BenchError {
    return new BenchError(`${this.#name} has ended (${this.#end ?? ''}): ${this.#lastWords || 'it said nothing'}`);
  }
}
