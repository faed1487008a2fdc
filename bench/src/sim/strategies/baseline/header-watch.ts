import type { ChunkSequence, RenditionId } from '@p2ptv/protocol';
import type { BaselineContext } from './baseline-context.js';

/** Silence after which a viewer asks the origin itself, in parts: the engine's default. */
const SILENCE_PARTS = 1.5;
/** Chunks of the edge that neighbours must have told in time before the origin is left alone again. */
const CAUGHT_UP_CHUNKS = 3;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 4_000;

/** When a baseline hears of new chunks from the origin: all the time, or while its neighbours are silent. */
export type HeaderPolicy = 'always' | 'whenSilent';

/** Follows the origin's headers as the strategy needs them; rules and numbers are the engine's (peer/SPEC.md HP). */
export class HeaderWatch {
  readonly #context: BaselineContext;
  readonly #policy: HeaderPolicy;
  readonly #told = new Set<number>();
  #rendition: RenditionId | undefined;
  #isOpen = false;
  #notBeforeMs = 0;
  #jitterMs = 0;
  #failures = 0;

  constructor(context: BaselineContext, policy: HeaderPolicy) {
    this.#context = context;
    this.#policy = policy;
  }

  /** Headers are wanted from now on. */
  begin(rendition: RenditionId): void {
    this.#rendition = rendition;
  }

  /** When {@link check} wants to run again. */
  get dueMs(): number {
    if (this.#rendition === undefined || this.#isOpen || !this.#context.chunks.edge) return Infinity;
    return this.#policy === 'always' ? this.#notBeforeMs : Math.max(this.#notBeforeMs, this.#silentAtMs);
  }

  /** The live edge has moved on. */
  advanced(): void {
    this.#jitterMs = (this.#context.random.next() * this.#partMs) / 2;
  }

  /** A neighbour tells of a chunk; what counts is the edge, soon after it became so. */
  told(nowMs: number, sequence: number): void {
    const { edge, edgeAtMs } = this.#context.chunks;
    if (!this.#isOpen || this.#rendition === undefined || this.#policy === 'always' || sequence !== edge?.sequence) return;
    if (nowMs - edgeAtMs > this.#partMs) return;
    this.#told.add(sequence);
    if (this.#told.size < CAUGHT_UP_CHUNKS) return;
    this.#context.command({ kind: 'stopHeaders', rendition: this.#rendition });
    this.#isOpen = false;
    this.#notBeforeMs = nowMs;
  }

  /** The origin has answered. */
  answered(): void {
    this.#failures = 0;
  }

  failed(nowMs: number): void {
    const delayMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++);
    this.#isOpen = false;
    this.#notBeforeMs = nowMs + delayMs * (0.5 + this.#context.random.next());
  }

  /** Opens the poll when it is time, or when a header is known to be missing. */
  check(nowMs: number): void {
    const { chunks, counters } = this.#context;
    if (this.#rendition === undefined || this.#isOpen || nowMs < this.#notBeforeMs || !chunks.edge) return;
    const missingAfter = chunks.missingAfter(nowMs);
    const isTime = this.#policy === 'always' || missingAfter !== undefined || nowMs >= this.#silentAtMs;
    if (!isTime) return;
    const after = (missingAfter ?? chunks.edge.sequence) as ChunkSequence;
    counters.headerPolls++;
    this.#context.command({ kind: 'followHeaders', rendition: this.#rendition, after });
    this.#isOpen = true;
    this.#told.clear();
  }

  get #partMs(): number {
    return (this.#context.chunks.edge?.durationUs ?? 200_000) / 1000;
  }

  get #silentAtMs(): number {
    return this.#context.chunks.edgeAtMs + SILENCE_PARTS * this.#partMs + this.#jitterMs;
  }
}
