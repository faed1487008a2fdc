import type {
  HlsConfig,
  Loader,
  LoaderCallbacks,
  LoaderConfiguration,
  LoaderContext,
  LoaderStats,
} from 'hls.js';
import type { Clock } from '@p2ptv/protocol';
import type { MeshAnswer, MeshRequests } from './mesh-requests.js';
import { parseStreamResource } from './stream-resource.js';

/** A class of loaders, as `hls.config.pLoader` and `fLoader` take it. */
export type MeshLoaderClass<Context extends LoaderContext> = new (config: HlsConfig) => Loader<Context>;

/** What loaders share. */
export type MeshLoaderSource = {
  readonly requests: MeshRequests;
  readonly baseUrl: string;
  readonly clock: Clock;
};

/**
 * Makes the loader that answers hls.js from the mesh. It keeps hls.js's contract: one load each,
 * hls.js's time-outs, no callback after abort or destroy, and HTTP's status codes for errors.
 */
export function createMeshLoader<Context extends LoaderContext>(
  source: MeshLoaderSource,
): MeshLoaderClass<Context> {
  return class extends MeshLoader<Context> {
    constructor() {
      super(source);
    }
  };
}

class MeshLoader<Context extends LoaderContext> implements Loader<Context> {
  context: Context | null = null;
  readonly stats: LoaderStats = newStats();
  readonly #source: MeshLoaderSource;
  #callbacks: LoaderCallbacks<Context> | undefined;
  #withdraw: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(source: MeshLoaderSource) {
    this.#source = source;
  }

  load(context: Context, config: LoaderConfiguration, callbacks: LoaderCallbacks<Context>): void {
    if (this.stats.loading.start !== 0) throw new Error('A loader loads once.');
    this.stats.loading.start = this.#source.clock.nowMs();
    this.context = context;
    this.#callbacks = callbacks;
    const { requests, baseUrl } = this.#source;
    const resource = parseStreamResource(context.url, baseUrl);
    const { maxTimeToFirstByteMs, maxLoadTimeMs } = config.loadPolicy;
    // An answer is all there or not at all, so the first byte's limit is the load's; where it comes in parts, that of each.
    const limitMs = Math.min(maxTimeToFirstByteMs || Infinity, maxLoadTimeMs || Infinity);
    const { onProgress } = callbacks;
    this.#withdraw = requests.request(resource, {
      answered: (answer) => this.#answered(answer),
      progressed: onProgress && resource?.kind === 'segment' ? (bytes) => this.#progressed(bytes, limitMs) : undefined,
    });
    this.#startTimer(limitMs);
  }

  #startTimer(limitMs: number): void {
    clearTimeout(this.#timer);
    if (Number.isFinite(limitMs)) this.#timer = setTimeout(() => this.#timedOut(), limitMs);
  }

  #progressed(bytes: Uint8Array<ArrayBuffer>, limitMs: number): void {
    const { context, stats } = this;
    if (!context) return;
    this.#startTimer(limitMs);
    stats.loading.first ||= this.#source.clock.nowMs();
    stats.loaded += bytes.length;
    this.#callbacks?.onProgress?.(stats, context, bytes.buffer, null);
  }

  abort(): void {
    const callbacks = this.#callbacks;
    this.stats.aborted = true;
    this.#end();
    if (callbacks && this.context) callbacks.onAbort?.(this.stats, this.context, null);
  }

  destroy(): void {
    this.#end();
    this.context = null;
  }

  /** Seconds that the answer has been lying in a cache: none, its age shows in `stats.loading.first`. */
  getCacheAge(): number | null {
    return null;
  }

  getResponseHeader(): string | null {
    return null;
  }

  #answered(answer: MeshAnswer): void {
    const { context, stats } = this;
    const callbacks = this.#callbacks;
    if (!callbacks || !context) return;
    this.#end();
    const nowMs = this.#source.clock.nowMs();
    if (answer.kind === 'refused') {
      callbacks.onError({ code: answer.status, text: 'not held by this peer' }, context, null, stats);
      return;
    }
    // What came in parts has been handed over.
    const isOver = answer.kind === 'bytes' && stats.loaded > 0;
    const data = answer.kind === 'text' ? answer.text : isOver ? answer.bytes.buffer : ranged(answer.bytes, context);
    if (data === undefined) {
      callbacks.onError({ code: 416, text: 'range not satisfiable' }, context, null, stats);
      return;
    }
    // hls.js takes the playlist's age from here: a playlist is as old as its newest part.
    if (stats.loaded === 0) {
      stats.loading.first = answer.kind === 'text' ? Math.max(stats.loading.start, answer.existsSinceMs) : nowMs;
      stats.loaded = typeof data === 'string' ? data.length : data.byteLength;
      stats.chunkCount = 1;
    }
    stats.loading.end = Math.max(nowMs, stats.loading.first);
    stats.total = stats.loaded;
    callbacks.onSuccess({ url: context.url, data, code: 200 }, stats, context, null);
  }

  #timedOut(): void {
    const callbacks = this.#callbacks;
    const { context } = this;
    this.#end();
    if (callbacks && context) callbacks.onTimeout(this.stats, context, null);
  }

  #end(): void {
    this.#withdraw?.();
    this.#withdraw = undefined;
    this.#callbacks = undefined;
    clearTimeout(this.#timer);
  }
}

/** The requested range in a buffer of its own: hls.js's worker detaches what it is handed. */
function ranged(bytes: Uint8Array<ArrayBuffer>, context: LoaderContext): ArrayBuffer | undefined {
  const start = context.rangeStart ?? 0;
  const end = Math.min(context.rangeEnd || bytes.length, bytes.length);
  if (start === 0 && end === bytes.length && bytes.buffer.byteLength === end) return bytes.buffer;
  return start >= end ? undefined : bytes.slice(start, end).buffer;
}

function newStats(): LoaderStats {
  return {
    aborted: false,
    loaded: 0,
    retry: 0,
    total: 0,
    chunkCount: 0,
    bwEstimate: 0,
    loading: { start: 0, first: 0, end: 0 },
    parsing: { start: 0, end: 0 },
    buffering: { start: 0, first: 0, end: 0 },
  };
}
