import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import * as z from 'zod';

import { BenchError } from '../errors.js';
import { ChildProgram } from '../load/child-program.js';
import type { ProcessUsage } from '../load/process-probe.js';

const CLI = new URL('../../../origin/dist/entry/cli.js', import.meta.url);
const READY = /"port":(\d+).*"P2PTV is ready/;
const READY_LIMIT_MS = 30_000;

const logLineSchema = z.object({
  level: z.number(),
  time: z.number(),
  msg: z.string(),
  channel: z.string().optional(),
  chunk: z
    .object({ rendition: z.int().min(0), sequence: z.int().min(0), byteLength: z.int(), durationUs: z.int().positive(), isIndependent: z.boolean(), programDateTimeMs: z.number() })
    .optional(),
});
/** A line of an origin's log; `time` is ms since the Unix epoch, `chunk` what was just published. */
export type LogLine = z.infer<typeof logLineSchema>;

/** An origin as `p2ptv start` runs it: a process with a data folder of its own, both gone at the end. */
export class IngestOrigin {
  /** Where it keeps keys and recordings. */
  readonly folder: string;
  readonly #program: ChildProgram;
  readonly #removeNow: () => void;
  #port = 0;

  private constructor(folder: string, program: ChildProgram, removeNow: () => void) {
    this.folder = folder;
    this.#program = program;
    this.#removeNow = removeNow;
  }

  /**
   * Starts one and waits until it answers.
   *
   * @param options `settings`: flags of `p2ptv start` beside those of its addresses; `onLog` gets every line of its log
   * @throws BenchError with the origin's own sentence when it does not come up
   */
  static async start(options: {
    readonly settings: (folder: string) => readonly string[];
    readonly onLog: (line: LogLine) => void;
    readonly signal: AbortSignal;
  }): Promise<IngestOrigin> {
    if (!existsSync(fileURLToPath(CLI))) throw new BenchError('The origin is not built: run npm run build first.');
    const { settings, onLog, signal } = options;
    const folder = mkdtempSync(join(tmpdir(), 'p2ptv-bench-'));
    const removeNow = (): void => rmSync(folder, { recursive: true, force: true });
    process.once('exit', removeNow);
    const args = ['start', '--host', '127.0.0.1', '--port', '0', '--data', folder, '--log-format', 'json', '--log-level', 'trace', ...settings(folder)];
    const program = new ChildProgram({ name: 'The origin', script: CLI, args, signal });
    const origin = new IngestOrigin(folder, program, removeNow);
    program.onLine((line) => {
      const parsed = logLineSchema.safeParse(parseJson(line));
      if (parsed.success) onLog(parsed.data);
    });
    try {
      origin.#port = Number((await program.line(READY, READY_LIMIT_MS))[1]);
      return origin;
    } catch (error) {
      await origin.stop();
      throw error;
    }
  }

  /** Base URL, without a closing slash; a secure context for browsers. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** What opens its one channel to publishers. */
  get streamKey(): string {
    return readFileSync(join(this.folder, 'stream.key'), 'utf8').trim();
  }

  /**
   * What it answers to a GET.
   *
   * @throws BenchError with its last words when it has ended, or with what it answered when that is no success
   */
  async get(path: string): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`${this.url}${path}`);
    } catch (error) {
      await this.#program.check();
      throw new BenchError(`The origin does not answer to ${path}.`, { cause: error });
    }
    if (!response.ok) throw new BenchError(`The origin answered ${response.status} to ${path}.`);
    return response;
  }

  /** What its process uses, after a collection of its garbage where `isCollected`; encoders are processes of their own. */
  usage(isCollected: boolean): Promise<ProcessUsage> {
    return isCollected ? this.#program.collect() : this.#program.usage();
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await this.#program.stop();
    this.#removeNow();
    process.off('exit', this.#removeNow);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
