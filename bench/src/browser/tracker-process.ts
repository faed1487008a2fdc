import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import * as z from 'zod';

import { BenchError } from '../errors.js';
import { ChildProgram } from '../load/child-program.js';

/** Where the tracker listens. */
export type TrackerSettings = { readonly host: string; readonly stunUrl?: string | undefined };

const CLI = new URL('../../../tracker/dist/entry/cli.js', import.meta.url);
const LISTENS = /^Tracker at (http:\/\/\S+:(\d+)) /;
const START_LIMIT_MS = 20_000;
/** The origin's seeder tries again every few seconds, ms. */
const SEEDER_LIMIT_MS = 15_000;
const POLL_MS = 200;
const swarmsSchema = z.array(z.object({ seeders: z.number() }));

/** The tracker that operators run by itself, with a data folder of its own, for scenarios in which it dies. */
export class TrackerProcess {
  readonly #settings: TrackerSettings;
  readonly #signal: AbortSignal;
  readonly #folder = mkdtempSync(join(tmpdir(), 'p2ptv-bench-'));
  readonly #removeFolder = (): void => rmSync(this.#folder, { recursive: true, force: true });
  #program: ChildProgram | undefined;
  #url = '';
  #port = '0';

  private constructor(settings: TrackerSettings, signal: AbortSignal) {
    this.#settings = settings;
    this.#signal = signal;
    process.once('exit', this.#removeFolder);
  }

  /** @throws BenchError when it does not come up */
  static async start(settings: TrackerSettings, signal: AbortSignal): Promise<TrackerProcess> {
    const tracker = new TrackerProcess(settings, signal);
    try {
      await tracker.#start();
      return tracker;
    } catch (error) {
      await tracker.stop();
      throw error;
    }
  }

  /** Base URL, without a closing slash. */
  get url(): string {
    return this.#url;
  }

  /** Ends it as a power cut does. Its key and its port stay. */
  async kill(): Promise<void> {
    const program = this.#program;
    this.#program = undefined;
    await program?.kill();
  }

  /**
   * Starts it again where it was killed, and waits until the origin's seeder has found it.
   *
   * @throws BenchError when either does not come
   */
  async untilReady(): Promise<void> {
    if (!this.#program) await this.#start();
    const endMs = performance.now() + SEEDER_LIMIT_MS;
    while (!(await this.#hasSeeder())) {
      if (performance.now() > endMs) throw new BenchError('The origin’s seeder does not come back to the tracker.');
      await setTimeout(POLL_MS, undefined, { signal: this.#signal });
    }
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    const program = this.#program;
    this.#program = undefined;
    await program?.stop();
    this.#removeFolder();
    process.off('exit', this.#removeFolder);
  }

  async #start(): Promise<void> {
    const { host, stunUrl } = this.#settings;
    const args = ['--host', host, '--port', this.#port, '--data', this.#folder, ...(stunUrl === undefined ? [] : ['--stun', stunUrl])];
    this.#program = new ChildProgram({ name: 'The tracker', script: CLI, args, signal: this.#signal });
    const [, url = '', port = '0'] = await this.#program.line(LISTENS, START_LIMIT_MS);
    this.#url = url;
    this.#port = port;
  }

  async #hasSeeder(): Promise<boolean> {
    const answer = await fetch(`${this.#url}/api/swarms`, { signal: AbortSignal.timeout(POLL_MS * 10) });
    return swarmsSchema.parse(await answer.json()).some(({ seeders }) => seeders > 0);
  }
}
