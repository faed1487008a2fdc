import { chunkKey, renditionBit, type ChunkHeader, type ChunkKey, type ChunkRef, type ChunkSequence, type MediaTimeline, type RenditionId, type SignedChunkHeader } from '@p2ptv/protocol';
import { endDateMs, isComplete } from './chunk-store.js';
import { SETTLED_CHUNKS, type Downloads } from './downloads.js';
import type { EngineContext } from './engine-context.js';
import { Estimate } from './estimate.js';
import { HeaderPoll } from './header-poll.js';
import { PlayableTimeline, type ChunkState } from './playable-timeline.js';
import type { PlayoutClock } from './playout-clock.js';
import type { PushTrees } from './push-trees.js';
import { QualityRule, type PartVerdict } from './quality-rule.js';
import type { FollowWish, QualityChoice, Rung } from './viewer-input.js';
import type { Start } from './start-rule.js';
import { ASSUMED_PART_MS, ASSUMED_STREAM_BITS_PER_SECOND, type Viewing } from './viewing.js';

/** A chunk that the origin no longer has is given up so long after its deadline, ms. */
const LOST_GRACE_MS = 500;
/** A rendition that was left is remembered for so long, ms: what was asked for is still on its way, and the player may read what it has. */
const LEFT_MS = 10_000;
/** The end of the rendition that is left is waited for so long after the beginning of the next, ms, while no playhead is known. */
const END_PATIENCE_MS = 1_500;
/** While another rendition waits for its first part, what is watched does not pass a place where that could be for so long, ms: on a fast link its parts are there before the other one's headers. */
const ENTRY_PATIENCE_MS = 200;
/** A part that is late by no more than this is not: the player holds more than the deadline allows for, ms. */
const LATE_GRACE_MS = 50;
/** What the player waits for is not dropped for being late, for so long, ms: after that it is better off near the edge. */
const MOST_WAIT_MS = 2_000;
/** Parts of which it is remembered that they were late, or not. */
const MOST_JUDGED = 128;

/** A rendition as far as it is followed, or was. */
type Watched = {
  readonly rendition: RenditionId;
  readonly playable: PlayableTimeline;
  readonly poll: HeaderPoll;
  readonly bitsPerSecond: Estimate;
  partMs: number;
  /** Date of the newest part that is whole, ms. */
  newestWholeMs: number;
};

/** The rendition that follows the one that is watched. */
type Next = {
  readonly watched: Watched;
  /** Capture date before which it is not to begin, ms. */
  readonly earliestDateMs: number;
  /** The one before has been given up already. */
  readonly isUrgent: boolean;
  /** Its first part; undefined until an independent one is known that will do. */
  entry: { readonly dateMs: number; readonly knownAtMs: number } | undefined;
};

/** A rendition that was left at a capture date. */
type Left = { readonly watched: Watched; readonly dateMs: number; readonly atMs: number };

/**
 * What is wanted, and in which order it is played: one rendition, and while another one is about to
 * follow both, the first up to an independent part of the second. (SPEC PT, RE1–RE5)
 */
export class PlayOrder implements Viewing {
  readonly #context: EngineContext;
  readonly #clock: PlayoutClock;
  readonly #downloads: Downloads;
  readonly #trees: PushTrees;
  readonly #followedChanged: (nowMs: number) => void;
  readonly #known = new Map<RenditionId, Watched>();
  #current: Watched | undefined;
  #next: Next | undefined;
  #left: Left[] = [];
  /** The part before which what is watched waits for the next rendition's. */
  #held: { readonly key: ChunkKey; readonly untilMs: number } | undefined;
  #wish: FollowWish | undefined;
  /** Nothing of what is watched is to come any more: the next one follows as soon as it can. */
  #isGivenUp = false;
  /** Undefined while the viewer has pinned a rendition. */
  #quality: QualityRule | undefined;
  /** Sequences of the parts of what is played that the rule has been told of. */
  readonly #judged = new Set<number>();

  /** @param parts `followedChanged` is called when others are followed than before */
  constructor(
    context: EngineContext,
    parts: { clock: PlayoutClock; downloads: Downloads; trees: PushTrees; followedChanged: (nowMs: number) => void },
  ) {
    this.#context = context;
    this.#clock = parts.clock;
    this.#downloads = parts.downloads;
    this.#trees = parts.trees;
    this.#followedChanged = parts.followedChanged;
  }

  /** The rendition that is played now; undefined until the join answer, or a volunteer's first header. */
  get rendition(): RenditionId | undefined {
    return this.#current?.rendition;
  }

  /** The one that is followed last: the next, if there is one. */
  get wanted(): RenditionId | undefined {
    return (this.#next?.watched ?? this.#current)?.rendition;
  }

  /** The renditions whose chunks are wanted, as a set of bits. */
  get followedBits(): number {
    const bit = (watched: Watched | undefined): number => (watched ? renditionBit(watched.rendition) : 0);
    return (this.#next?.isUrgent ? 0 : bit(this.#current)) | bit(this.#next?.watched);
  }

  /** Verified parts of a rendition in play order. */
  timeline(rendition: RenditionId): MediaTimeline {
    return this.#open(rendition).playable.timeline;
  }

  /** Length of a part of what is watched, ms. */
  get partMs(): number {
    return this.#current?.partMs ?? ASSUMED_PART_MS;
  }

  /** Media bits a second of a rendition, from its newest headers. */
  bitsPerSecond(rendition: RenditionId): number {
    return this.#known.get(rendition)?.bitsPerSecond.mean ?? ASSUMED_STREAM_BITS_PER_SECOND;
  }

  /** True when chunks of the rendition are wanted; also before it is known which are. */
  isFollowed(rendition: RenditionId): boolean {
    return this.#current === undefined || (this.followedBits & renditionBit(rendition)) !== 0;
  }

  /** When {@link advance} or {@link pollHeaders} wants to run again. */
  dueMs(nowMs: number): number {
    let dueMs = Infinity;
    for (const { playable, poll } of this.#known.values()) dueMs = Math.min(dueMs, playable.dueMs(nowMs), poll.dueMs);
    const { entry } = this.#next ?? {};
    if (this.#held && nowMs < this.#held.untilMs) dueMs = Math.min(dueMs, this.#held.untilMs);
    if (entry && nowMs < entry.knownAtMs + END_PATIENCE_MS) dueMs = Math.min(dueMs, entry.knownAtMs + END_PATIENCE_MS);
    return dueMs;
  }

  /** The join answer: where playback begins. */
  begin(nowMs: number, rendition: RenditionId, start: Start | undefined): void {
    const watched = this.#open(rendition);
    for (const former of [this.#current, this.#next?.watched]) if (former && former !== watched) this.#stopFollowing(nowMs, former);
    this.#current = watched;
    this.#next = undefined;
    this.#isGivenUp = false;
    if (start) watched.playable.startAt(start.first, start.leap);
    // A volunteer passes on what it is told of; only who watches asks for more.
    if (this.#context.identity.role === 'viewer') watched.poll.begin(nowMs, watched.partMs);
    this.#followedChanged(nowMs);
    this.#applyWish(nowMs);
  }

  /** The live edge is not followed any more: the viewer has gone back. What is held stays. */
  end(nowMs: number): void {
    for (const watched of this.#known.values()) this.#stopFollowing(nowMs, watched);
  }

  /** The viewer, or the rule that it leaves the choice to, chooses a rendition: it is followed as soon as one can. (SPEC RE1–RE5) */
  choose(nowMs: number, choice: QualityChoice): void {
    this.#quality = choice.mode === 'auto' ? new QualityRule(nowMs, choice.ladder, this.#context.options.quality) : undefined;
    if (choice.mode === 'pinned') this.#follow(nowMs, { rendition: choice.rendition, isUrgent: false });
    else this.#leaveGone(nowMs, choice.ladder);
  }

  /** Media bytes have come. */
  received(nowMs: number, bytes: number): void {
    this.#quality?.received(nowMs, bytes);
  }

  /** A chunk is whole. */
  completed(nowMs: number, header: ChunkHeader): void {
    const watched = this.#known.get(header.rendition);
    if (watched) watched.newestWholeMs = Math.max(watched.newestWholeMs, header.programDateTimeMs);
    if (!this.#quality) return;
    // While it changes over, the one ends where the other begins.
    if (watched === this.#current || watched === this.#next?.watched) this.#quality.completed(nowMs, header.durationUs / 1000);
    const playheadMs = this.#clock.playheadMs(nowMs);
    if (playheadMs === undefined) return;
    const spareMs = header.programDateTimeMs - playheadMs;
    const closeMs = this.#context.options.quality.closeParts * this.partMs;
    this.#judge(nowMs, header, spareMs <= this.#lateBeforeMs ? 'late' : spareMs <= closeMs ? 'close' : 'inTime');
  }

  /** A header is verified and new. */
  accepted(nowMs: number, signed: SignedChunkHeader): void {
    const { header } = signed;
    const { role } = this.#context.identity;
    if (this.#context.headers.edge(header.rendition)?.sequence === header.sequence) this.#edgeMoved(nowMs, header);
    if (this.#current === undefined) {
      this.#current = this.#open(header.rendition);
      this.#followedChanged(nowMs);
    }
    const watched = this.#open(header.rendition);
    if (this.isFollowed(header.rendition)) {
      watched.partMs = header.durationUs / 1000;
      watched.bitsPerSecond.add((header.byteLength * 8_000_000) / header.durationUs);
      this.#trees.follow(nowMs, header.rendition);
    }
    if (this.#next?.watched === watched && !this.#next.entry) this.#tryEntry(nowMs, this.#next, header);
    // A volunteer has no join answer: it begins with the first header that it hears of.
    if (role === 'seeder' && header.isIndependent) watched.playable.startAt(header);
    this.#want(nowMs, watched, signed);
  }

  /** Only for the origin's seeder: a chunk of its own. */
  published(nowMs: number, header: ChunkHeader): void {
    const { playable } = this.#open(header.rendition);
    playable.startAt(header);
    playable.accepted(nowMs, header);
  }

  /** The live edge of a rendition has moved on. What is long behind it and not wanted any more needs no marks: thousands of peers live in one process. */
  #edgeMoved(nowMs: number, header: ChunkHeader): void {
    if (this.isFollowed(header.rendition)) this.#clock.edgeMoved(nowMs, endDateMs(header));
    this.#known.get(header.rendition)?.poll.advanced(nowMs, header.durationUs / 1000);
    const sequence = (header.sequence - SETTLED_CHUNKS) as ChunkSequence;
    if (sequence < 0) return;
    const key = chunkKey(header.rendition, sequence);
    if (!this.#downloads.isWanted(key)) this.#context.neighbours.forget([key]);
  }

  /** A neighbour tells of a chunk. */
  told(nowMs: number, { rendition, sequence }: ChunkRef): void {
    this.#known.get(rendition)?.poll.told(nowMs, sequence);
  }

  originAnswered(rendition: RenditionId): void {
    this.#known.get(rendition)?.poll.answered();
  }

  originFailed(nowMs: number, rendition: RenditionId): void {
    this.#known.get(rendition)?.poll.failed(nowMs);
  }

  /**
   * What the playhead has passed without it is not wanted any more. A playhead that stands waits for it for a while,
   * unless there is something after it to go on with. (SPEC PT6)
   *
   * @returns when the playhead's progress, or the end of its wait, asks for another look, ms
   */
  #dropOverrun(nowMs: number): number {
    const playheadMs = this.#clock.playheadMs(nowMs);
    if (playheadMs === undefined) return Infinity;
    const standsAtMs = this.#clock.reportedMs ?? playheadMs;
    let waitedUntilMs = Infinity;
    let nextMs = this.#next?.entry?.dateMs ?? Infinity;
    this.#downloads.abandonWhere(nowMs, (header) => {
      const endMs = endDateMs(header);
      if (endMs >= playheadMs) nextMs = Math.min(nextMs, endMs);
      if (this.#quality && !this.#judged.has(header.sequence)) {
        const lateAtMs = header.programDateTimeMs - this.#lateBeforeMs;
        if (lateAtMs <= playheadMs) this.#judge(nowMs, header, 'late');
        else nextMs = Math.min(nextMs, lateAtMs);
      }
      if (endMs >= playheadMs) return false;
      if (endMs < standsAtMs || this.#isPassable(nowMs, header)) return true;
      waitedUntilMs = (this.#clock.standsSinceMs ?? nowMs) + MOST_WAIT_MS + 1;
      return false;
    });
    this.#chooseByRule(nowMs);
    return Math.min(waitedUntilMs, this.#clock.reachesMs(nowMs, nextMs));
  }

  /** True for a part that a player which waits for it can go on without, or has waited for long enough. */
  #isPassable(nowMs: number, { rendition, programDateTimeMs }: ChunkHeader): boolean {
    const { standsSinceMs } = this.#clock;
    if (standsSinceMs === undefined || nowMs > standsSinceMs + MOST_WAIT_MS) return true;
    return programDateTimeMs < (this.#known.get(rendition)?.newestWholeMs ?? -Infinity);
  }

  /** Appends what may be played now to its timeline, and goes over to the next rendition where that begins. */
  advance(nowMs: number): number {
    const overrunMs = this.#dropOverrun(nowMs);
    this.#appendAll(nowMs);
    this.#moveStart(nowMs);
    return overrunMs;
  }

  /** Who waits for a place near the live edge wants nothing of what is too old for one. */
  #moveStart(nowMs: number): void {
    const first = this.#current?.playable.moveStart(nowMs);
    if (first) this.#downloads.abandonWhere(nowMs, ({ rendition, sequence }) => rendition === first.rendition && sequence < first.sequence);
  }

  #appendAll(nowMs: number): void {
    if (!this.#current) {
      for (const watched of this.#known.values()) this.#append(nowMs, watched);
      return;
    }
    this.#append(nowMs, this.#current);
    if (this.#next?.entry && this.#isReached(nowMs, this.#next.entry)) {
      this.#enter(nowMs, this.#current, this.#next);
      this.#append(nowMs, this.#current);
    }
    if (this.#left.length > 0) this.#forgetLeft(nowMs);
  }

  /** Asks the origin for headers that neighbours did not tell of. */
  pollHeaders(nowMs: number): void {
    for (const watched of this.#known.values()) {
      const after = watched.playable.missingAfter(nowMs);
      watched.poll.check(nowMs, after === undefined ? undefined : { after });
    }
  }

  /** Only what is played says whether it is the right one: not the end of the one before, nor the beginning of the next. */
  #judge(nowMs: number, { rendition, sequence }: ChunkHeader, verdict: PartVerdict): void {
    if (!this.#quality || this.#next || rendition !== this.#current?.rendition || this.#judged.has(sequence)) return;
    this.#judged.add(sequence);
    for (const oldest of this.#judged) {
      if (this.#judged.size <= MOST_JUDGED) break;
      this.#judged.delete(oldest);
    }
    this.#quality.judged(nowMs, verdict);
  }

  /** A part that is not whole when the playhead is so near is late, ms. */
  get #lateBeforeMs(): number {
    return this.#context.options.scheduler.appendMarginMs - LATE_GRACE_MS;
  }

  #chooseByRule(nowMs: number): void {
    if (!this.#quality || !this.#current || this.#next) return;
    const wish = this.#quality.decide(nowMs, this.#current.rendition);
    if (wish) this.#follow(nowMs, wish);
  }

  /** Of what is not in the ladder nothing new comes: the least of it is followed instead, which any line carries soonest. */
  #leaveGone(nowMs: number, ladder: readonly Rung[]): void {
    const { wanted } = this;
    const [first, ...others] = ladder;
    if (!first || wanted === undefined || ladder.some(({ rendition }) => rendition === wanted)) return;
    const least = others.reduce((least, rung) => (rung.bitsPerSecond < least.bitsPerSecond ? rung : least), first);
    // A first part that is known will be reached; one that is not will never be.
    if (this.#next && !this.#next.entry) {
      this.#stopFollowing(nowMs, this.#next.watched);
      this.#next = undefined;
    }
    this.#follow(nowMs, { rendition: least.rendition, isUrgent: true });
  }

  #follow(nowMs: number, wish: FollowWish): void {
    this.#wish = wish;
    this.#applyWish(nowMs);
  }

  #applyWish(nowMs: number): void {
    // Once it is settled where the next rendition begins, the one before is cut there: first that is done.
    if (!this.#wish || !this.#current || this.#next?.entry) return;
    const { rendition, isUrgent } = this.#wish;
    if (this.#next?.watched.rendition === rendition) return;
    // What has been given up for another one cannot be gone on with.
    if (this.#next?.isUrgent) return;
    if (this.#next) this.#stopFollowing(nowMs, this.#next.watched);
    const hadNext = this.#next !== undefined;
    this.#next = undefined;
    if (rendition !== this.#current.rendition || this.#isGivenUp) {
      const edge = this.#context.headers.edge(this.#current.rendition);
      this.#context.headers.enter(rendition);
      const watched = this.#openAnew(rendition);
      watched.poll.begin(nowMs, this.#current.partMs);
      this.#next = { watched, earliestDateMs: isUrgent || !edge ? -Infinity : endDateMs(edge), isUrgent, entry: undefined };
      // What does not arrive in time only takes the room of what could.
      if (isUrgent && rendition !== this.#current.rendition) this.#stopFollowing(nowMs, this.#current);
      this.#isGivenUp = isUrgent;
      this.#context.counters.renditionSwitches++;
      this.#context.command({ kind: 'event', event: { name: 'renditionChosen', rendition } });
    }
    if (this.#next ?? hadNext) this.#followedChanged(nowMs);
  }

  /** An independent part of the next rendition will do where the one before is not further yet. */
  #tryEntry(nowMs: number, next: Next, header: ChunkHeader): void {
    const current = this.#current;
    if (!header.isIndependent || !current) return;
    const dateMs = header.programDateTimeMs;
    const earliestMs = Math.max(next.earliestDateMs, current.playable.reachedDateMs ?? -Infinity);
    // Dates are rounded.
    if (dateMs + header.durationUs / 2000 < earliestMs) return;
    next.entry = { dateMs, knownAtMs: nowMs };
    next.watched.playable.startAt(header);
    current.playable.endAt(dateMs);
    const { rendition } = current;
    this.#downloads.abandonWhere(nowMs, (wanted) => wanted.rendition === rendition && wanted.programDateTimeMs + wanted.durationUs / 2000 >= dateMs);
    // Its children need others: they have until its end to find them.
    if (rendition !== header.rendition) this.#trees.retire(nowMs, rendition);
    for (const known of this.#context.headers.of(header.rendition)) {
      if (known.header.sequence > header.sequence) this.#want(nowMs, next.watched, known);
    }
  }

  #want(nowMs: number, { playable }: Watched, signed: SignedChunkHeader): void {
    const { header } = signed;
    if (playable.neededFrom === undefined || header.sequence < playable.neededFrom || !playable.isWithin(header)) return;
    if (this.#context.store.get(chunkKey(header.rendition, header.sequence))) return;
    playable.accepted(nowMs, header);
    this.#downloads.want(nowMs, signed);
  }

  /** True when nothing of the rendition before the next one's first part is to come any more. */
  #isReached(nowMs: number, entry: { readonly dateMs: number; readonly knownAtMs: number }): boolean {
    if (this.#next?.isUrgent) return true;
    const { playable, partMs } = this.#current ?? {};
    if (playable?.reachedDateMs !== undefined && playable.reachedDateMs + (partMs ?? 0) / 2 >= entry.dateMs) return true;
    const playheadMs = this.#clock.playheadMs(nowMs);
    return playheadMs === undefined ? nowMs >= entry.knownAtMs + END_PATIENCE_MS : playheadMs >= entry.dateMs;
  }

  #enter(nowMs: number, from: Watched, next: Next): void {
    this.#judged.clear();
    this.#left.push({ watched: from, dateMs: next.entry?.dateMs ?? 0, atMs: nowMs });
    this.#current = next.watched;
    this.#next = undefined;
    this.#isGivenUp = false;
    if (from.rendition !== next.watched.rendition) this.#stopFollowing(nowMs, from);
    this.#applyWish(nowMs);
    this.#followedChanged(nowMs);
  }

  /** Nothing of a rendition is wanted any more, nor heard of. */
  #stopFollowing(nowMs: number, { rendition, poll, playable }: Watched): void {
    poll.end(nowMs);
    playable.endAt(-Infinity);
    this.#trees.leave(nowMs, rendition);
    this.#downloads.abandonWhere(nowMs, (header) => header.rendition === rendition);
    this.#context.headers.leave(rendition);
  }

  #append(nowMs: number, watched: Watched): void {
    // The first part may not be the one that playback was to begin with.
    let isBeginning = watched.playable.timeline.last === undefined;
    for (const { header, isRestart } of watched.playable.advance(nowMs, (key) => this.#stateOf(nowMs, key, watched))) {
      this.#context.command({ kind: 'event', event: { name: 'partReady', header, isRestart } });
      this.#trim(nowMs, watched.playable, isRestart || isBeginning);
      isBeginning = false;
    }
  }

  #stateOf(nowMs: number, key: ChunkKey, watched: Watched): ChunkState {
    const chunk = this.#context.store.get(key);
    if (chunk && isComplete(chunk)) return this.#isHeld(nowMs, chunk.signed.header, watched) ? 'coming' : 'complete';
    if (!this.#downloads.isLost(nowMs, key, LOST_GRACE_MS)) return 'coming';
    this.#downloads.abandon(nowMs, key);
    return 'lost';
  }

  /** True for a part with which the next rendition may begin as well. */
  #isHeld(nowMs: number, header: ChunkHeader, watched: Watched): boolean {
    if (watched !== this.#current || !this.#next || this.#next.entry || !header.isIndependent) {
      this.#held = undefined;
      return false;
    }
    const key = chunkKey(header.rendition, header.sequence);
    if (this.#held?.key !== key) this.#held = { key, untilMs: nowMs + ENTRY_PATIENCE_MS };
    return nowMs < this.#held.untilMs;
  }

  /** Keeps the store within its time and its budget; what goes from it goes from the timeline too. */
  #trim(nowMs: number, { timeline }: PlayableTimeline, isNewBeginning: boolean): void {
    const { keepMs, budgetBytes } = this.#context.options.store;
    const { store } = this.#context;
    if (timeline.trim(keepMs).length > 0 || isNewBeginning) this.#dropBeforeTimeline(nowMs, timeline);
    for (let budgetKeepMs = keepMs; store.bytes > budgetBytes && budgetKeepMs > 1; ) {
      budgetKeepMs /= 2;
      if (timeline.trim(budgetKeepMs).length > 0) this.#dropBeforeTimeline(nowMs, timeline);
    }
  }

  /** Drops what lies before the timeline: what was trimmed, what a restart left behind, what never found its place. */
  #dropBeforeTimeline(nowMs: number, timeline: MediaTimeline): void {
    const first = timeline.segments[0]?.parts[0];
    if (!first) return;
    this.#dropWhere(nowMs, (header) => header.rendition === first.rendition && header.sequence < first.sequence);
    const { headers, neighbours } = this.#context;
    neighbours.forget(headers.forgetBefore(first));
  }

  #dropWhere(nowMs: number, isOver: (header: ChunkHeader) => boolean): void {
    const { store } = this.#context;
    for (const { key, signed } of [...store.all()]) {
      if (!isOver(signed.header)) continue;
      this.#downloads.abandon(nowMs, key);
      store.remove(key);
    }
  }

  #forgetLeft(nowMs: number): void {
    const over = this.#left.filter(({ atMs }) => nowMs >= atMs + LEFT_MS);
    if (over.length === 0) return;
    this.#left = this.#left.filter((left) => !over.includes(left));
    for (const { watched, dateMs } of over) {
      const { rendition } = watched;
      const isFollowedAgain = this.#known.get(rendition) !== watched;
      this.#dropWhere(nowMs, (header) => header.rendition === rendition && (!isFollowedAgain || header.programDateTimeMs < dateMs));
      if (isFollowedAgain) continue;
      this.#known.delete(rendition);
      this.#context.neighbours.forgetRendition(rendition);
    }
  }

  #open(rendition: RenditionId): Watched {
    return this.#known.get(rendition) ?? this.#openAnew(rendition);
  }

  #openAnew(rendition: RenditionId): Watched {
    const watched: Watched = {
      rendition,
      playable: new PlayableTimeline(),
      poll: new HeaderPoll(this.#context, rendition),
      bitsPerSecond: new Estimate(ASSUMED_STREAM_BITS_PER_SECOND),
      partMs: ASSUMED_PART_MS,
      newestWholeMs: -Infinity,
    };
    this.#known.set(rendition, watched);
    return watched;
  }
}
