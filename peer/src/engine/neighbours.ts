import {
  BLOCK_BYTES,
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
import { ChunkMarks, isHolder } from './chunk-marks.js';
import { ChunkRows } from './chunk-rows.js';
import type { LinkId } from './engine-io.js';
import { Estimate } from './estimate.js';
import type { EngineOptions } from './engine-options.js';

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

/** Links by id, and what is known of who is behind them. */
export class Neighbours {
  readonly #byLink = new Map<LinkId, Neighbour>();
  readonly #byPeer = new Map<PeerId, Neighbour>();
  /** In the order in which they came: their places in {@link #rows}. */
  readonly #list: Neighbour[] = [];
  readonly #rows = new ChunkRows();
  /** What they would push, ms: by rendition, stripe and place. */
  readonly #offers = new Map<RenditionId, number[][]>();
  readonly #options: EngineOptions;
  /** Rises when somebody comes, goes or follows another rendition. */
  #revision = 0;
  #countOf = { revision: -1, counted: { rendition: 0 as RenditionId, count: 0 } };

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#byLink.size;
  }

  /** Those who follow a rendition, or all; whoever has not said HELLO may. */
  countOf(rendition: RenditionId | undefined): number {
    if (rendition === undefined) return this.count;
    const { revision, counted } = this.#countOf;
    if (revision === this.#revision && counted.rendition === rendition) return counted.count;
    let count = 0;
    for (const neighbour of this.#byLink.values()) if (follows(neighbour, rendition)) count++;
    this.#countOf = { revision: this.#revision, counted: { rendition, count } };
    return count;
  }

  /**
   * Takes over what a neighbour says of itself; until its uplink is measured, its word is believed.
   *
   * @returns the renditions that it did not follow before, as a set of bits; undefined: it follows the same
   */
  noteStatus(neighbour: Neighbour, status: PeerStatus): number | undefined {
    const before = neighbour.status?.renditions ?? 0;
    const now = status.renditions ?? 0;
    const added = before === 0 ? 0 : now & ~before;
    if (now !== before) this.#revision++;
    // What it had of a rendition that it comes back to it has forgotten.
    neighbour.marks.unshare(added);
    neighbour.status = status;
    if (status.uplinkKbps > 0) neighbour.msPerKib.assume((1024 * 8) / status.uplinkKbps);
    return now === before ? undefined : added;
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
    const neighbour: Neighbour = {
      ...who,
      status: undefined,
      marks: new ChunkMarks(this.#rows, this.#list.length),
      outstandingBytes: 0,
      outstandingChunks: 0,
      queue: { bytes: 0, atMs: nowMs },
      roundTripMs: new Estimate(50),
      msPerKib: new Estimate(this.#assumedMsPerKib),
      brokenPromises: 0,
      receivedBytes: 0,
      sentBytes: 0,
      receiving: new ByteRate(),
      sending: new ByteRate(),
      lastHeardMs: nowMs,
      pushGraceUntilMs: -Infinity,
      pingNonce: 0,
      pingSentMs: undefined,
    };
    this.#byLink.set(who.linkId, neighbour);
    this.#list.push(neighbour);
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
    return this.#where(key, true);
  }

  /** All others. */
  lackersOf(key: ChunkKey): Neighbour[] {
    return this.#where(key, false);
  }

  /** A neighbour tells what it would push, ms by stripe. */
  noteOffers(neighbour: Neighbour, offer: { readonly rendition: RenditionId; readonly pathMs: readonly number[] }): void {
    const { rendition, pathMs } = offer;
    let stripes = this.#offers.get(rendition);
    if (!stripes) this.#offers.set(rendition, (stripes = Array.from({ length: STRIPE_COUNT }, () => [])));
    const { place } = neighbour.marks;
    for (let stripe = 0; stripe < STRIPE_COUNT; stripe++) {
      const row = stripes[stripe] as number[];
      while (row.length < place) row.push(NO_OFFER);
      row[place] = pathMs[stripe] ?? NO_OFFER;
    }
  }

  /** The shortest way on offer for a stripe below a limit, from whom `isTaken` says; the first to have come, where several are as short. */
  bestOffer(
    { rendition, stripe }: StripeRef,
    belowMs: number,
    isTaken: (neighbour: Neighbour) => boolean,
  ): { readonly from: Neighbour; readonly pathMs: number } | undefined {
    const row = this.#offers.get(rendition)?.[stripe];
    if (!row) return undefined;
    let from: Neighbour | undefined;
    let pathMs = belowMs;
    for (let place = 0; place < row.length; place++) {
      const offerMs = row[place] ?? NO_OFFER;
      if (offerMs >= pathMs) continue;
      const neighbour = this.#list[place];
      if (!neighbour || !isTaken(neighbour)) continue;
      from = neighbour;
      pathMs = offerMs;
    }
    return from && { from, pathMs };
  }

  #where(key: ChunkKey, isHeld: boolean): Neighbour[] {
    const row = this.#rows.row(key);
    const { hasHoldings } = this.#rows;
    const found: Neighbour[] = [];
    for (let place = 0; place < this.#list.length; place++) {
      const neighbour = this.#list[place] as Neighbour;
      const has = hasHoldings ? neighbour.marks.holding(key) !== 'none' : isHolder(row, place);
      if (has === isHeld) found.push(neighbour);
    }
    return found;
  }

  #removePlace(place: number): void {
    this.#list[place]?.marks.detach();
    this.#list.splice(place, 1);
    this.#rows.removePlace(place);
    for (const stripes of this.#offers.values()) for (const row of stripes) row.splice(place, 1);
    for (let after = place; after < this.#list.length; after++) this.#list[after]?.marks.moveUp();
  }
}

/** True when a neighbour wants to hear of a rendition's chunks; before its HELLO nobody knows, and it is told of all. */
export function follows({ status }: Neighbour, rendition: RenditionId): boolean {
  return !status?.renditions || (status.renditions & renditionBit(rendition)) !== 0;
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
