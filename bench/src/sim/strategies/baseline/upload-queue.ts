import type { LinkId } from '@p2ptv/peer/engine';
import { LIMITS, type WireMessage } from '@p2ptv/protocol';
import type { BaselineChunk } from './baseline-chunk.js';
import type { BaselineContext } from './baseline-context.js';
import { isMarked, MARK, mark, type BaselineNeighbour } from './baseline-neighbour.js';
import type { Push } from './tactics.js';
import { UplinkMeter } from './uplink-meter.js';

/**
 * In what order links are served. `serial`: one chunk to one link at a time, in the order of asking,
 * so that each copy is whole soon (DESIGN: one upload slot). `interleaved`: every link's next block in turn.
 */
export type ServingOrder = 'serial' | 'interleaved';

type Job = {
  readonly linkId: LinkId;
  readonly chunk: BaselineChunk;
  next: number;
  readonly end: number;
  readonly atMs: number;
  isStarted: boolean;
};

/** Bytes in a link's buffer beyond which it is handed nothing, and from which on down its slot is free: the engine's. */
const HIGH_WATER_BYTES = 40 * 1024;
const LOW_WATER_BYTES = 32 * 1024;
/** A link whose receiver is slow gives up its slot after this long, ms. */
const FULL_LINK_PATIENCE_MS = 150;
/** How often a neighbour may ask for the same chunk before it is refused. */
const MAX_JOBS_PER_LINK = LIMITS.requestsPerLink;

/** What goes out: answers to requests, and what the strategy pushes. */
export class UploadQueue {
  readonly #context: BaselineContext;
  readonly #order: ServingOrder;
  readonly #meter: UplinkMeter;
  #jobs: Job[] = [];
  /** The link that has the slot, and since when. */
  #serving: { readonly linkId: LinkId; readonly sinceMs: number } | undefined;
  #dueMs = Infinity;

  constructor(context: BaselineContext, order: ServingOrder) {
    this.#context = context;
    this.#order = order;
    this.#meter = new UplinkMeter(context.bufferedBytes);
  }

  /** When {@link pump} wants to run again although nothing was drained. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** What this peer's line has shown that it carries, bits a second; 0 = unknown. */
  uplinkBitsPerSecond(nowMs: number): number {
    return this.#meter.bitsPerSecond(nowMs);
  }

  /** A link's buffer has drained. */
  drained(nowMs: number): void {
    this.#meter.drained(nowMs);
  }

  /** The link that has waited longest for a block that is there, and how long, ms: a line that is given more than it carries. */
  backlog(nowMs: number): { readonly linkId: LinkId; readonly ms: number } | undefined {
    let oldest: Job | undefined;
    for (const job of this.#jobs) {
      if (job.chunk.blocks[job.next] !== undefined && job.atMs < (oldest?.atMs ?? Infinity)) oldest = job;
    }
    return oldest && { linkId: oldest.linkId, ms: nowMs - oldest.atMs };
  }

  /** True when the slot is free and nobody waits for it. */
  isIdle(nowMs: number): boolean {
    return this.#jobs.length === 0 && !this.#isServing(nowMs);
  }

  /** Takes a neighbour's request, or refuses it. */
  request(nowMs: number, neighbour: BaselineNeighbour, request: Extract<WireMessage, { kind: 'request' }>): void {
    const { rendition, sequence, firstBlock, blockCount } = request;
    const { linkId } = neighbour;
    const chunk = this.#context.chunks.get(sequence);
    const refuse = (reason: 'notUploading' | 'notHeld' | 'overLimit'): void =>
      this.#context.send(linkId, { kind: 'reject', rendition, sequence, reason });
    if (!this.#context.isUploading) {
      refuse('notUploading');
    } else if (!chunk || firstBlock + blockCount > chunk.blockCount) {
      refuse('notHeld');
    } else if (this.#jobs.filter((job) => job.linkId === linkId).length >= MAX_JOBS_PER_LINK) {
      refuse('overLimit');
    } else {
      this.cancel(linkId, sequence);
      if (chunk.verifiedCount < chunk.blockCount) this.#context.counters.cutThroughForwards++;
      this.#add(nowMs, linkId, { chunk, next: firstBlock, end: firstBlock + blockCount });
    }
  }

  /** Sends a chunk that was not asked for, header first; blocks that are not there yet follow when they are. */
  push(nowMs: number, what: Push & { readonly holding: 'incoming' | 'complete' }): void {
    const { neighbour, chunk, holding } = what;
    const { linkId } = neighbour;
    const { sequence } = chunk.ref;
    if (!isMarked(neighbour, sequence, MARK.header)) {
      this.#context.send(linkId, { kind: 'header', signed: chunk.signed, holding });
    }
    mark(neighbour, sequence, MARK.pushed | MARK.header);
    this.#add(nowMs, linkId, { chunk, next: 0, end: chunk.blockCount });
  }

  cancel(linkId: LinkId, sequence: number): void {
    const index = this.#jobs.findIndex((job) => job.linkId === linkId && job.chunk.ref.sequence === sequence);
    if (index >= 0) this.#jobs.splice(index, 1);
  }

  linkEnded(linkId: LinkId): void {
    this.#jobs = this.#jobs.filter((job) => job.linkId !== linkId);
    if (this.#serving?.linkId === linkId) this.#serving = undefined;
    this.#meter.linkEnded(linkId);
  }

  /** Forgets what is queued of chunks that left the window. */
  forget(sequences: readonly number[]): void {
    if (sequences.length === 0) return;
    this.#jobs = this.#jobs.filter(({ chunk }) => !sequences.includes(chunk.ref.sequence));
  }

  /** Sends as many blocks as slots and buffers allow. */
  pump(nowMs: number): void {
    this.#dueMs = Infinity;
    for (let job = this.#nextJob(nowMs); job; job = this.#nextJob(nowMs)) this.#sendBlock(nowMs, job);
  }

  #add(nowMs: number, linkId: LinkId, what: { chunk: BaselineChunk; next: number; end: number }): void {
    this.#jobs.push({ linkId, ...what, atMs: nowMs, isStarted: false });
  }

  #nextJob(nowMs: number): Job | undefined {
    const isSlotTaken = this.#order === 'serial' && this.#isServing(nowMs);
    let best: Job | undefined;
    for (const job of this.#jobs) {
      if (job.chunk.blocks[job.next] === undefined) continue;
      if (this.#context.bufferedBytes(job.linkId) >= HIGH_WATER_BYTES) continue;
      if (this.#order === 'serial') {
        if (job.isStarted) return job;
        if (!isSlotTaken) best ??= job;
      } else if (!best || isBefore(job, best)) {
        best = job;
      }
    }
    return best;
  }

  #isServing(nowMs: number): boolean {
    if (!this.#serving) return false;
    const { linkId, sinceMs } = this.#serving;
    const freeAtMs = sinceMs + FULL_LINK_PATIENCE_MS;
    if (nowMs >= freeAtMs || this.#context.bufferedBytes(linkId) <= LOW_WATER_BYTES) {
      this.#serving = undefined;
      return false;
    }
    this.#dueMs = Math.min(this.#dueMs, freeAtMs);
    return true;
  }

  #sendBlock(nowMs: number, job: Job): void {
    const { chunk, linkId } = job;
    const index = job.next++;
    const bytes = chunk.blocks[index];
    if (!bytes) return;
    if (!job.isStarted) this.#serving = { linkId, sinceMs: nowMs };
    job.isStarted = true;
    this.#meter.handed(nowMs, linkId, bytes.length);
    this.#context.send(linkId, { kind: 'block', ...chunk.ref, index, bytes });
    if (job.next === job.end) this.#jobs.splice(this.#jobs.indexOf(job), 1);
  }
}

/** The older chunk first, then the block that comes first. */
function isBefore(left: Job, right: Job): boolean {
  const { sequence: one } = left.chunk.ref;
  const { sequence: other } = right.chunk.ref;
  return one !== other ? one < other : left.next < right.next;
}
