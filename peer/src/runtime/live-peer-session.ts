import { base64urlnopad } from '@scure/base';
import {
  type ChunkRef,
  type Clock,
  CROWD_WARM_PEERS,
  decodeMessage,
  encodeMessage,
  type IceServer,
  type JoinRequest,
  type MediaTimeline,
  type NeighboursWanted,
  type PeerDescription,
  type PeerId,
  type PeerRole,
  type PublisherProof,
  type Random,
  type RenditionId,
  type Signal,
  signatureOf,
  type SignedChunkHeader,
  signedPortion,
  type StreamLink,
  type StreamRecord,
} from '@p2ptv/protocol';
import type { EngineCommand, EngineEvent, EngineInput, LinkId } from '../engine/engine-io.js';
import { resolveEngineOptions, type PartialEngineOptions } from '../engine/engine-options.js';
import { PeerEngine } from '../engine/peer-engine.js';
import { MIN_UPLOAD_CAP_BITS_PER_SECOND } from '../engine/token-bucket.js';
import type { PlaybackPosition, UploadPolicy } from '../engine/viewer-input.js';
import type { Link } from '../ports/link.js';
import type { LinkTransport } from '../ports/link-transport.js';
import type { Cancel, OriginClient, OriginFailure, OriginJoin } from '../ports/origin-client.js';
import type { TrackerClient, TrackerState } from '../ports/tracker-client.js';
import type { Uplink } from '../ports/uplink.js';
import type { Verifier } from '../ports/verifier.js';
import type { WakeTimer } from '../ports/wake-timer.js';
import { EventHub } from './event-hub.js';
import { HeaderRequests } from './header-requests.js';
import type { PeerSessionEvents, PeerSessionStats, SeederSession } from './peer-session.js';
import { PeerSessionError } from './errors.js';
import { SignalRoutes } from './signal-routes.js';
import type { TrackerClock } from './tracker-clock.js';

/** What a session runs on: one implementation of each port. */
export type SessionParts = {
  readonly peerId: PeerId;
  readonly role: PeerRole;
  readonly link: StreamLink;
  readonly clock: Clock;
  readonly random: Random;
  readonly verifier: Verifier;
  readonly wakeTimer: WakeTimer;
  /** Only viewers and volunteers that know an origin have one. */
  readonly origin?: OriginClient;
  readonly tracker?: TrackerClient;
  /** Calls back once, with the transport or, where there is no WebRTC, with nothing. */
  readonly openTransport: (opened: (transport: LinkTransport | undefined) => void) => void;
  /** Told the tracker's time, where tickets are checked by it. */
  readonly trackerClock?: TrackerClock;
  /** Only for role `origin`: shows the tracker that this is the publisher's own seeder. */
  readonly proof?: (fingerprint: string) => PublisherProof;
  /**
   * Links are set up when playback has begun, at the latest after so many ms; default 0, at once.
   * Connections compete with the first frame for the machine and for the network.
   */
  readonly meshDelayMs?: number;
  /** How far behind the live edge playback will begin, ms; the origin's join answer reaches back so far. */
  readonly joinDelayMs?: number;
  readonly upload?: UploadPolicy;
  /** Only for role `origin`, where its uplink is shared and limited; the transport's links wait for it. */
  readonly uplink?: Uplink;
  readonly engine?: PartialEngineOptions;
};

type OpenLink = { readonly link: Link; readonly linkId: LinkId };

const DEFAULT_JOIN_DELAY_MS = 600;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;
/** Silence after which a viewer asks for the record again, ms. */
const QUIET_MS = 10_000;
/** Over which viewers spread their questions for a new record, ms. */
const RECORD_SPREAD_MS = 2_000;
const KEPT_INITS = 8;
/** What is meant where the tracker says no rendition. */
const FIRST_RENDITION = 0 as RenditionId;

/** Runs an engine: feeds it what the ports report, in one queue, and carries out what it wants. */
export class LivePeerSession implements SeederSession {
  readonly peerId: PeerId;
  readonly #parts: SessionParts;
  readonly #engine: PeerEngine;
  readonly #hub = new EventHub<PeerSessionEvents>();
  readonly #inputs: EngineInput[] = [];
  readonly #links = new Map<LinkId, OpenLink>();
  readonly #routes = new SignalRoutes();
  readonly #fetches = new Map<number, Cancel>();
  readonly #inits = new Map<string, Uint8Array>();
  /** Fetches of init segments that are under way, by hash. */
  readonly #initFetches = new Map<string, Cancel>();
  #transport: LinkTransport | undefined;
  #isWebRtcAvailable = true;
  readonly #headerRequests: HeaderRequests;
  #cancelJoin: Cancel | undefined;
  /** Ends what the first join answer still brings; later ones bring no media. */
  #endJoin: Cancel | undefined;
  #record: StreamRecord | undefined;
  #state: 'new' | 'running' | 'closed' = 'new';
  #isDraining = false;
  #timerAtMs = Infinity;
  #nextLinkId = 1;
  #joinFailures = 0;
  #isOriginReachable = true;
  #retryJoinAtMs = Infinity;
  #reportAtMs = Infinity;
  #meshAtMs = Infinity;
  #quietAtMs = Infinity;
  #warmPeers: readonly PeerDescription[] = [];
  #isMeshStarted = false;
  #reportIntervalMs = 2_000;
  #seederFrameBytes = 0;
  /** Sequence of the last chunk that the join answer named; -1: none. */
  #joinEdge = -1;
  /** Media bytes fetched for another purpose than the first frame. */
  #fallbackBytes = 0;
  /** Only at the origin: those to whom chunks are pushed. */
  #onDuty: ReadonlySet<PeerId> = new Set();
  #trackerKey: string | undefined;
  #iceServers: readonly IceServer[] = [];

  constructor(parts: SessionParts) {
    this.peerId = parts.peerId;
    this.#parts = parts;
    this.#engine = new PeerEngine(
      { streamId: parts.link.streamId, role: parts.role },
      resolveEngineOptions(parts.engine),
      {
        random: parts.random,
        bufferedBytes: (linkId) => this.#links.get(linkId)?.link.bufferedBytes ?? 0,
      },
    );
    this.#headerRequests = new HeaderRequests(parts.origin, {
      handle: (input) => this.#handle(input),
      answered: (failure) => this.#originAnswered(failure),
    });
    if (parts.upload) this.setUpload(parts.upload);
  }

  get record(): StreamRecord | undefined {
    return this.#record;
  }

  /** Bytes handed to links so far, control included. */
  get sentFrameBytes(): number {
    return this.#engine.state.sentFrameBytes;
  }

  start(): void {
    if (this.#state !== 'new') throw new PeerSessionError('ALREADY_STARTED', 'A session is started once.');
    this.#state = 'running';
    if (this.#parts.role !== 'origin') this.#join();
    const { meshDelayMs = 0 } = this.#parts;
    if (meshDelayMs > 0) this.#meshAtMs = this.#parts.clock.nowMs() + meshDelayMs;
    else this.#startMesh();
    this.#handle({ kind: 'tick' });
  }

  on<Name extends keyof PeerSessionEvents>(
    name: Name,
    listener: (event: PeerSessionEvents[Name]) => void,
  ): () => void {
    return this.#hub.on(name, listener);
  }

  timeline(rendition: RenditionId): MediaTimeline {
    return this.#engine.timeline(rendition);
  }

  read(chunk: ChunkRef): Uint8Array<ArrayBuffer> | undefined {
    return this.#engine.bytesOf(chunk);
  }

  initSegment(initHash: string): Uint8Array<ArrayBuffer> | undefined {
    const bytes = this.#inits.get(initHash);
    return bytes && new Uint8Array(bytes);
  }

  setPlayback(position: PlaybackPosition): void {
    this.#startMesh();
    this.#handle({ kind: 'playback', position });
  }

  setUpload(policy: UploadPolicy): void {
    if (policy.mode === 'capped' && !(policy.bitsPerSecond >= MIN_UPLOAD_CAP_BITS_PER_SECOND)) {
      throw new PeerSessionError(
        'UPLOAD_CAP_TOO_LOW',
        `An upload cap is at least ${MIN_UPLOAD_CAP_BITS_PER_SECOND} bits a second; to send less, switch uploading off.`,
      );
    }
    this.#handle({ kind: 'upload', policy });
    this.#report();
  }

  setVisible(isVisible: boolean): void {
    this.#handle({ kind: 'visibility', isVisible });
    this.#report();
  }

  publish(signed: SignedChunkHeader, bytes: Uint8Array): void {
    this.#handle({ kind: 'published', signed, bytes });
  }

  stats(): PeerSessionStats {
    const nowMs = this.#parts.clock.nowMs();
    const state = this.#engine.state;
    return {
      peerId: this.peerId,
      isWebRtcAvailable: this.#isWebRtcAvailable,
      trackerState: this.#parts.tracker?.state ?? 'away',
      isOriginReachable: this.#isOriginReachable,
      verifiedBytes: { ...state.verifiedBytes },
      sentBytes: state.sentMediaBytes,
      originReceived: { ...(this.#parts.origin?.received ?? { media: 0, init: 0, headers: 0, join: 0 }) },
      fallbackBytes: this.#fallbackBytes,
      seederFrameBytes: this.#seederFrameBytes,
      chunksVerified: state.chunksVerified,
      chunksRejected: state.chunksRejected,
      mechanisms: { ...state.counters },
      neighbours: state.neighbours.map((neighbour) => ({
        peerId: neighbour.peerId,
        role: neighbour.role,
        ...(neighbour.roundTripMs.isMeasured ? { roundTripMs: neighbour.roundTripMs.mean } : {}),
        receivedBytes: neighbour.receivedBytes,
        sentBytes: neighbour.sentBytes,
        receivingBitsPerSecond: neighbour.receiving.bitsPerSecond(nowMs),
        sendingBitsPerSecond: neighbour.sending.bitsPerSecond(nowMs),
      })),
      dutyStripes: state.dutyStripes,
      upload: state.uploadPolicy,
    };
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#report();
    this.#engine.leave(this.#parts.clock.nowMs());
    for (const command of this.#engine.takeCommands()) this.#carryOut(command);
    this.#state = 'closed';
    this.#inputs.length = 0;
    this.#cancelJoin?.();
    this.#endJoin?.();
    this.#headerRequests.close();
    for (const cancel of this.#initFetches.values()) cancel();
    this.#initFetches.clear();
    for (const cancel of this.#fetches.values()) cancel();
    this.#fetches.clear();
    this.#parts.tracker?.close();
    this.#transport?.close();
    this.#parts.wakeTimer.close();
    this.#hub.clear();
  }

  /** The rendition that is watched, as the tracker is told. */
  get #rendition(): RenditionId {
    return this.#engine.state.rendition ?? FIRST_RENDITION;
  }

  get #isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Hands an input to the engine; one that comes while another is handled waits its turn. */
  #handle(input: EngineInput): void {
    if (this.#state === 'closed') return;
    this.#inputs.push(input);
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) {
        this.#engine.handle(this.#parts.clock.nowMs(), next);
        for (const command of this.#engine.takeCommands()) {
          this.#carryOut(command);
          // A listener may close the session: then nothing more of this is wanted.
          if (this.#isClosed) return;
        }
      }
    } finally {
      this.#isDraining = false;
    }
    this.#setTimer();
  }

  #setTimer(): void {
    if (this.#state !== 'running') return;
    const nowMs = this.#parts.clock.nowMs();
    const dueMs = Math.min(this.#engine.dueMs, this.#retryJoinAtMs, this.#reportAtMs, this.#meshAtMs, this.#quietAtMs);
    // A timer that is set for about the right time is left alone: in browsers each setting is a message.
    if (!Number.isFinite(dueMs) || (this.#timerAtMs > nowMs && Math.abs(dueMs - this.#timerAtMs) < 1)) return;
    this.#timerAtMs = Math.max(dueMs, nowMs + 1);
    this.#parts.wakeTimer.set(this.#timerAtMs - nowMs, () => this.#woken());
  }

  #woken(): void {
    this.#timerAtMs = Infinity;
    const nowMs = this.#parts.clock.nowMs();
    if (nowMs >= this.#retryJoinAtMs) this.#join();
    if (nowMs >= this.#reportAtMs) this.#report();
    if (nowMs >= this.#meshAtMs) this.#startMesh();
    if (nowMs >= this.#quietAtMs) this.#askWhetherEnded(nowMs);
    this.#handle({ kind: 'tick' });
  }

  #carryOut(command: EngineCommand): void {
    switch (command.kind) {
      case 'send':
        this.#links.get(command.linkId)?.link.send(encodeMessage(command.message));
        return;
      case 'closeLink':
        this.#links.get(command.linkId)?.link.close();
        return;
      case 'dial':
        this.#dial(command.peerId, command.via);
        return;
      case 'takeSignal':
        if (command.signal.to !== this.peerId) return;
        this.#routes.brought(command.signal, command.linkId);
        this.#transport?.signal(command.signal);
        return;
      case 'wantNeighbours':
        this.#parts.tracker?.wantNeighbours(neighboursWanted(command));
        return;
      case 'checkSignature':
        this.#parts.verifier.checkSignature(
          { message: signedPortion(command.signed), signature: signatureOf(command.signed) },
          (isValid) =>
          this.#handle({ kind: 'signatureChecked', checkId: command.checkId, isValid }),
        );
        return;
      case 'digestBlock':
        this.#parts.verifier.digest(command.bytes, (digest) =>
          this.#handle({ kind: 'blockDigested', digestId: command.digestId, digest }),
        );
        return;
      case 'fetchChunk':
        this.#fetchChunk(command);
        return;
      case 'abortFetch':
        this.#fetches.get(command.fetchId)?.();
        this.#fetches.delete(command.fetchId);
        return;
      case 'followHeaders':
        this.#headerRequests.follow(command);
        return;
      case 'headersAt':
        this.#headerRequests.fetchPlace(command);
        return;
      case 'stopHeaders':
        this.#headerRequests.stop(command.rendition);
        return;
      case 'event':
        this.#emit(command.event);
        return;
    }
  }

  #emit(event: EngineEvent): void {
    switch (event.name) {
      case 'renditionChosen':
        return;
      case 'partReady': {
        this.#quietAtMs = this.#parts.clock.nowMs() + QUIET_MS * (0.75 + this.#parts.random.next() / 2);
        this.#needInit(event.header.rendition, event.header.initHash);
        this.#hub.emit('partReady', { header: event.header, isRestart: event.isRestart });
        return;
      }
      case 'playbackPlaced':
        this.#hub.emit('playbackPlaced', { header: event.header });
        return;
      case 'chunkVerified':
        this.#hub.emit('chunkVerified', { header: event.header, sources: event.sources });
        return;
      case 'chunkRejected':
        this.#hub.emit('chunkRejected', { chunk: event.chunk, peerId: event.peerId, reason: event.reason });
        return;
    }
  }

  // — origin —

  get #joinDelayMs(): number {
    return this.#parts.joinDelayMs ?? DEFAULT_JOIN_DELAY_MS;
  }

  #join(): void {
    const { origin, role } = this.#parts;
    this.#retryJoinAtMs = Infinity;
    if (!origin) return;
    this.#cancelJoin?.();
    this.#cancelJoin = origin.join(
      // Only the first frame needs media: who asks again, or does not watch, wants to know of the stream.
      { delayMs: this.#joinDelayMs, isMediaWanted: role === 'viewer' && this.#record === undefined },
      {
        joined: (join) => this.#joined(join),
        failed: (failure, retryAfterMs) => {
          this.#cancelJoin = undefined;
          const isInLine = retryAfterMs !== undefined;
          this.#originAnswered(isInLine ? undefined : failure);
          if (this.#record === undefined) this.#hub.emit('joinFailed', { failure, ...(isInLine ? { retryAfterMs } : {}) });
          if (this.#isClosed) return;
          const delayMs = retryAfterMs ?? Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#joinFailures);
          this.#joinFailures++;
          const random = this.#parts.random.next();
          // Whoever is in line comes no earlier than told.
          const spread = isInLine ? 1 + random / 2 : 0.5 + random;
          this.#retryJoinAtMs = this.#parts.clock.nowMs() + delayMs * spread;
          // Without a join answer it has nothing to give, and would take links from those who have.
          if (isInLine && this.#meshAtMs < Infinity) this.#meshAtMs = this.#retryJoinAtMs + (this.#parts.meshDelayMs ?? 0);
          this.#setTimer();
        },
      },
    );
  }

  #joined(join: OriginJoin): void {
    this.#endJoin ??= this.#cancelJoin;
    this.#cancelJoin = undefined;
    this.#originAnswered(undefined);
    const isFirst = this.#record === undefined;
    this.#joinFailures = 0;
    this.#keepInit(join.initHash, join.init);
    this.#takeRecord(join.record);
    if (!isFirst) return;
    this.#joinEdge = Math.max(-1, ...join.headers.map(({ header }) => header.sequence));
    this.#hub.emit('joined', { record: join.record, rendition: join.rendition });
    // Each of these does nothing once a listener has closed the session.
    this.#warmPeers = join.warmPeers;
    // A crowd brings the first frames too, and the origin is to be spared: links are set up at once.
    if (join.warmPeers.length >= CROWD_WARM_PEERS) this.#startMesh();
    this.#offerWarmPeers();
    this.#handle({ kind: 'joined', rendition: join.rendition, headers: join.headers, isUplinkTaken: join.isUplinkTaken, delayMs: this.#joinDelayMs });
  }

  /** Nothing has come for long: the stream may have ended, which only its record says. */
  #askWhetherEnded(nowMs: number): void {
    this.#quietAtMs = this.#record?.isEnded ? Infinity : nowMs + QUIET_MS;
    if (!this.#record?.isEnded && this.#parts.role === 'viewer' && !this.#cancelJoin) this.#join();
  }

  #takeRecord(record: StreamRecord): void {
    const isNewer = !this.#record || record.revision > this.#record.revision;
    if (!isNewer) return;
    const isChange = this.#record !== undefined;
    this.#record = record;
    if (isChange) this.#hub.emit('recordChanged', { record });
  }

  /** Only the newest: an encoder that restarts often must not fill the memory. */
  #keepInit(initHash: string, bytes: Uint8Array): void {
    this.#inits.delete(initHash);
    this.#inits.set(initHash, bytes);
    const oldest = this.#inits.keys().next().value;
    if (this.#inits.size > KEPT_INITS && oldest !== undefined) this.#inits.delete(oldest);
  }

  #joinAgainWithin(spreadMs: number): void {
    const atMs = this.#parts.clock.nowMs() + this.#parts.random.next() * spreadMs;
    this.#retryJoinAtMs = Math.min(this.#retryJoinAtMs, atMs);
    this.#setTimer();
  }

  /** A new encoder run brings a new init segment, and a new record with it. */
  #needInit(rendition: RenditionId, initHash: string): void {
    const { origin, role } = this.#parts;
    if (!origin || role !== 'viewer') return;
    if (this.#inits.has(initHash) || this.#initFetches.has(initHash)) return;
    const cancel = origin.fetchInit(
      { rendition, initHash },
      {
        fetched: (bytes) => {
          this.#initFetches.delete(initHash);
          this.#keepInit(initHash, bytes);
          this.#originAnswered(undefined);
          this.#hub.emit('initReady', { initHash });
          // Everybody needs the new record, but nobody at once.
          this.#joinAgainWithin(RECORD_SPREAD_MS);
        },
        failed: (failure) => {
          this.#initFetches.delete(initHash);
          this.#originAnswered(failure);
        },
      },
    );
    this.#initFetches.set(initHash, cancel);
  }

  #fetchChunk(command: Extract<EngineCommand, { kind: 'fetchChunk' }>): void {
    const { fetchId, chunk, firstByte, byteLength, isRetry } = command;
    const { origin } = this.#parts;
    if (!origin) {
      this.#handle({ kind: 'fetchFailed', fetchId, failure: 'unavailable' });
      return;
    }
    const purpose = chunk.sequence <= this.#joinEdge ? 'join' : 'deadline';
    const cancel = origin.fetchChunk(
      { ...chunk, firstByte, byteLength, isRetry, purpose },
      {
        bytes: (bytes) => {
          if (purpose === 'deadline') this.#fallbackBytes += bytes.length;
          this.#handle({ kind: 'fetchBytes', fetchId, bytes });
        },
        done: () => {
          this.#fetches.delete(fetchId);
          this.#originAnswered(undefined);
          this.#handle({ kind: 'fetchDone', fetchId });
        },
        failed: (failure) => {
          this.#fetches.delete(fetchId);
          this.#originAnswered(failure);
          this.#handle({ kind: 'fetchFailed', fetchId, failure });
        },
      },
    );
    this.#fetches.set(fetchId, cancel);
  }

  /** Reachable is an origin that answers, even that it lacks something. */
  #originAnswered(failure: OriginFailure | undefined): void {
    const isReachable = failure !== 'unavailable';
    if (isReachable === this.#isOriginReachable) return;
    this.#isOriginReachable = isReachable;
    // Peers may carry on without it, so nothing else would ask whether it is back.
    if (!isReachable && this.#record !== undefined) {
      this.#retryJoinAtMs = Math.min(this.#retryJoinAtMs, this.#parts.clock.nowMs() + LAST_RETRY_MS / 2);
    }
    this.#hub.emit('originStateChanged', { isReachable, ...(failure ? { failure } : {}) });
  }

  // — mesh —

  /** Whom the origin named may be dialled once there is something to dial with. */
  #offerWarmPeers(): void {
    if (!this.#transport || this.#warmPeers.length === 0) return;
    this.#handle({ kind: 'neighboursOffered', neighbours: this.#warmPeers });
    this.#warmPeers = [];
  }

  #dial(peerId: PeerId, via: LinkId | undefined): void {
    // A neighbour has told us of ourselves.
    if (peerId === this.peerId) {
      this.#handle({ kind: 'dialFailed', peerId });
      return;
    }
    this.#routes.dialled(peerId, via);
    this.#transport?.dial(peerId);
  }

  #sendSignal(signal: Signal, tracker: TrackerClient): void {
    const via = this.#routes.to(signal.to);
    if (via === undefined && tracker.state === 'joined') tracker.signal(signal);
    else this.#handle({ kind: 'signal', signal, via });
  }

  #startMesh(): void {
    if (this.#isMeshStarted || this.#state !== 'running') return;
    this.#isMeshStarted = true;
    this.#meshAtMs = Infinity;
    this.#parts.openTransport((transport) => this.#transportOpened(transport));
  }

  #transportOpened(transport: LinkTransport | undefined): void {
    if (this.#state === 'closed') {
      transport?.close();
      return;
    }
    this.#transport = transport;
    this.#isWebRtcAvailable = transport !== undefined;
    const { tracker } = this.#parts;
    if (!transport || !tracker) return;
    // The origin's seeder chooses whom it serves: nobody else may make it set up connections.
    if (this.#parts.role === 'origin') transport.setLinkLimit(0);
    transport.listen({
      sendSignal: (signal) => this.#sendSignal(signal, tracker),
      linkOpened: (link) => this.#linkOpened(link),
      dialFailed: (peerId) => {
        this.#routes.settled(peerId);
        this.#handle({ kind: 'dialFailed', peerId });
      },
    });
    this.#offerWarmPeers();
    tracker.start(() => this.#joinRequest(transport), {
      joined: (answer) => {
        this.#parts.trackerClock?.set(answer.wallMs);
        transport.setCredentials({
          ticket: answer.ticket,
          trackerKey: base64urlnopad.decode(answer.trackerKey),
          iceServers: answer.iceServers,
        });
        this.#reportIntervalMs = answer.reportIntervalMs;
        this.#reportAtMs = this.#parts.clock.nowMs() + answer.reportIntervalMs;
        this.#trackerKey = answer.trackerKey;
        this.#iceServers = answer.iceServers;
        this.#handle({ kind: 'duty', rendition: this.#rendition, stripes: answer.dutyStripes });
        this.#handle({ kind: 'neighboursOffered', neighbours: answer.neighbours });
      },
      refused: (answer) => this.#hub.emit('trackerStateChanged', { state: 'refused', message: answer.message }),
      stateChanged: (state) => this.#trackerStateChanged(state),
      neighbours: (neighbours) => this.#handle({ kind: 'neighboursOffered', neighbours }),
      signal: (signal) => transport.signal(signal),
      duty: ({ stripes, rendition = FIRST_RENDITION }) => this.#handle({ kind: 'duty', rendition, stripes }),
      dutyMap: (map) => {
        this.#onDuty = new Set(map.stripes.flat());
        this.#handle({ kind: 'dutyMap', map });
      },
      reportInterval: (intervalMs) => {
        this.#reportIntervalMs = intervalMs;
        // The tracker waits no longer than the new one allows.
        this.#reportAtMs = Math.min(this.#reportAtMs, this.#parts.clock.nowMs() + intervalMs);
      },
      ticket: ({ ticket }) => {
        if (this.#trackerKey === undefined) return;
        transport.setCredentials({
          ticket,
          trackerKey: base64urlnopad.decode(this.#trackerKey),
          iceServers: this.#iceServers,
        });
      },
    });
  }

  #trackerStateChanged(state: TrackerState): void {
    if (state !== 'refused') this.#hub.emit('trackerStateChanged', { state });
  }

  #joinRequest(transport: LinkTransport): JoinRequest {
    const { link, role, proof } = this.#parts;
    const state = this.#engine.state;
    const { fingerprint } = transport;
    return {
      version: 1,
      streamId: link.streamId,
      peerId: this.peerId,
      role,
      fingerprint,
      uplinkBitsPerSecond: this.#engine.uplinkBitsPerSecond(this.#parts.clock.nowMs()),
      isUploading: state.uploadPolicy.mode !== 'off',
      isVisible: state.isVisible,
      rendition: this.#rendition,
      ...(proof ? { proof: proof(fingerprint) } : {}),
    };
  }

  #linkOpened(link: Link): void {
    const linkId = this.#nextLinkId++;
    this.#routes.settled(link.remote.peerId);
    const isSeeder = link.remote.role === 'origin';
    this.#links.set(linkId, { link, linkId });
    this.#handle({ kind: 'linkOpened', linkId, ...link.remote });
    this.#hub.emit('linkOpened', link.remote);
    link.listen({
      frame: (bytes) => {
        if (isSeeder) this.#seederFrameBytes += bytes.length;
        const message = decodeMessage(bytes);
        if (message.kind === 'malformed') this.#handle({ kind: 'malformed', linkId });
        else if (message.kind !== 'unknown') this.#handle({ kind: 'message', linkId, message });
      },
      drained: () => this.#handle({ kind: 'linkDrained', linkId }),
      ended: () => {
        this.#links.delete(linkId);
        this.#handle({ kind: 'linkEnded', linkId });
        this.#hub.emit('linkClosed', { peerId: link.remote.peerId });
      },
    });
  }

  #report(): void {
    if (this.#state !== 'running') return;
    const { tracker, clock, origin } = this.#parts;
    if (tracker?.state !== 'joined') {
      this.#reportAtMs = Infinity;
      return;
    }
    const nowMs = clock.nowMs();
    const state = this.#engine.state;
    this.#reportAtMs = nowMs + this.#reportIntervalMs;
    tracker.report({
      fromPeersBytes: state.verifiedBytes.peerBytes,
      fromOriginBytes: origin?.received.media ?? 0,
      fromSeederBytes: state.verifiedBytes.seederBytes,
      fallbackBytes: this.#fallbackBytes,
      sentBytes: state.sentMediaBytes,
      uplinkBitsPerSecond: this.#engine.uplinkBitsPerSecond(nowMs),
      neighbourCount: state.neighbours.length,
      isUploading: state.uploadPolicy.mode !== 'off',
      isVisible: state.isVisible,
      rendition: this.#rendition,
    });
    if (this.#parts.role !== 'origin') return;
    const linked = state.neighbours.map(({ peerId }) => peerId).filter((peerId) => this.#onDuty.has(peerId));
    tracker.reportLinked(linked, this.#parts.uplink?.maxCopies());
  }
}

function neighboursWanted({ count, exclude, rendition }: Extract<EngineCommand, { kind: 'wantNeighbours' }>): NeighboursWanted {
  return { count, exclude: [...exclude], ...(rendition === undefined ? {} : { rendition }) };
}
