import { renditionBit, type ChunkRef, type PeerRole, type RenditionId, type WireMessage } from '@p2ptv/protocol';
import { Histogram } from './histogram.js';
import type { OriginByteKind } from './origin-http.js';
import { countAltered, isAltered } from './altered-block.js';
import { OutageWatch } from './outage-watch.js';
import type { Rung } from './ladder.js';
import type { LinkEnd } from './sim-link.js';
import { RenditionTally, type RenditionFigures, type SlowDownlinkFigures } from './rendition-tally.js';
import type { AccessLine } from './access-line.js';
import type { PeerAgentState } from './peer-agent.js';

/** From here on after its join a viewer counts for steady figures, ms. */
const STEADY_AFTER_MS = 10_000;
/** Chunks published so long after a viewer's join count for its delays, ms. */
export const SETTLED_AFTER_MS = 5_000;
/** Chunks published so shortly before the end may still be under way, ms: of their delays only the short ones would count. */
const UNFINISHED_MS = 3_000;
/** An altering peer that is still linked at the end is none that was overlooked, when it began only just now, ms. */
const POLLUTER_PATIENCE_MS = 2_000;
/** A viewer that waits for so long for its first frame counts although it never saw one, ms. */
const LONG_STARTUP_MS = 2_000;
/** Viewers whose delays are kept one by one, and how many of each. */
const SAMPLED_VIEWERS = 2_000;
const SAMPLED_DELAYS = 400;

/** The run's time, ms from its start. */
export interface RunClock {
  readonly nowMs: number;
}

/** A peer, as far as it is counted. */
export interface CountedPeer {
  readonly index: number;
  readonly role: PeerRole;
  readonly line: AccessLine;
  readonly joinedAtMs: number;
  readonly isUp: boolean;
  readonly isUploading: boolean;
  readonly isStalled: boolean;
  readonly isPolluter: boolean;
  /** That it watches. */
  readonly rendition: RenditionId;
  readonly state: PeerAgentState;
  /** Capture date of the picture on the screen, ms; undefined before the first one. */
  readonly playheadMs: number | undefined;
}

/** A chunk, as far as it is counted. */
export type CountedChunk = ChunkRef & { readonly byteLength: number };

/** What is counted of one viewer. */
export type ViewerTally = {
  readonly peer: CountedPeer;
  /** Its delays are kept one by one. */
  isSampled: boolean;
  leftAtMs: number | undefined;
  startupMs: number | undefined;
  handedBytes: number;
  receivedMediaBytes: number;
  readonly delaysMs: number[];
};

/** One of the points a second that plots are drawn from. */
type Second = { viewers: number; handedBytes: number; stalledViewers: number; origin: Record<OriginByteKind, number> };

/** Counts what happens in a run; memory is bounded by viewers and seconds, not by events. */
export class Measure {
  readonly #clock: RunClock;
  readonly #viewers = new Map<CountedPeer, ViewerTally>();
  /** One viewer of so many is sampled. */
  #sampleRatio = 1;
  readonly delays = new Histogram();
  /** Of those viewers only that upload. */
  readonly contributorDelays = new Histogram();
  readonly playoutDelays = new Histogram();
  readonly startups = new Histogram(60_000);
  readonly seeks = new Histogram(60_000);
  readonly originBytes = noBytes();
  originSteadyBytes = 0;
  handedBytes = 0;
  handedSteadyBytes = 0;
  /** Of these, on demand, what nobody had played before: so much has to come from the origin. */
  firstPlayedBytes = 0;
  firstPlayedSteadyBytes = 0;
  watchedMs = 0;
  stalledMs = 0;
  stalledSteadyMs = 0;
  /** Of the viewers that came at first. */
  firstStalledMs = 0;
  firstSkippedMs = 0;
  firstWatchedMs = 0;
  watchedSteadyMs = 0;
  skippedMs = 0;
  skippedSteadyMs = 0;
  seedMediaBytes = 0;
  linkMediaBytes = 0;
  linkControlBytes = 0;
  badBlocksForwarded = 0;
  badBlocksPlayed = 0;
  /** Bytes that left the origin, by tenth of a second of their departure. */
  readonly #originTenths: number[] = [];
  readonly #seconds: Second[] = [];
  readonly #playedSequences = new Set<number>();
  /** By the chunk's place: see {@link Measure.#placeOf}. */
  readonly #publishedAtMs: number[] = [];
  readonly #receivedByPlace: number[] = [];
  readonly #verifiedByPlace: number[] = [];
  #publishedBytes = 0;
  #chunksPublished = 0;
  #stalledNow = 0;
  #viewersNow = 0;
  #viewerMs = 0;
  #watchedTimeMs = 0;
  #steadyMs = 0;
  #steadyLimitMs = 0;
  /** Links over which an altered block has come to an honest peer, and when. */
  readonly #betrayedAtMs = new Map<LinkEnd, number>();
  #longestBetrayalMs = 0;
  #outage: OutageWatch | undefined;
  readonly #firstViewers: number;
  /** Of chunks published later than this not all is known. */
  readonly #finishedToMs: number;
  readonly #renditions: number;
  /** Undefined where there is one rendition only. */
  readonly #renditionTally: RenditionTally | undefined;
  #renditionChanges = 0;
  #renditionMs = 0;

  /**
   * @param run `firstViewers` come at first; they are told apart from those who come later; `ladder`: the stream's
   * renditions; `endMs`: when the run will be over
   */
  constructor(clock: RunClock, run: { readonly firstViewers: number; readonly ladder: readonly Rung[]; readonly endMs: number }) {
    const { firstViewers, ladder, endMs } = run;
    this.#clock = clock;
    this.#finishedToMs = endMs - UNFINISHED_MS;
    this.#renditions = ladder.length;
    this.#renditionTally = ladder.length > 1 ? new RenditionTally(ladder) : undefined;
    this.#firstViewers = firstViewers;
  }

  /** For how long an altering peer was linked to whom it had sent an altered block, at most, ms; null: it still is. */
  get pollutersRemainingAfterMs(): number | null {
    for (const [end, atMs] of this.#betrayedAtMs) {
      if (end.isOpen && end.other.isOpen && this.#clock.nowMs - atMs > POLLUTER_PATIENCE_MS) return null;
    }
    return this.#longestBetrayalMs;
  }

  /** How the origin's outage went by, if there was one. */
  get outage(): OutageWatch | undefined {
    return this.#outage;
  }

  /** @param publishedToMs capture date up to which all has been published */
  outageBegan(publishedToMs: number): void {
    const watching = [...this.#viewers.values()].filter(({ startupMs, leftAtMs }) => startupMs !== undefined && leftAtMs === undefined);
    this.#outage = new OutageWatch(
      publishedToMs,
      watching.map(({ peer }) => peer),
    );
  }

  /** A link of a peer has ended. */
  linkEnded(end: LinkEnd): void {
    const atMs = this.#betrayedAtMs.get(end);
    if (atMs === undefined) return;
    this.#betrayedAtMs.delete(end);
    this.#longestBetrayalMs = Math.max(this.#longestBetrayalMs, this.#clock.nowMs - atMs);
  }

  get viewers(): IterableIterator<ViewerTally> {
    return this.#viewers.values();
  }

  get endedAtMs(): number {
    return this.#clock.nowMs;
  }

  get viewersNow(): number {
    return this.#viewersNow;
  }

  get stalledNow(): number {
    return this.#stalledNow;
  }

  get chunksPublished(): number {
    return this.#chunksPublished;
  }

  get publishedBytes(): number {
    return this.#publishedBytes;
  }

  get seconds(): readonly Second[] {
    return this.#seconds;
  }

  /** Time-weighted number of viewers while there was one. */
  get meanViewers(): number {
    return this.#watchedTimeMs > 0 ? this.#viewerMs / this.#watchedTimeMs : 0;
  }

  /** Time-weighted number of renditions that somebody watched, while there was a viewer. */
  get meanRenditions(): number {
    return this.#watchedTimeMs > 0 ? this.#renditionMs / this.#watchedTimeMs : 0;
  }

  /** Mean of 1 − R(t)/N(t) over the steady viewing, R being the renditions that somebody watches. */
  get steadyLimitRatio(): number {
    return this.#steadyMs > 0 ? this.#steadyLimitMs / this.#steadyMs : 0;
  }

  get originPeakBitsPerSecond(): number {
    let peak = 0;
    let window = 0;
    this.#originTenths.forEach((bytes, index) => {
      window += bytes - (this.#originTenths[index - 10] ?? 0);
      peak = Math.max(peak, window);
    });
    return peak * 8;
  }

  /** Of what came to viewers in chunks that are over: more than they could use, over what they could use. */
  get duplicateRatio(): number {
    let received = 0;
    let verified = 0;
    this.#publishedAtMs.forEach((atMs, place) => {
      if (atMs > this.#finishedToMs) return;
      received += this.#receivedByPlace[place] ?? 0;
      verified += this.#verifiedByPlace[place] ?? 0;
    });
    return verified > 0 ? Math.max(0, received / verified - 1) : 0;
  }

  /** Called every quarter of a second: what is a mean over time. */
  sampled(sinceMs: number): void {
    const { nowMs } = this.#clock;
    const viewers = this.#viewersNow;
    if (viewers > 0) {
      this.#viewerMs += viewers * sinceMs;
      this.#watchedTimeMs += sinceMs;
    }
    let steady = 0;
    let watched = 0;
    for (const { peer, startupMs } of this.#viewers.values()) {
      if (!peer.isUp) continue;
      if (startupMs !== undefined) this.#renditionTally?.looked(nowMs, peer);
      watched |= renditionBit(peer.rendition);
      if (isSteady(peer, nowMs)) steady++;
    }
    const renditions = countBits(watched);
    if (viewers > 0) this.#renditionMs += renditions * sinceMs;
    this.#steadyMs += steady * sinceMs;
    if (viewers > 0) this.#steadyLimitMs += steady * sinceMs * (1 - renditions / viewers);
    const second = this.#second(nowMs);
    second.viewers = viewers;
    second.stalledViewers = Math.max(second.stalledViewers, this.#stalledNow);
  }

  /** Somebody watches another rendition now. */
  renditionChanged(): void {
    this.#renditionChanges++;
  }

  /** Undefined where there is one rendition only. */
  get renditionFigures(): RenditionFigures | undefined {
    return this.#renditionTally?.figures(this.watchedMs, this.#renditionChanges);
  }

  get slowDownlinkFigures(): SlowDownlinkFigures | undefined {
    return this.#renditionTally?.slowDownlinkFigures();
  }

  viewerCame(peer: CountedPeer): void {
    this.#viewersNow++;
    if (this.#viewers.size === SAMPLED_VIEWERS * this.#sampleRatio) this.#sampleFewer();
    const isSampled = this.#viewers.size % this.#sampleRatio === 0;
    this.#viewers.set(peer, {
      peer,
      isSampled,
      leftAtMs: undefined,
      startupMs: undefined,
      handedBytes: 0,
      receivedMediaBytes: 0,
      delaysMs: [],
    });
  }

  /** More came than there is room for: nobody knows beforehand how many churn and crowds bring. */
  #sampleFewer(): void {
    this.#sampleRatio *= 2;
    let index = 0;
    for (const tally of this.#viewers.values()) {
      if (index++ % this.#sampleRatio === 0) continue;
      tally.isSampled = false;
      tally.delaysMs.length = 0;
    }
  }

  viewerLeft(peer: CountedPeer): void {
    this.#viewersNow--;
    const tally = this.#viewers.get(peer);
    if (tally) tally.leftAtMs = this.#clock.nowMs;
    this.#countWatched(peer, this.#clock.nowMs);
    this.#outage?.left(peer);
  }

  /** The run is over. Whoever still waits for a first frame has waited for at least so long. */
  finish(): void {
    const { nowMs } = this.#clock;
    for (const { peer, leftAtMs, startupMs } of this.#viewers.values()) {
      const waitedMs = (leftAtMs ?? nowMs) - peer.joinedAtMs;
      if (startupMs === undefined && waitedMs > LONG_STARTUP_MS) this.startups.add(waitedMs);
    }
    for (const { peer, leftAtMs } of this.#viewers.values()) {
      if (leftAtMs === undefined) this.#countWatched(peer, this.#clock.nowMs);
    }
    this.#outage?.finish();
  }

  /** @param isReachable false: nobody can have it yet, and its delay says nothing */
  published(header: CountedChunk, isReachable: boolean): void {
    this.#publishedAtMs[this.#placeOf(header)] = isReachable ? this.#clock.nowMs : -Infinity;
    this.#publishedBytes += header.byteLength;
    this.#chunksPublished++;
  }

  /** A part of a recording: that it was published long ago is all that matters. */
  recorded(header: CountedChunk): void {
    this.published(header, false);
  }

  publishedAtMs(chunk: ChunkRef): number | undefined {
    return this.#publishedAtMs[this.#placeOf(chunk)];
  }

  /** Application bytes leave the origin for a viewer. */
  originSent(kind: OriginByteKind, to: { readonly joinedAtMs: number }, sent: { readonly bytes: number; readonly departsMs: number }): void {
    const { bytes, departsMs } = sent;
    this.originBytes[kind] += bytes;
    if (isSteady(to, this.#clock.nowMs)) this.originSteadyBytes += bytes;
    const tenth = Math.floor(departsMs / 100);
    while (this.#originTenths.length <= tenth) this.#originTenths.push(0);
    this.#originTenths[tenth] = (this.#originTenths[tenth] ?? 0) + bytes;
    this.#second(this.#clock.nowMs).origin[kind] += bytes;
  }

  linkBytesSent(from: CountedPeer, end: LinkEnd, sent: { readonly message: WireMessage; readonly bytes: number }): void {
    const { message, bytes } = sent;
    const mediaBytes = message.kind === 'block' ? message.bytes.length : 0;
    this.linkMediaBytes += mediaBytes;
    this.linkControlBytes += bytes - mediaBytes;
    if (from.role === 'origin') {
      this.seedMediaBytes += mediaBytes;
      this.originSent('seed', end.other.host, { bytes, departsMs: from.line.uplinkFreeAtMs });
    }
    if (message.kind === 'block' && isAltered(message.bytes)) {
      if (!from.isPolluter) this.badBlocksForwarded++;
    }
  }

  linkBytesCame(to: CountedPeer, message: WireMessage): void {
    if (message.kind === 'block') this.mediaCame(to, message, message.bytes.length);
  }

  /** A peer is about to find out that a block was altered. */
  betrayed(peer: CountedPeer, end: LinkEnd): void {
    if (!peer.isPolluter && !this.#betrayedAtMs.has(end)) this.#betrayedAtMs.set(end, this.#clock.nowMs);
  }

  mediaCame(to: CountedPeer, chunk: ChunkRef, bytes: number): void {
    const place = this.#placeOf(chunk);
    this.#receivedByPlace[place] = (this.#receivedByPlace[place] ?? 0) + bytes;
    const tally = this.#viewers.get(to);
    if (tally) tally.receivedMediaBytes += bytes;
  }

  /** @param bytes of the part, where they are looked at */
  partReady(peer: CountedPeer, { byteLength }: { readonly byteLength: number }, bytes: Uint8Array | undefined): void {
    const tally = this.#viewers.get(peer);
    if (!tally) return;
    if (bytes && !peer.isPolluter) this.badBlocksPlayed += countAltered(bytes);
    tally.handedBytes += byteLength;
    this.handedBytes += byteLength;
    this.#second(this.#clock.nowMs).handedBytes += byteLength;
    if (isSteady(peer, this.#clock.nowMs)) this.handedSteadyBytes += byteLength;
  }

  /** On demand a part is handed over when playback comes to it. */
  played(peer: CountedPeer, header: CountedChunk, bytes: Uint8Array | undefined): void {
    this.partReady(peer, header, bytes);
    if (this.#playedSequences.has(header.sequence)) return;
    this.#playedSequences.add(header.sequence);
    this.firstPlayedBytes += header.byteLength;
    if (isSteady(peer, this.#clock.nowMs)) this.firstPlayedSteadyBytes += header.byteLength;
  }

  /** The first frame after a seek is there. */
  sought(tookMs: number): void {
    this.seeks.add(tookMs);
  }

  /** A viewer has left, or the run is over, before that. */
  stillSeeking(waitedMs: number): void {
    if (waitedMs > LONG_STARTUP_MS) this.seeks.add(waitedMs);
  }

  chunkVerified(peer: CountedPeer, header: CountedChunk): void {
    const tally = this.#viewers.get(peer);
    const place = this.#placeOf(header);
    const publishedMs = this.#publishedAtMs[place];
    if (!tally || publishedMs === undefined) return;
    this.#verifiedByPlace[place] = (this.#verifiedByPlace[place] ?? 0) + header.byteLength;
    if (publishedMs < peer.joinedAtMs + SETTLED_AFTER_MS || publishedMs > this.#finishedToMs) return;
    const delayMs = this.#clock.nowMs - publishedMs;
    this.delays.add(delayMs);
    if (peer.isUploading) this.contributorDelays.add(delayMs);
    if (tally.isSampled && tally.delaysMs.length < SAMPLED_DELAYS) tally.delaysMs.push(delayMs);
  }

  started(peer: CountedPeer): void {
    const startupMs = this.#clock.nowMs - peer.joinedAtMs;
    this.startups.add(startupMs);
    const tally = this.#viewers.get(peer);
    if (tally) tally.startupMs = startupMs;
  }

  stallBegan(): void {
    this.#stalledNow++;
  }

  stallEnded(peer: CountedPeer, fromMs: number, toMs: number): void {
    this.#stalledNow--;
    this.#outage?.stalled(fromMs, toMs);
    if (this.#isFirst(peer)) this.firstStalledMs += toMs - fromMs;
    this.stalledMs += toMs - fromMs;
    this.stalledSteadyMs += Math.max(0, toMs - Math.max(fromMs, peer.joinedAtMs + STEADY_AFTER_MS));
  }

  /** Media between two capture dates are left out. */
  skipped(peer: CountedPeer, fromMs: number, toMs: number): void {
    const byMs = toMs - fromMs;
    this.#outage?.skipped(peer, fromMs);
    this.skippedMs += byMs;
    if (this.#isFirst(peer)) this.firstSkippedMs += byMs;
    if (isSteady(peer, this.#clock.nowMs)) this.skippedSteadyMs += byMs;
  }

  delaySampled(peer: CountedPeer, nowMs: number, delayMs: number): void {
    if (isSteady(peer, nowMs)) this.playoutDelays.add(delayMs);
  }

  #countWatched(peer: CountedPeer, toMs: number): void {
    const startupMs = this.#viewers.get(peer)?.startupMs;
    if (startupMs === undefined) return;
    this.watchedMs += toMs - peer.joinedAtMs - startupMs;
    if (this.#isFirst(peer)) this.firstWatchedMs += toMs - peer.joinedAtMs - startupMs;
    this.watchedSteadyMs += Math.max(0, toMs - peer.joinedAtMs - Math.max(STEADY_AFTER_MS, startupMs));
  }

  /** The origin's seeder is number 0, and viewers are numbered as they come. */
  #isFirst(peer: CountedPeer): boolean {
    return peer.index <= this.#firstViewers;
  }

  /** All renditions' chunks in one row. */
  #placeOf({ rendition, sequence }: ChunkRef): number {
    return sequence * this.#renditions + rendition;
  }

  #second(nowMs: number): Second {
    const index = Math.floor(nowMs / 1_000);
    for (let at = this.#seconds.length; at <= index; at++) {
      this.#seconds.push({ viewers: this.#viewersNow, handedBytes: 0, stalledViewers: 0, origin: noBytes() });
    }
    return this.#seconds[index] as Second;
  }
}

function countBits(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}

function isSteady(peer: { readonly joinedAtMs: number }, nowMs: number): boolean {
  return nowMs >= peer.joinedAtMs + STEADY_AFTER_MS;
}

function noBytes(): Record<OriginByteKind, number> {
  return { seed: 0, fallback: 0, join: 0, playlist: 0, header: 0 };
}
