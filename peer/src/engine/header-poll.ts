import { chunkKey, type ChunkSequence, type RenditionId } from '@p2ptv/protocol';
import type { EngineContext } from './engine-context.js';
import { ASSUMED_PART_MS } from './viewing.js';

/** Chunks that neighbours must have told of in time before the origin is left alone again. */
const CAUGHT_UP_CHUNKS = 3;
/** In time is what is no older than this: deep in a tree news comes later than from the origin, and with the media, parts. */
const MOST_LAG_PARTS = 5;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 4_000;

type PollState =
  | { readonly kind: 'closed'; readonly notBeforeMs: number }
  | { readonly kind: 'open'; toldCount: number };

/**
 * Asks the origin for headers of one rendition when neighbours have been silent for too long, and stops when they
 * have caught up. (SPEC HP1–HP4)
 */
export class HeaderPoll {
  readonly #context: EngineContext;
  readonly #rendition: RenditionId;
  #state: PollState = { kind: 'closed', notBeforeMs: 0 };
  #isWanted = false;
  /** When something was new last: the live edge, or what neighbours tell of. */
  #lastNewMs = 0;
  /** The newest chunk that neighbours have told of. */
  #toldSequence = -1;
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
    this.#partMs = partMs;
    this.#noteNew(nowMs);
  }

  /** The origin has answered. */
  answered(): void {
    this.#failures = 0;
  }

  /**
   * A neighbour tells of a chunk. It counts when it is newer than all that neighbours told of before, also where the
   * origin was quicker: else whoever has once begun to ask would never hear anything new from them again. What is not
   * verified does not count: naming chunks that nobody knows would end the poll.
   */
  told(nowMs: number, sequence: ChunkSequence): void {
    if (sequence <= this.#toldSequence) return;
    const { headers } = this.#context;
    const edge = headers.edge(this.#rendition);
    if (!edge || !headers.get(chunkKey(this.#rendition, sequence))) return;
    this.#toldSequence = sequence;
    if (sequence < edge.sequence - MOST_LAG_PARTS) return;
    this.#noteNew(nowMs);
    if (this.#state.kind !== 'open') return;
    this.#state.toldCount++;
    if (this.#state.toldCount === CAUGHT_UP_CHUNKS) this.#close(nowMs);
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
    this.#state = { kind: 'open', toldCount: 0 };
  }

  #noteNew(nowMs: number): void {
    this.#lastNewMs = nowMs;
    this.#jitterMs = this.#context.random.next() * (this.#partMs / 2);
  }

  #close(nowMs: number): void {
    if (this.#state.kind === 'open') this.#context.command({ kind: 'stopHeaders', rendition: this.#rendition });
    this.#state = { kind: 'closed', notBeforeMs: nowMs };
  }

  get #silentAtMs(): number {
    return this.#lastNewMs + this.#context.options.headers.silenceParts * this.#partMs + this.#jitterMs;
  }
}
