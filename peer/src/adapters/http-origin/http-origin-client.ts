import {
  decodeHeaderBatch,
  encodedHeaderBytes,
  HEADERS_WAIT_MS,
  joinAnswerFromOriginSchema,
  LIMITS,
  openStreamRecord,
  STREAM_PATHS,
  type ChunkRef,
  type ChunkSequence,
  type Random,
  type RenditionId,
  type SignedChunkHeader,
  type StreamLink,
  type UncheckedRecord,
} from '@p2ptv/protocol';
import { base64, hex } from '@scure/base';
import type { Cancel, OriginClient, OriginFailure, OriginJoin, OriginReceived, RecordedList } from '../../ports/origin-client.js';
import type { Verifier } from '../../ports/verifier.js';
import { runBoundedGet, type BoundedGet } from './bounded-get.js';
import { getJoin } from './join-answer.js';
import { parseSegmentList } from './segment-list-answer.js';
import type { JoinMedia } from './join-media.js';

/** How long an origin may take, ms. Too low gives up on far origins; too high costs the deadline. */
export type HttpOriginTimeouts = {
  /** A join or an init segment, as a whole. Default 4,000. */
  readonly answerMs: number;
  /** A chunk without a byte. Default 3,000. */
  readonly stallMs: number;
  /** A wait for headers beyond what was asked for. Default 3,000. */
  readonly headersSlackMs: number;
};

/** A join answer as it came: its record and init segment are not checked yet. */
type UncheckedJoin = Omit<OriginJoin, 'record'> & { readonly record: UncheckedRecord };

/** Options of an {@link HttpOriginClient}. */
export type HttpOriginClientOptions = {
  readonly link: Pick<StreamLink, 'streamId' | 'publicKey' | 'origins'>;
  /** Checks the stream record and init segments. */
  readonly verifier: Verifier;
  /** For the jitter of its back-off. */
  readonly random: Random;
  readonly timeouts?: Partial<HttpOriginTimeouts>;
  /** Default: the platform's. */
  readonly fetch?: typeof fetch;
};

const DEFAULT_TIMEOUTS: HttpOriginTimeouts = { answerMs: 4_000, stallMs: 3_000, headersSlackMs: 3_000 };
/** What the join answer's schema lets through, decoded. */
const MAX_INIT_BYTES = 384 * 1024;
const MAX_HEADERS_BYTES = LIMITS.headersPerAnswer * (2 + encodedHeaderBytes(LIMITS.chunkBytes));
/** Wait before headers are asked for again after a failure, ms: doubled at each, halved at random. */
const MIN_BACK_OFF_MS = 100;
const MAX_BACK_OFF_MS = 3_000;
/** Longest that an origin may keep a newcomer from asking again, ms. */
const MAX_RETRY_AFTER_MS = 60_000;
/** A cancelled fetch with no more than this to come runs out: the bytes are on their way, and are counted. */
const RUN_OUT_BYTES = 64 * 1024;
/** An answer without headers that comes earlier than this was not waited for: don't ask again at once. */
const MIN_EMPTY_ANSWER_MS = 500;

/** {@link OriginClient} on fetch, in browsers and in Node. */
export class HttpOriginClient implements OriginClient {
  readonly received: Readonly<OriginReceived>;
  readonly #received: OriginReceived = { media: 0, init: 0, headers: 0, join: 0 };
  readonly #link: HttpOriginClientOptions['link'];
  readonly #options: HttpOriginClientOptions;
  readonly #random: Random;
  readonly #timeouts: HttpOriginTimeouts;
  readonly #fetch: typeof fetch;
  /** What the last join answer brings, where it brings any. */
  #joinMedia: JoinMedia | undefined;
  /** Index of the origin that worked last. */
  #preferred = 0;
  /** Failures of header polls since the last one that went well. */
  #headerFailures = 0;

  constructor(options: HttpOriginClientOptions) {
    this.#options = options;
    this.#link = options.link;
    this.#random = options.random;
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
    // Called as a function of nothing: browsers refuse a fetch whose `this` is another object.
    const platformFetch = options.fetch ?? globalThis.fetch;
    this.#fetch = (...request) => platformFetch(...request);
    this.received = this.#received;
  }

  join(...[request, listener]: Parameters<OriginClient['join']>): Cancel {
    return run(async (signal) => {
      const query = new URLSearchParams({ delayMs: String(Math.max(0, Math.round(request.delayMs))) });
      if (request.rendition !== undefined) query.set('rendition', String(request.rendition));
      if (request.isMediaWanted === true) query.set('media', '1');
      let join: OriginJoin | undefined;
      let retryAfterMs: number | undefined;
      const failure = await this.#tryOrigins(signal, async (base) => {
        const answer = await getJoin(
          {
            url: `${base}/${STREAM_PATHS.join}?${query}`,
            answerMs: this.#timeouts.answerMs,
            received: this.#received,
            failureOf: (response) => {
              const failed = failureOf(response);
              if (failed) retryAfterMs = retryAfterMsOf(response);
              return failed;
            },
            parse: (json) => this.#parseJoin(json),
          },
          { fetch: this.#fetch, signal },
        );
        if (typeof answer === 'string') return answer;
        join = await this.#checkJoin(answer.join);
        if (!join) {
          answer.end();
          return 'invalid';
        }
        this.#joinMedia = answer.media;
        return undefined;
      });
      return () => {
        if (join) listener.joined(join);
        else listener.failed(failure ?? 'invalid', retryAfterMs);
      };
    });
  }

  fetchChunk(...[request, listener]: Parameters<OriginClient['fetchChunk']>): Cancel {
    const { rendition, sequence, byteLength, purpose } = request;
    const query = purpose === undefined ? '' : `?purpose=${purpose}`;
    let position = request.firstByte;
    let isCancelled = false;
    const take = (bytes: Uint8Array): void => {
      position += bytes.length;
      if (!isCancelled) listener.bytes(bytes);
    };
    const told = (failure: OriginFailure | undefined) => (): void => {
      if (isCancelled) return;
      if (failure) listener.failed(failure);
      else listener.done();
    };
    const stop = run(async (signal) => {
      if (request.isRetry !== true) await this.#readJoinMedia(request, take);
      if (position === byteLength) return told(undefined);
      const failure = await this.#tryOrigins(signal, async (base) => {
        if (isCancelled) return 'unavailable';
        const firstByte = position;
        // What a cache without Range sends of what we have already.
        let surplusBytes = 0;
        const isRange = firstByte > 0;
        const get: BoundedGet = {
          url: `${base}/${rendition}/${STREAM_PATHS.part(sequence)}${query}`,
          cache: request.isRetry ? 'reload' : 'default',
          stallMs: this.#timeouts.stallMs,
          ...(isRange ? { headers: { Range: `bytes=${firstByte}-${byteLength - 1}` } } : {}),
          admit: (response) => {
            const failed = failureOf(response);
            if (failed) return { failure: failed };
            const isPartial = response.status === 206;
            if (isPartial && !startsAt(response, firstByte)) return { failure: 'invalid' };
            if (!isPartial) surplusBytes = firstByte;
            const maxBytes = isPartial ? byteLength - firstByte : byteLength;
            const announcedBytes = Number(response.headers.get('content-length') ?? maxBytes);
            return announcedBytes > maxBytes ? { failure: 'invalid' } : { maxBytes };
          },
          bytes: (bytes) => {
            this.#received.media += bytes.length;
            const skipped = Math.min(surplusBytes, bytes.length);
            surplusBytes -= skipped;
            if (skipped < bytes.length) take(bytes.subarray(skipped));
          },
        };
        const failed = await runBoundedGet(get, { fetch: this.#fetch, signal });
        return failed ?? (position === byteLength ? undefined : 'invalid');
      });
      return told(failure);
    });
    return () => {
      isCancelled = true;
      if (byteLength - position > RUN_OUT_BYTES) stop();
    };
  }

  followHeaders(...[request, listener]: Parameters<OriginClient['followHeaders']>): Cancel {
    return run(async (signal) => {
      let { after } = request;
      for (;;) {
        // Failures are remembered from one call to the next, so that whoever starts again at once
        // doesn't hammer an origin that has just died.
        if (this.#headerFailures > 0) await pause(this.#backOffMs(), signal);
        const startMs = performance.now();
        let headers: readonly SignedChunkHeader[] = [];
        const failure = await this.#tryOrigins(signal, async (base) => {
          const query = `rendition=${request.rendition}${after === undefined ? '' : `&after=${after}`}&wait=${HEADERS_WAIT_MS}`;
          const answer = await this.#getWhole(
            {
              url: `${base}/${STREAM_PATHS.headers}?${query}`,
              cache: 'no-store',
              totalMs: HEADERS_WAIT_MS + this.#timeouts.headersSlackMs,
              kind: 'headers',
              maxBytes: MAX_HEADERS_BYTES,
            },
            signal,
          );
          if (typeof answer === 'string') return answer;
          const batch = this.#readHeaders(answer, request.rendition);
          if (!batch) return 'invalid';
          headers = batch.filter(({ header }) => header.sequence > (after ?? -1));
          return batch.length > 0 && headers.length === 0 ? 'invalid' : undefined;
        });
        if (signal.aborted) return () => undefined;
        if (failure) {
          this.#headerFailures++;
          return () => listener.failed(failure);
        }
        this.#headerFailures = 0;
        if (headers.length > 0) {
          after = newest(headers);
          listener.headers(headers);
        } else if (performance.now() - startMs < MIN_EMPTY_ANSWER_MS) {
          await pause(MIN_EMPTY_ANSWER_MS * (0.5 + this.#random.next()), signal);
        }
      }
    });
  }

  headersAt(...[request, listener]: Parameters<OriginClient['headersAt']>): Cancel {
    return run(async (signal) => {
      let headers: readonly SignedChunkHeader[] = [];
      const failure = await this.#tryOrigins(signal, async (base) => {
        const query = `rendition=${request.rendition}&at=${Math.max(0, Math.floor(request.dateMs))}&count=${request.count}`;
        const url = `${base}/${STREAM_PATHS.headers}?${query}`;
        const answer = await this.#getWhole(
          { url, cache: 'no-store', totalMs: this.#timeouts.answerMs, kind: 'headers', maxBytes: MAX_HEADERS_BYTES },
          signal,
        );
        if (typeof answer === 'string') return answer;
        const batch = this.#readHeaders(answer, request.rendition);
        // In the order of their sequences: the engine takes them for what follows each other.
        const isRising = batch?.every(({ header }, index) => header.sequence > (batch[index - 1]?.header.sequence ?? -1));
        if (!batch || !isRising || batch.length > request.count) return 'invalid';
        headers = batch;
        return undefined;
      });
      return () => {
        if (failure) listener.failed(failure);
        else listener.headers(headers);
      };
    });
  }

  segments(...[request, listener]: Parameters<OriginClient['segments']>): Cancel {
    return run(async (signal) => {
      let list: RecordedList | undefined;
      const failure = await this.#tryOrigins(signal, async (base) => {
        const query = `rendition=${request.rendition}${request.after === undefined ? '' : `&after=${request.after}`}`;
        const url = `${base}/${STREAM_PATHS.segments}?${query}`;
        const answer = await this.#getWhole(
          { url, cache: 'no-cache', totalMs: this.#timeouts.answerMs, kind: 'headers', maxBytes: LIMITS.segmentListBytes },
          signal,
        );
        if (typeof answer === 'string') return answer;
        list = parseSegmentList(answer, request.rendition);
        return list ? undefined : 'invalid';
      });
      return () => {
        if (list) listener.listed(list);
        else listener.failed(failure ?? 'invalid');
      };
    });
  }

  fetchInit(...[request, listener]: Parameters<OriginClient['fetchInit']>): Cancel {
    return run(async (signal) => {
      let init: Uint8Array | undefined;
      const failure = await this.#tryOrigins(signal, async (base) => {
        // The second time past the cache, which would give the same wrong bytes for a year.
        for (const cache of ['default', 'reload'] as const) {
          const url = `${base}/${request.rendition}/${STREAM_PATHS.init(request.initHash)}`;
          const answer = await this.#getWhole(
            { url, cache, totalMs: this.#timeouts.answerMs, kind: 'init', maxBytes: MAX_INIT_BYTES },
            signal,
          );
          if (typeof answer === 'string') return answer;
          if (!(await this.#hasDigest(answer, request.initHash))) continue;
          init = answer;
          return undefined;
        }
        return 'invalid';
      });
      return () => {
        if (init) listener.fetched(init);
        else listener.failed(failure ?? 'invalid');
      };
    });
  }

  /** Headers of a rendition of this stream; undefined for anything else. */
  #readHeaders(answer: Uint8Array, rendition: RenditionId): SignedChunkHeader[] | undefined {
    const batch = decodeHeaderBatch(answer);
    return batch?.every(({ header }) => header.rendition === rendition && header.streamId === this.#link.streamId) ? batch : undefined;
  }

  /** Fetches a whole body; the bytes, or why there are none. */
  async #getWhole(
    request: Pick<BoundedGet, 'url' | 'cache' | 'totalMs'> & {
      readonly kind: 'init' | 'headers';
      readonly maxBytes: number;
    },
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer> | OriginFailure> {
    const pieces: Uint8Array[] = [];
    let total = 0;
    const failure = await runBoundedGet(
      {
        ...request,
        admit: (response) => {
          const failed = failureOf(response);
          return failed ? { failure: failed } : { maxBytes: request.maxBytes };
        },
        bytes: (bytes) => {
          this.#received[request.kind] += bytes.length;
          total += bytes.length;
          pieces.push(bytes);
        },
      },
      { fetch: this.#fetch, signal },
    );
    if (failure) return failure;
    const whole = new Uint8Array(total);
    let offset = 0;
    for (const piece of pieces) {
      whole.set(piece, offset);
      offset += piece.length;
    }
    return whole;
  }

  /**
   * Tries the origins, the one that worked last first. Of several failures the most telling is
   * returned: an origin that answered knows more than one that did not.
   */
  async #tryOrigins(
    signal: AbortSignal,
    attempt: (base: string) => Promise<OriginFailure | undefined>,
  ): Promise<OriginFailure | undefined> {
    const { origins } = this.#link;
    const failures = new Set<OriginFailure>();
    const first = this.#preferred;
    for (let offset = 0; offset < origins.length && !signal.aborted; offset++) {
      const index = (first + offset) % origins.length;
      const failure = await attempt(origins[index] ?? '');
      if (!failure) {
        this.#preferred = index;
        return undefined;
      }
      failures.add(failure);
    }
    if (failures.has('notFound')) return 'notFound';
    return failures.has('invalid') ? 'invalid' : 'unavailable';
  }

  async #checkJoin(join: UncheckedJoin): Promise<OriginJoin | undefined> {
    const { verifier } = this.#options;
    const checks = [
      new Promise<boolean>((resolve) => verifier.checkSignature(join.record, resolve)),
      this.#hasDigest(join.init, join.initHash),
    ];
    const isRight = (await Promise.all(checks)).every(Boolean);
    return isRight ? { ...join, record: join.record.record } : undefined;
  }

  /** Feeds a fetch from what the join answer brings, if it brings the chunk. */
  async #readJoinMedia(request: ChunkRef & { readonly firstByte: number }, take: (bytes: Uint8Array) => void): Promise<void> {
    if (!this.#joinMedia) return;
    // What is there already must not be told of from within the call.
    await Promise.resolve();
    await this.#joinMedia.read(request, request.firstByte, take);
  }

  async #hasDigest(bytes: Uint8Array, digestHex: string): Promise<boolean> {
    const digest = await new Promise<Uint8Array>((resolve) => this.#options.verifier.digest(bytes, resolve));
    return hex.encode(digest) === digestHex;
  }

  #parseJoin(body: Uint8Array): UncheckedJoin | undefined {
    try {
      const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
      const parsed = joinAnswerFromOriginSchema.safeParse(json);
      if (!parsed.success) return undefined;
      const { rendition, initHash, warmPeers, isUplinkTaken = false } = parsed.data;
      const record = openStreamRecord(parsed.data.record, this.#link);
      const init = base64.decode(parsed.data.init);
      const headers = decodeHeaderBatch(base64.decode(parsed.data.headers));
      if (!record || !headers) return undefined;
      return { record, rendition, initHash, init, headers, warmPeers, isUplinkTaken };
    } catch {
      return undefined;
    }
  }

  #backOffMs(): number {
    const fullMs = Math.min(MAX_BACK_OFF_MS, MIN_BACK_OFF_MS * 2 ** (this.#headerFailures - 1));
    return fullMs * (0.5 + this.#random.next() / 2);
  }
}

/**
 * Runs a task that ends with one last word to the listener. Once cancelled, nothing is said: tasks
 * pass bytes on only while their signal is not aborted.
 */
function run(task: (signal: AbortSignal) => Promise<() => void>): Cancel {
  const abort = new AbortController();
  // The request leaves at once, answers come later. A task rejects only when a listener throws; then the rejection shows where.
  void task(abort.signal).then((tell) => {
    if (!abort.signal.aborted) tell();
  });
  return () => abort.abort();
}

function failureOf(response: Response): OriginFailure | undefined {
  if (response.status === 200 || response.status === 206) return undefined;
  if (response.status === 404 || response.status === 410) return 'notFound';
  return response.status >= 500 || response.status === 429 ? 'unavailable' : 'invalid';
}

/** How long to wait before asking again, where the origin is full; bounded, whatever it says. */
function retryAfterMsOf(response: Response): number | undefined {
  if (response.status !== 503 || response.headers.get('p2ptv-reason') !== 'full') return undefined;
  const seconds = Number(response.headers.get('retry-after') ?? 1);
  return Math.min(MAX_RETRY_AFTER_MS, Math.max(1_000, Number.isFinite(seconds) ? seconds * 1_000 : 1_000));
}

function startsAt(response: Response, firstByte: number): boolean {
  const range = response.headers.get('content-range');
  // Across origins the header is hidden unless the server exposes it; then the blocks' hashes tell.
  return range === null ? response.type === 'cors' : range.startsWith(`bytes ${firstByte}-`);
}

function newest(headers: readonly SignedChunkHeader[]): ChunkSequence {
  return headers.reduce<ChunkSequence>(
    (max, { header }) => (header.sequence > max ? header.sequence : max),
    0 as ChunkSequence,
  );
}

/** Waits; ends early, and without an error, when aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(finish, ms);
    function finish(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    }
    signal.addEventListener('abort', finish);
  });
}
