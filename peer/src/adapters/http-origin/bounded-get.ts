import type { OriginFailure } from '../../ports/origin-client.js';

/** A GET whose time and size are limited, whatever the server does. */
export type BoundedGet = {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cache: RequestCache;
  /** Longest from the request to the end of the body, ms. */
  readonly totalMs?: number;
  /** Longest without a byte, before the answer and within it, ms. */
  readonly stallMs?: number;
  /** Looks at status and headers: how many bytes of body to accept, or what is wrong. */
  admit(response: Response): { readonly maxBytes: number } | { readonly failure: OriginFailure };
  /** Takes the body as it comes. */
  bytes(bytes: Uint8Array<ArrayBuffer>): void;
};

/** What ends requests from outside. */
export type BoundedGetContext = { readonly fetch: typeof fetch; readonly signal: AbortSignal };

/**
 * Runs a request to its end.
 *
 * @returns undefined when all went well, else the failure; it rejects for nothing that a server does. After `signal` is
 *   aborted, neither `admit` nor `bytes` is called
 * @throws what `bytes` throws
 */
export async function runBoundedGet(get: BoundedGet, context: BoundedGetContext): Promise<OriginFailure | undefined> {
  if (context.signal.aborted) return 'unavailable';
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  context.signal.addEventListener('abort', stop);
  const watchdog = new Watchdog(get, stop);
  const caller = { isRunning: false };
  try {
    const response = await context.fetch(get.url, {
      signal: abort.signal,
      cache: get.cache,
      credentials: 'omit',
      ...(get.headers ? { headers: get.headers } : {}),
    });
    if (abort.signal.aborted) return 'unavailable';
    const admission = get.admit(response);
    if ('failure' in admission) {
      await response.body?.cancel();
      return admission.failure;
    }
    watchdog.feed();
    return await readBody(response, admission.maxBytes, (bytes) => {
      if (abort.signal.aborted) return;
      watchdog.feed();
      caller.isRunning = true;
      get.bytes(bytes);
      caller.isRunning = false;
    });
  } catch (error) {
    if (caller.isRunning) throw error;
    // No connection, a reset, a time-out or an abort: fetch tells them apart only by prose.
    return 'unavailable';
  } finally {
    watchdog.close();
    context.signal.removeEventListener('abort', stop);
    // Frees the connection of a body that was not read to its end.
    stop();
  }
}

async function readBody(
  response: Response,
  maxBytes: number,
  take: (bytes: Uint8Array<ArrayBuffer>) => void,
): Promise<OriginFailure | undefined> {
  if (!response.body) return undefined;
  const reader = response.body.getReader();
  let total = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return undefined;
    total += value.length;
    if (total > maxBytes) {
      await reader.cancel();
      return 'invalid';
    }
    take(value);
  }
}

/** Calls `stop` when a request takes too long in all, or goes silent. */
class Watchdog {
  readonly #stallMs: number | undefined;
  readonly #stop: () => void;
  readonly #total: ReturnType<typeof setTimeout> | undefined;
  #stall: ReturnType<typeof setTimeout> | undefined;

  constructor(limits: { readonly totalMs?: number; readonly stallMs?: number }, stop: () => void) {
    this.#stallMs = limits.stallMs;
    this.#stop = stop;
    if (limits.totalMs !== undefined) this.#total = setTimeout(stop, limits.totalMs);
    this.feed();
  }

  feed(): void {
    if (this.#stallMs === undefined) return;
    clearTimeout(this.#stall);
    this.#stall = setTimeout(this.#stop, this.#stallMs);
  }

  close(): void {
    clearTimeout(this.#total);
    clearTimeout(this.#stall);
  }
}
