import {
  type ByeReason,
  type ChunkRef,
  CROWD_WARM_PEERS,
  randomInteger,
  type Duty,
  type DutyMap,
  type JoinRequest,
  type PeerDescription,
  type PeerId,
  type PeerRole,
  type Random,
  type RenditionId,
  type SignedChunkHeader,
  type WireMessage,
} from '@p2ptv/protocol';
import type { EngineCommand, EngineEvent, EngineInput, LinkId } from '@p2ptv/peer/engine';
import type { AccessLine } from './access-line.js';
import { alteredBlock, isAltered } from './altered-block.js';
import type { DialHost } from './dialler.js';
import { Happening, SimEvent } from './event-queue.js';
import type { HeaderPollRef, JoinAnswer, OriginClientHost, PlaceAnswer } from './origin-http.js';
import { RecordingPlayer, type RecordingListener } from './recording-player.js';
import type { PeerAgent, PeerAgentState, Strategy } from './peer-agent.js';
import { LinkEnd } from './sim-link.js';
import { SimPlayer, type PlayerListener } from './sim-player.js';
import type { TrackerClientHost } from './sim-tracker.js';
import { SimulationError } from './simulation-error.js';
import type { World } from './world.js';

/** As the session that runs the engine in browsers does it (peer/src/runtime/live-peer-session.ts). */
const JOIN_DELAY_MS = 600;
const MESH_DELAY_MS = 1_000;
/** Headers in the answer to whoever opens a recording: some seconds, so that it is short. */
const OPEN_HEADERS = 16;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;
const LINKS_PER_REPORT = 400;
const FIRST_RENDITION = 0 as RenditionId;
/** What checks cost a viewer's machine, ms. */
const DIGEST_MS = 0.05;
const SIGNATURE_MS = 0.2;
/** Until the transport of a peer that died is given up by the other end, ms (ICE consent, RFC 7675). */
const BROKEN_LINK_MS = 15_000;

/** Who a peer is, and how it behaves beyond what its agent decides. */
export type SimPeerOptions = {
  readonly index: number;
  readonly peerId: PeerId;
  readonly role: PeerRole;
  readonly strategy: Strategy;
  readonly isUploading: boolean;
  /** Alters every block that it sends. */
  readonly isPolluter: boolean;
  /** Part of the recording at which a viewer opens it. */
  readonly firstPart?: number;
};

/** One simulated computer in the swarm: hosts an agent as a session does, and carries out what it wants. */
export class SimPeer implements DialHost, TrackerClientHost, OriginClientHost {
  readonly index: number;
  readonly peerId: PeerId;
  readonly role: PeerRole;
  readonly line: AccessLine;
  readonly isPolluter: boolean;
  readonly isUploading: boolean;
  readonly links = new Map<LinkId, LinkEnd>();
  readonly joinedAtMs: number;
  isUp = true;
  /** That it watches: what its agent plays, or was told to join with. */
  rendition = FIRST_RENDITION;
  /** Media bytes that came by HTTP. */
  originMediaBytes = 0;
  /** Of these, what was fetched because a deadline came near. */
  fallbackBytes = 0;
  /** Tickets come with the tracker's first answer: nobody can be dialled before. */
  hasTicket = false;
  readonly #world: World;
  /** Undefined once it has left: what it held is free then. */
  #agent: PeerAgent | undefined;
  #finalState: PeerAgentState | undefined;
  readonly #random: Random;
  readonly #player: SimPlayer | undefined;
  /** In place of it, where a recording is watched. */
  readonly #recordingPlayer: RecordingPlayer | undefined;
  readonly #firstPart: number;
  readonly #wakes: Wake[] = [];
  readonly #waitingDials: PeerId[] = [];
  #wakeAtMs = Infinity;
  #nextLinkId = 1;
  #joinFailures = 0;
  #hasJoined = false;
  /** The chunks that the join answer named. */
  #joinChunks: { readonly rendition: RenditionId; readonly first: number; readonly last: number } | undefined;
  /** The newest poll for headers of each rendition. */
  readonly #pollIds = new Map<RenditionId, number>();
  #isMeshStarted = false;
  #meshAtMs = Infinity;
  #isTracked = false;
  #reportIntervalMs = 0;
  /** Counts what may still come of it: a report that was planned for another interval does not. */
  #reportPlan = 0;
  /** The link whose message is being handled. */
  #hearing: LinkEnd | undefined;
  #warmPeers: readonly PeerDescription[] = [];
  readonly #dutyMaps = new Map<RenditionId, DutyMap>();
  #onDuty: ReadonlySet<PeerId> = new Set();

  constructor(options: SimPeerOptions, parts: { world: World; line: AccessLine; random: Random }) {
    const { world, line, random } = parts;
    this.index = options.index;
    this.peerId = options.peerId;
    this.role = options.role;
    this.isUploading = options.isUploading;
    this.isPolluter = options.isPolluter;
    this.line = line;
    this.joinedAtMs = world.queue.nowMs;
    this.#world = world;
    this.#random = random;
    this.#firstPart = options.firstPart ?? 0;
    const isOnDemand = world.recording !== undefined && options.role === 'viewer';
    this.#agent = options.strategy.createAgent(
      { streamId: world.streamId, role: options.role, isOnDemand },
      { peerId: options.peerId, random, bufferedBytes: (linkId) => this.links.get(linkId)?.bufferedBytes ?? 0 },
    );
    if (world.recording && isOnDemand) {
      this.#recordingPlayer = new RecordingPlayer(world.recording, {
        queue: world.queue,
        listener: this.#recordingListener(),
        isThere: (header) => this.#agent?.has?.(header) ?? false,
        peerIndex: this.index,
      });
    } else if (options.role === 'viewer') {
      this.rendition = this.#firstRendition();
      this.#player = new SimPlayer(world.player, { queue: world.queue, listener: this.#playerListener(), peerIndex: this.index });
    }
  }

  get trackerDelayMs(): number {
    return this.line.accessDelayMs + this.#world.trackerAccessDelayMs;
  }

  get state(): PeerAgentState {
    const state = this.#finalState ?? this.#agent?.state;
    if (!state) throw new SimulationError('A peer has neither an agent nor what became of it.');
    return state;
  }

  get playheadMs(): number | undefined {
    return this.#player?.dateMs(this.#world.queue.nowMs);
  }

  get isStalled(): boolean {
    return (this.#player ?? this.#recordingPlayer)?.isStalled ?? false;
  }

  /** Somebody clicks, or the origin's seeder starts. */
  start(): void {
    if (!this.isUploading) this.handle({ kind: 'upload', policy: { mode: 'off' } });
    if (this.role === 'viewer') {
      this.#join();
      this.#startMeshAfter(MESH_DELAY_MS);
    } else {
      this.#startMesh();
    }
    this.handle({ kind: 'tick' });
  }

  /** Leaves: with a word to everybody, or without (`isGraceful` false: it died). */
  stop(isGraceful: boolean): void {
    if (!this.isUp) return;
    const { network, http, tracker } = this.#world;
    for (const end of this.links.values()) {
      if (isGraceful && end.isOpen) {
        this.#handOver(end, { kind: 'bye', reason: 'leaving' });
        network.close(end);
      } else {
        network.break(end, BROKEN_LINK_MS);
      }
    }
    this.#closePlayer();
    this.isUp = false;
    this.links.clear();
    http.forgetHost(this);
    // Of one that died the tracker learns by its missing reports.
    if (this.#isMeshStarted && isGraceful) tracker.disconnect(this, true);
    this.#finalState = { ...this.state };
    this.#agent = undefined;
  }

  /** The run is over: what is under way is counted. */
  finish(): void {
    if (this.isUp) this.#closePlayer();
  }

  /** The viewer of a recording goes to another part, if there is a picture. */
  seek(part: number): void {
    const header = this.#world.recording?.[part];
    if (!header || !this.#recordingPlayer?.canSeek) return;
    this.#recordingPlayer.seek(this.#world.queue.nowMs);
    this.handle({ kind: 'seek', dateMs: header.programDateTimeMs });
  }

  #closePlayer(): void {
    const { nowMs } = this.#world.queue;
    const waitsSinceMs = this.#recordingPlayer?.waitsSinceMs;
    if (waitsSinceMs !== undefined) this.#world.measure.stillSeeking(nowMs - waitsSinceMs);
    (this.#player ?? this.#recordingPlayer)?.close(nowMs);
  }

  /** Hands an input to the agent and does what it wants. */
  handle(input: EngineInput): void {
    const agent = this.#agent;
    if (!agent) return;
    const { nowMs } = this.#world.queue;
    agent.handle(nowMs, input);
    for (const command of agent.takeCommands()) this.#carryOut(command);
    const dueMs = agent.dueMs(nowMs);
    // As a session does: a timer that is set for about the right time is left alone.
    if (dueMs < this.#wakeAtMs - 1) this.#wakeAt(Math.max(dueMs, nowMs + 1));
  }

  // — network —

  messageCame(end: LinkEnd, message: WireMessage): void {
    this.#world.measure.linkBytesCame(this, message);
    this.#hearing = end;
    this.handle({ kind: 'message', linkId: end.linkId, message });
    this.#hearing = undefined;
  }

  linkDrained(end: LinkEnd): void {
    this.handle({ kind: 'linkDrained', linkId: end.linkId });
  }

  linkEnded(end: LinkEnd): void {
    if (!this.links.delete(end.linkId)) return;
    this.#world.measure.linkEnded(end);
    this.handle({ kind: 'linkEnded', linkId: end.linkId });
  }

  /** A link is up: makes this side's end of it. */
  newEnd(delayMs: number): LinkEnd {
    const end = new LinkEnd(this, this.#nextLinkId++, delayMs);
    this.links.set(end.linkId, end);
    return end;
  }

  linkOpened(end: LinkEnd): void {
    const { peerId, role } = end.other.host;
    this.handle({ kind: 'linkOpened', linkId: end.linkId, peerId, role });
  }

  dialFailed(peerId: PeerId): void {
    this.handle({ kind: 'dialFailed', peerId });
  }

  // — tracker —

  joinRequest(): JoinRequest {
    return {
      version: 1,
      streamId: this.#world.streamId,
      peerId: this.peerId,
      role: this.role,
      fingerprint: this.#world.fingerprintOf(this),
      uplinkBitsPerSecond: this.#agent?.uplinkBitsPerSecond(this.#world.queue.nowMs) ?? 0,
      isUploading: this.isUploading,
      isVisible: true,
      rendition: this.rendition,
      ...(this.role === 'origin' ? { proof: this.#world.proofOf(this) } : {}),
    };
  }

  trackerJoined(answer: { neighbours: readonly PeerDescription[]; dutyStripes: readonly number[]; reportIntervalMs: number }): void {
    this.#reportIntervalMs = answer.reportIntervalMs;
    const wasTracked = this.hasTicket;
    this.hasTicket = true;
    this.#isTracked = true;
    if (!wasTracked) this.#reportLater();
    for (const peerId of this.#waitingDials.splice(0)) this.#world.dial(this, peerId);
    this.handle({ kind: 'duty', rendition: this.rendition, stripes: answer.dutyStripes });
    this.handle({ kind: 'neighboursOffered', neighbours: answer.neighbours });
  }

  reportIntervalChanged(intervalMs: number): void {
    const isSooner = intervalMs < this.#reportIntervalMs;
    this.#reportIntervalMs = intervalMs;
    if (isSooner) this.#reportLater();
  }

  trackerDropped(): void {
    this.#isTracked = false;
  }

  /** The network around it is cut off, or back: links break, and the tracker hears nothing. */
  cutOff(): void {
    for (const end of [...this.links.values()]) {
      this.#world.network.break(end, BROKEN_LINK_MS);
      this.links.delete(end.linkId);
      this.handle({ kind: 'linkEnded', linkId: end.linkId });
    }
    this.#isTracked = false;
    this.#world.tracker.disconnect(this, false);
  }

  neighboursOffered(neighbours: readonly PeerDescription[]): void {
    this.handle({ kind: 'neighboursOffered', neighbours });
  }

  dutyChanged({ stripes, rendition = FIRST_RENDITION }: Duty): void {
    this.handle({ kind: 'duty', rendition, stripes });
  }

  dutyMapChanged(map: DutyMap): void {
    this.#dutyMaps.set(map.rendition ?? FIRST_RENDITION, map);
    this.#onDuty = new Set([...this.#dutyMaps.values()].flatMap(({ stripes }) => stripes.flat()));
    this.handle({ kind: 'dutyMap', map });
  }

  // — origin —

  joinAnswered(answer: JoinAnswer | undefined, retryAfterMs?: number): void {
    const rendition = this.#admitted(answer, retryAfterMs);
    if (!answer || rendition === undefined) return;
    this.handle({ kind: 'joined', rendition, headers: answer.headers, isUplinkTaken: answer.isUplinkTaken, delayMs: this.#joinDelayMs });
    this.#switchLater();
  }

  openAnswered(answer: PlaceAnswer | undefined, retryAfterMs?: number): void {
    const rendition = this.#admitted(answer, retryAfterMs);
    if (answer && rendition !== undefined) this.handle({ kind: 'opened', rendition, headers: answer.headers, isEnd: answer.isEnd });
  }

  placeAnswered(requestId: number, answer: PlaceAnswer | undefined): void {
    this.handle(answer ? { kind: 'placeHeaders', requestId, ...answer } : { kind: 'placeHeadersFailed', requestId });
  }

  /** Takes the first answer that lets it in, and asks again after another; the rendition to begin with. */
  #admitted(answer: Pick<JoinAnswer, 'headers' | 'warmPeers'> | undefined, retryAfterMs?: number): RenditionId | undefined {
    const first = answer?.headers[0];
    if (retryAfterMs !== undefined) {
      const delayMs = retryAfterMs * (1 + this.#random.next() / 4);
      this.#after(delayMs, () => this.#join());
      this.#startMeshAfter(delayMs + MESH_DELAY_MS);
      return undefined;
    }
    if (!first) {
      const delayMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#joinFailures);
      this.#joinFailures++;
      this.#after(delayMs * (0.5 + this.#random.next()), () => this.#join());
      return undefined;
    }
    if (this.#hasJoined) return undefined;
    this.#hasJoined = true;
    this.#joinChunks = { rendition: first.header.rendition, first: first.header.sequence, last: answer.headers.at(-1)?.header.sequence ?? -1 };
    if (answer.warmPeers.length > 0) this.#warmPeers = answer.warmPeers;
    if (answer.warmPeers.length >= CROWD_WARM_PEERS) this.#startMesh();
    this.#offerWarmPeers();
    return first.header.rendition;
  }

  fetchedBytes(fetchId: number, chunk: ChunkRef, bytes: Uint8Array): void {
    this.originMediaBytes += bytes.length;
    if (!this.#isOfJoin(chunk)) this.fallbackBytes += bytes.length;
    this.#world.measure.mediaCame(this, chunk, bytes.length);
    this.handle({ kind: 'fetchBytes', fetchId, bytes });
  }

  fetchEnded(fetchId: number, failure: 'notFound' | 'unavailable' | undefined): void {
    this.handle(failure ? { kind: 'fetchFailed', fetchId, failure } : { kind: 'fetchDone', fetchId });
  }

  headersAnswered(poll: HeaderPollRef, headers: readonly SignedChunkHeader[] | undefined): void {
    const { rendition } = poll;
    if (poll.id !== this.#pollIds.get(rendition)) return;
    this.handle(headers ? { kind: 'originHeaders', rendition, headers } : { kind: 'originHeadersFailed', rendition });
  }

  /** Wakes the agent, unless it has been woken for a sooner time since. */
  woken(wake: Wake): void {
    this.#wakes.push(wake);
    if (wake.atMs !== this.#wakeAtMs) return;
    this.#wakeAtMs = Infinity;
    if (!this.#agent) return;
    const { nowMs } = this.#world.queue;
    const dueMs = this.#agent.dueMs(nowMs);
    // What was due has been done by another input meanwhile.
    if (dueMs > nowMs + 1) this.#wakeAt(dueMs);
    else this.handle({ kind: 'tick' });
  }

  #offerWarmPeers(): void {
    if (!this.#isMeshStarted || this.#warmPeers.length === 0) return;
    this.handle({ kind: 'neighboursOffered', neighbours: this.#warmPeers });
    this.#warmPeers = [];
  }

  #join(): void {
    if (!this.isUp || this.#hasJoined) return;
    const first = this.#world.recording?.[this.#firstPart];
    if (first) this.#world.http.open(this, { dateMs: first.programDateTimeMs, count: OPEN_HEADERS });
    else this.#world.http.join(this, { rendition: this.rendition, delayMs: this.#joinDelayMs });
  }

  get #joinDelayMs(): number {
    return Math.max(JOIN_DELAY_MS, this.#world.joinDelayMs);
  }

  /** In place of any time before. */
  #startMeshAfter(delayMs: number): void {
    const atMs = this.#world.queue.nowMs + delayMs;
    this.#meshAtMs = atMs;
    this.#after(delayMs, () => {
      if (this.#meshAtMs === atMs) this.#startMesh();
    });
  }

  #startMesh(): void {
    if (this.#isMeshStarted || !this.isUp) return;
    this.#isMeshStarted = true;
    this.#offerWarmPeers();
    this.#world.tracker.connect(this);
  }

  #reportLater(): void {
    const plan = ++this.#reportPlan;
    this.#after(this.#reportIntervalMs, () => {
      if (plan !== this.#reportPlan) return;
      this.#reportLater();
      this.#report();
    });
  }

  #report(): void {
    if (!this.isUp || !this.#isTracked) return;
    const { state } = this;
    const { tracker, queue } = this.#world;
    tracker.report(this, {
      fromPeersBytes: state.verifiedBytes.peerBytes,
      fromOriginBytes: this.originMediaBytes,
      fallbackBytes: this.fallbackBytes,
      fromSeederBytes: state.verifiedBytes.seederBytes,
      sentBytes: state.sentMediaBytes,
      uplinkBitsPerSecond: this.#agent?.uplinkBitsPerSecond(queue.nowMs) ?? 0,
      neighbourCount: state.neighbourCount,
      isUploading: this.isUploading,
      isVisible: true,
      rendition: this.rendition,
    });
    if (this.role !== 'origin') return;
    const linked = [...this.links.values()].map((end) => end.other.host.peerId).filter((peerId) => this.#onDuty.has(peerId));
    const maxCopies = this.#world.originUplink.copiesOf(this.#world.ladder.reduce((sum, { bitsPerSecond }) => sum + bitsPerSecond, 0));
    // As many messages as it takes: whom they don't name, the tracker takes for unlinked.
    for (let first = 0; first === 0 || first < linked.length; first += LINKS_PER_REPORT) {
      const peers = linked.slice(first, first + LINKS_PER_REPORT);
      tracker.seeded(this, { peers, ...(maxCopies === undefined ? {} : { maxCopies }) });
    }
  }

  #carryOut(command: EngineCommand): void {
    const { http, tracker, queue } = this.#world;
    switch (command.kind) {
      case 'send':
        this.#send(command.linkId, command.message);
        return;
      case 'closeLink':
        this.#closeLink(command.linkId, command.reason);
        return;
      case 'dial':
        if (this.hasTicket) this.#world.dial(this, command.peerId, command.via);
        else this.#waitingDials.push(command.peerId);
        return;
      case 'takeSignal':
        this.#world.takeSignal(this, command.linkId, command.signal);
        return;
      case 'wantNeighbours':
        if (this.#isTracked) tracker.wantNeighbours(this, { count: command.count, exclude: [...command.exclude], rendition: command.rendition ?? this.rendition });
        return;
      case 'checkSignature':
        queue.schedule(this.#world.checks.signature(this, command.checkId, command.signed), queue.nowMs + SIGNATURE_MS);
        return;
      case 'digestBlock':
        if (this.#hearing && isAltered(command.bytes)) this.#world.measure.betrayed(this, this.#hearing);
        queue.schedule(this.#world.checks.digest(this, command.digestId, command.bytes), queue.nowMs + DIGEST_MS);
        return;
      case 'fetchChunk':
        this.#fetch(command.fetchId, command.chunk, command.firstByte);
        return;
      case 'abortFetch':
        http.abort(this, command.fetchId);
        return;
      case 'followHeaders':
        http.follow(this, this.#newPoll(command.rendition), command.after);
        return;
      case 'headersAt':
        http.headersAt(this, command.requestId, command);
        return;
      case 'stopHeaders':
        http.stopFollowing(this, this.#newPoll(command.rendition));
        return;
      case 'event':
        this.#happened(command.event);
        return;
      case 'readCached':
      case 'readKept':
        throw new SimulationError('A chunk is looked for on a disk, and nobody here has told of one.');
    }
  }

  /** Answers to the polls before it are not heard any more. */
  #newPoll(rendition: RenditionId): HeaderPollRef {
    const id = (this.#pollIds.get(rendition) ?? 0) + 1;
    this.#pollIds.set(rendition, id);
    return { rendition, id };
  }

  #send(linkId: LinkId, message: WireMessage): void {
    const end = this.links.get(linkId);
    // The other side may have closed it while the agent decided; what the agent closed itself is an error.
    if (!end) {
      if (linkId >= this.#nextLinkId) throw new SimulationError(`A ${message.kind} was sent on link ${linkId}, which there never was.`);
      return;
    }
    if (!end.isOpen) throw new SimulationError(`A ${message.kind} was sent on a link that its sender had closed.`);
    const sent = this.isPolluter && message.kind === 'block' ? alteredBlock(message) : message;
    if (this.role === 'origin' && sent.kind === 'block') this.#sendRationed(end, sent);
    else this.#handOver(end, sent);
  }

  #handOver(end: LinkEnd, message: WireMessage): void {
    const bytes = this.#world.network.send(end, message);
    this.#world.measure.linkBytesSent(this, end, { message, bytes });
  }

  /** The origin's seeder shares its uplink's budget with the HTTP server: what waits for it is in the link's buffer. */
  #sendRationed(end: LinkEnd, message: Extract<WireMessage, { kind: 'block' }>): void {
    const { network, originUplink } = this.#world;
    const bytes = message.bytes.length;
    network.hold(end, bytes);
    const granted = (): void => {
      network.unhold(end, bytes);
      if (end.isOpen && this.isUp) this.#handOver(end, message);
    };
    originUplink.ask({ bytes, priority: 'seed', granted });
  }

  #closeLink(linkId: LinkId, _reason: ByeReason): void {
    const end = this.links.get(linkId);
    if (!end) return;
    this.#world.network.close(end);
    this.links.delete(linkId);
    this.#world.measure.linkEnded(end);
    this.#after(0, () => this.handle({ kind: 'linkEnded', linkId }));
  }

  #fetch(fetchId: number, chunk: ChunkRef, firstByte: number): void {
    this.#world.http.fetch(this, { fetchId, chunk, firstByte, kind: this.#isOfJoin(chunk) ? 'join' : 'fallback' });
  }

  #isOfJoin({ rendition, sequence }: ChunkRef): boolean {
    const { first, last } = this.#joinChunks?.rendition === rendition ? this.#joinChunks : { first: 0, last: -1 };
    return sequence >= first && sequence <= last;
  }

  /** Where the rule chooses, the least: it begins soonest. */
  #firstRendition(): RenditionId {
    const { ladder, isQualityAuto } = this.#world;
    return isQualityAuto ? (ladder.at(-1)?.rendition ?? FIRST_RENDITION) : this.#drawRendition();
  }

  #drawRendition(): RenditionId {
    const { ladder } = this.#world;
    if (ladder.length === 1) return FIRST_RENDITION;
    return ladder[randomInteger(this.#random, ladder.length)]?.rendition ?? FIRST_RENDITION;
  }

  /** Changes to another rendition now and then, where viewers do. */
  #switchLater(): void {
    const { switchMs, ladder, isQualityAuto } = this.#world;
    if (isQualityAuto) this.handle({ kind: 'quality', choice: { mode: 'auto', ladder } });
    if (switchMs === undefined) return;
    this.#after(switchMs * (0.5 + this.#random.next()), () => {
      this.handle({ kind: 'quality', choice: { mode: 'pinned', rendition: this.#drawRendition() } });
      this.#switchLater();
    });
  }

  #happened(event: EngineEvent): void {
    const { measure, queue, captureDateMs, areBytesWatched } = this.#world;
    switch (event.name) {
      case 'renditionChosen':
        return;
      case 'partReady': {
        const fromMs = captureDateMs(event.header.programDateTimeMs);
        this.#watches(event.header.rendition);
        measure.partReady(this, event.header, areBytesWatched ? this.#agent?.bytesOf?.(event.header) : undefined);
        this.#player?.partReady(queue.nowMs, { fromMs, toMs: fromMs + event.header.durationUs / 1000 });
        return;
      }
      case 'chunkVerified':
        measure.chunkVerified(this, event.header);
        this.#recordingPlayer?.partCame(queue.nowMs, event.header);
        return;
      case 'playbackPlaced':
        this.#recordingPlayer?.placed(queue.nowMs, event.header);
        return;
      case 'chunkRejected':
        return;
    }
  }

  #watches(rendition: RenditionId): void {
    // The origin's seeder has them all.
    if (rendition === this.rendition || this.role === 'origin') return;
    this.rendition = rendition;
    this.#world.measure.renditionChanged();
    this.#report();
  }

  #playerListener(): PlayerListener {
    const { measure, wallDateMs } = this.#world;
    return {
      playheadMoved: (dateMs, rate) => {
        this.handle({ kind: 'playback', position: { playheadMs: wallDateMs(dateMs), rate } });
      },
      started: () => {
        measure.started(this);
        this.#startMesh();
      },
      stallBegan: () => measure.stallBegan(),
      stallEnded: (fromMs, toMs) => measure.stallEnded(this, fromMs, toMs),
      skipped: (fromMs, toMs) => measure.skipped(this, fromMs, toMs),
      delaySampled: (nowMs, delayMs) => measure.delaySampled(this, nowMs, delayMs),
    };
  }

  #recordingListener(): RecordingListener {
    const { measure, areBytesWatched } = this.#world;
    return {
      playheadMoved: (playheadMs, rate) => this.handle({ kind: 'playback', position: { playheadMs, rate } }),
      started: () => {
        measure.started(this);
        this.#startMesh();
      },
      sought: (tookMs) => measure.sought(tookMs),
      stallBegan: () => measure.stallBegan(),
      stallEnded: (fromMs, toMs) => measure.stallEnded(this, fromMs, toMs),
      played: (header) => measure.played(this, header, areBytesWatched ? this.#agent?.bytesOf?.(header) : undefined),
      ended: () => this.#world.viewerIsDone(this.peerId),
    };
  }

  #wakeAt(atMs: number): void {
    const wake = this.#wakes.pop() ?? new Wake(this);
    this.#world.queue.schedule(wake, atMs);
    this.#wakeAtMs = wake.atMs;
  }

  #after(delayMs: number, happens: () => void): void {
    const { queue } = this.#world;
    queue.schedule(
      new Happening(() => {
        if (this.isUp) happens();
      }, this.index),
      queue.nowMs + delayMs,
    );
  }
}

/** A peer's timer. */
export class Wake extends SimEvent {
  readonly #peer: SimPeer;

  constructor(peer: SimPeer) {
    super();
    this.peerIndex = peer.index;
    this.#peer = peer;
  }

  override run(): void {
    this.#peer.woken(this);
  }
}
