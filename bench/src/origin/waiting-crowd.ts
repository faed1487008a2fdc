import { setTimeout } from 'node:timers/promises';

import { BenchError } from '../errors.js';
import type { ChildProgram } from '../load/child-program.js';
import { monotonicMs } from '../load/monotonic-ms.js';
import { Audience } from './audience.js';
import type { ReleaseRound } from './release-turns.js';

/** How long all clients may take to be waiting, ms; the origin lets requests go after 6 s. */
const WAIT_LIMIT_MS = 5_000;
const POLL_MS = 5;

/** What a round came to, and why somebody was not answered. */
export type CrowdRound = { readonly round: ReleaseRound; readonly failure: string | null };

/** A server that tells how many `waiting` it holds, and clients of its own that wait for what it publishes. */
export class WaitingCrowd {
  readonly #server: ChildProgram;
  readonly audience: Audience;
  #clients = 0;

  constructor(server: ChildProgram, { processes, signal }: { readonly processes: number; readonly signal: AbortSignal }) {
    this.#server = server;
    this.audience = new Audience(processes, signal);
  }

  /** Opens connections until there are so many. */
  async connect(port: number, clients: number): Promise<void> {
    await this.audience.connect(port, clients);
    this.#clients = clients;
  }

  /**
   * All ask for a path; when all of them wait, something is published.
   *
   * @param publish tells when it was handed to the server, monotonic ms
   */
  async release(path: string, publish: () => Promise<{ readonly atMs: number }>): Promise<CrowdRound> {
    const before = await this.#server.usage();
    await this.audience.ask(path);
    await this.#untilWaiting();
    const between = await this.#server.usage();
    const { atMs } = await publish();
    const { endedAtMs, bodyBytes, failed, failure } = await this.audience.answers();
    const after = await this.#server.usage();
    const round = {
      delaysMs: endedAtMs.map((ended) => ended - atMs),
      bodyBytes,
      askCpuSeconds: between.cpuSeconds - before.cpuSeconds,
      releaseCpuSeconds: after.cpuSeconds - between.cpuSeconds,
    };
    return { round, failure: failure === null ? null : `${failed} of ${this.#clients} clients: ${failure}` };
  }

  /** Ends server and clients. */
  async stop(): Promise<void> {
    await Promise.all([this.#server.stop(), this.audience.stop()]);
  }

  async #untilWaiting(): Promise<void> {
    const endMs = monotonicMs() + WAIT_LIMIT_MS;
    while ((await this.#server.call<number>('waiting')) < this.#clients) {
      if (monotonicMs() > endMs) {
        throw new BenchError(`${this.#clients} clients could not ask within ${WAIT_LIMIT_MS / 1000} s: this machine is too busy, or too slow for so many.`);
      }
      await setTimeout(POLL_MS);
    }
  }
}
