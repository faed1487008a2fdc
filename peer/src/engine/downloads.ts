import {
  BLOCK_BYTES,
  blockLengthOf,
  chunkKey,
  isEqualBytes,
  type ChunkKey,
  type ChunkRef,
  type RejectReason,
  type SignedChunkHeader,
} from '@p2ptv/protocol';
import type { OriginFailure } from '../ports/origin-client.js';
import { refOf, type Announcer } from './announcer.js';
import { BlockChecks, type BlockCheck } from './block-checks.js';
import { endDateMs, firstMissingBlock, isComplete, missingBytes, placeBlock, type StoredChunk } from './chunk-store.js';
import type { EngineContext } from './engine-context.js';
import type { LinkId } from './engine-io.js';
import { Estimate } from './estimate.js';
import { predictedFinishMs, type Neighbour } from './neighbours.js';
import { OriginFetches } from './origin-fetches.js';
import type { OutgoingLinks } from './outgoing-links.js';
import type { PlayoutClock } from './playout-clock.js';

/** Where a chunk is coming from. There is one outstanding source a chunk. */
type Source =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'peer';
      readonly linkId: LinkId;
      readonly isPush: boolean;
      readonly askedAtMs: number;
      readonly askedBytes: number;
      expectedAtMs: number;
      /** When its first block came. */
      begunAtMs: number | undefined;
      lastBlockAtMs: number;
    }
  | {
      readonly kind: 'origin';
      readonly fetchId: number;
      /** When all bytes were there; their digests follow. */
      arrivedAtMs: number | undefined;
    };

type Download = {
  readonly chunk: StoredChunk;
  readonly acceptedAtMs: number;
  /** X of the fallback rule: how much earlier than needed this peer turns to the origin, ms. */
  readonly jitterMs: number;
  source: Source;
  isSpared: boolean;
  switches: number;
  failures: number;
  retryAtMs: number;
  /** The origin answered that it does not have it any more. */
  isGoneAtOrigin: boolean;
};

/** Longest that the digests of a fetched chunk may take before it is fetched again, ms. */
const DIGEST_PATIENCE_MS = 1_000;
/** A peer that does not watch gives up a chunk that nobody brings after this, ms. */
const UNWATCHED_PATIENCE_MS = 10_000;
/** An origin that cannot be reached may come back with the chunk; beyond this the others play on without it, ms. */
const UNAVAILABLE_PATIENCE_MS = 10_000;
/** A request is moved to another neighbour at most so often, and only for a gain of at least so many ms. */
const MAX_SWITCHES = 6;
const MIN_SWITCH_GAIN_MS = 30;
/** How often a chunk that waits for a free fetch looks again, ms. */
const FETCH_QUEUE_MS = 20;

/** A block as a neighbour sent it. */
export type SentBlock = ChunkRef & { readonly index: number; readonly bytes: Uint8Array };

/** What became of a block that a neighbour sent. */
export type BlockResult = 'taken' | 'duplicate' | 'unsolicited' | 'wrongLength' | 'forgotten';

/**
 * Gets chunks: from the neighbour with the earliest predicted finish, else in time from the origin.
 * Chunks are served earliest deadline first. (SPEC SC4–SC10, FB1–FB11)
 */
export class Downloads {
  readonly #context: EngineContext;
  readonly #clock: PlayoutClock;
  readonly #links: OutgoingLinks;
  readonly #announcer: Announcer;
  readonly #checks: BlockChecks;
  readonly #fetches: OriginFetches;
  readonly #active = new Map<ChunkKey, Download>();
  /** Acceptance to completion of chunks that peers delivered, ms. */
  readonly #peerDeliveryMs = new Estimate(100);
  /** Start to end of fetches from the origin, ms. */
  readonly #originFetchMs: Estimate;
  #dueMs = Infinity;

  constructor(
    context: EngineContext,
    parts: { clock: PlayoutClock; links: OutgoingLinks; announcer: Announcer },
  ) {
    this.#context = context;
    this.#clock = parts.clock;
    this.#links = parts.links;
    this.#announcer = parts.announcer;
    this.#checks = new BlockChecks(context);
    this.#fetches = new OriginFetches(context);
    this.#originFetchMs = new Estimate(context.options.fallback.assumedFetchMs);
  }

  /** When {@link schedule} wants to run again. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** True while the chunk is wanted and not complete. */
  isWanted(key: ChunkKey): boolean {
    return this.#active.has(key);
  }

  /** Begins to want a chunk whose header is verified. */
  want(nowMs: number, signed: SignedChunkHeader): void {
    const chunk = this.#context.store.open(signed);
    const partMs = signed.header.durationUs / 1000;
    this.#active.set(chunk.key, {
      chunk,
      acceptedAtMs: nowMs,
      jitterMs: this.#context.random.next() * partMs * this.#context.options.fallback.jitterParts,
      source: { kind: 'none' },
      isSpared: false,
      switches: 0,
      failures: 0,
      retryAtMs: nowMs,
      isGoneAtOrigin: false,
    });
  }

  /** Stops wanting a chunk, and forgets what there is of it. */
  abandon(nowMs: number, key: ChunkKey): void {
    const download = this.#active.get(key);
    if (!download) return;
    this.#release(nowMs, download, { isCancelled: true });
    this.#active.delete(key);
    this.#context.store.remove(key);
  }

  /** A neighbour on our side of the origin's push is sending this chunk unasked. */
  pushBegins(nowMs: number, key: ChunkKey, seeder: Neighbour): void {
    const download = this.#active.get(key);
    if (!download || download.source.kind !== 'none') {
      if (!download || download.source.kind !== 'peer' || download.source.linkId !== seeder.linkId) {
        this.#cancelAt(nowMs, seeder, key);
      }
      return;
    }
    this.#context.counters.seedsReceived++;
    this.#assign(nowMs, download, { neighbour: seeder, isPush: true, expectedAtMs: nowMs + 100 });
  }

  /** Takes a block from a neighbour; it counts for nothing before its digest is checked. */
  block(nowMs: number, neighbour: Neighbour, block: SentBlock): BlockResult {
    const { index, bytes } = block;
    const key = chunkKey(block.rendition, block.sequence);
    const chunk = this.#context.store.get(key);
    if (!neighbour.solicited.has(key)) {
      return this.#context.headers.isForgotten(block.sequence) ? 'forgotten' : 'unsolicited';
    }
    if (!chunk) return 'forgotten';
    const length = blockLengthOf(chunk.signed.header.byteLength, index);
    if (bytes.length !== length || length === 0) return 'wrongLength';
    neighbour.receivedBytes += length;
    neighbour.receiving.add(nowMs, length);
    const download = this.#active.get(key);
    if (download?.source.kind === 'peer' && download.source.linkId === neighbour.linkId) {
      const { source } = download;
      const msPerByte = neighbour.msPerKib.mean / 1024;
      source.begunAtMs ??= nowMs;
      source.lastBlockAtMs = nowMs;
      source.expectedAtMs = nowMs + (missingBytes(chunk) - length) * msPerByte;
      neighbour.outstandingBytes = Math.max(0, neighbour.outstandingBytes - length);
    }
    if (chunk.verified[index] === 1 || this.#checks.isWaiting({ key, index, from: neighbour.linkId })) {
      this.#context.counters.duplicateBlocks++;
      return 'duplicate';
    }
    this.#checks.start({ key, index, bytes, from: neighbour.linkId });
    return 'taken';
  }

  /**
   * Takes a digest. A block that is what the publisher signed is stored and announced.
   *
   * @returns the check, with whether the block was right and whether its chunk is whole now
   */
  digested(
    nowMs: number,
    digestId: number,
    digest: Uint8Array,
  ): { check: BlockCheck; isRight: boolean; completed?: StoredChunk } | undefined {
    const check = this.#checks.finish(digestId);
    const chunk = check && this.#context.store.get(check.key);
    if (!check || !chunk) return undefined;
    const expected = chunk.signed.header.blockHashes[check.index];
    if (!expected || !isEqualBytes(digest, expected)) {
      if (check.from === 'origin') this.#originLied(nowMs, check.key);
      return { check, isRight: false };
    }
    const source = this.#sourceOf(check.from);
    if (!placeBlock(chunk, check.index, { bytes: check.bytes, source })) {
      this.#context.counters.duplicateBlocks++;
      return { check, isRight: true };
    }
    const download = this.#active.get(check.key);
    if (!download || !isComplete(chunk)) {
      const isFirst = chunk.verifiedCount === 1 && download?.source.kind !== 'origin';
      if (isFirst) this.#announcer.announce(nowMs, chunk, 'incoming');
      return { check, isRight: true };
    }
    this.#complete(nowMs, download);
    return { check, isRight: true, completed: chunk };
  }

  /** Bytes of a fetch from the origin, in order. */
  fetched(nowMs: number, fetchId: number, bytes: Uint8Array): void {
    for (const block of this.#fetches.bytes(fetchId, bytes)) {
      const chunk = this.#context.store.get(block.key);
      if (chunk && chunk.verified[block.index] === 0) this.#checks.start({ ...block, from: 'origin' });
    }
    if (this.#fetches.isWhole(fetchId)) this.fetchEnded(nowMs, fetchId, undefined);
  }

  /** A fetch is over; `failure` undefined: all of it came. */
  fetchEnded(nowMs: number, fetchId: number, failure: OriginFailure | undefined): void {
    const fetch = this.#fetches.end(fetchId);
    const download = fetch && this.#active.get(fetch.key);
    if (!fetch || !download || download.source.kind !== 'origin') return;
    if (failure === undefined) {
      this.#originFetchMs.add(nowMs - fetch.startedAtMs);
      download.source.arrivedAtMs = nowMs;
      return;
    }
    this.#backOff(nowMs, download);
    download.isGoneAtOrigin = failure === 'notFound';
    download.source = { kind: 'none' };
  }

  /** A neighbour refused a request. */
  rejected(nowMs: number, neighbour: Neighbour, answer: ChunkRef & { readonly reason: RejectReason }): void {
    const { reason } = answer;
    const key = chunkKey(answer.rendition, answer.sequence);
    const download = this.#active.get(key);
    neighbour.holdings.delete(key);
    if (!neighbour.solicited.has(key)) return;
    if (reason !== 'overLimit') neighbour.failed.add(key);
    if (download?.source.kind !== 'peer' || download.source.linkId !== neighbour.linkId) return;
    this.#release(nowMs, download, { isCancelled: false });
  }

  /** A neighbour is busy with others first. */
  queued(nowMs: number, neighbour: Neighbour, answer: ChunkRef & { readonly aheadBytes: number }): void {
    const { aheadBytes } = answer;
    const key = chunkKey(answer.rendition, answer.sequence);
    neighbour.queue = { bytes: aheadBytes, atMs: nowMs };
    const download = this.#active.get(key);
    if (download?.source.kind !== 'peer' || download.source.linkId !== neighbour.linkId) return;
    const bytes = aheadBytes + missingBytes(download.chunk);
    download.source.expectedAtMs = nowMs + (bytes * neighbour.msPerKib.mean) / 1024;
  }

  /** A link is gone: what it was to bring is free for others. */
  linkEnded(nowMs: number, linkId: LinkId): void {
    for (const download of this.#active.values()) {
      if (download.source.kind === 'peer' && download.source.linkId === linkId) {
        this.#release(nowMs, download, { isCancelled: false });
      }
    }
  }

  /** True when nobody can deliver the chunk any more and its time is over. */
  isLost(nowMs: number, key: ChunkKey, graceMs: number): boolean {
    const download = this.#active.get(key);
    if (!download) return true;
    if (download.source.kind !== 'none') return false;
    // Volunteers and seeders have no origin to turn to, and nobody who waits.
    if (this.#context.identity.role !== 'viewer') return nowMs > download.acceptedAtMs + UNWATCHED_PATIENCE_MS;
    const deadlineMs = this.#deadline(nowMs, download);
    if (download.isGoneAtOrigin) return nowMs > deadlineMs + graceMs;
    return download.failures > 0 && nowMs > deadlineMs + UNAVAILABLE_PATIENCE_MS;
  }

  /** Chunks that are wanted and end before a date, ms since the Unix epoch. */
  endingBefore(dateMs: number): ChunkKey[] {
    const keys: ChunkKey[] = [];
    for (const { chunk } of this.#active.values()) {
      if (endDateMs(chunk.signed.header) < dateMs) keys.push(chunk.key);
    }
    return keys;
  }

  /** Gives every chunk that has no source one, and changes those that would be late. */
  schedule(nowMs: number): void {
    this.#dueMs = Infinity;
    const downloads = [...this.#active.values()]
      .map((download) => ({ download, deadlineMs: this.#deadline(nowMs, download) }))
      .sort((left, right) => left.deadlineMs - right.deadlineMs);
    for (const { download, deadlineMs } of downloads) this.#decide(nowMs, download, deadlineMs);
  }

  #decide(nowMs: number, download: Download, deadlineMs: number): void {
    const { chunk } = download;
    if (download.source.kind === 'origin') this.#dropUnchecked(nowMs, download);
    if (download.source.kind === 'peer') this.#dropStalled(nowMs, download);
    if (download.source.kind === 'peer') this.#switchToSooner(nowMs, download, deadlineMs);
    if (download.source.kind === 'origin') return;
    const marginMs = this.#peerMarginMs(chunk);
    const fallbackAtMs = deadlineMs - this.#originFetch95Ms() - marginMs - download.jitterMs;
    const isFallbackTime = nowMs >= fallbackAtMs;
    if (download.source.kind === 'none') {
      const best = this.#bestNeighbour(nowMs, chunk);
      if (best && (!isFallbackTime || best.finishMs <= deadlineMs - marginMs || !this.#mayFetch())) {
        this.#ask(nowMs, download, { ...best, deadlineMs });
      } else if (isFallbackTime || !this.#context.neighbours.hasUploader()) {
        this.#fallBack(nowMs, download);
      }
    } else if (isFallbackTime && this.#mayFetch()) {
      if (this.#expectedFinishMs(nowMs, download) > deadlineMs - marginMs) this.#fallBack(nowMs, download);
      else this.#spare(nowMs, download, download.source);
    }
    if (!isFallbackTime) this.#dueMs = Math.min(this.#dueMs, fallbackAtMs);
  }

  /** A fetch that ended whole, but whose blocks did not all pass, is made again. */
  #dropUnchecked(nowMs: number, download: Download): void {
    const { source } = download;
    if (source.kind !== 'origin' || source.arrivedAtMs === undefined) return;
    const giveUpAtMs = source.arrivedAtMs + DIGEST_PATIENCE_MS;
    if (nowMs < giveUpAtMs) this.#dueMs = Math.min(this.#dueMs, giveUpAtMs);
    else download.source = { kind: 'none' };
  }

  /** Gives up a neighbour that has gone silent in the middle of a transfer, or never began it. */
  #dropStalled(nowMs: number, download: Download): void {
    const { source } = download;
    if (source.kind !== 'peer') return;
    const neighbour = this.#context.neighbours.get(source.linkId);
    const stallMs = Math.max(this.#context.options.scheduler.stallMs, 4 * (neighbour?.roundTripMs.mean ?? 0));
    const stalledAtMs = Math.max(source.lastBlockAtMs, source.expectedAtMs) + stallMs;
    if (nowMs < stalledAtMs) {
      this.#dueMs = Math.min(this.#dueMs, stalledAtMs);
      return;
    }
    if (neighbour) {
      neighbour.failed.add(download.chunk.key);
      neighbour.brokenPromises++;
    }
    this.#release(nowMs, download, { isCancelled: true });
  }

  /** While a neighbour has not begun, another one may by now be able to deliver sooner. */
  #switchToSooner(nowMs: number, download: Download, deadlineMs: number): void {
    const { source, chunk } = download;
    if (source.kind !== 'peer' || source.isPush || source.begunAtMs !== undefined) return;
    if (download.switches >= MAX_SWITCHES) return;
    const best = this.#bestNeighbour(nowMs, chunk);
    if (!best || best.neighbour.linkId === source.linkId) return;
    const gainMs = this.#expectedFinishMs(nowMs, download) - best.finishMs;
    if (gainMs < Math.max(MIN_SWITCH_GAIN_MS, best.neighbour.roundTripMs.mean)) return;
    download.switches++;
    this.#context.counters.switches++;
    this.#release(nowMs, download, { isCancelled: true });
    this.#ask(nowMs, download, { ...best, deadlineMs });
  }

  #bestNeighbour(nowMs: number, chunk: StoredChunk): { neighbour: Neighbour; finishMs: number } | undefined {
    const byteCount = missingBytes(chunk);
    const limit = this.#context.options.scheduler.requestsPerNeighbour;
    let best: { neighbour: Neighbour; finishMs: number } | undefined;
    for (const neighbour of this.#context.neighbours.all()) {
      const holding = neighbour.holdings.get(chunk.key);
      if (holding === undefined || neighbour.failed.has(chunk.key)) continue;
      if (neighbour.status?.isUploading !== true || neighbour.outstandingChunks >= limit) continue;
      // One who is still getting it can pass on no faster than it gets it.
      const waitMs = holding === 'incoming' ? chunk.signed.header.durationUs / 4000 : 0;
      // A little noise keeps everybody from choosing the same one of several equals.
      const noise = 1 + 0.2 * this.#context.random.next();
      const finishMs = nowMs + (predictedFinishMs(nowMs, neighbour, byteCount) - nowMs + waitMs) * noise;
      if (!best || finishMs < best.finishMs) best = { neighbour, finishMs };
    }
    return best;
  }

  #ask(
    nowMs: number,
    download: Download,
    from: { readonly neighbour: Neighbour; readonly finishMs: number; readonly deadlineMs: number },
  ): void {
    const { chunk } = download;
    const firstBlock = firstMissingBlock(chunk);
    this.#context.counters.pulls++;
    this.#assign(nowMs, download, { neighbour: from.neighbour, isPush: false, expectedAtMs: from.finishMs });
    this.#links.send(nowMs, from.neighbour.linkId, {
      kind: 'request',
      ...refOf(chunk),
      firstBlock,
      blockCount: chunk.blockCount - firstBlock,
      deadlineInMs: Math.max(0, from.deadlineMs - nowMs),
    });
  }

  #assign(
    nowMs: number,
    download: Download,
    to: { readonly neighbour: Neighbour; readonly isPush: boolean; readonly expectedAtMs: number },
  ): void {
    const { neighbour, isPush, expectedAtMs } = to;
    const askedBytes = missingBytes(download.chunk);
    neighbour.solicited.add(download.chunk.key);
    neighbour.outstandingBytes += askedBytes;
    neighbour.outstandingChunks++;
    download.source = {
      kind: 'peer',
      linkId: neighbour.linkId,
      isPush,
      askedAtMs: nowMs,
      askedBytes,
      expectedAtMs,
      begunAtMs: undefined,
      lastBlockAtMs: nowMs,
    };
  }

  #fallBack(nowMs: number, download: Download): void {
    if (this.#context.identity.role !== 'viewer') return;
    if (!this.#mayFetch() || nowMs < download.retryAtMs) {
      this.#dueMs = Math.min(this.#dueMs, Math.max(download.retryAtMs, nowMs + FETCH_QUEUE_MS));
      return;
    }
    const { chunk, source } = download;
    if (source.kind !== 'none') this.#release(nowMs, download, { isCancelled: true });
    const firstBlock = firstMissingBlock(chunk);
    const { counters } = this.#context;
    counters.fallbacks++;
    if (firstBlock > 0) counters.rangeTails++;
    const fetchId = this.#fetches.start(nowMs, chunk, { firstBlock, isRetry: download.failures > 0 });
    download.source = { kind: 'origin', fetchId, arrivedAtMs: undefined };
    if (chunk.verifiedCount === 0) this.#announcer.announce(nowMs, chunk, 'incoming');
  }

  /** The deadline is near, but a neighbour is expected to keep it: looked at again when it has not. */
  #spare(nowMs: number, download: Download, source: { readonly expectedAtMs: number }): void {
    this.#dueMs = Math.min(this.#dueMs, Math.max(source.expectedAtMs, nowMs + FETCH_QUEUE_MS));
    if (download.isSpared) return;
    download.isSpared = true;
    this.#context.counters.fallbacksSpared++;
  }

  #complete(nowMs: number, download: Download): void {
    const { chunk, source } = download;
    if (source.kind === 'peer') {
      const neighbour = this.#context.neighbours.get(source.linkId);
      this.#peerDeliveryMs.add(nowMs - download.acceptedAtMs);
      if (neighbour) neighbour.brokenPromises = 0;
      if (neighbour && !source.isPush) this.#measureRate(nowMs, neighbour, source);
    }
    this.#release(nowMs, download, { isCancelled: source.kind === 'origin' && this.#fetches.isOpen(source.fetchId) });
    this.#active.delete(chunk.key);
    this.#announcer.announce(nowMs, chunk, 'complete');
  }

  /** The rate of a neighbour once it was our turn: from the first block on, where there were several. */
  #measureRate(
    nowMs: number,
    neighbour: Neighbour,
    transfer: { readonly askedBytes: number; readonly askedAtMs: number; readonly begunAtMs: number | undefined },
  ): void {
    const { askedBytes, askedAtMs, begunAtMs } = transfer;
    const isTimed = begunAtMs !== undefined && askedBytes > BLOCK_BYTES;
    const elapsedMs = isTimed ? nowMs - begunAtMs : nowMs - askedAtMs - neighbour.roundTripMs.mean;
    const bytes = isTimed ? askedBytes - BLOCK_BYTES : askedBytes;
    neighbour.msPerKib.add(Math.max(0.05, elapsedMs) / (bytes / 1024));
  }

  /** Frees a download of its source; `isCancelled` also tells the source, so that it saves the bytes. */
  #release(nowMs: number, download: Download, how: { readonly isCancelled: boolean }): void {
    const { source, chunk } = download;
    download.source = { kind: 'none' };
    if (source.kind === 'peer') {
      const neighbour = this.#context.neighbours.get(source.linkId);
      if (!neighbour) return;
      neighbour.outstandingChunks = Math.max(0, neighbour.outstandingChunks - 1);
      if (neighbour.outstandingChunks === 0) neighbour.outstandingBytes = 0;
      else neighbour.outstandingBytes = Math.max(0, neighbour.outstandingBytes - missingBytes(chunk));
      if (how.isCancelled) this.#cancelAt(nowMs, neighbour, chunk.key);
    } else if (source.kind === 'origin' && how.isCancelled) {
      this.#fetches.abort(source.fetchId);
    }
  }

  #cancelAt(nowMs: number, neighbour: Neighbour, key: ChunkKey): void {
    const signed = this.#context.headers.get(key);
    if (!signed) return;
    const { rendition, sequence } = signed.header;
    this.#context.counters.cancels++;
    // Blocks already on their way are not the neighbour's fault.
    neighbour.solicited.add(key);
    this.#links.send(nowMs, neighbour.linkId, { kind: 'cancel', rendition, sequence });
  }

  #originLied(nowMs: number, key: ChunkKey): void {
    const download = this.#active.get(key);
    if (!download) return;
    if (download.source.kind === 'origin') this.#release(nowMs, download, { isCancelled: true });
    this.#backOff(nowMs, download);
  }

  #backOff(nowMs: number, download: Download): void {
    const { retryMs } = this.#context.options.fallback;
    download.retryAtMs = nowMs + retryMs * 2 ** Math.min(4, download.failures);
    download.failures++;
    this.#dueMs = Math.min(this.#dueMs, download.retryAtMs);
  }

  #sourceOf(from: LinkId | 'origin'): 'originBytes' | 'seederBytes' | 'peerBytes' {
    if (from === 'origin') return 'originBytes';
    return this.#context.neighbours.get(from)?.role === 'origin' ? 'seederBytes' : 'peerBytes';
  }

  /** Volunteers and the origin's seeder watch nothing: they never fall back. */
  #mayFetch(): boolean {
    const { identity, options } = this.#context;
    return identity.role === 'viewer' && this.#fetches.count < options.fallback.parallelFetches;
  }

  #deadline(nowMs: number, download: Download): number {
    const { acceptedAtMs, chunk } = download;
    return this.#clock.deadlineMs(nowMs, { header: chunk.signed.header, acceptedAtMs });
  }

  /** H95: what 95 of 100 fetches from the origin stay below, ms (mean and two standard deviations). */
  #originFetch95Ms(): number {
    return this.#originFetchMs.mean + 2.5 * this.#originFetchMs.deviation;
  }

  /** m: three standard deviations of what peers take, at least half a part and at most one and a half, ms. */
  #peerMarginMs(chunk: StoredChunk): number {
    const partMs = chunk.signed.header.durationUs / 1000;
    return Math.min(1.5 * partMs, Math.max(partMs / 2, 3.75 * this.#peerDeliveryMs.deviation));
  }

  /** When a running transfer is expected to be over; one that is overdue is given half as long again. */
  #expectedFinishMs(nowMs: number, download: Download): number {
    const { source } = download;
    if (source.kind !== 'peer') return Infinity;
    if (nowMs <= source.expectedAtMs) return source.expectedAtMs;
    return nowMs + (source.expectedAtMs - source.askedAtMs) / 2;
  }
}
