import type { ChunkHeader, PeerId, WireMessage } from '@p2ptv/protocol';
import type { EventQueue } from './event-queue.js';
import { Histogram } from './histogram.js';
import type { OriginByteKind } from './origin-http.js';
import type { NetworkHost } from './sim-link.js';
import type { SimPeer } from './sim-peer.js';

/** From here on after its join a viewer counts for steady figures, ms. */
export const STEADY_AFTER_MS = 10_000;
/** Chunks published so long after a viewer's join count for its delays, ms. */
export const SETTLED_AFTER_MS = 5_000;
/** Chunks published so shortly before the end may still be under way, ms. */
const UNFINISHED_MS = 3_000;
/** Viewers whose delays are kept one by one, and how many of each. */
const SAMPLED_VIEWERS = 2_000;
const SAMPLED_DELAYS = 400;

/** What is counted of one viewer. */
export type ViewerTally = {
  readonly peer: SimPeer;
  readonly isSampled: boolean;
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
  readonly #queue: EventQueue;
  readonly #viewers = new Map<SimPeer, ViewerTally>();
  readonly #sampleRatio: number;
  readonly delays = new Histogram();
  readonly playoutDelays = new Histogram();
  readonly startups = new Histogram(60_000);
  readonly originBytes = noBytes();
  originSteadyBytes = 0;
  handedBytes = 0;
  handedSteadyBytes = 0;
  watchedMs = 0;
  stalledMs = 0;
  stalledSteadyMs = 0;
  watchedSteadyMs = 0;
  skippedMs = 0;
  stalls = 0;
  seedMediaBytes = 0;
  linkMediaBytes = 0;
  linkControlBytes = 0;
  badBlocksSent = 0;
  badBlocksForwarded = 0;
  badBlocksPlayed = 0;
  pollutersRemainingAfterMs: number | null = 0;
  chunksRejected = 0;
  /** Bytes that left the origin, by tenth of a second of their departure. */
  readonly #originTenths: number[] = [];
  readonly #seconds: Second[] = [];
  readonly #publishedAtMs: number[] = [];
  readonly #receivedBySequence: number[] = [];
  readonly #verifiedBySequence: number[] = [];
  #publishedBytes = 0;
  #stalledNow = 0;
  #viewersNow = 0;
  #viewerMs = 0;
  #watchedTimeMs = 0;
  #steadyMs = 0;
  #steadyLimitMs = 0;
  #isBad: (bytes: Uint8Array) => boolean = () => false;

  constructor(queue: EventQueue, expectedViewers: number) {
    this.#queue = queue;
    this.#sampleRatio = Math.max(1, Math.ceil(expectedViewers / SAMPLED_VIEWERS));
  }

  /** How to know an altered block. */
  watchFor(isBad: (bytes: Uint8Array) => boolean): void {
    this.#isBad = isBad;
  }

  get viewers(): IterableIterator<ViewerTally> {
    return this.#viewers.values();
  }

  get viewersNow(): number {
    return this.#viewersNow;
  }

  get stalledNow(): number {
    return this.#stalledNow;
  }

  get chunksPublished(): number {
    return this.#publishedAtMs.length;
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

  /** Mean of 1 − 1/N(t) over the steady viewing. */
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
    this.#publishedAtMs.forEach((atMs, sequence) => {
      if (atMs > this.#queue.nowMs - UNFINISHED_MS) return;
      received += this.#receivedBySequence[sequence] ?? 0;
      verified += this.#verifiedBySequence[sequence] ?? 0;
    });
    return verified > 0 ? Math.max(0, received / verified - 1) : 0;
  }

  /** Called every quarter of a second: what is a mean over time. */
  sampled(sinceMs: number): void {
    const { nowMs } = this.#queue;
    const viewers = this.#viewersNow;
    if (viewers > 0) {
      this.#viewerMs += viewers * sinceMs;
      this.#watchedTimeMs += sinceMs;
    }
    let steady = 0;
    for (const { peer } of this.#viewers.values()) if (peer.isUp && isSteady(peer, nowMs)) steady++;
    this.#steadyMs += steady * sinceMs;
    if (viewers > 0) this.#steadyLimitMs += steady * sinceMs * (1 - 1 / viewers);
    const second = this.#second(nowMs);
    second.viewers = viewers;
    second.stalledViewers = Math.max(second.stalledViewers, this.#stalledNow);
  }

  viewerCame(peer: SimPeer): void {
    this.#viewersNow++;
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

  viewerLeft(peer: SimPeer): void {
    this.#viewersNow--;
    const tally = this.#viewers.get(peer);
    if (tally) tally.leftAtMs = this.#queue.nowMs;
    this.#countWatched(peer, this.#queue.nowMs);
  }

  /** The run is over. */
  finish(): void {
    for (const { peer, leftAtMs } of this.#viewers.values()) {
      if (leftAtMs === undefined) this.#countWatched(peer, this.#queue.nowMs);
    }
  }

  published(header: ChunkHeader): void {
    this.#publishedAtMs[header.sequence] = this.#queue.nowMs;
    this.#publishedBytes += header.byteLength;
  }

  publishedAtMs(sequence: number): number | undefined {
    return this.#publishedAtMs[sequence];
  }

  /** Application bytes leave the origin for a viewer. */
  originSent(kind: OriginByteKind, to: SimPeer | undefined, sent: { readonly bytes: number; readonly departsMs: number }): void {
    const { bytes, departsMs } = sent;
    this.originBytes[kind] += bytes;
    if (to && isSteady(to, this.#queue.nowMs)) this.originSteadyBytes += bytes;
    const tenth = Math.floor(departsMs / 100);
    while (this.#originTenths.length <= tenth) this.#originTenths.push(0);
    this.#originTenths[tenth] = (this.#originTenths[tenth] ?? 0) + bytes;
    this.#second(this.#queue.nowMs).origin[kind] += bytes;
  }

  linkBytesSent(from: SimPeer, to: NetworkHost, sent: { readonly message: WireMessage; readonly bytes: number }): void {
    const { message, bytes } = sent;
    const mediaBytes = message.kind === 'block' ? message.bytes.length : 0;
    this.linkMediaBytes += mediaBytes;
    this.linkControlBytes += bytes - mediaBytes;
    if (from.role === 'origin') {
      this.seedMediaBytes += mediaBytes;
      const viewer = this.#viewers.get(to as SimPeer)?.peer;
      this.originSent('seed', viewer, { bytes, departsMs: from.line.uplinkFreeAtMs });
    }
    if (message.kind === 'block' && this.#isBad(message.bytes)) {
      this.badBlocksSent++;
      if (!from.isPolluter) this.badBlocksForwarded++;
    }
  }

  linkBytesCame(to: SimPeer, message: WireMessage): void {
    if (message.kind === 'block') this.mediaCame(to, message.sequence, message.bytes.length);
  }

  mediaCame(to: SimPeer, sequence: number, bytes: number): void {
    this.#receivedBySequence[sequence] = (this.#receivedBySequence[sequence] ?? 0) + bytes;
    const tally = this.#viewers.get(to);
    if (tally) tally.receivedMediaBytes += bytes;
  }

  partReady(peer: SimPeer, header: ChunkHeader): void {
    const tally = this.#viewers.get(peer);
    if (!tally) return;
    tally.handedBytes += header.byteLength;
    this.handedBytes += header.byteLength;
    this.#second(this.#queue.nowMs).handedBytes += header.byteLength;
    if (isSteady(peer, this.#queue.nowMs)) this.handedSteadyBytes += header.byteLength;
  }

  chunkVerified(peer: SimPeer, header: ChunkHeader): void {
    const tally = this.#viewers.get(peer);
    const publishedMs = this.#publishedAtMs[header.sequence];
    if (!tally || publishedMs === undefined) return;
    this.#verifiedBySequence[header.sequence] = (this.#verifiedBySequence[header.sequence] ?? 0) + header.byteLength;
    if (publishedMs < peer.joinedAtMs + SETTLED_AFTER_MS) return;
    const delayMs = this.#queue.nowMs - publishedMs;
    this.delays.add(delayMs);
    if (tally.isSampled && tally.delaysMs.length < SAMPLED_DELAYS) tally.delaysMs.push(delayMs);
  }

  chunkRejected(_peer: SimPeer, _from: PeerId): void {
    this.chunksRejected++;
  }

  started(peer: SimPeer): void {
    const startupMs = this.#queue.nowMs - peer.joinedAtMs;
    this.startups.add(startupMs);
    const tally = this.#viewers.get(peer);
    if (tally) tally.startupMs = startupMs;
  }

  stallBegan(_peer: SimPeer): void {
    this.#stalledNow++;
    this.stalls++;
  }

  stallEnded(peer: SimPeer, fromMs: number, toMs: number): void {
    this.#stalledNow--;
    this.stalledMs += toMs - fromMs;
    this.stalledSteadyMs += Math.max(0, toMs - Math.max(fromMs, peer.joinedAtMs + STEADY_AFTER_MS));
  }

  skipped(_peer: SimPeer, byMs: number): void {
    this.skippedMs += byMs;
  }

  delaySampled(peer: SimPeer, nowMs: number, delayMs: number): void {
    if (isSteady(peer, nowMs)) this.playoutDelays.add(delayMs);
  }

  #countWatched(peer: SimPeer, toMs: number): void {
    const startupMs = this.#viewers.get(peer)?.startupMs;
    if (startupMs === undefined) return;
    this.watchedMs += toMs - peer.joinedAtMs - startupMs;
    this.watchedSteadyMs += Math.max(0, toMs - peer.joinedAtMs - Math.max(STEADY_AFTER_MS, startupMs));
  }

  #second(nowMs: number): Second {
    const index = Math.floor(nowMs / 1_000);
    for (let at = this.#seconds.length; at <= index; at++) {
      this.#seconds.push({ viewers: this.#viewersNow, handedBytes: 0, stalledViewers: 0, origin: noBytes() });
    }
    return this.#seconds[index] as Second;
  }
}

function isSteady(peer: SimPeer, nowMs: number): boolean {
  return nowMs >= peer.joinedAtMs + STEADY_AFTER_MS;
}

function noBytes(): Record<OriginByteKind, number> {
  return { seed: 0, fallback: 0, join: 0, playlist: 0, header: 0 };
}
