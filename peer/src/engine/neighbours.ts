import {
  BLOCK_BYTES,
  chunkOfKey,
  NO_OFFER,
  renditionBit,
  STRIPE_COUNT,
  type ChunkKey,
  type PeerId,
  type PeerRole,
  type PeerStatus,
  type RenditionId,
  type StripeRef,
} from '@p2ptv/protocol';
import { ByteRate } from './byte-rate.js';
import { ChunkMarks, isHolder, isInformed } from './chunk-marks.js';
import { ChunkRows } from './chunk-rows.js';
import type { LinkId } from './engine-io.js';
import { Estimate } from './estimate.js';
import type { EngineOptions } from './engine-options.js';
import { RateGate } from './rate-gate.js';

/** How often a neighbour that follows other renditions than before is told of their newest chunks: who changes to and fro would have headers by the hundred for 12 bytes. */
const GREETINGS = { perSecond: 0.2, burst: 4 };

/** All that an engine knows about one neighbour. Bytes are media bytes. */
export type Neighbour = {
  readonly linkId: LinkId;
  readonly peerId: PeerId;
  readonly role: PeerRole;
  /** Undefined until its HELLO. */
  status: PeerStatus | undefined;
  /** What is known of it and each chunk of the window. */
  readonly marks: ChunkMarks;
  /** Bytes asked of it and not received yet. */
  outstandingBytes: number;
  outstandingChunks: number;
  /** Bytes that it was to send before ours when it last said so. */
  readonly queue: { bytes: number; atMs: number };
  readonly roundTripMs: Estimate;
  /** Milliseconds a KiB once it is our turn. */
  readonly msPerKib: Estimate;
  /** Of a recording: it has nothing of what is wanted next, as far as it has told; it counts as little as who follows another rendition. */
  isElsewhere: boolean;
  /** Transfers in a row that it let lapse; fades with time. */
  brokenPromises: number;
  receivedBytes: number;
  sentBytes: number;
  readonly receiving: ByteRate;
  readonly sending: ByteRate;
  lastHeardMs: number;
  /** Pushes that it began before it heard that we have another parent are still no offence until then. */
  pushGraceUntilMs: number;
  pingNonce: number;
  pingSentMs: number | undefined;
};

/** Neighbours for whose offers there is room at first: as many as most ever have. */
const LEAST_PLACES = 24;
const ALL_RENDITIONS = 0xffff;

/** Links by id, and what is known of who is behind them. */
export class Neighbours {
  readonly #byLink = new Map<LinkId, Neighbour>();
  readonly #byPeer = new Map<PeerId, Neighbour>();
  /** In the order in which they came: their places in {@link #rows}. */
  readonly #list: Neighbour[] = [];
  readonly #rows = new ChunkRows();
  /** By place: whose link it is, and the renditions of which the neighbour wants to hear, as a set of bits. */
  readonly #linkIds: LinkId[] = [];
  readonly #heeded: number[] = [];
  /** What they would push, ms: by rendition, each neighbour's stripes in turn. */
  readonly #offers = new Map<RenditionId, Uint16Array>();
  readonly #options: EngineOptions;
  /** Of those that have changed what they follow. */
  readonly #greetings = new WeakMap<Neighbour, RateGate>();
  /** Rises when somebody comes, goes or follows another rendition. */
  #revision = 0;
  #countOf = { revision: -1, counted: { rendition: 0 as RenditionId, count: 0 } };

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#byLink.size;
  }

  /** Notes whether a neighbour has anything of what is wanted next of a recording. */
  noteElsewhere(neighbour: Neighbour, isElsewhere: boolean): void {
    if (neighbour.isElsewhere === isElsewhere) return;
    neighbour.isElsewhere = isElsewhere;
    this.#revision++;
  }

  /** Those who follow a rendition and are not elsewhere in it, or all; whoever has not said HELLO may. */
  countOf(rendition: RenditionId | undefined): number {
    if (rendition === undefined) return this.count;
    const { revision, counted } = this.#countOf;
    if (revision === this.#revision && counted.rendition === rendition) return counted.count;
    let count = 0;
    for (const neighbour of this.#byLink.values()) if (follows(neighbour, rendition) && !neighbour.isElsewhere) count++;
    this.#countOf = { revision: this.#revision, counted: { rendition, count } };
    return count;
  }

  /**
   * Takes over what a neighbour says of itself; until its uplink is measured, its word is believed.
   *
   * @returns whether it is to be told of renditions that it did not follow before; undefined: it follows the same
   */
  noteStatus(neighbour: Neighbour, status: PeerStatus): boolean | undefined {
    const before = neighbour.status?.renditions ?? 0;
    const now = status.renditions ?? 0;
    const added = before === 0 ? 0 : now & ~before;
    if (now !== before) this.#revision++;
    // What it had of a rendition that it comes back to it has forgotten.
    neighbour.marks.unshare(added);
    neighbour.status = status;
    this.#heeded[neighbour.marks.place] = heededBy(neighbour);
    if (status.uplinkKbps > 0) neighbour.msPerKib.assume((1024 * 8) / status.uplinkKbps);
    if (now === before) return undefined;
    return added !== 0 && this.#mayGreet(neighbour);
  }

  all(): IterableIterator<Neighbour> {
    return this.#byLink.values();
  }

  get(linkId: LinkId): Neighbour | undefined {
    return this.#byLink.get(linkId);
  }

  byPeer(peerId: PeerId): Neighbour | undefined {
    return this.#byPeer.get(peerId);
  }

  add(nowMs: number, who: { linkId: LinkId; peerId: PeerId; role: PeerRole }): Neighbour {
    // What each message touches lies together, at the beginning; copied members would lie elsewhere.
    const neighbour: Neighbour = {
      linkId: who.linkId,
      status: undefined,
      lastHeardMs: nowMs,
      marks: new ChunkMarks(this.#rows, this.#list.length),
      queue: { bytes: 0, atMs: nowMs },
      role: who.role,
      peerId: who.peerId,
      outstandingBytes: 0,
      outstandingChunks: 0,
      roundTripMs: new Estimate(50),
      msPerKib: new Estimate(this.#assumedMsPerKib),
      isElsewhere: false,
      brokenPromises: 0,
      receivedBytes: 0,
      sentBytes: 0,
      receiving: new ByteRate(),
      sending: new ByteRate(),
      pushGraceUntilMs: -Infinity,
      pingNonce: 0,
      pingSentMs: undefined,
    };
    this.#byLink.set(who.linkId, neighbour);
    this.#list.push(neighbour);
    this.#linkIds.push(who.linkId);
    this.#heeded.push(heededBy(neighbour));
    this.#revision++;
    this.#byPeer.set(who.peerId, neighbour);
    return neighbour;
  }

  remove(linkId: LinkId): Neighbour | undefined {
    const neighbour = this.#byLink.get(linkId);
    this.#byLink.delete(linkId);
    this.#revision++;
    // A newer link to the same peer may have taken its place.
    if (neighbour && this.#byPeer.get(neighbour.peerId) === neighbour) this.#byPeer.delete(neighbour.peerId);
    if (neighbour) this.#removePlace(this.#list.indexOf(neighbour));
    return neighbour;
  }

  /** True while the origin's seeder is linked. */
  hasSeeder(): boolean {
    for (const { role } of this.#byLink.values()) if (role === 'origin') return true;
    return false;
  }

  /** True when any neighbour serves others: without one there is nothing to wait for. */
  hasUploader(): boolean {
    for (const { status } of this.#byLink.values()) if (status?.isUploading) return true;
    return false;
  }

  /** Lets old disappointments fade, at every ping: whoever was slow once is asked again some day. */
  relax(): void {
    for (const neighbour of this.#byLink.values()) {
      neighbour.brokenPromises *= 0.8;
      if (neighbour.outstandingChunks === 0) neighbour.msPerKib.relaxTo(this.#assumedMsPerKib);
    }
  }

  #mayGreet(neighbour: Neighbour): boolean {
    const { lastHeardMs } = neighbour;
    const gate = this.#greetings.get(neighbour) ?? new RateGate(lastHeardMs, GREETINGS);
    this.#greetings.set(neighbour, gate);
    return gate.take(lastHeardMs, 1);
  }

  get #assumedMsPerKib(): number {
    return (1024 * 8000) / this.#options.scheduler.assumedUplinkBitsPerSecond;
  }

  /** Forgets a rendition that nobody here follows any more. */
  forgetRendition(rendition: RenditionId): void {
    for (const neighbour of this.#byLink.values()) {
      neighbour.marks.forgetRendition(rendition);
    }
    this.#offers.delete(rendition);
  }

  /** Forgets chunks that left the window. */
  forget(keys: readonly ChunkKey[]): void {
    for (const key of keys) this.#rows.drop(key);
  }

  /** Those that said they have the chunk, or are getting it. */
  holdersOf(key: ChunkKey): Neighbour[] {
    const found: Neighbour[] = [];
    const row = this.#rows.row(key);
    for (let place = 0; place < this.#list.length; place++) {
      if (this.#isHolder(row, key, place)) found.push(this.#list[place] as Neighbour);
    }
    return found;
  }

  /**
   * Those that want to hear of a chunk and have not said that they have it, or are getting it: links to whoever has its
   * header, and the others. The origin's seeder wants to hear of none.
   */
  listenersOf(key: ChunkKey): { readonly informed: LinkId[]; readonly strangers: Neighbour[] } {
    const informed: LinkId[] = [];
    const strangers: Neighbour[] = [];
    const row = this.#rows.row(key);
    const bit = renditionBit(chunkOfKey(key).rendition);
    for (let place = 0; place < this.#list.length; place++) {
      if (((this.#heeded[place] ?? 0) & bit) === 0 || this.#isHolder(row, key, place)) continue;
      if (isInformed(row, place)) informed.push(this.#linkIds[place] as LinkId);
      else strangers.push(this.#list[place] as Neighbour);
    }
    return { informed, strangers };
  }

  /** Links to those that want to hear of a rendition; the origin's seeder does not. */
  heedersOf(rendition: RenditionId): LinkId[] {
    const bit = renditionBit(rendition);
    return this.#linkIds.filter((_, place) => ((this.#heeded[place] ?? 0) & bit) !== 0);
  }

  /** A neighbour tells what it would push, ms by stripe. */
  noteOffers(neighbour: Neighbour, offer: { readonly rendition: RenditionId; readonly pathMs: readonly number[] }): void {
    const { rendition, pathMs } = offer;
    const { place } = neighbour.marks;
    const first = place * STRIPE_COUNT;
    let offers = this.#offers.get(rendition);
    if (!offers || offers.length <= first) {
      const before = offers;
      offers = new Uint16Array(Math.max(LEAST_PLACES, 2 * place) * STRIPE_COUNT).fill(NO_OFFER);
      if (before) offers.set(before);
      this.#offers.set(rendition, offers);
    }
    for (let stripe = 0; stripe < STRIPE_COUNT; stripe++) offers[first + stripe] = pathMs[stripe] ?? NO_OFFER;
  }

  /** The shortest way on offer for a stripe below a limit, from whom `isTaken` says; the first to have come, where several are as short. */
  bestOffer(
    { rendition, stripe }: StripeRef,
    belowMs: number,
    isTaken: (neighbour: Neighbour) => boolean,
  ): { readonly from: Neighbour; readonly pathMs: number } | undefined {
    const offers = this.#offers.get(rendition);
    if (!offers) return undefined;
    let from: Neighbour | undefined;
    let pathMs = belowMs;
    for (let place = 0; place < this.#list.length; place++) {
      const offerMs = offers[place * STRIPE_COUNT + stripe] ?? NO_OFFER;
      if (offerMs >= pathMs) continue;
      const neighbour = this.#list[place];
      if (!neighbour || !isTaken(neighbour)) continue;
      from = neighbour;
      pathMs = offerMs;
    }
    return from && { from, pathMs };
  }

  #isHolder(row: readonly number[] | undefined, key: ChunkKey, place: number): boolean {
    return this.#rows.hasHoldings ? this.#list[place]?.marks.holding(key) !== 'none' : isHolder(row, place);
  }

  #removePlace(place: number): void {
    this.#list[place]?.marks.detach();
    this.#list.splice(place, 1);
    this.#rows.removePlace(place);
    this.#linkIds.splice(place, 1);
    this.#heeded.splice(place, 1);
    for (const offers of this.#offers.values()) {
      offers.copyWithin(place * STRIPE_COUNT, (place + 1) * STRIPE_COUNT);
      offers.fill(NO_OFFER, this.#list.length * STRIPE_COUNT);
    }
    for (let after = place; after < this.#list.length; after++) this.#list[after]?.marks.moveUp();
  }
}

/** The renditions that a neighbour follows, as a set of bits; before its HELLO nobody knows, and it is told of all. */
function followedBy({ status }: Neighbour): number {
  return status?.renditions ? status.renditions : ALL_RENDITIONS;
}

/** Those of whose chunks it wants to hear: the origin's seeder has them from the publisher. */
function heededBy(neighbour: Neighbour): number {
  return neighbour.role === 'origin' ? 0 : followedBy(neighbour);
}

/** True when a neighbour follows a rendition, or has not said yet. */
export function follows(neighbour: Neighbour, rendition: RenditionId): boolean {
  return (followedBy(neighbour) & renditionBit(rendition)) !== 0;
}

/** What each promise that a neighbour broke adds to its predicted finish, ms. */
const BROKEN_PROMISE_MS = 250;

/**
 * When a neighbour would have delivered that many more bytes: a round trip, what it owes us and
 * others first, the bytes themselves, and what its lapses teach.
 */
export function predictedFinishMs(nowMs: number, neighbour: Neighbour, byteCount: number): number {
  return beginsMs(nowMs, neighbour) + (byteCount * neighbour.msPerKib.mean) / 1024;
}

/** When the first byte of a new request would come. */
function beginsMs(nowMs: number, neighbour: Neighbour): number {
  const msPerByte = neighbour.msPerKib.mean / 1024;
  const { queue } = neighbour;
  const queuedBytes = Math.max(neighbour.outstandingBytes, queue.bytes - (nowMs - queue.atMs) / msPerByte, 0);
  const doubtMs = neighbour.brokenPromises * BROKEN_PROMISE_MS;
  return nowMs + neighbour.roundTripMs.mean + doubtMs + queuedBytes * msPerByte;
}

/** It refused what was due by then: what it sends to others takes until then at least. */
export function noteTooLate(nowMs: number, neighbour: Neighbour, deadlineMs: number): void {
  const { queue, msPerKib } = neighbour;
  const bytes = (Math.max(0, deadlineMs - nowMs) / msPerKib.mean) * 1024;
  noteQueue(nowMs, neighbour, Math.max(bytes, queue.bytes));
}

/** It says how many bytes it is to send before ours. */
export function noteQueue(nowMs: number, { queue }: Neighbour, bytes: number): void {
  queue.bytes = bytes;
  queue.atMs = nowMs;
}

/** Learns a neighbour's rate, once it was our turn, from a chunk that is whole: from the first block on, where there were several. */
export function measureRate(
  nowMs: number,
  neighbour: Neighbour,
  transfer: { readonly askedBytes: number; readonly askedAtMs: number; readonly begunAtMs: number | undefined; readonly isPush: boolean },
): void {
  const { askedBytes, askedAtMs, begunAtMs } = transfer;
  const isTimed = begunAtMs !== undefined && askedBytes > BLOCK_BYTES;
  // A push that came in one piece says nothing: nobody knows when it was begun.
  if (transfer.isPush && !isTimed) return;
  const elapsedMs = isTimed ? nowMs - begunAtMs : nowMs - askedAtMs - neighbour.roundTripMs.mean;
  const bytes = isTimed ? askedBytes - BLOCK_BYTES : askedBytes;
  neighbour.msPerKib.add(Math.max(0.05, elapsedMs) / (bytes / 1024));
}
