import { setTimeout } from 'node:timers/promises';

import type { OriginBytes } from '@p2ptv/protocol';

import { totalBytes } from '../metrics/offload.js';

const SECOND_MS = 1_000;
const BITS_PER_BYTE = 8;

/** What an origin sends, second by second, from its own counters. */
export class OriginRate {
  readonly #read: () => Promise<OriginBytes | undefined>;
  readonly #stopping = new AbortController();
  readonly #bitsPerSecond: number[] = [];
  #running: Promise<void> | undefined;

  /** @param read what it has sent so far; undefined when it cannot tell */
  constructor(read: () => Promise<OriginBytes | undefined>) {
    this.#read = read;
  }

  /** Begins to watch. */
  start(): void {
    this.#running ??= this.#watch();
  }

  /** Ends it; a second that is not over is left out. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Bits sent in each second so far. */
  get bitsPerSecond(): readonly number[] {
    return this.#bitsPerSecond;
  }

  async #watch(): Promise<void> {
    const startedAtMs = performance.now();
    let before = await this.#tally();
    for (let second = 1; ; second++) {
      try {
        await setTimeout(startedAtMs + second * SECOND_MS - performance.now(), undefined, { signal: this.#stopping.signal });
      } catch {
        return;
      }
      const now = await this.#tally();
      // The answer may come late: what counts is the time between two of them.
      if (before && now) this.#bitsPerSecond.push(((now.bytes - before.bytes) * BITS_PER_BYTE * SECOND_MS) / (now.atMs - before.atMs));
      before = now;
    }
  }

  async #tally(): Promise<{ readonly atMs: number; readonly bytes: number } | undefined> {
    // An origin that is gone is noticed by whoever started it.
    const bytes = await this.#read().catch(() => undefined);
    return bytes && { atMs: performance.now(), bytes: totalBytes(bytes) };
  }
}
