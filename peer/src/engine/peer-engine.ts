import {
  chunkKey,
  chunkOfKey,
  CROWD_WARM_PEERS,
  encodedMessageBytes,
  LIMITS,
  stripeOf,
  WIRE_VERSION,
  type ByeReason,
  type ChunkHeader,
  type ChunkKey,
  type ChunkRef,
  type Holding,
  MediaTimeline,
  type PeerStatus,
  type Random,
  type RenditionId,
  type SignedChunkHeader,
  type WireMessage,
} from '@p2ptv/protocol';
import { CachedChunks } from './cached-chunks.js';
import { ChunkStore, isComplete, joinedBytes, type StoredChunk } from './chunk-store.js';
import { CurrentTeller } from './current-teller.js';
import { CurrentViewing } from './current-viewing.js';
import { addSources, newChunkSources, newMechanismCounters } from './counters.js';
import { Downloads } from './downloads.js';
import { EarlyBlocks } from './early-blocks.js';
import type { EngineContext } from './engine-context.js';
import type { EngineCommand, EngineInput, LinkId } from './engine-io.js';
import type { EngineIdentity, ResolvedEngineOptions } from './engine-options.js';
import type { EngineState } from './engine-state.js';
import { HeaderLog, type HeaderTeller } from './header-log.js';
import { KeptChunks } from './kept-chunks.js';
import { Mesh } from './mesh.js';
import { Neighbours, noteQueue, type Neighbour } from './neighbours.js';
import { isNarrow } from './narrow-input.js';
import { OutgoingLinks } from './outgoing-links.js';
import { pairNoise } from './pair-noise.js';
import { PeerExchange } from './peer-exchange.js';
import { PlayoutClock } from './playout-clock.js';
import { SignalRelay } from './signal-relay.js';
import { JOIN_HOPE_MS, startRule } from './start-rule.js';
import { PushTrees } from './push-trees.js';
import { Uploads } from './uploads.js';
import type { UploadPolicy } from './viewer-input.js';

/** What an engine runs on besides its options. */
export type EnginePorts = {
  readonly random: Random;
  /** Bytes waiting in a link's send buffer; asked while an input is handled. */
  readonly bufferedBytes: (linkId: LinkId) => number;
};

/**
 * One peer's part in a swarm, as a machine without clock, timers, sockets or promises: an input
 * goes in with the time, commands come out. The same code runs in browsers, in Node and, by the
 * thousand, in virtual time. (peer/SPEC.md)
 */
export class PeerEngine {
  readonly #context: EngineContext;
  #commands: EngineCommand[] = [];
  /** Bytes in commands that are not carried out yet, by link: no port knows of them. */
  readonly #handedBytes = new Map<LinkId, number>();
  readonly #clock: PlayoutClock;
  readonly #links: OutgoingLinks;
  readonly #announcer: CurrentTeller;
  readonly #downloads: Downloads;
  readonly #uploads: Uploads;
  readonly #now: CurrentViewing;
  readonly #mesh: Mesh;
  readonly #relay: SignalRelay;
  readonly #trees: PushTrees;
  /** When a tick is due for anything but uploads. */
  #dueMs = Infinity;
  /** Until then an input that stirs nothing needs no look at anything but uploads. */
  #quietUntilMs = -Infinity;
  /** The input at hand needs a look at everything. */
  #isStirred = false;
  #hopeUntilMs = -Infinity;
  readonly #verifiedBytes = newChunkSources();
  readonly #earlyBlocks = new EarlyBlocks();
  #isVisible = true;
  #chunksVerified = 0;
  #chunksRejected = 0;

  constructor(identity: EngineIdentity, options: ResolvedEngineOptions, ports: EnginePorts) {
    const { isOnDemand = false } = identity;
    const seed = Math.floor(ports.random.next() * 0x1_0000_0000);
    this.#context = {
      identity,
      options,
      random: ports.random,
      counters: newMechanismCounters(),
      headers: new HeaderLog(identity.streamId),
      store: new ChunkStore(),
      cached: new CachedChunks((command) => this.#command(command), options.onDemand),
      kept: new KeptChunks((command) => this.#command(command)),
      asksOrigin: () => identity.role === 'viewer' || this.#now.fill !== undefined,
      neighbours: new Neighbours(options),
      command: (command) => this.#command(command),
      stir: (atMs) => {
        this.#dueMs = Math.min(this.#dueMs, atMs);
        this.#quietUntilMs = Math.min(this.#quietUntilMs, atMs);
      },
      bufferedBytes: (linkId) => ports.bufferedBytes(linkId) + (this.#handedBytes.get(linkId) ?? 0),
      streamBitsPerSecond: (rendition) => this.#now.viewing.bitsPerSecond(rendition),
      partMs: () => this.#now.viewing.partMs,
      wantedRendition: () => this.#now.live?.wanted ?? this.#now.viewing.rendition,
      isLinking: (nowMs) => this.#now.recording !== undefined || (nowMs < this.#hopeUntilMs && this.#mesh.dialCount >= CROWD_WARM_PEERS),
      noise: (linkId, key) => pairNoise(seed, linkId, key),
    };
    this.#clock = new PlayoutClock(options);
    this.#links = new OutgoingLinks(this.#context);
    this.#uploads = new Uploads(this.#context, this.#links);
    this.#announcer = new CurrentTeller();
    this.#trees = new PushTrees(this.#context, this.#links);
    this.#downloads = new Downloads(this.#context, {
      clock: this.#clock,
      links: this.#links,
      announcer: this.#announcer,
      trees: this.#trees,
      pushToChildren: (nowMs, chunk) => this.#pushToChildren(nowMs, chunk),
    });
    this.#now = new CurrentViewing(
      this.#context,
      {
        clock: this.#clock,
        links: this.#links,
        uploads: this.#uploads,
        downloads: this.#downloads,
        trees: this.#trees,
        announcer: this.#announcer,
        followedChanged: (nowMs) => this.#followedChanged(nowMs),
      },
      isOnDemand,
    );
    const exchange = new PeerExchange(this.#context, this.#links);
    this.#mesh = new Mesh(this.#context, this.#links, {
      exchange,
      drop: (nowMs, linkId) => this.#drop(nowMs, linkId, 'idle'),
    });
    this.#relay = new SignalRelay(this.#context, this.#links, exchange);
  }

  /** Handles one input at `nowMs`, which never runs backwards. */
  handle(nowMs: number, input: EngineInput): void {
    this.#isStirred = !isNarrow(input);
    this.#dispatch(nowMs, input);
    if (!this.#isStirred && nowMs < this.#quietUntilMs) {
      if (this.#uploads.isActive) this.#uploads.pump(nowMs);
      return;
    }
    const overrunMs = this.#now.viewing.advance(nowMs);
    this.#downloads.schedule(nowMs);
    this.#trees.tick(nowMs);
    this.#uploads.pump(nowMs);
    this.#now.viewing.pollHeaders(nowMs);
    this.#mesh.tick(nowMs, () => ({ kind: 'status', status: this.#status(nowMs) }));
    this.#dueMs = Math.min(this.#trees.dueMs, this.#downloads.dueMs, this.#now.viewing.dueMs(nowMs), this.#mesh.dueMs);
    this.#quietUntilMs = Math.min(overrunMs, this.#dueMs);
  }

  /** Takes what the engine wants done, in order. */
  takeCommands(): EngineCommand[] {
    if (this.#commands.length === 0) return [];
    if (this.#handedBytes.size > 0) this.#handedBytes.clear();
    const taken = this.#commands;
    this.#commands = [];
    return taken;
  }

  /** When a tick is due, in the engine's time, ms. */
  get dueMs(): number {
    return Math.min(this.#dueMs, this.#uploads.dueMs);
  }

  /** Verified parts of a live stream in play order; of a recording, whose parts are read by their place, there is none. */
  timeline(rendition: RenditionId): MediaTimeline {
    return this.#now.live?.timeline(rendition) ?? new MediaTimeline();
  }

  /** True when all of a chunk is there. */
  has(chunk: ChunkRef): boolean {
    const stored = this.#context.store.get(keyOf(chunk));
    return stored !== undefined && isComplete(stored);
  }

  /** The bytes of a whole verified chunk, in a buffer of the caller's own. */
  bytesOf(chunk: ChunkRef): Uint8Array<ArrayBuffer> | undefined {
    const stored = this.#context.store.get(keyOf(chunk));
    return stored && isComplete(stored) ? joinedBytes(stored) : undefined;
  }

  /** The header of a chunk, as it was signed. */
  signedHeader(chunk: ChunkRef): SignedChunkHeader | undefined {
    return this.#context.headers.get(keyOf(chunk));
  }

  /** Totals and neighbours for statistics; live objects, not to be changed. */
  get state(): EngineState {
    return {
      counters: this.#context.counters,
      verifiedBytes: this.#verifiedBytes,
      sentMediaBytes: this.#links.sentMediaBytes,
      sentFrameBytes: this.#links.sentFrameBytes,
      chunksVerified: this.#chunksVerified,
      chunksRejected: this.#chunksRejected,
      dutyStripes: this.#trees.dutyStripes,
      uploadPolicy: this.#links.policy,
      isVisible: this.#isVisible,
      rendition: this.#now.viewing.rendition,
      neighbours: [...this.#context.neighbours.all()],
      neighbourCount: this.#context.neighbours.count,
      fill: this.#now.fill && { keptChunks: this.#context.kept.size, isComplete: this.#now.fill.isComplete, isFull: this.#now.fill.isFull },
    };
  }

  /** The rate that this peer has lately shown it can send, bits a second; 0 = unknown. */
  uplinkBitsPerSecond(nowMs: number): number {
    return Math.round(this.#links.uplinkBitsPerSecond(nowMs));
  }

  /** Says good-bye on every link; the owner closes them. */
  leave(nowMs: number): void {
    for (const { linkId } of [...this.#context.neighbours.all()]) this.#links.close(nowMs, linkId, 'leaving');
  }

  #command(command: EngineCommand): void {
    this.#commands.push(command);
    // What is sent or computed asks for nothing else; what is begun or ended may.
    if (command.kind !== 'send' && command.kind !== 'digestBlock' && command.kind !== 'checkSignature') this.#isStirred = true;
    if (command.kind !== 'send' || command.message.kind !== 'block') return;
    const bytes = encodedMessageBytes(command.message);
    this.#handedBytes.set(command.linkId, (this.#handedBytes.get(command.linkId) ?? 0) + bytes);
  }

  #dispatch(nowMs: number, input: EngineInput): void {
    switch (input.kind) {
      case 'tick':
      case 'linkDrained':
        return;
      case 'linkOpened':
        this.#linkOpened(nowMs, input);
        return;
      case 'linkEnded':
        this.#linkEnded(nowMs, input.linkId);
        return;
      case 'message':
        this.#message(nowMs, input.linkId, input.message);
        return;
      case 'malformed':
        this.#punish(nowMs, input.linkId, { reason: 'misbehaviour' });
        return;
      case 'signatureChecked':
        this.#signatureChecked(nowMs, input.checkId, input.isValid);
        return;
      case 'blockDigested':
        this.#blockDigested(nowMs, input.digestId, input.digest);
        return;
      case 'joined':
        this.#joined(nowMs, input);
        return;
      case 'opened':
        this.#now.toRecording(nowMs, input.rendition);
        this.#now.recording?.opened(nowMs, input);
        this.#offerPlaced(nowMs, input.headers);
        return;
      case 'seek':
        this.#now.recording?.seek(nowMs, input);
        return;
      case 'placeHeaders':
        this.#now.recording?.headersCame(nowMs, input);
        this.#offerPlaced(nowMs, this.#now.fill?.headersCame(nowMs, input) ?? input.headers);
        return;
      case 'placeHeadersFailed':
        (this.#now.recording ?? this.#now.fill)?.headersFailed(nowMs, input.requestId);
        return;
      case 'fill':
        this.#now.toFill(nowMs, input);
        return;
      case 'kept':
        this.#now.fill?.kept(nowMs, input);
        return;
      case 'keptRead':
        this.#now.fill?.read(nowMs, input.chunk, input.found);
        return;
      case 'originHeaders':
        this.#now.live?.originAnswered(input.rendition);
        for (const signed of input.headers) this.#offerHeader(signed, 'origin');
        return;
      case 'originHeadersFailed':
        this.#now.live?.originFailed(nowMs, input.rendition);
        return;
      case 'fetchBytes':
        this.#now.live?.received(nowMs, input.bytes.length);
        this.#downloads.fetched(nowMs, input.fetchId, input.bytes);
        return;
      case 'fetchDone':
        // All bytes that were asked for have been seen; an answer that ends before is a failure.
        this.#downloads.fetchEnded(nowMs, input.fetchId, 'invalid');
        return;
      case 'fetchFailed':
        this.#downloads.fetchEnded(nowMs, input.fetchId, input.failure);
        return;
      case 'neighboursOffered':
        this.#mesh.offered(nowMs, input.neighbours);
        return;
      case 'dialFailed':
        this.#mesh.dialFailed(nowMs, input.peerId);
        return;
      case 'signal':
        this.#relay.send(nowMs, input.signal, input.via);
        return;
      case 'duty':
        this.#trees.setDuty(nowMs, input);
        return;
      case 'dutyMap':
        this.#mesh.dutyChanged(nowMs, input.map);
        return;
      case 'playback':
        this.#clock.report(nowMs, input.position);
        this.#downloads.touchAll();
        return;
      case 'upload':
        this.#setUpload(nowMs, input.policy);
        return;
      case 'quality':
        this.#now.live?.choose(nowMs, input.choice);
        return;
      case 'visibility':
        this.#isVisible = input.isVisible;
        this.#tellStatus(nowMs);
        return;
      case 'cacheAwaited':
        this.#context.cached.await();
        return;
      case 'cacheTold':
        this.#cacheTold(nowMs, input.chunks);
        return;
      case 'cacheRead':
        this.#cacheRead(nowMs, input);
        return;
      case 'published':
        this.#published(nowMs, input.signed, input.bytes);
        return;
    }
  }

  #setUpload(nowMs: number, policy: UploadPolicy): void {
    const wasUploading = this.#links.isUploading;
    this.#links.setPolicy(nowMs, policy);
    const isUploading = policy.mode !== 'off';
    if (!isUploading) {
      this.#uploads.refuseAll(nowMs);
      this.#trees.dropChildren(nowMs);
    }
    this.#tellStatus(nowMs);
    if (wasUploading || !isUploading) return;
    for (const neighbour of this.#context.neighbours.all()) this.#announcer.greet(nowMs, neighbour);
  }

  #linkOpened(nowMs: number, link: Extract<EngineInput, { kind: 'linkOpened' }>): void {
    const { neighbours } = this.#context;
    const refusal = this.#mesh.opened(link.peerId);
    const before = neighbours.byPeer(link.peerId);
    // One place is kept for the origin's seeder, whom a crowd must not shut out.
    const most = this.#context.identity.role === 'origin' ? LIMITS.seederLinks : LIMITS.links;
    const places = most - (link.role === 'origin' ? 0 : 1) + (before ? 1 : 0);
    if (refusal || neighbours.count >= places) {
      this.#links.close(nowMs, link.linkId, refusal ?? 'tooManyLinks');
      return;
    }
    const neighbour = neighbours.add(nowMs, link);
    if (before) this.#drop(nowMs, before.linkId, 'idle');
    this.#links.send(nowMs, link.linkId, {
      kind: 'hello',
      version: WIRE_VERSION,
      status: this.#status(nowMs),
    });
    // Without waiting for its HELLO: what it learns a round trip later it asks for a round trip later.
    this.#greet(nowMs, neighbour);
  }

  /** What a neighbour wants to hear of when it comes, and when it follows others than before. */
  #greet(nowMs: number, neighbour: Neighbour): void {
    this.#announcer.greet(nowMs, neighbour);
    this.#trees.greet(nowMs, neighbour);
  }

  #linkEnded(nowMs: number, linkId: LinkId): void {
    const neighbour = this.#context.neighbours.remove(linkId);
    if (!neighbour) return;
    this.#uploads.linkEnded(linkId);
    this.#trees.linkEnded(nowMs, linkId);
    this.#downloads.linkEnded(nowMs, linkId);
    this.#earlyBlocks.linkEnded(linkId);
    this.#mesh.ended(nowMs, neighbour);
  }

  #message(nowMs: number, linkId: LinkId, message: WireMessage): void {
    const neighbour = this.#context.neighbours.get(linkId);
    if (!neighbour) return;
    neighbour.lastHeardMs = nowMs;
    if (neighbour.status === undefined && message.kind !== 'hello' && message.kind !== 'bye') {
      this.#punish(nowMs, linkId, { reason: 'misbehaviour' });
      return;
    }
    switch (message.kind) {
      case 'hello':
        this.#context.neighbours.noteStatus(neighbour, message.status);
        if (message.version === WIRE_VERSION) return;
        this.#mesh.avoid(nowMs, neighbour.peerId);
        this.#drop(nowMs, linkId, 'misbehaviour');
        return;
      case 'status':
        this.#toldStatus(nowMs, neighbour, message.status);
        return;
      case 'header':
        this.#toldHeader(nowMs, neighbour, message);
        return;
      case 'incoming':
      case 'have':
        if (this.#context.headers.isForgotten(message) || !this.#now.viewing.isFollowed(message.rendition)) return;
        neighbour.marks.holds(keyOf(message), message.kind === 'have' ? 'complete' : 'incoming');
        noteQueue(nowMs, neighbour, (message.aheadKib ?? 0) * 1024);
        this.#now.viewing.told(nowMs, message);
        this.#downloads.told(nowMs, keyOf(message), neighbour);
        return;
      case 'holdings':
        neighbour.marks.tell(message);
        this.#now.viewing.told(nowMs, message);
        this.#downloads.touchWaiting();
        return;
      case 'request':
        this.#uploads.request(nowMs, neighbour, message);
        return;
      case 'block':
        this.#now.live?.received(nowMs, message.bytes.length);
        this.#block(nowMs, neighbour, message);
        return;
      case 'cancel':
        this.#uploads.cancel(linkId, keyOf(message));
        return;
      case 'reject':
        this.#downloads.rejected(nowMs, neighbour, message);
        return;
      case 'subscribe':
        this.#trees.asked(nowMs, neighbour, message);
        return;
      case 'offers':
        this.#trees.offered(nowMs, neighbour, message);
        return;
      case 'unsubscribe':
        this.#trees.ended(nowMs, neighbour, message);
        this.#uploads.cancelPushes(linkId, message);
        return;
      case 'queued':
        this.#downloads.queued(nowMs, neighbour, message);
        return;
      case 'ping':
        this.#links.trySend(nowMs, linkId, { kind: 'pong', nonce: message.nonce });
        return;
      case 'peers':
        this.#mesh.told(nowMs, neighbour, message.peers);
        return;
      case 'relay':
        this.#relay.received(nowMs, neighbour, message.signal);
        return;
      case 'pong':
        this.#pong(nowMs, neighbour, message.nonce);
        return;
      case 'bye':
        this.#context.command({ kind: 'closeLink', linkId, reason: message.reason });
        if (message.reason !== 'idle') this.#mesh.avoid(nowMs, neighbour.peerId);
        this.#linkEnded(nowMs, linkId);
        return;
    }
  }

  #toldStatus(nowMs: number, neighbour: Neighbour, status: PeerStatus): void {
    const isToGreet = this.#context.neighbours.noteStatus(neighbour, status);
    if (isToGreet === undefined) return;
    this.#isStirred = true;
    if (isToGreet) this.#greet(nowMs, neighbour);
  }

  #toldHeader(nowMs: number, neighbour: Neighbour, message: Extract<WireMessage, { kind: 'header' }>): void {
    const { signed, holding } = message;
    const key = keyOf(signed.header);
    // The origin's seeder has them from the publisher: checks on strangers' word would be its own work for nothing.
    if (this.#context.identity.role === 'origin') return;
    if (this.#context.headers.isForgotten(signed.header)) return;
    if (!this.#now.viewing.isFollowed(signed.header.rendition)) {
      // The seeder does not know yet that another rendition is followed: what it pushes is no offence.
      if (neighbour.role === 'origin') neighbour.marks.solicit(key);
      return;
    }
    if (holding !== 'none') neighbour.marks.holds(key, holding);
    if (holding !== 'none') noteQueue(nowMs, neighbour, (message.aheadKib ?? 0) * 1024);
    this.#now.viewing.told(nowMs, signed.header);
    const result = this.#offerHeader(signed, { linkId: neighbour.linkId, holding });
    const isTaken = result === 'pending' || result === 'known';
    if (neighbour.role === 'origin' || (isTaken && this.#trees.mayPush(nowMs, neighbour, key))) neighbour.marks.solicit(key);
    if (isTaken) neighbour.marks.share(key);
    if (result === 'invalid') this.#punish(nowMs, neighbour.linkId, { reason: 'badHeader', chunk: signed.header });
    else if (result === 'known') this.#verifiedNews(nowMs, neighbour, { key, holding });
  }

  /** A neighbour tells of a chunk whose header is verified. */
  #verifiedNews(nowMs: number, neighbour: Neighbour, news: { readonly key: ChunkKey; readonly holding: Holding }): void {
    if (neighbour.role === 'origin') this.#downloads.pushBegins(nowMs, news.key, neighbour);
    else if (news.holding !== 'none') this.#downloads.told(nowMs, news.key, neighbour);
  }

  #offerHeader(signed: SignedChunkHeader, teller: HeaderTeller): ReturnType<HeaderLog['offer']>['result'] {
    // Before the join answer nobody knows where to begin, and a header could not be placed.
    if (this.#now.viewing.rendition === undefined && this.#context.identity.role === 'viewer' && teller !== 'origin') {
      return 'ignored';
    }
    const { result, checkId } = this.#context.headers.offer(signed, teller);
    if (checkId !== undefined) this.#context.command({ kind: 'checkSignature', checkId, signed });
    return result;
  }

  /** Headers of a place in a recording; those too are placed that were verified when their rendition was played before. */
  #offerPlaced(nowMs: number, headers: readonly SignedChunkHeader[]): void {
    for (const signed of headers) if (this.#offerHeader(signed, 'origin') === 'known') this.#now.recording?.accepted(nowMs, signed);
  }

  #signatureChecked(nowMs: number, checkId: number, isValid: boolean): void {
    const checked = this.#context.headers.checked(checkId, isValid);
    if (!checked) return;
    const { header } = checked.signed;
    if (!isValid) {
      for (const teller of checked.tellers) {
        if (teller !== 'origin') this.#punish(nowMs, teller.linkId, { reason: 'badHeader', chunk: header });
      }
      this.#earlyBlocks.take(keyOf(header));
      return;
    }
    this.#now.viewing.accepted(nowMs, checked.signed);
    for (const teller of checked.tellers) {
      const neighbour = teller === 'origin' ? undefined : this.#context.neighbours.get(teller.linkId);
      if (teller === 'origin' || !neighbour) continue;
      this.#now.viewing.told(nowMs, header);
      this.#verifiedNews(nowMs, neighbour, { key: keyOf(header), holding: teller.holding });
    }
    this.#releaseEarlyBlocks(nowMs, keyOf(header));
  }

  #block(nowMs: number, neighbour: Neighbour, message: Extract<WireMessage, { kind: 'block' }>): void {
    const key = keyOf(message);
    const isExpected = neighbour.marks.isSolicited(key) || this.#trees.mayPush(nowMs, neighbour, key);
    if (this.#context.headers.isPending(key) && isExpected) {
      this.#earlyBlocks.add({ linkId: neighbour.linkId, key, block: message });
      return;
    }
    const result = this.#downloads.block(nowMs, neighbour, message);
    if (result === 'unsolicited' || result === 'wrongLength') {
      this.#punish(nowMs, neighbour.linkId, { reason: 'badBlock', chunk: message });
    }
  }

  #releaseEarlyBlocks(nowMs: number, key: ChunkKey): void {
    for (const { linkId, block } of this.#earlyBlocks.take(key)) {
      const neighbour = this.#context.neighbours.get(linkId);
      if (!neighbour) continue;
      const result = this.#downloads.block(nowMs, neighbour, block);
      if (result === 'wrongLength') this.#punish(nowMs, linkId, { reason: 'badBlock', chunk: block });
    }
  }

  #blockDigested(nowMs: number, digestId: number, digest: Uint8Array): void {
    const result = this.#downloads.digested(nowMs, digestId, digest);
    if (!result) return;
    const { check, isRight, completed } = result;
    if (!isRight) {
      this.#chunksRejected++;
      if (check.from !== 'origin') this.#punish(nowMs, check.from, { reason: 'badBlock', chunk: chunkOfKey(check.key) });
      return;
    }
    if (completed) this.#completed(nowMs, completed);
  }

  /** Pushes a chunk to the children of its stripe who have not heard of it elsewhere. */
  #pushToChildren(nowMs: number, chunk: StoredChunk): void {
    for (const linkId of this.#trees.childrenOf(chunk.key)) {
      const child = this.#context.neighbours.get(linkId);
      if (!child || child.marks.holding(chunk.key) !== 'none') continue;
      // Under a cap it may not have been told: then a push would come unannounced.
      if (child.marks.isShared(chunk.key) || this.#announcer.tell(nowMs, child, chunk)) {
        this.#uploads.pushToChild(nowMs, child, chunk);
      }
    }
  }

  #completed(nowMs: number, chunk: StoredChunk): void {
    this.#chunksVerified++;
    addSources(this.#verifiedBytes, chunk.sources);
    const { header } = chunk.signed;
    this.#now.live?.completed(nowMs, header);
    this.#context.command({ kind: 'event', event: { name: 'chunkVerified', header, sources: chunk.sources } });
  }

  #cacheTold(nowMs: number, chunks: readonly ChunkRef[]): void {
    const isAwaited = nowMs < this.#context.cached.awaitedUntilMs;
    this.#context.cached.told(chunks);
    if (isAwaited) this.#now.recording?.cacheOpened(nowMs);
  }

  #cacheRead(nowMs: number, { signed, bytes }: Extract<EngineInput, { kind: 'cacheRead' }>): void {
    this.#context.cached.answered(keyOf(signed.header), bytes !== undefined);
    const chunk = this.#now.recording?.cacheRead(nowMs, signed, bytes);
    if (chunk) this.#completed(nowMs, chunk);
  }

  #joined(nowMs: number, { rendition, headers, isUplinkTaken = false, delayMs = 0 }: Extract<EngineInput, { kind: 'joined' }>): void {
    this.#now.toLive(nowMs);
    const start = startRule(nowMs, { headers, isUplinkTaken, delayMs, startupMs: this.#context.options.scheduler.startupMs });
    if (start) this.#clock.begin(start.atMs, start.first.programDateTimeMs);
    this.#hopeUntilMs = nowMs + JOIN_HOPE_MS;
    if (isUplinkTaken) this.#downloads.leaveOriginAlone(this.#hopeUntilMs);
    this.#now.live?.begin(nowMs, rendition, start);
    for (const signed of headers) this.#offerHeader(signed, 'origin');
  }

  #published(nowMs: number, signed: SignedChunkHeader, bytes: Uint8Array): void {
    this.#context.headers.insert(signed);
    const chunk = this.#context.store.addOwn(signed, bytes);
    const { header } = signed;
    this.#now.live?.published(nowMs, header);
    for (const neighbour of this.#mesh.seedTargets({ rendition: header.rendition, stripe: stripeOf(header.sequence) })) {
      if (!neighbour.marks.isShared(chunk.key)) {
        neighbour.marks.share(chunk.key);
        this.#links.send(nowMs, neighbour.linkId, { kind: 'header', signed, holding: 'complete' });
      }
      this.#uploads.push(nowMs, neighbour.linkId, chunk);
    }
  }

  #pong(nowMs: number, neighbour: Neighbour, nonce: number): void {
    if (neighbour.pingSentMs === undefined || nonce !== neighbour.pingNonce) return;
    neighbour.roundTripMs.add(nowMs - neighbour.pingSentMs);
    neighbour.pingSentMs = undefined;
  }

  /** Ends the link of whoever broke the protocol, and keeps that peer away. */
  #punish(nowMs: number, linkId: LinkId, fault: { readonly reason: ByeReason; readonly chunk?: ChunkRef }): void {
    const { reason, chunk } = fault;
    const neighbour = this.#context.neighbours.get(linkId);
    if (!neighbour) return;
    this.#context.counters.bans++;

    this.#mesh.ban(nowMs, neighbour.peerId);
    if (chunk) {
      const { peerId } = neighbour;
      const what = reason === 'badHeader' ? 'header' : 'block';
      this.#context.command({
        kind: 'event',
        event: { name: 'chunkRejected', chunk: { rendition: chunk.rendition, sequence: chunk.sequence }, peerId, reason: what },
      });
    }
    this.#drop(nowMs, linkId, reason);
  }

  /** Ends a link at once: whatever still comes on it is not heard. */
  #drop(nowMs: number, linkId: LinkId, reason: ByeReason): void {
    this.#links.close(nowMs, linkId, reason);
    this.#linkEnded(nowMs, linkId);
  }

  #status(nowMs: number): ReturnType<OutgoingLinks['status']> {
    return this.#links.status(nowMs, { queuedBytes: this.#uploads.queuedBytes, isVisible: this.#isVisible, renditions: this.#now.viewing.followedBits });
  }

  #followedChanged(nowMs: number): void {
    this.#tellStatus(nowMs);
    this.#mesh.renditionChanged(nowMs);
  }

  #tellStatus(nowMs: number): void {
    const status = this.#status(nowMs);
    for (const { linkId } of this.#context.neighbours.all()) {
      this.#links.send(nowMs, linkId, { kind: 'status', status });
    }
  }
}

function keyOf(chunk: ChunkRef | ChunkHeader): ChunkKey {
  return chunkKey(chunk.rendition, chunk.sequence);
}
