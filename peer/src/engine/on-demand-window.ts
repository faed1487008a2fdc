import { chunkKey, LISTED_DATE_TOLERANCE_MS, renditionBit, type ChunkHeader, type ChunkKey, type RenditionId, type SignedChunkHeader } from '@p2ptv/protocol';
import { endDateMs, isComplete, type StoredChunk } from './chunk-store.js';
import type { Downloads } from './downloads.js';
import type { EngineContext } from './engine-context.js';
import type { EngineInput } from './engine-io.js';
import { Estimate } from './estimate.js';
import type { HoldingsTeller } from './holdings-teller.js';
import type { PlayoutClock } from './playout-clock.js';
import { RecordingMap } from './recording-map.js';
import { ASSUMED_PART_MS, ASSUMED_STREAM_BITS_PER_SECOND, type Viewing } from './viewing.js';

/** What was played so lately is kept, ms: a viewer who missed a word goes back so far. */
const KEEP_BEHIND_MS = 10_000;
/** When the budget of the store is exceeded, so much of it is made free at once. */
const FREED_RATIO = 0.05;
/** How often it is looked what is wanted, ms, when nothing has happened; and what of the spread part, at most. */
const LOOK_INTERVAL_MS = 500;
const SPREAD_INTERVAL_MS = 250;
/** How often it is looked who has something of what is wanted next, ms: neighbours have told what they have by then. */
const NEIGHBOURS_INTERVAL_MS = 2_000;
/** Chunks of the spread part that are read from the viewer's disk at a time: what is urgent is not to wait for them. */
const CACHE_READS = 16;
/** Pause after headers could not be got, ms; doubles up to 16 times as long. */
const HEADERS_RETRY_MS = 250;
/** Longest that the signatures of an answer may take before it is asked for again, ms. */
const CHECK_PATIENCE_MS = 1_000;
/** Marks of chunks that are not wanted any more are kept so long, ms: their blocks may still be on their way. */
const FORGET_AFTER_MS = 30_000;

type SeekInput = Extract<EngineInput, { kind: 'seek' }>;

/** A question to the origin; `awaitedSequence`: it is answered, and this header of the answer is being checked. */
type HeaderRequest = { readonly requestId: number; readonly dateMs: number; awaitedSequence: number | undefined };

/**
 * What a viewer of a recording wants now: all of the urgent part, the next seconds from the playhead on, and a few
 * chunks at a time of the spread part after it, of those that neighbours have the rarest first. (SPEC OD)
 */
export class OnDemandWindow implements Viewing {
  readonly #context: EngineContext;
  readonly #clock: PlayoutClock;
  readonly #downloads: Downloads;
  readonly #teller: HoldingsTeller;
  readonly #followedChanged: (nowMs: number) => void;
  readonly #bitsPerSecond = new Estimate(ASSUMED_STREAM_BITS_PER_SECOND);
  readonly #map = new RecordingMap();
  #rendition: RenditionId | undefined;
  #partMs = ASSUMED_PART_MS;
  /** Where playback is to begin or go on, until the part is known with which it does. */
  #soughtMs: number | undefined;
  /** The part with which it is to, if the player knows it. */
  #soughtSequence: number | undefined;
  /** That part's date may be as late as this: asked for once, where an answer for the date that was told ends before it. */
  #soughtLaterMs: number | undefined;
  /** Where the picture is to go on, if that is not where the part begins with which it does. */
  #pictureMs: number | undefined;
  /** The part with which playback began, or went on after the last seek. */
  #entry: ChunkHeader | undefined;
  #asked: HeaderRequest | undefined;
  #askedCount = 0;
  #askFailures = 0;
  /** When headers that could not be got are asked for again; Infinity: none are lacking so. */
  #askAtMs = Infinity;
  #lookAtMs = Infinity;
  /** The headers from this date on will be needed soon, and are not there. */
  #lackingFromMs: number | undefined;
  #spreadAtMs = 0;
  #neighboursAtMs = -Infinity;
  /** Chunks of the spread part that were asked for. */
  readonly #spreading = new Set<ChunkKey>();
  #abandoned: { readonly key: ChunkKey; readonly atMs: number }[] = [];

  constructor(
    context: EngineContext,
    parts: {
      readonly clock: PlayoutClock;
      readonly downloads: Downloads;
      readonly teller: HoldingsTeller;
      /** Called when it is known what is watched. */
      readonly followedChanged: (nowMs: number) => void;
    },
  ) {
    this.#context = context;
    this.#clock = parts.clock;
    this.#downloads = parts.downloads;
    this.#teller = parts.teller;
    this.#followedChanged = parts.followedChanged;
  }

  get rendition(): RenditionId | undefined {
    return this.#rendition;
  }

  get followedBits(): number {
    return this.#rendition === undefined ? 0 : renditionBit(this.#rendition);
  }

  get partMs(): number {
    return this.#partMs;
  }

  bitsPerSecond(): number {
    return this.#bitsPerSecond.mean;
  }

  isFollowed(rendition: RenditionId): boolean {
    return this.#rendition === undefined || rendition === this.#rendition;
  }

  dueMs(): number {
    return Math.min(this.#lookAtMs, this.#askAtMs, this.#teller.dueMs);
  }

  /** The origin's answer to whoever opens the recording: headers from the part on with which playback begins. */
  opened(nowMs: number, at: { readonly rendition: RenditionId; readonly headers: readonly SignedChunkHeader[]; readonly isEnd: boolean }): void {
    this.#rendition = at.rendition;
    const first = at.headers[0];
    const last = at.headers.at(-1);
    if (!first || !last) return;
    this.#context.headers.reopen(at.rendition);
    this.#soughtMs = first.header.programDateTimeMs;
    this.#soughtSequence = undefined;
    this.#map.link(at.headers, at.isEnd);
    this.#asked = { requestId: 0, dateMs: this.#soughtMs, awaitedSequence: undefined };
    this.#await(nowMs, this.#asked, last.header.sequence);
    this.#followedChanged(nowMs);
  }

  /** Nothing of the recording is wanted any more; what is held stays. */
  end(nowMs: number): void {
    this.#downloads.abandonWhere(nowMs, () => true);
  }

  /**
   * Playback is to go on elsewhere: what lies near is kept, whatever is under way to the old place is given up.
   */
  seek(nowMs: number, { dateMs, sequence, pictureMs }: SeekInput): void {
    if (this.#rendition === undefined || !Number.isFinite(dateMs)) return;
    this.#context.counters.seeks++;
    this.#soughtMs = dateMs;
    this.#soughtSequence = sequence;
    this.#soughtLaterMs = sequence === undefined ? undefined : dateMs + LISTED_DATE_TOLERANCE_MS;
    this.#pictureMs = pictureMs;
    this.#entry = undefined;
    this.#asked = undefined;
    this.#askFailures = 0;
    this.#askAtMs = Infinity;
    const toMs = dateMs + this.#context.options.onDemand.spreadMs;
    this.#abandon(nowMs, ({ programDateTimeMs }) => programDateTimeMs < dateMs - KEEP_BEHIND_MS || programDateTimeMs >= toMs);
    this.#tryEnter(nowMs);
  }

  /** The origin has answered a request for headers; their signatures are not checked yet. */
  headersCame(nowMs: number, answer: { readonly requestId: number; readonly headers: readonly SignedChunkHeader[]; readonly isEnd: boolean }): void {
    const { requestId, headers, isEnd } = answer;
    this.#map.link(headers, isEnd);
    if (this.#asked?.requestId !== requestId) return;
    const first = headers[0];
    const last = headers.at(-1);
    if (!first || !last) {
      this.headersFailed(nowMs, requestId);
      return;
    }
    this.#askFailures = 0;
    // Nearer to it the recording has nothing: it begins later, or ends before.
    if (this.#soughtMs === this.#asked.dateMs) this.#soughtMs = first.header.programDateTimeMs;
    this.#await(nowMs, this.#asked, last.header.sequence);
    if (this.#map.has(last.header.sequence)) this.#answerChecked(nowMs);
  }

  headersFailed(nowMs: number, requestId: number): void {
    if (this.#asked?.requestId !== requestId) return;
    this.#asked = undefined;
    const pauseMs = HEADERS_RETRY_MS * 2 ** Math.min(4, this.#askFailures);
    this.#askFailures++;
    this.#askAtMs = nowMs + pauseMs * (0.5 + this.#context.random.next());
  }

  accepted(nowMs: number, { header }: SignedChunkHeader): void {
    if (header.rendition !== this.#rendition) return;
    this.#partMs = header.durationUs / 1000;
    this.#bitsPerSecond.add((header.byteLength * 8_000_000) / header.durationUs);
    this.#map.add(header);
    if (this.#asked?.awaitedSequence === header.sequence) this.#answerChecked(nowMs);
    else if (this.#soughtMs !== undefined) this.#tryEnter(nowMs);
    this.#lookAtMs = nowMs;
  }

  /** There may be something to ask for. */
  told(): void {
    this.#lookAtMs = Math.min(this.#lookAtMs, this.#spreadAtMs);
    this.#context.stir(this.#lookAtMs);
  }

  /** The viewer's own cache has told what it holds, for which everything has waited. */
  cacheOpened(nowMs: number): void {
    this.#lookAtMs = Math.min(this.#lookAtMs, nowMs);
    this.#context.stir(nowMs);
  }

  /**
   * The viewer's own cache has answered; `bytes` are checked, undefined: others are to be asked.
   *
   * @returns the chunk, if it was still lacking
   */
  cacheRead(nowMs: number, signed: SignedChunkHeader, bytes: Uint8Array | undefined): StoredChunk | undefined {
    this.#lookAtMs = nowMs;
    const { store } = this.#context;
    if (!bytes || signed.header.rendition !== this.#rendition || store.get(keyOf(signed.header))) return undefined;
    const chunk = store.addOwn(signed, bytes);
    chunk.sources.cacheBytes = bytes.length;
    this.#teller.announce(nowMs, chunk, 'complete');
    return chunk;
  }

  advance(nowMs: number): number {
    this.#teller.tick(nowMs);
    if (nowMs >= this.#lookAtMs) this.#lookIfPlaced(nowMs);
    return Infinity;
  }

  #lookIfPlaced(nowMs: number): void {
    const playheadMs = this.#clock.playheadMs(nowMs) ?? this.#entry?.programDateTimeMs;
    this.#lookAtMs = playheadMs === undefined || this.#soughtMs !== undefined ? Infinity : nowMs + LOOK_INTERVAL_MS;
    if (playheadMs !== undefined && this.#soughtMs === undefined) this.#look(nowMs, playheadMs);
    const { awaitedUntilMs } = this.#context.cached;
    if (awaitedUntilMs > nowMs) this.#lookAtMs = Math.min(this.#lookAtMs, awaitedUntilMs);
  }

  pollHeaders(nowMs: number): void {
    if (nowMs >= this.#askAtMs) {
      this.#askAtMs = Infinity;
      this.#asked = undefined;
    }
    const dateMs = this.#soughtMs ?? this.#lackingFromMs;
    if (dateMs !== undefined) this.#ask(dateMs);
  }

  /** Nothing more is asked before the answer's last header is checked, or ought to have been. */
  #await(nowMs: number, asked: HeaderRequest, sequence: number): void {
    asked.awaitedSequence = sequence;
    this.#askAtMs = nowMs + CHECK_PATIENCE_MS;
  }

  #answerChecked(nowMs: number): void {
    const toSequence = this.#asked?.awaitedSequence ?? Infinity;
    this.#asked = undefined;
    this.#askAtMs = Infinity;
    this.#lackingFromMs = undefined;
    this.#lookAtMs = nowMs;
    if (this.#soughtMs === undefined) return;
    if (this.#soughtLaterMs !== undefined && toSequence < (this.#soughtSequence ?? 0)) {
      this.#soughtMs = this.#soughtLaterMs;
      this.#soughtLaterMs = undefined;
    } else {
      this.#tryEnter(nowMs);
      if (this.#soughtSequence === undefined) return;
      // The recording has no such part: then the one that is played at that date.
      this.#soughtSequence = undefined;
      this.#tryEnter(nowMs);
    }
  }

  #tryEnter(nowMs: number): void {
    const entry = this.#soughtSequence === undefined ? this.#map.entryAt(this.#soughtMs ?? 0) : this.#map.entryWith(this.#soughtSequence);
    if (!entry) return;
    this.#soughtMs = undefined;
    this.#soughtSequence = undefined;
    this.#entry = entry;
    this.#clock.seek(nowMs, Math.max(entry.programDateTimeMs, this.#pictureMs ?? -Infinity));
    this.#pictureMs = undefined;
    this.#context.command({ kind: 'event', event: { name: 'playbackPlaced', header: entry } });
    this.#downloads.touchAll();
    this.#lookAtMs = nowMs;
  }

  #look(nowMs: number, playheadMs: number): void {
    const { options, store } = this.#context;
    const { urgentMs, spreadMs } = options.onDemand;
    const fromMs = this.#playedFromMs(playheadMs);
    this.#abandon(nowMs, (header) => endDateMs(header) < fromMs);
    const spread: ChunkHeader[] = [];
    const isTime = nowMs >= this.#spreadAtMs;
    if (isTime) this.#spreadAtMs = nowMs + SPREAD_INTERVAL_MS;
    const isSpreadTime = isTime && options.isEnabled('spread');
    const lacking: ChunkKey[] | undefined = nowMs >= this.#neighboursAtMs ? [] : undefined;
    // With a high rate the budget of the store ends the window sooner than its time.
    let cacheReads = isTime ? CACHE_READS : 0;
    // What the segment that is played has before the playhead has room of its own.
    const halfOfStore = options.store.budgetBytes / 2;
    let [bytesLeft, bytesLeftBehind] = [halfOfStore, halfOfStore];
    const { last, isBroken } = this.#map.walk(fromMs, (header) => {
      if (header.programDateTimeMs >= playheadMs + spreadMs || bytesLeft <= 0) return false;
      if (endDateMs(header) > playheadMs) bytesLeft -= header.byteLength;
      else if ((bytesLeftBehind -= header.byteLength) < 0) return true;
      const chunk = store.get(keyOf(header));
      if (lacking && !(chunk && isComplete(chunk))) lacking.push(keyOf(header));
      if (chunk) return true;
      if (header.programDateTimeMs < playheadMs + urgentMs) this.#want(nowMs, header);
      else if (this.#context.cached.has(keyOf(header)) && cacheReads > 0) {
        cacheReads--;
        this.#want(nowMs, header);
      } else if (isSpreadTime) spread.push(header);
      return true;
    });
    this.#lackingFromMs = isBroken ? this.#lackingAfter(last ? endDateMs(last) : fromMs, playheadMs) : undefined;
    if (isSpreadTime) this.#spread(nowMs, { candidates: spread, fromMs: playheadMs + urgentMs });
    if (lacking) this.#judgeNeighbours(nowMs, lacking);
    if (store.bytes > options.store.budgetBytes) this.#trim(nowMs, { fromMs: Math.min(fromMs, playheadMs - KEEP_BEHIND_MS), toMs: playheadMs + spreadMs });
    if (this.#abandoned.length > 0) this.#forgetAbandoned(nowMs);
  }

  /** Where the segment begins that is played, by the date of its own first part where that is the entry: the player has a listed one. */
  #playedFromMs(playheadMs: number): number {
    const { segmentMs = playheadMs } = this.#clock;
    const entryMs = this.#entry?.programDateTimeMs ?? -Infinity;
    const fromMs = Math.abs(entryMs - segmentMs) <= LISTED_DATE_TOLERANCE_MS ? entryMs : segmentMs;
    return playheadMs < fromMs - LISTED_DATE_TOLERANCE_MS ? playheadMs : fromMs;
  }

  #want(nowMs: number, header: ChunkHeader): void {
    const signed = this.#context.headers.get(keyOf(header));
    if (signed && !this.#context.cached.read(nowMs, signed)) this.#downloads.want(nowMs, signed);
  }

  /** Asks for the rarest of what neighbours have, so that it becomes less rare. */
  #spread(nowMs: number, window: { readonly candidates: readonly ChunkHeader[]; readonly fromMs: number }): void {
    const { options, counters } = this.#context;
    this.#endSpreads(nowMs, window.fromMs);
    const free = options.onDemand.spreadRequests - this.#spreading.size;
    if (free <= 0 || window.candidates.length === 0) return;
    const held = window.candidates
      .map((header) => ({ header, key: keyOf(header), holders: this.#holdersOf(keyOf(header)) }))
      .filter(({ holders }) => holders > 0);
    if (options.isEnabled('rarestFirst')) {
      // Equals are taken in an order of one's own: neighbours of the same place take others.
      const rank = ({ holders, key }: (typeof held)[number]): number => holders + this.#context.noise(0, key);
      held.sort((left, right) => rank(left) - rank(right));
    }
    for (const { header, key } of held.slice(0, free)) {
      this.#spreading.add(key);
      counters.spreads++;
      this.#want(nowMs, header);
    }
    // Whoever comes later finds more of it elsewhere: looked for again soon, not only at the player's next report.
    if (held.length > free) this.#lookAtMs = Math.min(this.#lookAtMs, this.#spreadAtMs);
  }

  /** Who has nothing of what is wanted next is elsewhere in the recording: others are looked for. */
  #judgeNeighbours(nowMs: number, lacking: readonly ChunkKey[]): void {
    this.#neighboursAtMs = nowMs + NEIGHBOURS_INTERVAL_MS;
    const { neighbours } = this.#context;
    for (const neighbour of neighbours.all()) {
      const { marks, status } = neighbour;
      if (!status) continue;
      const isOfUse = lacking.length === 0 || (status.isUploading && lacking.some((key) => marks.holding(key) === 'complete'));
      neighbours.noteElsewhere(neighbour, !isOfUse);
    }
  }

  /** What is there, or has become urgent, or nobody has any more, makes room for others. */
  #endSpreads(nowMs: number, urgentToMs: number): void {
    for (const key of this.#spreading) {
      const { header } = this.#context.headers.get(key) ?? {};
      if (this.#downloads.isWanted(key) && header && header.programDateTimeMs >= urgentToMs && this.#holdersOf(key) > 0) continue;
      this.#spreading.delete(key);
      if (header && header.programDateTimeMs >= urgentToMs) this.#abandon(nowMs, ({ sequence }) => sequence === header.sequence);
    }
  }

  #holdersOf(key: ChunkKey): number {
    let holders = 0;
    for (const { marks, status } of this.#context.neighbours.all()) {
      if (status?.isUploading === true && !marks.hasFailed(key) && marks.holding(key) === 'complete') holders++;
    }
    return holders;
  }

  /** Headers are asked for in good time, and many at once: undefined while there are enough. */
  #lackingAfter(knownToMs: number, playheadMs: number): number | undefined {
    const { spreadMs, urgentMs, headersPerRequest } = this.#context.options.onDemand;
    return knownToMs - playheadMs < Math.max(urgentMs, spreadMs - headersPerRequest * this.#partMs) ? knownToMs : undefined;
  }

  #ask(dateMs: number): void {
    if (this.#rendition === undefined || this.#askAtMs < Infinity) return;
    if (this.#asked && (this.#asked.dateMs === dateMs || this.#soughtMs === undefined)) return;
    const requestId = ++this.#askedCount;
    this.#asked = { requestId, dateMs, awaitedSequence: undefined };
    this.#context.counters.headerPolls++;
    const { headersPerRequest, firstHeaders } = this.#context.options.onDemand;
    // At a new place a few come sooner than many.
    const count = this.#soughtMs === undefined ? headersPerRequest : firstHeaders;
    this.#context.command({ kind: 'headersAt', requestId, rendition: this.#rendition, dateMs, count });
  }

  #abandon(nowMs: number, isUnwanted: (header: ChunkHeader) => boolean): void {
    this.#downloads.abandonWhere(nowMs, (header) => {
      const isAbandoned = isUnwanted(header);
      if (isAbandoned) this.#abandoned.push({ key: keyOf(header), atMs: nowMs });
      return isAbandoned;
    });
  }

  /** Makes room: what is far away goes, and of that first what neighbours have most of. */
  #trim(nowMs: number, { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): void {
    const { store, options } = this.#context;
    const { budgetBytes } = options.store;
    const isFar = ({ signed: { header } }: StoredChunk): boolean => header.programDateTimeMs < fromMs || header.programDateTimeMs >= toMs;
    const far = [...store.all()]
      .filter((chunk) => isComplete(chunk) && isFar(chunk))
      .map((chunk) => ({ chunk, holders: this.#holdersOf(chunk.key) }))
      .sort((left, right) => right.holders - left.holders || left.chunk.signed.header.sequence - right.chunk.signed.header.sequence);
    const gone: ChunkKey[] = [];
    for (const { chunk } of far) {
      if (store.bytes <= budgetBytes * (1 - FREED_RATIO)) break;
      store.remove(chunk.key);
      gone.push(chunk.key);
      this.#teller.changed(nowMs, chunk.key);
    }
    this.#context.neighbours.forget(gone);
  }

  #forgetAbandoned(nowMs: number): void {
    const over = this.#abandoned.filter(({ atMs }) => nowMs >= atMs + FORGET_AFTER_MS);
    if (over.length === 0) return;
    this.#abandoned = this.#abandoned.filter(({ atMs }) => nowMs < atMs + FORGET_AFTER_MS);
    this.#context.neighbours.forget(over.map(({ key }) => key).filter((key) => !this.#context.store.get(key)));
  }
}

function keyOf(header: ChunkHeader): ChunkKey {
  return chunkKey(header.rendition, header.sequence);
}
