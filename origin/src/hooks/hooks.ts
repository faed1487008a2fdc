import { spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';

import type { FastifyBaseLogger } from 'fastify';

import type { ChannelRegistry } from '../channel/channel-registry.js';
import { processTimer, type StartTimer } from '../encode/start-timer.js';
import { systemCode } from '../package/errors.js';
import type { HookTarget } from './hook-target.js';

/** What hooks tell of. `at` is an ISO date. */
export type HookEvent =
  | { readonly event: 'publish'; readonly channel: HookChannel; readonly at: string }
  | { readonly event: 'unpublish'; readonly channel: HookChannel; readonly at: string; readonly state: 'offline' | 'ended' }
  | { readonly event: 'recordingDone'; readonly channel: HookChannel; readonly at: string; readonly recordingId: string };

/** The channel of a {@link HookEvent}. */
export type HookChannel = { readonly slug: string; readonly streamId: string; readonly title: string };

/** What {@link Hooks} need. */
export type HooksOptions = {
  readonly targets: readonly HookTarget[];
  /** Signs the bodies of webhooks. */
  readonly secret: string;
  readonly wallMs: () => number;
  readonly logger: FastifyBaseLogger;
  /** Default: the process's timers. */
  readonly startTimer?: StartTimer;
};

/** The header with the time and HMAC-SHA-256 of `<time>.<body>` in hexadecimal: `t=<s>,v1=<digest>`. */
export const SIGNATURE_HEADER = 'p2ptv-signature';

/** How long a target may take, ms. */
const PATIENCE_MS = 10_000;
/** When a call is tried again that failed, ms after it; then it is given up. */
const RETRY_AFTER_MS = [1_000, 10_000, 60_000] as const;
/** Events that wait for one target; beyond them the oldest is dropped. Bounds memory against a target that is away. */
const MAX_WAITING = 100;

/** Tells others what happens to channels: each target one event after the other, in their order. */
export class Hooks {
  readonly #options: HooksOptions;
  readonly #queues: readonly TargetQueue[];

  constructor(options: HooksOptions) {
    this.#options = options;
    this.#queues = options.targets.map((target) => new TargetQueue(target, options));
  }

  /** Follows the channels; returns the function that ends it. */
  follow(registry: ChannelRegistry): () => void {
    const subscriptions = [
      registry.on('publishStarted', ({ channel, atMs }) => this.tell({ event: 'publish', channel: hookChannel(channel), at: new Date(atMs).toISOString() })),
      registry.on('publishEnded', ({ channel, atMs, state }) => this.tell({ event: 'unpublish', channel: hookChannel(channel), at: new Date(atMs).toISOString(), state })),
    ];
    return () => subscriptions.forEach((unsubscribe) => unsubscribe());
  }

  /** Tells all targets, without waiting for them. */
  tell(event: HookEvent): void {
    const body = JSON.stringify({ id: randomUUID(), ...event });
    this.#options.logger.debug({ event: event.event }, `Hook: ${event.event} of "${event.channel.slug}".`);
    for (const queue of this.#queues) queue.add(event.event, body);
  }

  /** Drops what was not told yet, and ends what runs. */
  close(): void {
    for (const queue of this.#queues) queue.close();
  }
}

/** Signs a webhook's body for a moment, s since the Unix epoch. */
export function signHook(secret: string, atSeconds: number, body: string): string {
  return `t=${atSeconds},v1=${createHmac('sha256', secret).update(`${atSeconds}.${body}`).digest('hex')}`;
}

type Waiting = { readonly event: string; readonly body: string };

/** The events that one target has not been told yet. */
class TargetQueue {
  readonly #target: HookTarget;
  readonly #options: HooksOptions;
  readonly #waiting: Waiting[] = [];
  readonly #abort = new AbortController();
  #isBusy = false;

  constructor(target: HookTarget, options: HooksOptions) {
    this.#target = target;
    this.#options = options;
  }

  add(event: string, body: string): void {
    if (this.#abort.signal.aborted) return;
    if (this.#waiting.length >= MAX_WAITING) this.#waiting.shift();
    this.#waiting.push({ event, body });
    if (!this.#isBusy) void this.#drain();
  }

  close(): void {
    this.#waiting.length = 0;
    this.#abort.abort();
  }

  async #drain(): Promise<void> {
    this.#isBusy = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) await this.#deliver(next);
    this.#isBusy = false;
  }

  async #deliver(next: Waiting): Promise<void> {
    const { logger } = this.#options;
    for (const retryAfterMs of [...RETRY_AFTER_MS, undefined]) {
      const startMs = performance.now();
      const failure = await this.#call(next);
      if (this.#abort.signal.aborted) return;
      const what = `The hook ${this.#name} for ${next.event}`;
      if (failure === undefined) {
        logger.info(`${what} was told in ${Math.round(performance.now() - startMs)} ms.`);
        return;
      }
      logger.warn(`${what} failed: ${failure}. ${retryAfterMs === undefined ? 'It is given up.' : `It is tried again in ${retryAfterMs / 1000} s.`}`);
      if (retryAfterMs !== undefined) await this.#wait(retryAfterMs);
    }
  }

  /** Without the query and credentials, which may be secrets. */
  get #name(): string {
    if (this.#target.kind === 'command') return this.#target.path;
    const { origin, pathname } = new URL(this.#target.url);
    return origin + pathname;
  }

  /** @returns why it failed, as the middle of a sentence; undefined when it did not */
  #call(next: Waiting): Promise<string | undefined> {
    return this.#target.kind === 'webhook' ? this.#post(this.#target.url, next) : this.#run(this.#target.path, next);
  }

  async #post(url: string, { body }: Waiting): Promise<string | undefined> {
    const { secret, wallMs } = this.#options;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'p2ptv', [SIGNATURE_HEADER]: signHook(secret, Math.floor(wallMs() / 1000), body) },
        body,
        redirect: 'error',
        signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(PATIENCE_MS)]),
      });
      await response.body?.cancel();
      return response.ok ? undefined : `it answered ${response.status}`;
    } catch (error) {
      if (error instanceof Error && error.name === 'TimeoutError') return `it did not answer within ${PATIENCE_MS / 1000} s`;
      return error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    }
  }

  /** The event's name is its argument, the body its input. No shell is in between. */
  #run(path: string, { event, body }: Waiting): Promise<string | undefined> {
    return new Promise((resolve) => {
      const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(PATIENCE_MS)]);
      const child = spawn(path, [event], { stdio: ['pipe', 'ignore', 'ignore'], signal, killSignal: 'SIGKILL' });
      // It need not read.
      child.stdin.on('error', () => undefined);
      child.stdin.end(`${body}\n`);
      child.once('error', (error) => resolve(error.name === 'AbortError' ? `it did not end within ${PATIENCE_MS / 1000} s` : describeSpawnFailure(error)));
      child.once('close', (code) => resolve(code === 0 ? undefined : `its exit code was ${code ?? 'none'}`));
    });
  }

  #wait(ms: number): Promise<void> {
    const { startTimer = processTimer } = this.#options;
    return new Promise((resolve) => {
      const { signal } = this.#abort;
      const done = (): void => {
        cancel();
        // A target that is away for long is waited for often.
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = startTimer(ms, done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

/** Why a program could not be run, as the middle of a sentence. */
function describeSpawnFailure(error: Error): string {
  switch (systemCode(error)) {
    case 'ENOENT':
      return 'there is no such program';
    case 'EACCES':
      return 'it may not be run (chmod +x makes it a program)';
    default:
      return error.message;
  }
}

/** A channel as hooks tell of it. */
export function hookChannel(channel: { readonly slug: string; readonly streamId: string; readonly settings: { readonly title: string } }): HookChannel {
  return { slug: channel.slug, streamId: channel.streamId, title: channel.settings.title };
}
