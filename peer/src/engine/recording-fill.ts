import { chunkKey, LIMITS, renditionBit, type ChunkHeader, type ChunkKey, type ChunkRef, type RenditionId, type SignedChunkHeader } from '@p2ptv/protocol';
import { endDateMs, isComplete, type StoredChunk } from './chunk-store.js';
import type { Downloads } from './downloads.js';
import type { EngineContext } from './engine-context.js';
import { Estimate } from './estimate.js';
import type { HoldingsTeller } from './holdings-teller.js';
import type { FoundChunk } from './engine-io.js';
import type { Uploads } from './uploads.js';
import { ASSUMED_PART_MS, ASSUMED_STREAM_BITS_PER_SECOND, type Viewing } from './viewing.js';

/** Fewer known chunks to choose from than this, and headers are asked for. */
const FEW_CANDIDATES = 32;
/** Of so many the one is chosen that is got next. */
const CHOICE = 64;
/** Pause after headers could not be got, ms; doubles up to 64 times as long: nobody waits for them. */
const HEADERS_RETRY_MS = 500;
/** Longest that an answer to a question for headers may take, ms. */
const ANSWER_PATIENCE_MS = 30_000;
/** The signatures of an answer are checked within this, ms: then there is something to choose from. */
const CHECKS_MS = 100;
/** When the budget of the memory is exceeded, so much of it is made free at once. */
const FREED_RATIO = 0.05;
/** Marks of chunks that left the memory are kept so long, ms: their blocks may still be on their way. */
const FORGET_AFTER_MS = 30_000;

/** How far a rendition's headers have been walked through; `doneMs` Infinity: to the end. */
type Walk = { readonly rendition: RenditionId; doneMs: number };

/**
 * A volunteer that gets a whole recording to keep it on its disk, and serves it from there: nothing of it is urgent, so
 * it goes at a rate of its own, takes what neighbours have before it asks the origin, and of that the rarest first.
 * Memory holds what has just come, or was just served. (SPEC FI)
 */
export class RecordingFill implements Viewing {
  readonly rendition = undefined;
  readonly #context: EngineContext;
  readonly #downloads: Downloads;
  readonly #uploads: Uploads;
  readonly #teller: HoldingsTeller;
  readonly #bitsPerSecond = new Map<RenditionId, Estimate>();
  readonly #walks: Walk[] = [];
  #partMs = ASSUMED_PART_MS;
  /** Verified, not there, and not asked for; by date. */
  readonly #candidates = new Map<ChunkKey, SignedChunkHeader>();
  /** Asked for, and not on the disk yet. */
  readonly #pending = new Set<ChunkKey>();
  #asked: { readonly requestId: number; readonly walk: Walk; readonly atMs: number } | undefined;
  #askedCount = 0;
  #askFailures = 0;
  #askAtMs = -Infinity;
  /** The rate allows nothing before. */
  #nextAtMs = -Infinity;
  #isFull = false;
  #removed: { readonly key: ChunkKey; readonly atMs: number }[] = [];

  constructor(
    context: EngineContext,
    parts: { readonly downloads: Downloads; readonly uploads: Uploads; readonly teller: HoldingsTeller },
  ) {
    this.#context = context;
    this.#downloads = parts.downloads;
    this.#uploads = parts.uploads;
    this.#teller = parts.teller;
  }

  /** All of it is kept. */
  get isComplete(): boolean {
    const isWalked = this.#walks.length > 0 && this.#walks.every(({ doneMs }) => doneMs === Infinity);
    return isWalked && !this.#isFull && this.#candidates.size + this.#pending.size === 0;
  }

  /** The disk takes no more. */
  get isFull(): boolean {
    return this.#isFull;
  }

  get followedBits(): number {
    return this.#walks.reduce((bits, { rendition }) => bits | renditionBit(rendition), 0);
  }

  get partMs(): number {
    return this.#partMs;
  }

  bitsPerSecond(rendition: RenditionId): number {
    return this.#bitsPerSecond.get(rendition)?.mean ?? ASSUMED_STREAM_BITS_PER_SECOND;
  }

  /** What neighbours tell one by one is of the live edge; what they have of a recording comes by HOLDINGS. */
  isFollowed(): boolean {
    return false;
  }

  dueMs(): number {
    const asksAtMs = this.#needsHeaders ? Math.max(this.#askAtMs, (this.#asked?.atMs ?? -Infinity) + ANSWER_PATIENCE_MS) : Infinity;
    return Math.min(asksAtMs, this.#canWant ? this.#nextAtMs : Infinity, this.#teller.dueMs);
  }

  /** These renditions are wanted, whole, in that order; those that are named already go on. */
  begin(renditions: readonly RenditionId[]): void {
    for (const rendition of renditions) {
      if (!this.#walks.some((walk) => walk.rendition === rendition)) this.#walks.push({ rendition, doneMs: -Infinity });
    }
  }

  /** The viewer's way of watching is another from now on. */
  end(nowMs: number): void {
    this.#downloads.abandonWhere(nowMs, () => true);
  }

  /** The disk keeps these; `isFull`: and nothing else. */
  kept(nowMs: number, told: { readonly chunks: readonly ChunkRef[]; readonly isFull: boolean }): void {
    for (const chunk of told.chunks) {
      const key = chunkKey(chunk.rendition, chunk.sequence);
      this.#context.kept.add(key);
      this.#pending.delete(key);
      this.#candidates.delete(key);
      this.#teller.changed(nowMs, key);
    }
    if (!told.isFull || this.#isFull) return;
    this.#isFull = true;
    this.#candidates.clear();
    this.#pending.clear();
    this.#downloads.abandonWhere(nowMs, () => true);
  }

  /** The disk has answered; `found` undefined: it has not got the chunk, or had it wrong: it is got anew. */
  read(nowMs: number, chunk: ChunkRef, found: FoundChunk | undefined): void {
    const { store, kept } = this.#context;
    const key = chunkKey(chunk.rendition, chunk.sequence);
    const waiting = kept.answered(key, found !== undefined);
    if (found && !store.get(key)) store.addOwn(found.signed, found.bytes);
    if (!found) {
      this.#teller.changed(nowMs, key);
      const walk = this.#walks.find(({ rendition }) => rendition === chunk.rendition);
      if (walk) walk.doneMs = -Infinity;
    }
    for (const { linkId, request, atMs } of waiting) this.#uploads.resume(nowMs, linkId, { request, waitedMs: nowMs - atMs });
    this.#trim(nowMs);
  }

  /** The origin has answered a question for headers: only those of chunks that are lacking are worth a signature check. */
  headersCame(nowMs: number, answer: { readonly requestId: number; readonly headers: readonly SignedChunkHeader[]; readonly isEnd: boolean }): readonly SignedChunkHeader[] {
    if (this.#asked?.requestId !== answer.requestId) return [];
    const { walk } = this.#asked;
    this.#asked = undefined;
    this.#askFailures = 0;
    this.#askAtMs = nowMs;
    this.#nextAtMs = Math.max(this.#nextAtMs, nowMs + CHECKS_MS);
    const last = answer.headers.at(-1)?.header;
    const isFurther = last !== undefined && endDateMs(last) > walk.doneMs;
    walk.doneMs = isFurther && !answer.isEnd ? endDateMs(last) : Infinity;
    return answer.headers.filter(({ header }) => this.#isLacking(keyOf(header)));
  }

  headersFailed(nowMs: number, requestId: number): void {
    if (this.#asked?.requestId !== requestId) return;
    this.#asked = undefined;
    const pauseMs = HEADERS_RETRY_MS * 2 ** Math.min(6, this.#askFailures);
    this.#askFailures++;
    this.#askAtMs = nowMs + pauseMs * (0.5 + this.#context.random.next());
  }

  accepted(_nowMs: number, signed: SignedChunkHeader): void {
    const { header } = signed;
    const key = keyOf(header);
    if (this.#isFull || !this.#isLacking(key)) return;
    this.#candidates.set(key, signed);
    this.#partMs = header.durationUs / 1000;
    const rate = this.#bitsPerSecond.get(header.rendition) ?? new Estimate(ASSUMED_STREAM_BITS_PER_SECOND);
    rate.add((header.byteLength * 8_000_000) / header.durationUs);
    this.#bitsPerSecond.set(header.rendition, rate);
  }

  /** What is told changes what is got next, not when. */
  told(): void {}

  advance(nowMs: number): number {
    this.#teller.tick(nowMs);
    this.#giveUpGone(nowMs);
    while (this.#canWant && nowMs >= this.#nextAtMs) this.#wantOne(nowMs);
    this.#trim(nowMs);
    return Infinity;
  }

  pollHeaders(nowMs: number): void {
    if (this.#asked && nowMs >= this.#asked.atMs + ANSWER_PATIENCE_MS) this.#asked = undefined;
    if (!this.#needsHeaders || this.#asked || nowMs < this.#askAtMs) return;
    const walk = this.#walks.find(({ doneMs }) => doneMs < Infinity);
    if (!walk) return;
    const requestId = ++this.#askedCount;
    this.#asked = { requestId, walk, atMs: nowMs };
    this.#context.counters.headerPolls++;
    const dateMs = Math.max(0, walk.doneMs);
    this.#context.command({ kind: 'headersAt', requestId, rendition: walk.rendition, dateMs, count: LIMITS.headersPerAnswer });
  }

  get #needsHeaders(): boolean {
    return !this.#isFull && this.#candidates.size < FEW_CANDIDATES && this.#walks.some(({ doneMs }) => doneMs < Infinity);
  }

  get #canWant(): boolean {
    return !this.#isFull && this.#candidates.size > 0 && this.#pending.size < this.#context.options.fill.parallel;
  }

  #isLacking(key: ChunkKey): boolean {
    const { kept, store } = this.#context;
    return !kept.has(key) && !this.#pending.has(key) && !this.#candidates.has(key) && store.get(key) === undefined;
  }

  #wantOne(nowMs: number): void {
    const signed = this.#choose();
    if (!signed) return;
    const key = keyOf(signed.header);
    this.#candidates.delete(key);
    this.#pending.add(key);
    this.#nextAtMs = Math.max(this.#nextAtMs, nowMs) + (signed.header.byteLength * 8000) / this.#context.options.fill.bitsPerSecond;
    this.#downloads.want(nowMs, signed);
  }

  /** What the fewest neighbours have, but some: it becomes less rare, and the origin is spared; else what comes next. */
  #choose(): SignedChunkHeader | undefined {
    let chosen: SignedChunkHeader | undefined;
    let fewest = Infinity;
    let seen = 0;
    for (const [key, signed] of this.#candidates) {
      if (seen++ >= CHOICE) break;
      const holders = this.#holdersOf(key);
      chosen ??= signed;
      if (holders === 0 || holders >= fewest) continue;
      fewest = holders;
      chosen = signed;
    }
    return chosen;
  }

  #holdersOf(key: ChunkKey): number {
    let holders = 0;
    for (const { marks, status } of this.#context.neighbours.all()) {
      if (status?.isUploading === true && marks.holding(key) === 'complete') holders++;
    }
    return holders;
  }

  /** What the origin has not got, nor any neighbour, is left out. */
  #giveUpGone(nowMs: number): void {
    for (const key of this.#pending) {
      if (!this.#downloads.isGone(key) || this.#holdersOf(key) > 0) continue;
      this.#downloads.abandon(nowMs, key);
      this.#pending.delete(key);
    }
  }

  /** Makes room in the memory: what was used longest ago goes, if it is on the disk or never will be. */
  #trim(nowMs: number): void {
    const { store, kept, headers, neighbours, options } = this.#context;
    const { budgetBytes } = options.store;
    if (store.bytes > budgetBytes) {
      const gone: StoredChunk[] = [];
      let left = store.bytes;
      const awaited = this.#uploads.keys;
      for (const chunk of store.all()) {
        if (left <= budgetBytes * (1 - FREED_RATIO)) break;
        if (!isComplete(chunk) || this.#pending.has(chunk.key) || awaited.has(chunk.key)) continue;
        gone.push(chunk);
        left -= chunk.signed.header.byteLength;
      }
      for (const { key } of gone) {
        store.remove(key);
        headers.remove(key);
        this.#removed.push({ key, atMs: nowMs });
        if (!kept.has(key)) this.#teller.changed(nowMs, key);
      }
    }
    const over = this.#removed.filter(({ atMs }) => nowMs >= atMs + FORGET_AFTER_MS);
    if (over.length === 0) return;
    this.#removed = this.#removed.filter(({ atMs }) => nowMs < atMs + FORGET_AFTER_MS);
    neighbours.forget(over.map(({ key }) => key).filter((key) => !store.get(key)));
  }
}

function keyOf({ rendition, sequence }: ChunkHeader): ChunkKey {
  return chunkKey(rendition, sequence);
}
