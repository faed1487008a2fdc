import {
  blockLengthOf,
  chunkKey,
  isEqualBytes,
  NO_DEADLINE_MS,
  type ChunkHeader,
  type ChunkKey,
  type ChunkRef,
  type RejectReason,
  type SignedChunkHeader,
} from '@p2ptv/protocol';
import type { OriginFailure } from '../ports/origin-client.js';
import type { NewsTeller } from './announcer.js';
import { BlockChecks, type BlockCheck } from './block-checks.js';
import { firstMissingBlock, isComplete, missingBytes, placeBlock, type StoredChunk, refOf } from './chunk-store.js';
import { expectedFinishMs, isIdlePull, newPeerSource, NO_SOURCE, noteBlock, sourceAt, startOf, type BlockResult, type Download, type PeerSource, type SentBlock } from './download.js';
import type { EngineContext } from './engine-context.js';
import type { LinkId } from './engine-io.js';
import { FallbackRule } from './fallback-rule.js';
import { measureRate, noteQueue, noteTooLate, predictedFinishMs, type Neighbour } from './neighbours.js';
import { OriginFetches } from './origin-fetches.js';
import type { OutgoingLinks } from './outgoing-links.js';
import type { PlayoutClock } from './playout-clock.js';
import { splitSlow } from './second-source.js';
import { bestSource, type Candidate } from './source-choice.js';
import type { PushTrees } from './push-trees.js';

/** Chunks behind the edge after which nothing more is expected to happen to one. */
export const SETTLED_CHUNKS = 50;
/** Longest that the digests of a fetched chunk may take before it is fetched again, ms. */
const DIGEST_PATIENCE_MS = 1_000;
/** A peer that does not watch gives up a chunk that nobody brings after this, ms. */
const UNWATCHED_PATIENCE_MS = 10_000;
/** An origin that cannot be reached may come back with the chunk; beyond this the others play on without it, ms. */
const UNAVAILABLE_PATIENCE_MS = 10_000;
/** After so many fetches in vain an origin's word that it does not have a chunk is believed. */
const GONE_AFTER_FAILURES = 4;
/** A request is moved to another neighbour at most so often, and only for a gain of at least so many ms. */
const MAX_SWITCHES = 6;
const MIN_SWITCH_GAIN_MS = 30;
/** What a push must lose before it is pulled elsewhere, ms: its blocks are on their way already. */
const MIN_PUSH_SWITCH_GAIN_MS = 120;
/** One of so few blocks is on its way as a whole, and would come all the same. */
const SHORT_PUSH_BLOCKS = 2;
/** What one decision frees another may take, in the same input; so often at most. */
const MAX_ROUNDS = 4;
/** A transfer that is expected just in time is looked at again after this at the earliest, ms. */
const SPARED_LOOK_MS = 20;
/** While a slow fetch runs, it is looked so often for a neighbour that has the chunk, ms. */
const SLOW_ORIGIN_LOOK_MS = 100;
/** What a push is expected to take until its sender says that others come first, ms. */
const PUSH_EXPECTED_MS = 250;

/**
 * Gets chunks: pushed by a parent, else from the neighbour with the earliest predicted finish, else
 * in time from the origin. Chunks are served earliest deadline first. (SPEC SC4–SC12, FB1–FB11)
 */
export class Downloads {
  readonly #context: EngineContext;
  readonly #clock: PlayoutClock;
  readonly #links: OutgoingLinks;
  readonly #announcer: NewsTeller;
  readonly #trees: PushTrees;
  readonly #pushToChildren: (nowMs: number, chunk: StoredChunk) => void;
  readonly #checks: BlockChecks;
  readonly #fetches: OriginFetches;
  readonly #fallback: FallbackRule;
  readonly #active = new Map<ChunkKey, Download>();
  #dueMs = Infinity;

  constructor(
    context: EngineContext,
    parts: {
      clock: PlayoutClock;
      links: OutgoingLinks;
      announcer: NewsTeller;
      trees: PushTrees;
      /** Called when the first block of a chunk is verified, before others are told of it. */
      pushToChildren: (nowMs: number, chunk: StoredChunk) => void;
    },
  ) {
    this.#context = context;
    this.#clock = parts.clock;
    this.#links = parts.links;
    this.#announcer = parts.announcer;
    this.#trees = parts.trees;
    this.#pushToChildren = parts.pushToChildren;
    this.#checks = new BlockChecks(context);
    this.#fetches = new OriginFetches(context);
    this.#fallback = new FallbackRule(context.options);
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
      jitterMs: this.#drawJitterMs(partMs),
      source: NO_SOURCE,
      tail: undefined,
      toldAtMs: undefined,
      waitsUntilMs: -Infinity,
      isSpared: false,
      switches: 0,
      failures: 0,
      retryAtMs: nowMs,
      isGoneAtOrigin: false,
      dueMs: -Infinity,
    });
    this.#dueMs = nowMs;
  }

  /** A neighbour has said that it has a wanted chunk, or is getting it. */
  told(nowMs: number, key: ChunkKey, neighbour: Neighbour): void {
    const download = this.#active.get(key);
    // Only of chunks that are known: what is solicited is not forgotten to make room, and a parent could name chunks for ever.
    if (this.#trees.mayPush(nowMs, neighbour, key) && this.#context.headers.get(key)) neighbour.marks.solicit(key);
    if (this.#trees.parentOf(key) === neighbour.linkId) this.pushBegins(nowMs, key, neighbour);
    if (!download) return;
    const isFirst = download.toldAtMs === undefined;
    download.toldAtMs ??= nowMs;
    // Most news changes nothing, and comes by the dozen.
    if (isFirst || this.#isUseful(nowMs, download, neighbour)) this.#touch(download);
  }

  /** True when one more neighbour that has a chunk may change what is done about it. */
  #isUseful(nowMs: number, download: Download, neighbour: Neighbour): boolean {
    const { source, chunk } = download;
    if (source.kind === 'none') return nowMs >= download.waitsUntilMs;
    if (source.kind !== 'peer' || source.begunAtMs !== undefined) return false;
    const finishMs = predictedFinishMs(nowMs, neighbour, chunk.signed.header.byteLength);
    return expectedFinishMs(nowMs, download) - finishMs >= MIN_SWITCH_GAIN_MS;
  }

  /** The origin has no room: it is asked for nothing until then, what peers have is not to wait for it. */
  leaveOriginAlone(untilMs: number): void {
    this.#fallback.leaveAlone(untilMs);
  }

  /** Every chunk is looked at anew: the playhead has moved, or the fetches are free again. */
  touchAll(): void {
    for (const download of this.#active.values()) this.#touch(download);
  }

  /** Stops wanting a chunk, and forgets what there is of it. */
  abandon(nowMs: number, key: ChunkKey): void {
    const download = this.#active.get(key);
    if (!download) return;
    this.#release(nowMs, download, { isCancelled: true });
    this.#active.delete(key);
    this.#context.store.remove(key);
  }

  /** A neighbour is sending this chunk unasked: the origin's seeder, or the parent of its stripe. */
  pushBegins(nowMs: number, key: ChunkKey, pusher: Neighbour): void {
    const download = this.#active.get(key);
    const isRunning = download?.source.kind === 'peer' && download.source.linkId === pusher.linkId;
    if (isRunning) return;
    const isFree = download && (download.source.kind === 'none' || isIdlePull(download.source));
    if (!isFree) {
      const stored = this.#context.store.get(key);
      if (download || (stored && isComplete(stored))) this.#cancelAt(nowMs, pusher, key);
      return;
    }
    this.#release(nowMs, download, { isCancelled: true });
    if (pusher.role === 'origin') this.#context.counters.seedsReceived++;
    else this.#context.counters.pushesReceived++;
    this.#assign(nowMs, download, { neighbour: pusher, isPush: true, finishMs: nowMs + PUSH_EXPECTED_MS });
  }

  /** Takes a block from a neighbour; it counts for nothing before its digest is checked. */
  block(nowMs: number, neighbour: Neighbour, block: SentBlock): BlockResult {
    const { index, bytes } = block;
    const key = chunkKey(block.rendition, block.sequence);
    const chunk = this.#context.store.get(key);
    if (!neighbour.marks.isSolicited(key) && !this.#trees.mayPush(nowMs, neighbour, key)) {
      return this.#mayBeStale(block) ? 'forgotten' : 'unsolicited';
    }
    if (!chunk) return 'forgotten';
    // A push that was begun in time may end later than it might begin.
    neighbour.marks.solicit(key);
    const length = blockLengthOf(chunk.signed.header.byteLength, index);
    if (bytes.length !== length || length === 0) return 'wrongLength';
    neighbour.receivedBytes += length;
    neighbour.receiving.add(nowMs, length);
    const download = this.#active.get(key);
    const isNew = chunk.blocks[index] === undefined && !this.#checks.isWaiting({ key, index, from: neighbour.linkId });
    if (download) this.#progress(nowMs, download, { neighbour, length, isNew });
    if (!isNew) {
      this.#context.counters.duplicateBlocks++;
      this.#stopUnneeded(nowMs, neighbour, chunk);
      return 'duplicate';
    }
    this.#checks.start({ key, index, bytes, from: neighbour.linkId });
    return 'taken';
  }

  /** Who sends what is there already, and is no source of it, may not have heard: it is told once. */
  #stopUnneeded(nowMs: number, neighbour: Neighbour, { key }: StoredChunk): void {
    const download = this.#active.get(key);
    const isSource = download !== undefined && sourceAt(download, neighbour.linkId) !== undefined;
    if (!isSource && !neighbour.marks.isStopped(key)) this.#cancelAt(nowMs, neighbour, key);
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
    if (!download) return { check, isRight: true };
    const isWhole = isComplete(chunk);
    const isFirst = chunk.verifiedCount === 1;
    if (isFirst) this.#pushToChildren(nowMs, chunk);
    if (isWhole) this.#complete(nowMs, download, check.from);
    else if (isFirst && download.source.kind !== 'origin') this.#announcer.announce(nowMs, chunk, 'incoming');
    return isWhole ? { check, isRight: true, completed: chunk } : { check, isRight: true };
  }

  /** Bytes of a fetch from the origin, in order. */
  fetched(nowMs: number, fetchId: number, bytes: Uint8Array): void {
    for (const block of this.#fetches.bytes(fetchId, bytes)) {
      const source = this.#active.get(block.key)?.source;
      if (source?.kind === 'origin') source.heardAtMs = nowMs;
      const chunk = this.#context.store.get(block.key);
      if (chunk && chunk.blocks[block.index] === undefined) this.#checks.start({ ...block, from: 'origin' });
    }
    if (this.#fetches.isWhole(fetchId)) this.fetchEnded(nowMs, fetchId, undefined);
  }

  /** A fetch is over; `failure` undefined: all of it came. */
  fetchEnded(nowMs: number, fetchId: number, failure: OriginFailure | undefined): void {
    const fetch = this.#fetches.end(fetchId);
    this.touchWaiting();
    const download = fetch && this.#active.get(fetch.key);
    if (!fetch || !download || download.source.kind !== 'origin') return;
    if (failure === undefined) {
      this.#fallback.fetched(nowMs - fetch.startedAtMs);
      download.source.arrivedAtMs = nowMs;
      this.#touch(download);
      return;
    }
    if (failure === 'unavailable') this.#originFailed(nowMs, download);
    else this.#backOff(nowMs, download);
    download.isGoneAtOrigin = failure === 'notFound';
    download.source = NO_SOURCE;
    this.#touch(download);
  }

  /** A neighbour refused a request. */
  rejected(nowMs: number, neighbour: Neighbour, answer: ChunkRef & { readonly reason: RejectReason }): void {
    const { reason } = answer;
    const key = chunkKey(answer.rendition, answer.sequence);
    const download = this.#active.get(key);
    if (reason !== 'tooLate') neighbour.marks.lacks(key);
    if (!neighbour.marks.isSolicited(key)) return;
    // Who is too busy for this deadline may be the only one who has it when there is time again.
    if (reason === 'tooLate') noteTooLate(nowMs, neighbour, download ? this.#deadline(nowMs, download) : nowMs);
    else if (reason !== 'overLimit') neighbour.marks.fail(key);
    if (download) this.#releaseFrom(nowMs, download, neighbour);
  }

  /** A neighbour is busy with others first. */
  queued(nowMs: number, neighbour: Neighbour, answer: ChunkRef & { readonly aheadBytes: number }): void {
    const { aheadBytes } = answer;
    const key = chunkKey(answer.rendition, answer.sequence);
    noteQueue(nowMs, neighbour, aheadBytes);
    const download = this.#active.get(key);
    const source = download && sourceAt(download, neighbour.linkId);
    // Once a request: who could put it off for ever would hold the chunk past its deadline.
    if (!download || !source || source.isQueued) return;
    source.isQueued = true;
    const bytes = aheadBytes + missingBytes(download.chunk);
    source.expectedAtMs = nowMs + (bytes * neighbour.msPerKib.mean) / 1024;
    this.#touch(download);
  }

  /** A link is gone: what it was to bring is free for others. */
  linkEnded(nowMs: number, linkId: LinkId): void {
    for (const download of this.#active.values()) this.#releaseFrom(nowMs, download, { linkId });
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

  /** True while the origin, asked again and again, has answered that it does not have the chunk: only a neighbour may bring it. */
  isGone(key: ChunkKey): boolean {
    const download = this.#active.get(key);
    return download?.source.kind === 'none' && isGoneAtOrigin(download);
  }

  /** Gives up what of the wanted chunks is not wanted any more. */
  abandonWhere(nowMs: number, isUnwanted: (header: ChunkHeader) => boolean): void {
    for (const { chunk } of this.#active.values()) {
      if (isUnwanted(chunk.signed.header)) this.abandon(nowMs, chunk.key);
    }
  }

  /** Gives every chunk that has no source one, and changes those that would be late. */
  schedule(nowMs: number): void {
    if (nowMs < this.#dueMs) return;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const due = this.#dueDownloads(nowMs);
      if (due.length === 0) break;
      for (const download of due) this.#decide(nowMs, download);
    }
    this.#dueMs = Infinity;
    for (const { dueMs } of this.#active.values()) this.#dueMs = Math.min(this.#dueMs, Math.max(dueMs, nowMs + 1));
  }

  /** What is to be looked at now, earliest deadline first: the order of the sequences. */
  #dueDownloads(nowMs: number): readonly Download[] {
    const due: Download[] = [];
    for (const download of this.#active.values()) if (download.dueMs <= nowMs) due.push(download);
    if (due.length > 1) due.sort((left, right) => startOf(left) - startOf(right));
    return due;
  }

  #decide(nowMs: number, download: Download): void {
    download.dueMs = Infinity;
    const { chunk } = download;
    const deadlineMs = this.#deadline(nowMs, download);
    if (download.source.kind === 'origin') this.#dropUnchecked(nowMs, download);
    if (download.source.kind === 'origin') this.#leaveSlowOrigin(nowMs, download);
    if (download.source.kind === 'peer') this.#dropStalled(nowMs, download);
    if (download.source.kind === 'peer') this.#switchToSooner(nowMs, download, deadlineMs);
    if (download.source.kind === 'peer') this.#split(nowMs, download, deadlineMs);
    if (download.source.kind === 'origin') return;
    const partMs = chunk.signed.header.durationUs / 1000;
    const marginMs = this.#fallback.marginMs(partMs);
    const fallbackAtMs = this.#fallback.fetchAtMs(deadlineMs, { partMs, jitterMs: download.jitterMs });
    const isFallbackTime = nowMs >= fallbackAtMs;
    const fetchedAtMs = nowMs + this.#fallback.fetchMs;
    if (download.source.kind === 'none' && this.#trees.isRootOf(chunk.key) && this.#mayFetch(nowMs)) {
      this.#context.counters.rootFetches++;
      this.#fallBack(nowMs, download);
    } else if (download.source.kind === 'none') {
      if (!isFallbackTime && this.#waitsForParent(nowMs, download)) {
        this.#lookAgain(download, fallbackAtMs);
        return;
      }
      const best = bestSource(this.#context, nowMs, { chunk });
      // An origin that has failed once, or takes longer, is worse than a late neighbour.
      const isOriginAway = !this.#mayFetch(nowMs) || download.failures > 0 || (best !== undefined && best.finishMs <= fetchedAtMs);
      const isInTime = best !== undefined && best.finishMs <= deadlineMs - marginMs;
      // What would come too late anyway only takes from others what could be in time.
      if (best && (isInTime || isOriginAway || this.#context.identity.role !== 'viewer')) {
        if (!isFallbackTime && best.neighbour.marks.holding(chunk.key) === 'incoming' && nowMs >= fallbackAtMs - partMs / 2) {
          this.#context.counters.fallbacksLeft++;
        }
        this.#ask(nowMs, download, { ...best, deadlineMs: isInTime ? deadlineMs : Infinity });
      } else if (isFallbackTime || this.#clock.isUnhurried || !(this.#context.neighbours.hasUploader() || this.#context.isLinking(nowMs))) {
        this.#fallBack(nowMs, download);
      }
    } else if (isFallbackTime && this.#mayFetch(nowMs) && download.failures === 0) {
      // What is overdue already has had its time.
      const latestMs = nowMs > download.source.expectedAtMs ? deadlineMs - marginMs : Math.max(deadlineMs - marginMs, fetchedAtMs);
      if (expectedFinishMs(nowMs, download) > latestMs) this.#fallBack(nowMs, download);
      else this.#spare(nowMs, download, download.source);
    }
    if (!isFallbackTime) this.#lookAgain(download, fallbackAtMs);
  }

  /** An origin whose uplink is taken lets one wait: whoever has the chunk meanwhile is asked instead. */
  #leaveSlowOrigin(nowMs: number, download: Download): void {
    const { source } = download;
    if (source.kind !== 'origin' || source.arrivedAtMs !== undefined) return;
    const slowAtMs = source.heardAtMs + this.#fallback.fetch95Ms;
    if (nowMs < slowAtMs) {
      this.#lookAgain(download, slowAtMs);
      return;
    }
    const best = bestSource(this.#context, nowMs, { chunk: download.chunk });
    // Who was silent for so long may be for as long again: a neighbour has to be sooner than that.
    if (!best || best.finishMs > nowMs + (nowMs - source.heardAtMs)) {
      this.#lookAgain(download, nowMs + SLOW_ORIGIN_LOOK_MS);
      return;
    }
    this.#release(nowMs, download, { isCancelled: true });
    this.#originFailed(nowMs, download);
    this.#ask(nowMs, download, { ...best, deadlineMs: Infinity });
  }

  /** A parent that keeps its word is given some time to push what others have already. */
  #waitsForParent(nowMs: number, download: Download): boolean {
    const { chunk, toldAtMs } = download;
    if (!this.#trees.isParentTrusted(chunk.key)) return false;
    const parent = this.#context.neighbours.get(this.#trees.parentOf(chunk.key) ?? -1);
    if (!parent || parent.marks.hasFailed(chunk.key)) return false;
    const patientUntilMs = (toldAtMs ?? nowMs) + this.#trees.patienceMs(chunk.key);
    if (nowMs >= patientUntilMs) return false;
    download.waitsUntilMs = patientUntilMs;
    this.#lookAgain(download, patientUntilMs);
    return true;
  }

  /** A fetch that ended whole, but whose blocks did not all pass, is made again. */
  #dropUnchecked(nowMs: number, download: Download): void {
    const { source } = download;
    if (source.kind !== 'origin' || source.arrivedAtMs === undefined) return;
    const giveUpAtMs = source.arrivedAtMs + DIGEST_PATIENCE_MS;
    if (nowMs < giveUpAtMs) this.#lookAgain(download, giveUpAtMs);
    else download.source = NO_SOURCE;
  }

  /** Gives up a neighbour that has gone silent in the middle of a transfer, or never began it. */
  #dropStalled(nowMs: number, download: Download): void {
    const { source } = download;
    if (source.kind !== 'peer') return;
    const neighbour = this.#context.neighbours.get(source.linkId);
    const stallMs = Math.max(this.#context.options.scheduler.stallMs, 4 * (neighbour?.roundTripMs.mean ?? 0));
    const stalledAtMs = Math.max(source.lastBlockAtMs, source.expectedAtMs) + stallMs;
    if (nowMs < stalledAtMs) {
      this.#lookAgain(download, stalledAtMs);
      return;
    }
    if (neighbour) {
      neighbour.marks.fail(download.chunk.key);
      neighbour.brokenPromises++;
      this.#trees.failed(nowMs, neighbour, download.chunk.key);
    }
    this.#release(nowMs, download, { isCancelled: true });
  }

  /** While a neighbour has not begun, another one may by now be able to deliver sooner. */
  #switchToSooner(nowMs: number, download: Download, deadlineMs: number): void {
    const { source, chunk } = download;
    if (source.kind !== 'peer' || source.begunAtMs !== undefined || !this.#context.options.isEnabled('switching')) return;
    if (download.switches >= MAX_SWITCHES || this.#context.neighbours.get(source.linkId)?.role === 'origin') return;
    if (source.isPush && chunk.blockCount <= SHORT_PUSH_BLOCKS) return;
    const best = bestSource(this.#context, nowMs, { chunk, other: source.linkId });
    if (!best) return;
    const gainMs = expectedFinishMs(nowMs, download) - best.finishMs;
    const leastGainMs = source.isPush ? MIN_PUSH_SWITCH_GAIN_MS : MIN_SWITCH_GAIN_MS;
    if (gainMs < Math.max(leastGainMs, best.neighbour.roundTripMs.mean)) return;
    download.switches++;
    this.#context.counters.switches++;
    this.#release(nowMs, download, { isCancelled: true });
    this.#ask(nowMs, download, { ...best, deadlineMs });
  }

  /** Of a slow transfer the end is left to a second source. */
  #split(nowMs: number, download: Download, deadlineMs: number): void {
    const { source, chunk } = download;
    if (source.kind !== 'peer' || download.tail) return;
    const { lookAtMs, tail } = splitSlow(this.#context, nowMs, { chunk, source });
    this.#lookAgain(download, lookAtMs);
    if (!tail) return;
    this.#context.counters.splits++;
    download.tail = newPeerSource(nowMs, download, { ...tail, isPush: false });
    this.#request(nowMs, download, { ...tail, deadlineMs });
  }

  /** A block of a download has come. */
  #progress(nowMs: number, download: Download, from: { readonly neighbour: Neighbour; readonly length: number; readonly isNew: boolean }): void {
    const { neighbour, length } = from;
    const source = sourceAt(download, neighbour.linkId);
    if (!source) return;
    if (source.begunAtMs === undefined) {
      source.begunAtMs = nowMs;
      source.isSteady = neighbour.marks.holding(download.chunk.key) === 'complete';
    }
    const paidBytes = Math.min(length, source.owedBytes);
    source.owedBytes -= paidBytes;
    neighbour.outstandingBytes -= paidBytes;
    // What is there already brings the end no nearer: who sends one block for ever is as good as silent.
    if (from.isNew) noteBlock(nowMs, source, { neighbour, length, leftBytes: missingBytes(download.chunk) - length });
  }

  #ask(nowMs: number, download: Download, from: Candidate & { readonly deadlineMs: number }): void {
    this.#context.counters.pulls++;
    this.#assign(nowMs, download, { ...from, isPush: false });
    this.#request(nowMs, download, from);
  }

  /** Asks for what is missing, or only for what is missing from a block on. */
  #request(
    nowMs: number,
    download: Download,
    from: Candidate & { readonly deadlineMs: number; readonly fromBlock?: number },
  ): void {
    const { chunk } = download;
    const firstBlock = from.fromBlock ?? firstMissingBlock(chunk);
    this.#links.send(nowMs, from.neighbour.linkId, {
      kind: 'request',
      ...refOf(chunk),
      firstBlock,
      blockCount: chunk.blockCount - firstBlock,
      deadlineInMs: Math.max(0, Math.min(NO_DEADLINE_MS, from.deadlineMs - nowMs)),
    });
  }

  #assign(nowMs: number, download: Download, from: Candidate & { readonly isPush: boolean }): void {
    download.source = newPeerSource(nowMs, download, from);
    this.#touch(download);
  }

  #fallBack(nowMs: number, download: Download): void {
    if (!this.#context.asksOrigin() || isGoneAtOrigin(download)) return;
    const retryAtMs = Math.max(download.retryAtMs, this.#fallback.awayUntilMs);
    if (!this.#mayFetch(nowMs) || nowMs < retryAtMs) {
      // Else it is looked at when a fetch has ended.
      if (nowMs < retryAtMs) this.#lookAgain(download, retryAtMs);
      return;
    }
    const { chunk, source } = download;
    if (source.kind !== 'none') this.#release(nowMs, download, { isCancelled: true });
    const firstBlock = firstMissingBlock(chunk);
    const { counters } = this.#context;
    counters.fallbacks++;
    if (firstBlock > 0) counters.rangeTails++;
    const fetchId = this.#fetches.start(nowMs, chunk, { firstBlock, isRetry: download.failures > 0 });
    download.source = { kind: 'origin', fetchId, heardAtMs: nowMs, arrivedAtMs: undefined };
    if (chunk.verifiedCount === 0) this.#announcer.announce(nowMs, chunk, 'incoming');
  }

  /** The deadline is near, but a neighbour is expected to keep it: looked at again when it has not. */
  #spare(nowMs: number, download: Download, source: { readonly expectedAtMs: number }): void {
    this.#lookAgain(download, Math.max(source.expectedAtMs, nowMs + SPARED_LOOK_MS));
    if (download.isSpared) return;
    download.isSpared = true;
    this.#context.counters.fallbacksSpared++;
  }

  #complete(nowMs: number, download: Download, from: LinkId | 'origin'): void {
    const { chunk, source } = download;
    const lagMs = source.kind === 'peer' && source.begunAtMs !== undefined ? source.begunAtMs - (download.toldAtMs ?? source.begunAtMs) : undefined;
    if (source.kind === 'peer') {
      const neighbour = this.#context.neighbours.get(source.linkId);
      this.#fallback.peersDelivered(nowMs - download.acceptedAtMs);
      if (neighbour) neighbour.brokenPromises = 0;
      if (neighbour && source.isSteady) measureRate(nowMs, neighbour, source);
    }
    // Whoever else was asked for it, or was asked for more than was needed in the end, is still at it.
    const isSending = source.kind === 'peer' && (source.linkId !== from || source.owedBytes > 0);
    const isFetching = source.kind === 'origin' && this.#fetches.isOpen(source.fetchId);
    this.#release(nowMs, download, { isCancelled: isFetching || isSending });
    this.#active.delete(chunk.key);
    this.#announcer.announce(nowMs, chunk, 'complete');
    this.#trees.delivered(nowMs, { key: chunk.key, from, lagMs });
  }

  /** Frees a download of its sources; `isCancelled` also tells them, so that they save the bytes. */
  #release(nowMs: number, download: Download, how: { readonly isCancelled: boolean }): void {
    const { source, tail } = download;
    download.source = NO_SOURCE;
    download.tail = undefined;
    if (tail) this.#releasePeer(nowMs, download, { source: tail, isCancelled: tail.owedBytes > 0 });
    if (source.kind === 'peer') this.#releasePeer(nowMs, download, { source, ...how });
    else if (source.kind === 'origin' && how.isCancelled) {
      this.#fetches.abort(source.fetchId);
      this.touchWaiting();
    }
    this.#touch(download);
  }

  /** Frees a download of one neighbour, which sends nothing more of it. What has lost its first source has not the end alone to come. */
  #releaseFrom(nowMs: number, download: Download, { linkId }: { readonly linkId: LinkId }): void {
    const { source, tail } = download;
    if (source.kind === 'peer' && source.linkId === linkId) this.#release(nowMs, download, { isCancelled: false });
    else if (tail?.linkId === linkId) {
      download.tail = undefined;
      this.#releasePeer(nowMs, download, { source: tail, isCancelled: false });
      this.#touch(download);
    }
  }

  #releasePeer(
    nowMs: number,
    { chunk }: Download,
    what: { readonly source: PeerSource; readonly isCancelled: boolean },
  ): void {
    const neighbour = this.#context.neighbours.get(what.source.linkId);
    if (!neighbour) return;
    neighbour.outstandingChunks--;
    neighbour.outstandingBytes -= what.source.owedBytes;
    if (what.isCancelled) this.#cancelAt(nowMs, neighbour, chunk.key);
    this.touchWaiting();
  }

  /** Whatever waits is looked at anew: a neighbour or a fetch is free, or neighbours have more. */
  touchWaiting(): void {
    for (const download of this.#active.values()) if (download.source.kind === 'none') this.#touch(download);
  }

  #cancelAt(nowMs: number, neighbour: Neighbour, key: ChunkKey): void {
    const signed = this.#context.headers.get(key);
    if (!signed) return;
    const { rendition, sequence } = signed.header;
    this.#context.counters.cancels++;
    // Blocks already on their way are not the neighbour's fault.
    neighbour.marks.solicit(key);
    neighbour.marks.stop(key);
    this.#links.send(nowMs, neighbour.linkId, { kind: 'cancel', rendition, sequence });
  }

  #originLied(nowMs: number, key: ChunkKey): void {
    const download = this.#active.get(key);
    if (!download) return;
    if (download.source.kind === 'origin') this.#release(nowMs, download, { isCancelled: true });
    this.#backOff(nowMs, download);
  }

  #originFailed(nowMs: number, download: Download): void {
    this.#fallback.failed(nowMs);
    this.#backOff(nowMs, download);
  }

  #backOff(nowMs: number, download: Download): void {
    const { retryMs } = this.#context.options.fallback;
    download.retryAtMs = nowMs + retryMs * 2 ** Math.min(4, download.failures);
    download.failures++;
    this.#touch(download);
  }

  #sourceOf(from: LinkId | 'origin'): 'originBytes' | 'seederBytes' | 'peerBytes' {
    if (from === 'origin') return 'originBytes';
    return this.#context.neighbours.get(from)?.role === 'origin' ? 'seederBytes' : 'peerBytes';
  }

  /** Volunteers and the origin's seeder watch nothing: they never fall back. */
  #mayFetch(nowMs: number): boolean {
    const { asksOrigin, options } = this.#context;
    if (nowMs < this.#fallback.awayUntilMs) return false;
    return asksOrigin() && this.#fetches.count < options.fallback.parallelFetches;
  }

  #deadline(nowMs: number, download: Download): number {
    const { acceptedAtMs, chunk } = download;
    return this.#clock.deadlineMs(nowMs, { header: chunk.signed.header, acceptedAtMs });
  }

  /** True for chunks of which it is forgotten whether they were asked for. */
  #mayBeStale({ rendition, sequence }: ChunkRef): boolean {
    const { headers } = this.#context;
    const edge = headers.edge(rendition);
    return headers.isStale({ rendition, sequence }) || (edge !== undefined && sequence <= edge.sequence - SETTLED_CHUNKS);
  }

  #drawJitterMs(partMs: number): number {
    const { options, random } = this.#context;
    return options.isEnabled('jitter') ? random.next() * partMs * options.fallback.jitterParts : 0;
  }

  /** Looks at a download at the end of this input. */
  #touch(download: Download): void {
    download.dueMs = -Infinity;
    this.#dueMs = -Infinity;
    this.#context.stir(-Infinity);
  }

  /** Looks at a download at that time, if not before. */
  #lookAgain(download: Download, atMs: number): void {
    download.dueMs = Math.min(download.dueMs, atMs);
  }
}

function isGoneAtOrigin({ isGoneAtOrigin, failures }: Download): boolean {
  return isGoneAtOrigin && failures >= GONE_AFTER_FAILURES;
}
