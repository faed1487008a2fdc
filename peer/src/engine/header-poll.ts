import type { ChunkSequence, RenditionId } from '@p2ptv/protocol';
import type { EngineContext } from './engine-context.js';
import { ASSUMED_PART_MS } from './viewing.js';

/** Chunks of the live edge that neighbours must have told of in time before the origin is left alone again. */
const CAUGHT_UP_CHUNKS = 3;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 4_000;

type PollState =
  | { readonly kind: 'closed'; readonly notBeforeMs: number }
  | { readonly kind: 'open'; readonly told: Set<number> };

/**
 * Asks the origin for headers of one rendition when neighbours have been silent for too long, and stops when they
 * have caught up. (SPEC HP1–HP4)
 */
export class HeaderPoll {
  readonly #context: EngineContext;
  readonly #rendition: RenditionId;
  #state: PollState = { kind: 'closed', notBeforeMs: 0 };
  #isWanted = false;
  #lastNewMs = 0;
  #partMs = ASSUMED_PART_MS;
  #jitterMs = 0;
  #failures = 0;

  constructor(context: EngineContext, rendition: RenditionId) {
    this.#context = context;
    this.#rendition = rendition;
  }

  /** Headers are wanted from now on. */
  begin(nowMs: number, partMs: number): void {
    this.#isWanted = true;
    this.#lastNewMs = nowMs;
    this.#partMs = partMs;
  }

  /** No more are wanted. */
  end(nowMs: number): void {
    this.#isWanted = false;
    this.#close(nowMs);
  }

  /** When {@link check} wants to run again. */
  get dueMs(): number {
    if (!this.#isWanted || this.#state.kind === 'open') return Infinity;
    return Math.max(this.#silentAtMs, this.#state.notBeforeMs);
  }

  /** The live edge has moved on. */
  advanced(nowMs: number, partMs: number): void {
    this.#lastNewMs = nowMs;
    this.#partMs = partMs;
    this.#jitterMs = this.#context.random.next() * (partMs / 2);
  }

  /** The origin has answered. */
  answered(): void {
    this.#failures = 0;
  }

  /**
   * A neighbour tells of a chunk; in time it is when the chunk is the edge and has only just become
   * so. What is not verified does not count: naming chunks that nobody knows would end the poll.
   */
  told(nowMs: number, sequence: number): void {
    if (this.#state.kind !== 'open') return;
    const edge = this.#context.headers.edge(this.#rendition);
    if (sequence !== edge?.sequence) return;
    if (nowMs - this.#lastNewMs > this.#partMs) return;
    this.#state.told.add(sequence);
    if (this.#state.told.size < CAUGHT_UP_CHUNKS) return;
    this.#close(nowMs);
  }

  failed(nowMs: number): void {
    const delayMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    this.#failures++;
    this.#state = { kind: 'closed', notBeforeMs: nowMs + delayMs * (0.5 + this.#context.random.next()) };
  }

  /** Opens the poll when it is time, or when a header is known to be missing. */
  check(nowMs: number, gap: { readonly after: number } | undefined): void {
    if (!this.#isWanted || this.#state.kind === 'open') return;
    if (nowMs < this.#state.notBeforeMs) return;
    if (!gap && nowMs < this.#silentAtMs) return;
    // Of a rendition that nobody has told of yet: from where one can begin.
    const after = gap ? gap.after : this.#context.headers.edge(this.#rendition)?.sequence;
    this.#context.counters.headerPolls++;
    this.#context.command({ kind: 'followHeaders', rendition: this.#rendition, after: after as ChunkSequence | undefined });
    this.#state = { kind: 'open', told: new Set() };
  }

  #close(nowMs: number): void {
    if (this.#state.kind === 'open') this.#context.command({ kind: 'stopHeaders', rendition: this.#rendition });
    this.#state = { kind: 'closed', notBeforeMs: nowMs };
  }

  get #silentAtMs(): number {
    return this.#lastNewMs + this.#context.options.headers.silenceParts * this.#partMs + this.#jitterMs;
  }
}
