import { blockLengthOf, isEqualBytes, type ChunkRef, type RejectReason, type WireMessage } from '@p2ptv/protocol';
import { DEFAULT_ENGINE_OPTIONS, type EngineInput, type LinkId, type PlaybackPosition } from '@p2ptv/peer/engine';
import { firstMissing, isWhole, type BaselineChunk } from './baseline-chunk.js';
import type { BaselineContext } from './baseline-context.js';
import { isMarked, MARK, mark, unmark, type BaselineNeighbour } from './baseline-neighbour.js';
import { OriginFetches } from './origin-fetches.js';
import type { BlockCheck, Proofs } from './proofs.js';
import { RunningMean } from './running-mean.js';

/** A neighbour that has not begun, or has gone silent in the middle, loses the transfer after this, ms. */
const SILENT_MS = 400;
/** How long a neighbour that refused because others wait there is left alone: about a chunk's time on its uplink, ms. */
const BUSY_MS = 60;
const { leastMarginParts, mostMarginParts, retryMs } = DEFAULT_ENGINE_OPTIONS.fallback;
/** How often a chunk that waits for a free fetch, or for a spared transfer, is looked at, ms. */
const LOOK_AGAIN_MS = 20;
/** Longest that the digests of a fetched chunk may take before it is fetched again, ms. */
const DIGEST_PATIENCE_MS = 1_000;
/** After its deadline a chunk that the origin lacks, or cannot give, is given up, ms. */
const GONE_GRACE_MS = 500;
const UNAVAILABLE_PATIENCE_MS = 10_000;

type FetchFailure = Extract<EngineInput, { kind: 'fetchFailed' }>['failure'];

/** What the supply tells its peer. */
export type SupplyEvents = {
  /** The first block of a chunk that nobody else is sending is verified, or its fetch begins. */
  readonly begun: (nowMs: number, chunk: BaselineChunk) => void;
  readonly blockVerified: (nowMs: number, chunk: BaselineChunk) => void;
  readonly whole: (nowMs: number, chunk: BaselineChunk) => void;
  readonly misbehaved: (nowMs: number, linkId: LinkId, chunk: ChunkRef) => void;
  /** Somebody can be hoped to deliver; without anybody the origin is asked at once. */
  readonly mayHope: (nowMs: number) => boolean;
};

/**
 * Brings blocks in: from neighbours that were asked or that push, and in time from the origin.
 * Deadline, fallback time and margins are the engine's (peer/SPEC.md SC1, FB1–FB5), so that
 * strategies differ in what they ask of whom and in nothing else.
 */
export class Supply {
  readonly #context: BaselineContext;
  readonly #proofs: Proofs;
  readonly #events: SupplyEvents;
  readonly #fetches: OriginFetches;
  /** Acceptance to completion of chunks that peers delivered, ms. */
  readonly #peerDeliveryMs = new RunningMean(100);
  #playback: { readonly atMs: number; readonly position: PlaybackPosition } | undefined;
  #dueMs = Infinity;

  constructor(context: BaselineContext, proofs: Proofs, events: SupplyEvents) {
    this.#context = context;
    this.#proofs = proofs;
    this.#events = events;
    this.#fetches = new OriginFetches(context);
  }

  /** When {@link tick} wants to run again. */
  get dueMs(): number {
    return this.#dueMs;
  }

  setPlayback(nowMs: number, position: PlaybackPosition): void {
    if (Number.isFinite(position.playheadMs) && Number.isFinite(position.rate)) {
      this.#playback = { atMs: nowMs, position };
    }
  }

  /** When the chunk must be whole, ms. */
  deadlineMs(nowMs: number, chunk: BaselineChunk): number {
    const { appendMarginMs, assumedSlackMs } = DEFAULT_ENGINE_OPTIONS.scheduler;
    if (!this.#playback) return chunk.acceptedAtMs + assumedSlackMs;
    const { atMs, position } = this.#playback;
    const playheadMs = position.playheadMs + (nowMs - atMs) * position.rate;
    const leftMs = chunk.signed.header.programDateTimeMs - playheadMs;
    return nowMs + leftMs / (position.rate > 0 ? position.rate : 1) - appendMarginMs;
  }

  /** When the origin will be asked unless somebody delivers, ms. */
  fallbackAtMs(nowMs: number, chunk: BaselineChunk): number {
    return this.deadlineMs(nowMs, chunk) - this.#fetches.time95Ms - this.#marginMs(chunk) - chunk.jitterMs;
  }

  /** True when nothing more can be hoped for a chunk. */
  isLost(nowMs: number, chunk: BaselineChunk): boolean {
    if (chunk.supplier.kind !== 'none' || chunk.failures === 0) return false;
    const patienceMs = chunk.isGoneAtOrigin ? GONE_GRACE_MS : UNAVAILABLE_PATIENCE_MS;
    return nowMs > this.deadlineMs(nowMs, chunk) + patienceMs;
  }

  /** Asks a neighbour for what is missing of a chunk that nobody is sending. */
  ask(nowMs: number, chunk: BaselineChunk, neighbour: BaselineNeighbour): void {
    const firstBlock = firstMissing(chunk);
    this.#context.counters.pulls++;
    mark(neighbour, chunk.ref.sequence, MARK.asked);
    unmark(neighbour, chunk.ref.sequence, MARK.cancelled);
    this.#assign(nowMs, chunk, { neighbour, isPush: false });
    const deadlineInMs = Math.max(0, this.deadlineMs(nowMs, chunk) - nowMs);
    const range = { firstBlock, blockCount: chunk.blockCount - firstBlock };
    this.#context.send(neighbour.linkId, { kind: 'request', ...chunk.ref, ...range, deadlineInMs });
  }

  /** A neighbour has begun to push a chunk; true when it may go on. */
  pushBegins(nowMs: number, chunk: BaselineChunk, neighbour: BaselineNeighbour): boolean {
    const { supplier } = chunk;
    if (supplier.kind === 'peer' && supplier.neighbour === neighbour) return true;
    if (isWhole(chunk) || supplier.kind !== 'none') {
      this.cancelAt(neighbour, chunk);
      return false;
    }
    if (neighbour.role === 'origin') this.#context.counters.seedsReceived++;
    this.#assign(nowMs, chunk, { neighbour, isPush: true });
    return true;
  }

  /** Fetches a chunk from the origin now; false while there are too many fetches or it failed just now. */
  fetch(nowMs: number, chunk: BaselineChunk): boolean {
    if (this.#context.identity.role !== 'viewer' || this.#fetches.isFull || nowMs < chunk.retryAtMs) return false;
    if (chunk.supplier.kind === 'peer') this.#release(chunk, { isCancelled: true });
    this.#fetches.start(nowMs, chunk);
    if (chunk.verifiedCount === 0) this.#events.begun(nowMs, chunk);
    return true;
  }

  /** Takes a block of a chunk that is known. */
  block(nowMs: number, neighbour: BaselineNeighbour, message: Extract<WireMessage, { kind: 'block' }>): void {
    const { index, bytes, sequence } = message;
    const chunk = this.#context.chunks.get(sequence);
    if (!chunk) return;
    const length = blockLengthOf(chunk.signed.header.byteLength, index);
    if (length === 0 || bytes.length !== length) {
      this.#events.misbehaved(nowMs, neighbour.linkId, chunk.ref);
      return;
    }
    const { supplier } = chunk;
    if (supplier.kind === 'peer' && supplier.neighbour === neighbour) {
      supplier.begunAtMs ??= nowMs;
      supplier.lastBlockAtMs = nowMs;
      supplier.blocks++;
    } else if (!isMarked(neighbour, sequence, MARK.cancelled)) {
      this.pushBegins(nowMs, chunk, neighbour);
    }
    if (chunk.blocks[index] !== undefined || this.#proofs.isBlockPending(sequence, index)) {
      this.#context.counters.duplicateBlocks++;
      return;
    }
    this.#proofs.checkBlock({ sequence, index, bytes, from: neighbour.linkId });
  }

  /** Takes the digest of a block. */
  digested(nowMs: number, check: BlockCheck, digest: Uint8Array): void {
    const { sequence, index, bytes, from } = check;
    const chunk = this.#context.chunks.get(sequence);
    const expected = chunk?.signed.header.blockHashes[index];
    if (!chunk || !expected) return;
    if (digest !== expected && !isEqualBytes(digest, expected)) {
      if (from === 'origin') this.#originFailed(nowMs, chunk);
      else this.#events.misbehaved(nowMs, from, chunk.ref);
      return;
    }
    if (chunk.blocks[index] !== undefined) return;
    chunk.blocks[index] = bytes;
    chunk.verifiedCount++;
    chunk.sources[this.#sourceOf(from)] += bytes.length;
    if (!isWhole(chunk)) {
      if (chunk.verifiedCount === 1 && chunk.supplier.kind !== 'origin') this.#events.begun(nowMs, chunk);
      this.#events.blockVerified(nowMs, chunk);
      return;
    }
    this.#finish(nowMs, chunk);
    this.#events.blockVerified(nowMs, chunk);
    this.#events.whole(nowMs, chunk);
  }

  fetched(nowMs: number, fetchId: number, bytes: Uint8Array): void {
    for (const block of this.#fetches.take(fetchId, bytes)) {
      const { sequence } = block.chunk.ref;
      if (block.chunk.blocks[block.index] !== undefined) continue;
      this.#proofs.checkBlock({ sequence, index: block.index, bytes: block.bytes, from: 'origin' });
    }
    if (this.#fetches.isComplete(fetchId)) this.fetchEnded(nowMs, fetchId, 'invalid');
  }

  /** A fetch is over; `failure` counts only if not all of it came. */
  fetchEnded(nowMs: number, fetchId: number, failure: FetchFailure): void {
    const ended = this.#fetches.end(nowMs, fetchId);
    const supplier = ended?.chunk.supplier;
    if (!ended || supplier?.kind !== 'origin' || supplier.fetchId !== fetchId) return;
    if (ended.isWhole) {
      supplier.arrivedAtMs = nowMs;
      return;
    }
    ended.chunk.isGoneAtOrigin = failure === 'notFound';
    this.#originFailed(nowMs, ended.chunk);
  }

  rejected(nowMs: number, neighbour: BaselineNeighbour, answer: ChunkRef & { readonly reason: RejectReason }): void {
    const { sequence, reason } = answer;
    const chunk = this.#context.chunks.get(sequence);
    if (reason === 'overLimit') neighbour.busyUntilMs = nowMs + BUSY_MS * (0.75 + 0.5 * this.#context.random.next());
    else mark(neighbour, sequence, MARK.failed);
    if (chunk?.supplier.kind === 'peer' && chunk.supplier.neighbour === neighbour) {
      this.#release(chunk, { isCancelled: false });
    }
  }

  linkEnded(neighbour: BaselineNeighbour): void {
    for (const chunk of this.#context.chunks.wanted) {
      if (chunk.supplier.kind === 'peer' && chunk.supplier.neighbour === neighbour) {
        this.#release(chunk, { isCancelled: false });
      }
    }
  }

  /** Ends transfers that are silent, and turns to the origin where the deadline is near. */
  tick(nowMs: number): void {
    this.#dueMs = Infinity;
    for (const chunk of this.#context.chunks.wanted) {
      this.#dropSilent(nowMs, chunk);
      if (chunk.supplier.kind === 'origin' || this.#context.identity.role !== 'viewer') continue;
      const fallbackAtMs =
        chunk.supplier.kind === 'none' && !this.#events.mayHope(nowMs) ? nowMs : this.fallbackAtMs(nowMs, chunk);
      if (nowMs < fallbackAtMs) this.#wakeAt(fallbackAtMs);
      else if (this.#isSpared(nowMs, chunk) || !this.fetch(nowMs, chunk)) {
        this.#wakeAt(Math.max(nowMs + LOOK_AGAIN_MS, chunk.retryAtMs));
      }
    }
  }

  /** Tells a neighbour that its bytes of this chunk are not needed; once. */
  cancelAt(neighbour: BaselineNeighbour, chunk: BaselineChunk): void {
    const { sequence } = chunk.ref;
    if (isMarked(neighbour, sequence, MARK.cancelled)) return;
    mark(neighbour, sequence, MARK.cancelled);
    this.#context.counters.cancels++;
    this.#context.send(neighbour.linkId, { kind: 'cancel', ...chunk.ref });
  }

  /** A transfer that has begun and goes on as it did would be whole a margin before the deadline. */
  #isSpared(nowMs: number, chunk: BaselineChunk): boolean {
    const { supplier } = chunk;
    if (supplier.kind !== 'peer' || supplier.begunAtMs === undefined) return false;
    const msPerBlock = Math.max(2, (nowMs - supplier.begunAtMs) / Math.max(1, supplier.blocks - 1));
    const finishMs = supplier.lastBlockAtMs + msPerBlock * (chunk.blockCount - chunk.verifiedCount);
    if (Math.max(nowMs, finishMs) > this.deadlineMs(nowMs, chunk) - this.#marginMs(chunk)) return false;
    if (!chunk.isSpared) this.#context.counters.fallbacksSpared++;
    chunk.isSpared = true;
    return true;
  }

  #dropSilent(nowMs: number, chunk: BaselineChunk): void {
    const { supplier } = chunk;
    if (supplier.kind === 'peer') {
      const silentAtMs = supplier.lastBlockAtMs + SILENT_MS;
      if (nowMs < silentAtMs) {
        this.#wakeAt(silentAtMs);
        return;
      }
      mark(supplier.neighbour, chunk.ref.sequence, MARK.failed);
      supplier.neighbour.deliveryMs = Math.min(4_000, supplier.neighbour.deliveryMs + SILENT_MS);
      this.#release(chunk, { isCancelled: true });
    } else if (supplier.kind === 'origin' && supplier.arrivedAtMs !== undefined) {
      const giveUpAtMs = supplier.arrivedAtMs + DIGEST_PATIENCE_MS;
      if (nowMs < giveUpAtMs) this.#wakeAt(giveUpAtMs);
      else chunk.supplier = { kind: 'none' };
    }
  }

  #finish(nowMs: number, chunk: BaselineChunk): void {
    const { supplier } = chunk;
    if (supplier.kind === 'peer') this.#peerDeliveryMs.add(nowMs - chunk.acceptedAtMs);
    if (supplier.kind === 'peer' && !supplier.isPush) {
      const { neighbour } = supplier;
      neighbour.deliveryMs += (nowMs - supplier.askedAtMs - neighbour.deliveryMs) / 8;
    }
    // Whoever else still sends it learns so by CANCEL when its next block comes.
    this.#release(chunk, { isCancelled: false });
    if (supplier.kind === 'origin') this.#fetches.abort(supplier.fetchId);
    this.#context.chunks.finished(chunk);
  }

  #assign(nowMs: number, chunk: BaselineChunk, by: { neighbour: BaselineNeighbour; isPush: boolean }): void {
    by.neighbour.outstanding++;
    chunk.supplier = {
      kind: 'peer',
      ...by,
      askedAtMs: nowMs,
      begunAtMs: undefined,
      lastBlockAtMs: nowMs,
      blocks: 0,
    };
  }

  #release(chunk: BaselineChunk, how: { readonly isCancelled: boolean }): void {
    const { supplier } = chunk;
    chunk.supplier = { kind: 'none' };
    if (supplier.kind !== 'peer') return;
    supplier.neighbour.outstanding = Math.max(0, supplier.neighbour.outstanding - 1);
    if (how.isCancelled) this.cancelAt(supplier.neighbour, chunk);
  }

  #originFailed(nowMs: number, chunk: BaselineChunk): void {
    if (chunk.supplier.kind === 'origin') this.#fetches.abort(chunk.supplier.fetchId);
    chunk.supplier = { kind: 'none' };
    chunk.retryAtMs = nowMs + retryMs * 2 ** Math.min(4, chunk.failures);
    chunk.failures++;
  }

  #sourceOf(from: LinkId | 'origin'): 'originBytes' | 'seederBytes' | 'peerBytes' {
    if (from === 'origin') return 'originBytes';
    return this.#context.neighbours.get(from)?.role === 'origin' ? 'seederBytes' : 'peerBytes';
  }

  /** m: two mean deviations of what peers take, within the engine's bounds, ms. */
  #marginMs(chunk: BaselineChunk): number {
    const partMs = chunk.signed.header.durationUs / 1000;
    const wantedMs = 2 * this.#peerDeliveryMs.deviation;
    return Math.min(mostMarginParts * partMs, Math.max(leastMarginParts * partMs, wantedMs));
  }

  #wakeAt(ms: number): void {
    this.#dueMs = Math.min(this.#dueMs, ms);
  }
}
