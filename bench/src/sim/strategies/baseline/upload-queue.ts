import type { LinkId } from '@p2ptv/peer/engine';
import type { WireMessage } from '@p2ptv/protocol';
import type { BaselineChunk } from './baseline-chunk.js';
import type { BaselineContext } from './baseline-context.js';
import { isMarked, MARK, mark, type BaselineNeighbour } from './baseline-neighbour.js';
import { UplinkMeter } from './uplink-meter.js';

/**
 * In what order links are served. `serial`: one chunk to one link, then the next, in the order of
 * asking, so that each copy is whole soon (DESIGN: one upload slot). `interleaved`: every link's next block in turn.
 */
export type ServingOrder = 'serial' | 'interleaved';

/** A chunk to push, and to whom. */
export type Push = { readonly neighbour: BaselineNeighbour; readonly chunk: BaselineChunk };

type Job = {
  readonly linkId: LinkId;
  readonly chunk: BaselineChunk;
  next: number;
  readonly end: number;
  readonly atMs: number;
  isStarted: boolean;
};

/**
 * Bytes in all buffers beyond which nothing more is handed over, and from which on down the next
 * chunk is begun. Over all links, not for each: what waits in a dozen buffers is a second of a weak
 * uplink, and our own requests wait behind it.
 */
const HIGH_WATER_BYTES = 40 * 1024;
const LOW_WATER_BYTES = 16 * 1024;
/** Bytes in one link's buffer beyond which it is handed nothing where links are served in turn. */
const LINK_HIGH_WATER_BYTES = 40 * 1024;
/** Chunks begun that wait for blocks still to come (cut-through) while others are served. */
const MAX_STARTED = 5;
/** What the uplink is taken to carry until it is measured, bits a second. */
const ASSUMED_UPLINK = 8_000_000;
/**
 * Requests that wait besides the one being served; further ones are refused at once, so that the
 * requester looks for another holder instead of standing in a long line (BitTorrent's choking).
 */
const MAX_WAITING = 1;

/** What goes out: answers to requests, and what the strategy pushes. */
export class UploadQueue {
  readonly #context: BaselineContext;
  readonly #order: ServingOrder;
  readonly #meter: UplinkMeter;
  #jobs: Job[] = [];
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

  /** How long the uplink needs for all that it could send now, ms: more than a little is more than it carries. */
  backlogMs(nowMs: number): number {
    let bytes = this.#meter.waitingBytes(nowMs);
    for (const { chunk, next, end } of this.#jobs) {
      for (let index = next; index < end; index++) bytes += chunk.blocks[index]?.length ?? 0;
    }
    return (bytes * 8000) / (this.#meter.bitsPerSecond(nowMs) || ASSUMED_UPLINK);
  }

  /** True when the slot is free and nobody waits for it. */
  isIdle(nowMs: number): boolean {
    return this.#jobs.length === 0 && !this.#isTaken(nowMs, LOW_WATER_BYTES);
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
    } else if (this.#order === 'serial' && this.#waiting >= MAX_WAITING) {
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
    if (this.#order === 'interleaved') this.#meter.waitingBytes(nowMs);
    for (let job = this.#nextJob(nowMs); job; job = this.#nextJob(nowMs)) this.#sendBlock(nowMs, job);
  }

  get #waiting(): number {
    let waiting = 0;
    for (const { isStarted } of this.#jobs) if (!isStarted) waiting++;
    return waiting;
  }

  #add(nowMs: number, linkId: LinkId, what: { chunk: BaselineChunk; next: number; end: number }): void {
    this.#jobs.push({ linkId, ...what, atMs: nowMs, isStarted: false });
  }

  #nextJob(nowMs: number): Job | undefined {
    if (this.#jobs.length === 0) return undefined;
    return this.#order === 'serial' ? this.#nextSerial(nowMs) : this.#nextInTurn();
  }

  #nextSerial(nowMs: number): Job | undefined {
    if (this.#isTaken(nowMs, HIGH_WATER_BYTES)) return undefined;
    let first: Job | undefined;
    let started = 0;
    for (const job of this.#jobs) {
      if (job.isStarted) started++;
      if (job.chunk.blocks[job.next] === undefined) continue;
      if (this.#context.bufferedBytes(job.linkId) >= LINK_HIGH_WATER_BYTES) continue;
      if (job.isStarted) return job;
      first ??= job;
    }
    if (!first || started >= MAX_STARTED || this.#isTaken(nowMs, LOW_WATER_BYTES)) return undefined;
    return first;
  }

  #nextInTurn(): Job | undefined {
    let best: Job | undefined;
    for (const job of this.#jobs) {
      if (job.chunk.blocks[job.next] === undefined || (best && !isBefore(job, best))) continue;
      if (this.#context.bufferedBytes(job.linkId) < LINK_HIGH_WATER_BYTES) best = job;
    }
    return best;
  }

  /** More than that waits on the uplink; {@link dueMs} says when to look again, as buffers that are low tell nothing. */
  #isTaken(nowMs: number, limitBytes: number): boolean {
    const waitingBytes = this.#meter.waitingBytes(nowMs);
    if (waitingBytes <= limitBytes) return false;
    const bitsPerSecond = this.#meter.bitsPerSecond(nowMs) || ASSUMED_UPLINK;
    const leftMs = ((waitingBytes - limitBytes) * 8000) / bitsPerSecond;
    this.#dueMs = Math.min(this.#dueMs, nowMs + Math.max(1, leftMs / 2));
    return true;
  }

  #sendBlock(nowMs: number, job: Job): void {
    const { chunk, linkId } = job;
    const index = job.next++;
    const bytes = chunk.blocks[index];
    if (!bytes) return;
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
