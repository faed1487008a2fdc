import type { ChunkHeader, SignedChunkHeader } from '@p2ptv/protocol';
import { isWhole, newChunk, type BaselineChunk } from './baseline-chunk.js';

/** Chunks kept behind the live edge: ten seconds of 200 ms parts, more than any live viewer or newcomer asks for. */
export const KEPT_CHUNKS = 50;
/** A header that is missing before a known one is waited for so long, ms; the engine's patience. */
const HOLE_PATIENCE_MS = 1_500;

/** A part that may be played now. */
export type ReadyPart = { readonly header: ChunkHeader; readonly isRestart: boolean };

/** The chunks in the window, and how far they can be played in order. */
export class ChunkTable {
  readonly #chunks = new Map<number, BaselineChunk>();
  /** Not whole yet, oldest first. */
  readonly #wanted: BaselineChunk[] = [];
  #edge: ChunkHeader | undefined;
  #edgeAtMs = 0;
  /** The next sequence in play order. */
  #next: number | undefined;
  /** A part was lost: playback goes on at the start of a segment. */
  #isCut = false;
  /** Since when the header of {@link #next} is missing although a later one is known. */
  #holeSinceMs: number | undefined;

  /** Playback begins at this sequence; the first call counts. */
  startAt(sequence: number): void {
    this.#next ??= sequence;
  }

  /** The newest verified header. */
  get edge(): ChunkHeader | undefined {
    return this.#edge;
  }

  /** When the edge moved last, ms. */
  get edgeAtMs(): number {
    return this.#edgeAtMs;
  }

  /** Chunks that are not whole, oldest first. */
  get wanted(): readonly BaselineChunk[] {
    return this.#wanted;
  }

  /** All chunks in the window, in no order. */
  all(): IterableIterator<BaselineChunk> {
    return this.#chunks.values();
  }

  get(sequence: number): BaselineChunk | undefined {
    return this.#chunks.get(sequence);
  }

  /** Adds a chunk by its verified header; undefined when it is known or of no use any more. */
  accept(signed: SignedChunkHeader, at: { nowMs: number; jitterMs: number }): BaselineChunk | undefined {
    const { header } = signed;
    const { sequence } = header;
    if (this.#next === undefined || sequence < this.#next || this.#chunks.has(sequence)) return undefined;
    const chunk = newChunk(signed, at);
    this.#chunks.set(sequence, chunk);
    let index = this.#wanted.length;
    while (index > 0 && (this.#wanted[index - 1]?.ref.sequence ?? 0) > sequence) index--;
    this.#wanted.splice(index, 0, chunk);
    if (this.#edge === undefined || sequence > this.#edge.sequence) {
      this.#edge = header;
      this.#edgeAtMs = at.nowMs;
    }
    return chunk;
  }

  /** Takes a chunk that has become whole from those that are wanted. */
  finished(chunk: BaselineChunk): void {
    const index = this.#wanted.indexOf(chunk);
    if (index >= 0) this.#wanted.splice(index, 1);
  }

  /** The sequence after which a header is missing, once it has been for a part's length. */
  missingAfter(nowMs: number): number | undefined {
    if (this.#holeSinceMs === undefined || this.#next === undefined || !this.#edge) return undefined;
    return nowMs >= this.#holeSinceMs + this.#edge.durationUs / 1000 ? this.#next - 1 : undefined;
  }

  /** When {@link advance} or {@link missingAfter} have news although nothing else happened. */
  dueMs(nowMs: number): number {
    if (this.#holeSinceMs === undefined || !this.#edge) return Infinity;
    const askAtMs = this.#holeSinceMs + this.#edge.durationUs / 1000;
    return askAtMs > nowMs ? askAtMs : Math.max(nowMs + 1, this.#holeSinceMs + HOLE_PATIENCE_MS);
  }

  /** The parts that have become playable, in order; `isLost` says of which chunks nothing is to be hoped. */
  advance(nowMs: number, isLost: (chunk: BaselineChunk) => boolean): ReadyPart[] {
    const ready: ReadyPart[] = [];
    while (this.#next !== undefined && this.#edge && this.#next <= this.#edge.sequence) {
      const chunk = this.#chunks.get(this.#next);
      if (!chunk) {
        this.#holeSinceMs ??= nowMs;
        if (nowMs < this.#holeSinceMs + HOLE_PATIENCE_MS) return ready;
        this.#isCut = true;
      } else if (isWhole(chunk)) {
        const { header } = chunk.signed;
        if (!this.#isCut || header.partIndex === 0) {
          ready.push({ header, isRestart: this.#isCut });
          this.#isCut = false;
        }
      } else if (isLost(chunk)) {
        this.finished(chunk);
        this.#chunks.delete(this.#next);
        this.#isCut = true;
      } else {
        break;
      }
      this.#holeSinceMs = undefined;
      this.#next++;
    }
    return ready;
  }

  /** Drops chunks that have left the window, and names their sequences. */
  trim(): number[] {
    const dropped: number[] = [];
    if (!this.#edge || this.#next === undefined) return dropped;
    const floor = Math.min(this.#next, this.#edge.sequence - KEPT_CHUNKS);
    for (const sequence of this.#chunks.keys()) {
      if (sequence < floor) dropped.push(sequence);
    }
    for (const sequence of dropped) this.#chunks.delete(sequence);
    return dropped;
  }
}
