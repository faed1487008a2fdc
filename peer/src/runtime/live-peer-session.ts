import type { ChunkRef, MediaTimeline, PeerId, RenditionId, SignedChunkHeader, StreamRecord } from '@p2ptv/protocol';
import { CROWD_WARM_PEERS, signatureOf, signedPortion } from '@p2ptv/protocol';
import type { EngineCommand, EngineEvent, EngineInput } from '../engine/engine-io.js';
import { resolveEngineOptions } from '../engine/engine-options.js';
import { PeerEngine } from '../engine/peer-engine.js';
import { MIN_UPLOAD_CAP_BITS_PER_SECOND } from '../engine/token-bucket.js';
import type { PlaybackPosition, UploadPolicy } from '../engine/viewer-input.js';
import type { Cancel, OriginFailure, OriginJoin } from '../ports/origin-client.js';
import { CacheSide } from './cache-side.js';
import { EventHub } from './event-hub.js';
import { HeaderRequests } from './header-requests.js';
import { InitSegments } from './init-segments.js';
import { MeshSide } from './mesh-side.js';
import type { PeerSessionEvents, PeerSessionStats, RecordedListener, SeederSession, SoughtPlace } from './peer-session.js';
import { PeerSessionError } from './errors.js';
import { SeedSide } from './seed-side.js';
import type { SessionParts } from './session-parts.js';

const DEFAULT_JOIN_DELAY_MS = 600;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;
/** Silence after which a viewer asks for the record again, ms. */
const QUIET_MS = 10_000;
/** Over which viewers spread their questions for a new record, ms. */
const RECORD_SPREAD_MS = 2_000;
/** Headers that are asked for where the viewer goes back in a live stream: a few come sooner than many. */
const PLACE_HEADERS = 16;

/** Runs an engine: feeds it what the ports report, in one queue, and carries out what it wants. */
export class LivePeerSession implements SeederSession {
  readonly peerId: PeerId;
  readonly #parts: SessionParts;
  readonly #engine: PeerEngine;
  readonly #hub = new EventHub<PeerSessionEvents>();
  readonly #inputs: EngineInput[] = [];
  readonly #mesh: MeshSide;
  readonly #cache: CacheSide | undefined;
  readonly #seeds: SeedSide | undefined;
  readonly #fetches = new Map<number, Cancel>();
  readonly #inits: InitSegments;
  readonly #headerRequests: HeaderRequests;
  #cancelJoin: Cancel | undefined;
  /** Ends what the first join answer still brings; later ones bring no media. */
  #endJoin: Cancel | undefined;
  #record: StreamRecord | undefined;
  #state: 'new' | 'running' | 'closed' = 'new';
  #isDraining = false;
  #timerAtMs = Infinity;
  #joinFailures = 0;
  #isOriginReachable = true;
  #retryJoinAtMs = Infinity;
  #meshAtMs = Infinity;
  #quietAtMs = Infinity;
  #isMeshStarted = false;
  /** Undefined: whatever the join answer brought. */
  #quality: 'auto' | RenditionId | undefined;
  /** What is played: the live edge, or a recording, or what is kept of a live stream; `returning`: the live edge is being asked for. */
  #mode: 'live' | 'recorded' | 'returning' = 'live';
  /** Sequence of the last chunk that the join answer named; -1: none. */
  #joinEdge = -1;
  /** Media bytes fetched for another purpose than the first frame. */
  #fallbackBytes = 0;
  constructor(parts: SessionParts) {
    this.peerId = parts.peerId;
    this.#parts = parts;
    this.#engine = new PeerEngine(
      { streamId: parts.link.streamId, role: parts.role },
      resolveEngineOptions(parts.engine),
      {
        random: parts.random,
        bufferedBytes: (linkId) => this.#mesh.bufferedBytes(linkId),
      },
    );
    this.#mesh = new MeshSide(parts, {
      handle: (input) => this.#handle(input),
      hub: this.#hub,
      engineState: () => this.#engine.state,
      uplinkBitsPerSecond: () => this.#engine.uplinkBitsPerSecond(parts.clock.nowMs()),
      fallbackBytes: () => this.#fallbackBytes,
      isBehind: () => this.#mode !== 'live',
    });
    this.#cache = parts.cache && new CacheSide(parts.cache, { verifier: parts.verifier, handle: (input) => this.#handle(input) });
    this.#seeds =
      parts.seeds &&
      new SeedSide(parts.seeds, { streamId: parts.link.streamId, verifier: parts.verifier, handle: (input) => this.#handle(input) });
    this.#inits = new InitSegments(parts.origin, {
      fetched: (initHash) => this.#initFetched(initHash),
      answered: (failure) => this.#originAnswered(failure),
    });
    this.#headerRequests = new HeaderRequests(parts.origin, {
      handle: (input) => this.#handle(input),
      answered: (failure) => this.#originAnswered(failure),
      // Which renditions there are says the record.
      gone: () => {
        if (this.#mode === 'live' && this.#record && parts.role === 'viewer') this.#joinAgainWithin(RECORD_SPREAD_MS);
      },
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
    this.#cache?.start();
    this.#seeds?.open(() => this.#fill());
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
    return this.#inits.get(initHash);
  }

  setQuality(choice: 'auto' | RenditionId): void {
    this.#quality = choice;
    this.#applyQuality();
  }

  get isAtLiveEdge(): boolean {
    return this.#mode === 'live';
  }

  listRecorded(request: { readonly rendition: RenditionId; readonly after?: number }, listener: RecordedListener): () => void {
    const { origin } = this.#parts;
    if (!origin) return () => undefined;
    return origin.segments(request, {
      listed: (list) => {
        this.#originAnswered(undefined);
        listener.listed(list);
      },
      failed: (failure) => {
        this.#originAnswered(failure);
        listener.failed(failure);
      },
    });
  }

  seek(place: SoughtPlace): void {
    if (this.#isOpen(place.rendition)) this.#handle({ kind: 'seek', ...place });
    else this.#goBack(place);
  }

  goLive(): void {
    if (this.#mode === 'live' || this.#record?.isEnded === true) return;
    this.#mode = 'returning';
    this.#join();
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
      isWebRtcAvailable: this.#mesh.isWebRtcAvailable,
      trackerState: this.#mesh.trackerState,
      isOriginReachable: this.#isOriginReachable,
      verifiedBytes: { ...state.verifiedBytes },
      sentBytes: state.sentMediaBytes,
      originReceived: { ...(this.#parts.origin?.received ?? { media: 0, init: 0, headers: 0, join: 0 }) },
      fallbackBytes: this.#fallbackBytes,
      seederFrameBytes: this.#mesh.seederFrameBytes,
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
      ...(this.#seeds && state.fill ? { kept: { ...this.#seeds.size, chunks: state.fill.keptChunks, isComplete: state.fill.isComplete, isFull: state.fill.isFull } } : {}),
      cache: this.#cache?.size,
      upload: state.uploadPolicy,
    };
  }

  clearCache(cleared: () => void = () => undefined): void {
    if (this.#cache) this.#cache.clear(cleared);
    else queueMicrotask(cleared);
  }

  close(closed: () => void = () => undefined): void {
    if (this.#state === 'closed') {
      queueMicrotask(closed);
      return;
    }
    this.#report();
    this.#engine.leave(this.#parts.clock.nowMs());
    for (const command of this.#engine.takeCommands()) this.#carryOut(command);
    this.#state = 'closed';
    this.#inputs.length = 0;
    this.#cancelJoin?.();
    this.#endJoin?.();
    this.#headerRequests.close();
    this.#inits.close();
    this.#cache?.close();
    if (this.#seeds) this.#seeds.close(closed);
    else queueMicrotask(closed);
    for (const cancel of this.#fetches.values()) cancel();
    this.#fetches.clear();
    this.#mesh.close();
    this.#parts.wakeTimer.close();
    this.#hub.clear();
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
    const dueMs = Math.min(this.#engine.dueMs, this.#retryJoinAtMs, this.#mesh.reportAtMs, this.#meshAtMs, this.#quietAtMs);
    // A timer that is set for about the right time is left alone: in browsers each setting is a message.
    if (!Number.isFinite(dueMs) || (this.#timerAtMs > nowMs && Math.abs(dueMs - this.#timerAtMs) < 1)) return;
    this.#timerAtMs = Math.max(dueMs, nowMs + 1);
    this.#parts.wakeTimer.set(this.#timerAtMs - nowMs, () => this.#woken());
  }

  #woken(): void {
    this.#timerAtMs = Infinity;
    const nowMs = this.#parts.clock.nowMs();
    if (nowMs >= this.#retryJoinAtMs) this.#join();
    if (nowMs >= this.#mesh.reportAtMs) this.#report();
    if (nowMs >= this.#meshAtMs) this.#startMesh();
    if (nowMs >= this.#quietAtMs) this.#askWhetherEnded(nowMs);
    this.#handle({ kind: 'tick' });
  }

  #carryOut(command: EngineCommand): void {
    switch (command.kind) {
      case 'send':
        this.#mesh.send(command.linkId, command.message);
        return;
      case 'closeLink':
        this.#mesh.closeLink(command.linkId);
        return;
      case 'dial':
        this.#mesh.dial(command.peerId, command.via);
        return;
      case 'takeSignal':
        this.#mesh.takeSignal(command);
        return;
      case 'wantNeighbours':
        this.#mesh.wantNeighbours(command);
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
      case 'readCached':
        this.#cache?.read(command.signed);
        return;
      case 'readKept':
        this.#seeds?.read(command.chunk);
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
      case 'renditionChosen': {
        const { rendition } = event;
        const initHash = this.#record?.renditions.find(({ id }) => id === rendition)?.initHash;
        if (initHash !== undefined) this.#needInit(rendition, initHash);
        this.#hub.emit('renditionChosen', { rendition });
        return;
      }
      case 'partReady': {
        this.#quietAtMs = this.#parts.clock.nowMs() + QUIET_MS * (0.75 + this.#parts.random.next() / 2);
        this.#needInit(event.header.rendition, event.header.initHash);
        this.#hub.emit('partReady', { header: event.header, isRestart: event.isRestart });
        return;
      }
      case 'playbackPlaced':
        this.#needInit(event.header.rendition, event.header.initHash);
        this.#hub.emit('playbackPlaced', { header: event.header });
        return;
      case 'chunkVerified':
        if (this.#mode === 'recorded') this.#needInit(event.header.rendition, event.header.initHash);
        this.#keep(event);
        this.#hub.emit('chunkVerified', { header: event.header, sources: event.sources });
        return;
      case 'chunkRejected':
        this.#hub.emit('chunkRejected', { chunk: event.chunk, peerId: event.peerId, reason: event.reason });
        return;
    }
  }

  /** What did not come from the cache is put into it. */
  #keep({ header, sources }: Extract<EngineEvent, { name: 'chunkVerified' }>): void {
    const signed = this.#seeds && this.#mode === 'recorded' ? this.#engine.signedHeader(header) : undefined;
    const media = signed && this.#engine.bytesOf(header);
    if (media) this.#seeds?.keep(signed, media);
    const bytes = this.#cache && sources.cacheBytes === 0 ? this.#engine.bytesOf(header) : undefined;
    if (bytes) this.#cache?.keep(header, bytes);
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
      { delayMs: this.#joinDelayMs, isMediaWanted: role === 'viewer' && (this.#record === undefined || this.#mode === 'returning') },
      {
        joined: (join) => this.#joined(join),
        failed: (failure, retryAfterMs) => {
          this.#cancelJoin = undefined;
          const isInLine = retryAfterMs !== undefined;
          this.#originAnswered(isInLine ? undefined : failure);
          if (this.#record === undefined) this.#hub.emit('joinFailed', { failure, ...(isInLine ? { retryAfterMs } : {}) });
          if (this.#isClosed) return;
          this.#fill();
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
    this.#inits.keep(join.initHash, join.init);
    this.#takeRecord(join.record);
    if (isFirst) {
      this.#hub.emit('joined', { record: join.record, rendition: join.rendition });
      // Each of these does nothing once a listener has closed the session.
      // A crowd brings the first frames too, and the origin is to be spared: links are set up at once.
      if (join.warmPeers.length >= CROWD_WARM_PEERS) this.#startMesh();
      this.#mesh.offerWarmPeers(join.warmPeers);
    }
    if (join.record.isEnded) {
      if (isFirst && this.#parts.role === 'viewer') this.#open(join.rendition, join.headers);
      this.#fill();
      return;
    }
    if (!isFirst && this.#mode !== 'returning') return;
    this.#mode = 'live';
    this.#joinEdge = Math.max(-1, ...join.headers.map(({ header }) => header.sequence));
    this.#handle({ kind: 'joined', rendition: join.rendition, headers: join.headers, isUplinkTaken: join.isUplinkTaken, delayMs: this.#joinDelayMs });
    this.#applyQuality();
    if (!isFirst) this.#report();
  }

  /** The engine knows rates by the record, and a new way of watching knows nothing of the choice. */
  #applyQuality(): void {
    if (this.#quality === undefined || !this.#record || this.#mode !== 'live') return;
    const ladder = this.#record.renditions.map(({ id, averageBandwidthBitsPerSecond }) => ({ rendition: id, bitsPerSecond: averageBandwidthBitsPerSecond }));
    const pinned = ladder.find(({ rendition }) => rendition === this.#quality);
    this.#handle({ kind: 'quality', choice: pinned ? { mode: 'pinned', rendition: pinned.rendition } : { mode: 'auto', ladder } });
  }

  /** Plays a recording, or what is kept of a live stream, from these headers on. */
  #open(rendition: RenditionId, headers: readonly SignedChunkHeader[]): void {
    this.#mode = 'recorded';
    // Later sequences than those of the join may lie before it now.
    this.#joinEdge = -1;
    this.#quietAtMs = Infinity;
    this.#handle({ kind: 'opened', rendition, headers, isEnd: false });
    // Whoever is not at the live edge is no longer on duty for it.
    this.#report();
  }

  /** A volunteer gets a recording whole; while the origin does not say what there is, it serves what it has. */
  #fill(): void {
    const chunks = this.#seeds?.chunks;
    if (!chunks || this.#state !== 'running') return;
    const known = this.#record ? (this.#record.isEnded ? this.#record.renditions.map(({ id }) => id) : []) : this.#isOriginReachable ? [] : chunks.map(({ rendition }) => rendition);
    const renditions = [...new Set(known)];
    if (renditions.length === 0) return;
    this.#mode = 'recorded';
    this.#handle({ kind: 'fill', renditions, kept: this.#engine.state.fill ? [] : chunks });
    this.#report();
  }

  /** Whether what is kept of a rendition is played. */
  #isOpen(rendition = this.#engine.state.rendition): boolean {
    return this.#mode === 'recorded' && rendition === this.#engine.state.rendition;
  }

  /** Leaves the live edge, or another rendition, for a place of what is kept. */
  #goBack(place: SoughtPlace): void {
    const { rendition = this.#engine.state.rendition } = place;
    if (rendition === undefined) return;
    this.#headerRequests.fetch({ rendition, dateMs: place.dateMs, count: PLACE_HEADERS }, (headers) => {
      if (headers.length === 0) return;
      if (!this.#isOpen(rendition)) this.#open(rendition, headers);
      this.#handle({ kind: 'seek', ...place });
    });
  }

  /** Nothing has come for long: the stream may have ended, which only its record says. */
  #askWhetherEnded(nowMs: number): void {
    this.#quietAtMs = this.#record?.isEnded ? Infinity : nowMs + QUIET_MS;
    if (!this.#record?.isEnded && this.#parts.role === 'viewer' && !this.#cancelJoin) this.#join();
  }

  #takeRecord(record: StreamRecord): void {
    const isNewer = !this.#record || record.revision > this.#record.revision;
    if (!isNewer) return;
    const before = this.#record;
    this.#record = record;
    if (!before) return;
    this.#hub.emit('recordChanged', { record });
    if (namesOf(before) !== namesOf(record)) this.#applyQuality();
  }

  #joinAgainWithin(spreadMs: number): void {
    const atMs = this.#parts.clock.nowMs() + this.#parts.random.next() * spreadMs;
    this.#retryJoinAtMs = Math.min(this.#retryJoinAtMs, atMs);
    this.#setTimer();
  }

  /** A new encoder run brings a new init segment, and a new record with it. */
  #needInit(rendition: RenditionId, initHash: string): void {
    if (this.#parts.role === 'viewer') this.#inits.need(rendition, initHash);
  }

  #initFetched(initHash: string): void {
    this.#hub.emit('initReady', { initHash });
    // Everybody needs the new record, but nobody at once.
    if (this.#mode === 'live') this.#joinAgainWithin(RECORD_SPREAD_MS);
  }

  #fetchChunk(command: Extract<EngineCommand, { kind: 'fetchChunk' }>): void {
    const { fetchId, chunk, firstByte, byteLength, isRetry } = command;
    const { origin } = this.#parts;
    if (!origin) {
      this.#handle({ kind: 'fetchFailed', fetchId, failure: 'unavailable' });
      return;
    }
    // What a volunteer keeps for later goes after all that somebody waits for.
    const purpose = this.#seeds ? undefined : chunk.sequence <= this.#joinEdge ? 'join' : 'deadline';
    const cancel = origin.fetchChunk(
      { ...chunk, firstByte, byteLength, isRetry, ...(purpose ? { purpose } : {}) },
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

  #startMesh(): void {
    if (this.#isMeshStarted || this.#state !== 'running') return;
    this.#isMeshStarted = true;
    this.#meshAtMs = Infinity;
    this.#mesh.start();
  }

  #report(): void {
    if (this.#state === 'running') this.#mesh.report();
  }
}

function namesOf({ renditions }: StreamRecord): string {
  return renditions.map(({ id }) => id).join();
}
