import { ChildProgram } from '../load/child-program.js';
import { shareOf } from '../load/client-share.js';
import type { Download, Round } from './audience-process.js';

const PROCESS = new URL('./audience-process.js', import.meta.url);

/** All clients, in as many processes as it takes. */
export class Audience {
  readonly #programs: readonly ChildProgram[];

  constructor(processes: number, signal: AbortSignal) {
    this.#programs = Array.from({ length: processes }, () => new ChildProgram({ name: 'The clients', script: PROCESS, signal }));
  }

  /** Opens connections until there are so many. */
  async connect(port: number, count: number): Promise<void> {
    await this.#all((program, index) => program.call('connect', { port, count: this.#share(count, index) }));
  }

  /** Every client asks for a path; they are not waited for. */
  async ask(path: string): Promise<void> {
    await this.#all((program) => program.call('ask', { path }));
  }

  /** What they were answered. */
  async answers(): Promise<Round> {
    const rounds = await this.#all((program) => program.call<Round>('answers'));
    return {
      endedAtMs: rounds.flatMap(({ endedAtMs }) => endedAtMs),
      bodyBytes: rounds.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0),
      failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
      failure: rounds.find(({ failure }) => failure !== null)?.failure ?? null,
    };
  }

  /** All clients download, one thing after the other. */
  async download(paths: readonly string[], seconds: number): Promise<Download> {
    const all = await this.#all((program) => program.call<Download>('download', { paths, seconds }));
    return {
      bodyBytes: all.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0),
      answers: all.reduce((sum, { answers }) => sum + answers, 0),
      seconds: Math.max(...all.map(({ seconds: took }) => took)),
    };
  }

  /** Hangs up. */
  async disconnect(): Promise<void> {
    await this.#all((program) => program.call('close'));
  }

  /** Ends the processes. */
  async stop(): Promise<void> {
    await this.#all((program) => program.stop());
  }

  #share(total: number, index: number): number {
    return shareOf(total, this.#programs.length, index);
  }

  #all<Result>(call: (program: ChildProgram, index: number) => Promise<Result>): Promise<Result[]> {
    return Promise.all(this.#programs.map(call));
  }
}
