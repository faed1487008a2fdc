import {
  BLOCK_BYTES,
  blockLengthOf,
  CROWD_WARM_PEERS,
  LIMITS,
  type ChunkRef,
  type ChunkSequence,
  type PeerDescription,
  type RenditionId,
  type SignedChunkHeader,
} from '@p2ptv/protocol';
import type { UplinkPriority } from '@p2ptv/origin/uplink-budget';
import type { AccessLine } from './access-line.js';
import { Happening, ORIGIN, SimEvent, type EventQueue } from './event-queue.js';
import type { LadderMedia } from './ladder.js';
import { blockOfLength } from './media-source.js';
import type { OriginUplink } from './origin-uplink.js';

/** What an origin's bytes were for (SimResult.originBytes). */
export type OriginByteKind = 'seed' | 'fallback' | 'join' | 'playlist' | 'header';

/** A viewer as the origin's HTTP server sees it. */
export interface OriginClientHost {
  readonly index: number;
  readonly line: AccessLine;
  readonly joinedAtMs: number;
  readonly isUp: boolean;
  /** `retryAfterMs`: the origin is full for the moment. Undefined without: it cannot be reached. */
  joinAnswered(answer: JoinAnswer | undefined, retryAfterMs?: number): void;
  /** The next bytes of a fetch; they end at the end of a block. */
  fetchedBytes(fetchId: number, chunk: ChunkRef, bytes: Uint8Array): void;
  fetchEnded(fetchId: number, failure: 'notFound' | 'unavailable' | undefined): void;
  /** The answer to a join of a recording; undefined: the origin cannot be reached. */
  openAnswered(answer: PlaceAnswer | undefined, retryAfterMs?: number): void;
  /** Undefined: the request failed. */
  placeAnswered(requestId: number, answer: PlaceAnswer | undefined): void;
  /** Undefined: the long poll failed. */
  headersAnswered(poll: HeaderPollRef, headers: readonly SignedChunkHeader[] | undefined): void;
}

/** Names a long poll of a viewer; it has one a rendition at most. */
export type HeaderPollRef = { readonly rendition: RenditionId; readonly id: number };

/** All that a first frame needs but the media. */
export type JoinAnswer = {
  readonly headers: readonly SignedChunkHeader[];
  readonly warmPeers: readonly PeerDescription[];
  /** The first frames are to come from peers. */
  readonly isUplinkTaken: boolean;
};

/** Headers of a recording from a place on. */
export type PlaceAnswer = Omit<JoinAnswer, 'isUplinkTaken'> & {
  /** The last header is the recording's last. */
  readonly isEnd: boolean;
};

/** What the origin's HTTP is told. */
export type OriginHttpOptions = {
  /** From a request's arrival to the first byte of its answer, ms. */
  readonly serverMs: number;
  readonly partMs: number;
};

/** What it stands on. */
export type OriginHttpPorts = {
  readonly queue: EventQueue;
  readonly media: LadderMedia;
  readonly uplink: OriginUplink;
  readonly warmPeers: (rendition: RenditionId) => readonly PeerDescription[];
  /** Who watches, as far as the tracker knows. */
  readonly viewerCount: () => number;
  readonly isReachable: () => boolean;
  /** Application bytes leave for a viewer. */
  readonly sent: (kind: OriginByteKind, to: OriginClientHost, sent: { readonly bytes: number; readonly departsMs: number }) => void;
  /** They have reached it, or were of no use any more. */
  readonly arrived: (bytes: number, isUsed: boolean) => void;
};

/** In which order the origin's budget serves its requests, as the real origin has it. */
const PRIORITIES: Readonly<Record<OriginByteKind, UplinkPriority>> = {
  seed: 'seed',
  fallback: 'deadline',
  header: 'deadline',
  join: 'join',
  playlist: 'other',
};
const MAX_RETRY_AFTER_MS = 30_000;
/** Record, JSON and base64 of a join answer besides headers and peers, bytes. */
const JOIN_FIXED_BYTES = 700 + Math.ceil((1_024 * 4) / 3) + 200;
const PEER_DESCRIPTION_BYTES = 90;
/** Of a recording there is one rendition. */
const FIRST_RENDITION = 0 as RenditionId;
/** Round trips of TCP and TLS before a viewer's first request. */
const CONNECT_ROUND_TRIPS = 2;
/** TCP's initial window (RFC 6928), doubled each round trip until it is no limit any more. */
const INITIAL_WINDOW_BYTES = 14 * 1024;
const OPEN_WINDOW_BYTES = 512 * 1024;

type Connection = { readonly host: OriginClientHost; readonly delayMs: number; windowBytes: number };
type Follower = { readonly connection: Connection; readonly poll: HeaderPollRef; after: number; canAnswerAtMs: number };
/** What a join is about. */
type JoinWish = { readonly rendition: RenditionId; readonly delayMs: number };
/** An answer with media. */
type ChunkAnswer = { readonly fetchId: number; readonly chunk: ChunkRef; readonly firstByte: number; readonly kind: OriginByteKind };

/** The origin's HTTP server and the viewers' clients of it: joins, chunks, long polls for headers. */
export class OriginHttp {
  readonly #options: OriginHttpOptions;
  readonly #ports: OriginHttpPorts;
  readonly #connections = new Map<number, Connection>();
  readonly #responses = new Map<number, Map<number, ChunkResponse>>();
  /** By viewer and rendition. */
  readonly #followers = new Map<number, Follower>();

  constructor(options: OriginHttpOptions, ports: OriginHttpPorts) {
    this.#options = options;
    this.#ports = ports;
  }

  /** A viewer asks to join; the answer reaches back `delayMs` behind the live edge. */
  join(host: OriginClientHost, wish: JoinWish): void {
    const known = this.#connections.get(host.index);
    const connection = known ?? this.#connect(host);
    const setUpMs = known ? 0 : CONNECT_ROUND_TRIPS * 2 * connection.delayMs;
    this.#at(setUpMs + connection.delayMs + this.#options.serverMs, ORIGIN, () => this.#answerJoin(connection, wish));
  }

  /** A viewer opens a recording at a date, program date-time in ms. */
  open(host: OriginClientHost, place: { readonly dateMs: number; readonly count: number }): void {
    const known = this.#connections.get(host.index);
    const connection = known ?? this.#connect(host);
    const setUpMs = known ? 0 : CONNECT_ROUND_TRIPS * 2 * connection.delayMs;
    this.#at(setUpMs + connection.delayMs + this.#options.serverMs, ORIGIN, () => this.#answerOpen(connection, place));
  }

  /** A viewer asks for headers from a date on. */
  headersAt(host: OriginClientHost, requestId: number, place: { readonly dateMs: number; readonly count: number }): void {
    const connection = this.#connections.get(host.index) ?? this.#connect(host);
    this.#at(connection.delayMs + this.#options.serverMs, ORIGIN, () => {
      const answer = this.#ports.isReachable() ? this.#placeAnswer(place) : undefined;
      if (answer) this.#send(connection, { kind: 'header', bytes: batchBytes(answer.headers) }, () => host.placeAnswered(requestId, answer));
      else this.#at(connection.delayMs, host.index, () => host.placeAnswered(requestId, undefined));
    });
  }

  /** A viewer asks for a chunk from a block's first byte to its end. */
  fetch(host: OriginClientHost, what: ChunkAnswer): void {
    const connection = this.#connections.get(host.index) ?? this.#connect(host);
    const response = new ChunkResponse(this, connection, what);
    let open = this.#responses.get(host.index);
    if (!open) {
      open = new Map();
      this.#responses.set(host.index, open);
    }
    open.set(what.fetchId, response);
    this.#ports.queue.schedule(response, this.#ports.queue.nowMs + connection.delayMs + this.#options.serverMs);
  }

  /** A viewer wants no more of an answer: what has not left yet is spared a round trip later. */
  abort(host: OriginClientHost, fetchId: number): void {
    const response = this.#responses.get(host.index)?.get(fetchId);
    if (!response) return;
    this.#forget(response);
    response.isUnheard = true;
    this.#at(this.#delayOf(host), ORIGIN, () => response.abort());
  }

  /** A viewer opens its long poll, in place of any other. */
  follow(host: OriginClientHost, poll: HeaderPollRef, after: ChunkSequence | undefined): void {
    const connection = this.#connections.get(host.index) ?? this.#connect(host);
    const canAnswerAtMs = this.#ports.queue.nowMs + connection.delayMs + this.#options.serverMs;
    const follower = { connection, poll, after: after ?? this.#newestIndependent(poll.rendition) - 1, canAnswerAtMs };
    this.#followers.set(followerKey(host, poll), follower);
    this.#at(connection.delayMs + this.#options.serverMs, ORIGIN, () => this.#answerFollower(follower));
  }

  /** A viewer closes its long poll. */
  stopFollowing(host: OriginClientHost, poll: HeaderPollRef): void {
    this.#followers.delete(followerKey(host, poll));
  }

  /** A viewer is gone. */
  forgetHost(host: OriginClientHost): void {
    for (const response of this.#responses.get(host.index)?.values() ?? []) response.abort();
    this.#responses.delete(host.index);
    for (let rendition = 0; rendition < LIMITS.renditions; rendition++) this.#followers.delete(followerKey(host, { rendition: rendition as RenditionId }));
    this.#connections.delete(host.index);
  }

  /** A chunk is published: long polls are answered. */
  published(): void {
    for (const follower of [...this.#followers.values()]) this.#answerFollower(follower);
  }

  /** The origin is gone: all that was under way fails. */
  failAll(): void {
    for (const open of this.#responses.values()) for (const response of open.values()) this.#fail(response);
    for (const follower of [...this.#followers.values()]) this.#failFollower(follower);
  }

  /** Sends the next piece of an answer; called when the one before has left. */
  continueResponse(response: ChunkResponse): void {
    const { media } = this.#ports;
    const { what } = response;
    if (response.isAborted) return;
    if (!this.#ports.isReachable()) {
      this.#fail(response);
      return;
    }
    const chunk = media.get(what.chunk);
    if (!chunk) {
      this.#end(response, 'notFound');
      return;
    }
    const { uplink, queue } = this.#ports;
    const roomAtMs = response.connection.host.line.roomAtMs(queue.nowMs);
    if (roomAtMs > queue.nowMs) {
      queue.schedule(response, roomAtMs);
      return;
    }
    const { byteLength } = chunk.header;
    const priority = PRIORITIES[what.kind];
    const bytes = blockOfLength(blockLengthOf(byteLength, response.nextBlock));
    const restBytes = byteLength - response.nextBlock * BLOCK_BYTES;
    if (response.place === undefined && uplink.isTooLate(restBytes, priority)) {
      this.#fail(response);
      return;
    }
    response.place ??= uplink.newPlace();
    response.withdraw = uplink.ask({
      bytes: bytes.length,
      laterBytes: restBytes - bytes.length,
      place: response.place,
      priority,
      granted: () => this.#sendBlock(response, bytes, byteLength),
    });
  }

  #sendBlock(response: ChunkResponse, bytes: Uint8Array, byteLength: number): void {
    const { queue, uplink } = this.#ports;
    const { connection, what } = response;
    response.nextBlock++;
    connection.host.line.promise(queue.nowMs, bytes.length);
    const departsMs = uplink.line.send(queue.nowMs, bytes.length);
    this.#ports.sent(what.kind, connection.host, { bytes: bytes.length, departsMs });
    const isLast = response.nextBlock * BLOCK_BYTES >= byteLength;
    this.#arrive(connection, departsMs, { response, bytes, isLast });
    if (!isLast) queue.schedule(response, this.#nextSendMs(response, departsMs, bytes.length));
  }

  /** TCP's slow start: a window's bytes a round trip. */
  #nextSendMs(response: ChunkResponse, departsMs: number, bytes: number): number {
    const { connection } = response;
    if (connection.windowBytes >= OPEN_WINDOW_BYTES) return departsMs;
    if (response.roundBytes === 0) response.roundAtMs = departsMs;
    response.roundBytes += bytes;
    if (response.roundBytes < connection.windowBytes) return departsMs;
    response.roundBytes = 0;
    connection.windowBytes *= 2;
    return Math.max(departsMs, response.roundAtMs + 2 * connection.delayMs);
  }

  #arrive(connection: Connection, departsMs: number, piece: { response: ChunkResponse; bytes: Uint8Array; isLast: boolean }): void {
    const { host, delayMs } = connection;
    const { response, bytes, isLast } = piece;
    this.#receive(host, { bytes: bytes.length, atMs: departsMs + delayMs }, () => {
      const isUsed = host.isUp && !response.isUnheard;
      this.#ports.arrived(bytes.length, isUsed);
      if (!isUsed) return;
      const { fetchId, chunk } = response.what;
      host.fetchedBytes(fetchId, chunk, bytes);
      if (!isLast) return;
      this.#forget(response);
      if (!response.isUnheard) host.fetchEnded(fetchId, undefined);
    });
  }

  /** Bytes come to a viewer's downlink; calls back when they are through it. */
  #receive(host: OriginClientHost, coming: { readonly bytes: number; readonly atMs: number }, done: () => void): void {
    const { queue } = this.#ports;
    this.#atTime(coming.atMs, host.index, () => {
      const receivedMs = host.line.receive(queue.nowMs, coming.bytes);
      if (receivedMs > queue.nowMs) this.#atTime(receivedMs, host.index, done);
      else done();
    });
  }

  #answerJoin(connection: Connection, wish: JoinWish): void {
    const { host } = connection;
    const headers = this.#ports.isReachable() ? this.#newest(wish) : [];
    if (headers.length === 0) {
      this.#at(connection.delayMs, host.index, () => {
        if (host.isUp) host.joinAnswered(undefined);
      });
      return;
    }
    const answerBytes = JOIN_FIXED_BYTES + Math.ceil((batchBytes(headers) * 4) / 3);
    const mediaBytes = headers.reduce((sum, { header }) => sum + header.byteLength, 0);
    const warmPeers = this.#ports.warmPeers(wish.rendition);
    // A crowd can feed a newcomer: then the answer is all that it needs of the origin, and goes before all else.
    const isFedByCrowd = warmPeers.length >= CROWD_WARM_PEERS;
    const lineMs = this.#ports.uplink.admitJoin(answerBytes + mediaBytes);
    const waitMs = lineMs > 0 && isFedByCrowd ? this.#ports.uplink.leaveJoinToPeers(this.#ports.viewerCount()) : lineMs;
    if (waitMs > 0) {
      // As the real origin says it: in whole seconds.
      const retryAfterMs = Math.min(MAX_RETRY_AFTER_MS, Math.ceil(waitMs / 1_000) * 1_000);
      this.#at(connection.delayMs, host.index, () => {
        if (host.isUp) host.joinAnswered(undefined, retryAfterMs);
      });
      return;
    }
    const bytes = answerBytes + warmPeers.length * PEER_DESCRIPTION_BYTES;
    const priority = isFedByCrowd ? 'seed' : 'join';
    this.#send(connection, { kind: 'join', bytes, priority }, () => host.joinAnswered({ headers, warmPeers, isUplinkTaken: lineMs > 0 }));
  }

  #answerOpen(connection: Connection, place: { readonly dateMs: number; readonly count: number }): void {
    const { host } = connection;
    const answer = this.#ports.isReachable() ? this.#placeAnswer(place) : undefined;
    const bytes = JOIN_FIXED_BYTES + Math.ceil((batchBytes(answer?.headers ?? []) * 4) / 3);
    const waitMs = this.#ports.uplink.admitJoin(bytes);
    if (!answer || waitMs > 0) {
      const retryAfterMs = waitMs > 0 ? Math.min(MAX_RETRY_AFTER_MS, Math.ceil(waitMs / 1_000) * 1_000) : undefined;
      this.#at(connection.delayMs, host.index, () => host.openAnswered(undefined, retryAfterMs));
      return;
    }
    const warmPeers = this.#ports.warmPeers(FIRST_RENDITION);
    this.#send(connection, { kind: 'join', bytes: bytes + warmPeers.length * PEER_DESCRIPTION_BYTES }, () => host.openAnswered({ ...answer, warmPeers }));
  }

  #placeAnswer(place: { readonly dateMs: number; readonly count: number }): PlaceAnswer {
    const chunks = this.#ports.media.chunksOf(FIRST_RENDITION);
    const after = chunks.findIndex(({ header }) => header.programDateTimeMs > place.dateMs);
    let first = Math.max(0, (after < 0 ? chunks.length : after) - 1);
    while (first > 0 && chunks[first]?.header.isIndependent !== true) first--;
    const headers = chunks.slice(first, first + Math.min(place.count, LIMITS.headersPerAnswer));
    return { headers, warmPeers: [], isEnd: first + headers.length === chunks.length };
  }

  /** From the last independent part at or before (edge − delay) up to the edge, as the real origin answers. */
  #newest({ rendition, delayMs }: JoinWish): readonly SignedChunkHeader[] {
    const chunks = this.#ports.media.chunksOf(rendition);
    let first = Math.max(0, chunks.length - 1 - Math.floor(delayMs / this.#options.partMs));
    while (first > 0 && chunks[first]?.header.isIndependent !== true) first--;
    return chunks.slice(first).slice(0, LIMITS.headersPerAnswer);
  }

  #newestIndependent(rendition: RenditionId): number {
    return this.#ports.media.chunksOf(rendition).findLastIndex(({ header }) => header.isIndependent);
  }

  #answerFollower(follower: Follower): void {
    const { connection, poll } = follower;
    const { host } = connection;
    if (this.#followers.get(followerKey(host, poll)) !== follower || this.#ports.queue.nowMs < follower.canAnswerAtMs) return;
    if (!this.#ports.isReachable()) {
      this.#failFollower(follower);
      return;
    }
    const headers = this.#ports.media.chunksOf(poll.rendition).slice(follower.after + 1, follower.after + 1 + LIMITS.headersPerAnswer);
    if (headers.length === 0) return;
    follower.after += headers.length;
    follower.canAnswerAtMs = Infinity;
    this.#send(connection, { kind: 'header', bytes: batchBytes(headers) }, () => {
      if (this.#followers.get(followerKey(host, poll)) === follower) {
        // The client asks again as soon as it has its answer.
        follower.canAnswerAtMs = this.#ports.queue.nowMs + connection.delayMs + this.#options.serverMs;
        this.#at(connection.delayMs + this.#options.serverMs, ORIGIN, () => this.#answerFollower(follower));
      }
      host.headersAnswered(poll, headers);
    });
  }

  #failFollower(follower: Follower): void {
    const { host, delayMs } = follower.connection;
    this.#followers.delete(followerKey(host, follower.poll));
    this.#at(delayMs, host.index, () => {
      if (host.isUp) host.headersAnswered(follower.poll, undefined);
    });
  }

  #send(connection: Connection, what: { readonly kind: OriginByteKind; readonly bytes: number; readonly priority?: UplinkPriority }, done: () => void): void {
    const { host, delayMs } = connection;
    const { kind, bytes } = what;
    const { uplink, queue } = this.#ports;
    const granted = (): void => {
      const departsMs = uplink.line.send(queue.nowMs, bytes);
      this.#ports.sent(kind, host, { bytes, departsMs });
      this.#receive(host, { bytes, atMs: departsMs + delayMs }, () => {
        this.#ports.arrived(bytes, host.isUp);
        if (host.isUp) done();
      });
    };
    uplink.ask({ bytes, priority: what.priority ?? PRIORITIES[kind], granted });
  }

  #fail(response: ChunkResponse): void {
    this.#end(response, 'unavailable');
  }

  #end(response: ChunkResponse, failure: 'notFound' | 'unavailable'): void {
    const { host, delayMs } = response.connection;
    response.abort();
    this.#forget(response);
    this.#at(delayMs, host.index, () => {
      if (host.isUp && !response.isUnheard) host.fetchEnded(response.what.fetchId, failure);
    });
  }

  #forget(response: ChunkResponse): void {
    this.#responses.get(response.connection.host.index)?.delete(response.what.fetchId);
  }

  #connect(host: OriginClientHost): Connection {
    const delayMs = host.line.accessDelayMs + this.#ports.uplink.line.accessDelayMs;
    const connection = { host, delayMs, windowBytes: INITIAL_WINDOW_BYTES };
    this.#connections.set(host.index, connection);
    return connection;
  }

  #delayOf(host: OriginClientHost): number {
    return host.line.accessDelayMs + this.#ports.uplink.line.accessDelayMs;
  }

  #at(delayMs: number, peerIndex: number, happens: () => void): void {
    this.#atTime(this.#ports.queue.nowMs + delayMs, peerIndex, happens);
  }

  #atTime(atMs: number, peerIndex: number, happens: () => void): void {
    this.#ports.queue.schedule(new Happening(happens, peerIndex), atMs);
  }
}

/** An answer with media, sent block by block: the event is the next block's turn. */
class ChunkResponse extends SimEvent {
  readonly #http: OriginHttp;
  nextBlock: number;
  roundBytes = 0;
  roundAtMs = 0;
  /** The server has learned that nobody wants it. */
  isAborted = false;
  /** The viewer does not listen any more. */
  isUnheard = false;
  /** In the line for the uplink; undefined: it has not begun. */
  place: number | undefined;
  /** Takes back the wish to send the next block. */
  withdraw: (() => void) | undefined;

  constructor(
    http: OriginHttp,
    readonly connection: Connection,
    readonly what: ChunkAnswer,
  ) {
    super();
    this.peerIndex = ORIGIN;
    this.#http = http;
    this.nextBlock = Math.floor(what.firstByte / BLOCK_BYTES);
  }

  abort(): void {
    this.isAborted = true;
    this.withdraw?.();
  }

  override run(): void {
    this.#http.continueResponse(this);
  }
}

function followerKey({ index }: OriginClientHost, { rendition }: Pick<HeaderPollRef, 'rendition'>): number {
  return index * LIMITS.renditions + rendition;
}

function batchBytes(headers: readonly SignedChunkHeader[]): number {
  return headers.reduce((sum, { bytes }) => sum + 2 + bytes.length, 0);
}
