import {
  DEFAULT_ENGINE_OPTIONS,
  type EngineCommand,
  type EngineIdentity,
  type EngineInput,
  type LinkId,
} from '@p2ptv/peer/engine';
import {
  BLOCK_BYTES,
  encodedMessageBytes,
  LIMITS,
  WIRE_VERSION,
  type ByeReason,
  type ChunkRef,
  type DutyMap,
  type PeerId,
  type PeerStatus,
  type RenditionId,
  type SignedChunkHeader,
  type WireMessage,
} from '@p2ptv/protocol';
import type { PeerAgent, PeerAgentPorts, PeerAgentState } from '../../peer-agent.js';
import { isWhole, type BaselineChunk, type SourceBytes } from './baseline-chunk.js';
import type { BaselineContext } from './baseline-context.js';
import { isMarked, isServing, MARK, mark, newNeighbour, type BaselineNeighbour } from './baseline-neighbour.js';
import { ChunkTable, KEPT_CHUNKS } from './chunk-table.js';
import { Dialler } from './dialler.js';
import { HeaderWatch } from './header-watch.js';
import { Proofs, type Teller } from './proofs.js';
import { Supply } from './supply.js';
import type { Tactics, TacticsFactory, TacticsTraits } from './tactics.js';
import { UploadQueue } from './upload-queue.js';

type BlockMessage = Extract<WireMessage, { kind: 'block' }>;

/** Blocks that may wait for their header's signature. */
const MAX_EARLY_BLOCKS = 64;
/** Newest chunks that a new neighbour is told of. */
const GREETING_CHUNKS = 16;
/** Chunks of one neighbour that are remembered. */
const MAX_MARKS = 512;
/** A neighbour silent for so long is asked whether it is there, and given up after so long, ms. */
const PING_AFTER_MS = 2_000;
const DEAD_AFTER_MS = 6_000;
/** A peer that broke the protocol is not met again for this long, ms. */
const BAN_MS = 600_000;

/** What the common rules answer to; the rest is for the tactics, or ignored as peers ignore types they do not know (WR2). */
const OBEYED = ['hello', 'status', 'header', 'incoming', 'have', 'request', 'block', 'cancel', 'reject', 'ping', 'bye'] as const;
type ObeyedMessage = Extract<WireMessage, { kind: (typeof OBEYED)[number] }>;
const OBEYED_KINDS: ReadonlySet<WireMessage['kind']> = new Set(OBEYED);

/** What every baseline has in common; {@link TacticsFactory} says what it does with it. */
export class BaselinePeer implements PeerAgent {
  readonly #context: BaselineContext;
  readonly #commands: EngineCommand[] = [];
  /** Bytes in commands that are not carried out yet, by link. */
  readonly #handedBytes = new Map<LinkId, number>();
  readonly #proofs: Proofs;
  readonly #supply: Supply;
  readonly #uploads: UploadQueue;
  readonly #headers: HeaderWatch;
  readonly #dialler: Dialler;
  readonly #traits: TacticsTraits;
  readonly #tactics: Tactics;
  readonly #verifiedBytes: SourceBytes = { peerBytes: 0, seederBytes: 0, originBytes: 0, cacheBytes: 0 };
  /** Only at the origin: whom it links to. */
  #wanted: ReadonlySet<PeerId> = new Set();
  #lookAtLinksMs = 0;
  #early: { readonly linkId: LinkId; readonly message: BlockMessage }[] = [];
  #sentMediaBytes = 0;
  #sentFrameBytes = 0;

  constructor(identity: EngineIdentity, ports: PeerAgentPorts, factory: TacticsFactory) {
    this.#traits = factory.traits;
    this.#context = {
      identity,
      random: ports.random,
      counters: {
        seedsReceived: 0,
        cutThroughForwards: 0,
        pulls: 0,
        fallbacks: 0,
        rangeTails: 0,
        fallbacksSpared: 0,
        headerPolls: 0,
        bans: 0,
        duplicateBlocks: 0,
        cancels: 0,
      },
      neighbours: new Map(),
      chunks: new ChunkTable(),
      isUploading: true,
      command: (command) => this.#commands.push(command),
      send: (linkId, message) => this.#send(linkId, message),
      bufferedBytes: (linkId) => ports.bufferedBytes(linkId) + (this.#handedBytes.get(linkId) ?? 0),
    };
    this.#proofs = new Proofs(this.#context);
    this.#supply = new Supply(this.#context, this.#proofs, {
      begun: (nowMs, chunk) => this.#begun(nowMs, chunk),
      blockVerified: (nowMs, chunk) => this.#tactics.blockVerified?.(nowMs, chunk),
      whole: (nowMs, chunk) => this.#whole(nowMs, chunk),
      misbehaved: (nowMs, linkId, chunk) => this.#punish(nowMs, linkId, { reason: 'badBlock', chunk }),
      mayHope: (nowMs) => this.#mayHope(nowMs),
    });
    this.#uploads = new UploadQueue(this.#context, factory.traits.serving);
    this.#headers = new HeaderWatch(this.#context, factory.traits.headers);
    this.#dialler = new Dialler(this.#context);
    const { peerId, random } = ports;
    const tools = { peerId, context: this.#context, random, supply: this.#supply, uploads: this.#uploads };
    this.#tactics = factory.create(tools);
  }

  handle(nowMs: number, input: EngineInput): void {
    this.#dispatch(nowMs, input);
    this.#advance(nowMs);
    this.#tactics.act?.(nowMs);
    this.#supply.tick(nowMs);
    this.#push(nowMs);
    this.#headers.check(nowMs);
    this.#lookAtLinks(nowMs);
    this.#dialler.tick(nowMs);
  }

  takeCommands(): readonly EngineCommand[] {
    this.#handedBytes.clear();
    return this.#commands.splice(0);
  }

  dueMs(nowMs: number): number {
    return Math.min(
      this.#supply.dueMs,
      this.#uploads.dueMs,
      this.#headers.dueMs,
      this.#dialler.dueMs,
      this.#context.neighbours.size + this.#wanted.size > 0 ? this.#lookAtLinksMs : Infinity,
      this.#context.chunks.dueMs(nowMs),
      this.#tactics.dueMs?.(nowMs) ?? Infinity,
    );
  }

  uplinkBitsPerSecond(nowMs: number): number {
    return Math.round(this.#uploads.uplinkBitsPerSecond(nowMs));
  }

  bytesOf({ sequence }: ChunkRef): Uint8Array | undefined {
    const chunk = this.#context.chunks.get(sequence);
    if (!chunk || !isWhole(chunk)) return undefined;
    const bytes = new Uint8Array(chunk.signed.header.byteLength);
    chunk.blocks.forEach((block, index) => {
      if (block) bytes.set(block, index * BLOCK_BYTES);
    });
    return bytes;
  }

  get state(): PeerAgentState {
    return {
      counters: this.#context.counters,
      verifiedBytes: this.#verifiedBytes,
      sentMediaBytes: this.#sentMediaBytes,
      sentFrameBytes: this.#sentFrameBytes,
      neighbourCount: this.#context.neighbours.size,
    };
  }

  get #isOrigin(): boolean {
    return this.#context.identity.role === 'origin';
  }

  #send(linkId: LinkId, message: WireMessage): void {
    const bytes = encodedMessageBytes(message);
    this.#sentFrameBytes += bytes;
    if (message.kind === 'block') this.#sentMediaBytes += message.bytes.length;
    this.#handedBytes.set(linkId, (this.#handedBytes.get(linkId) ?? 0) + bytes);
    this.#commands.push({ kind: 'send', linkId, message });
  }

  #dispatch(nowMs: number, input: EngineInput): void {
    switch (input.kind) {
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
      case 'blockDigested': {
        const check = this.#proofs.takeBlock(input.digestId);
        if (check) this.#supply.digested(nowMs, check, input.digest);
        return;
      }
      case 'joined':
        this.#joined(input.rendition, input.headers);
        return;
      case 'originHeaders':
        this.#headers.answered();
        for (const signed of input.headers) this.#offerHeader(signed, 'origin');
        return;
      case 'originHeadersFailed':
        this.#headers.failed(nowMs);
        return;
      case 'fetchBytes':
        this.#supply.fetched(nowMs, input.fetchId, input.bytes);
        return;
      case 'fetchDone':
        this.#supply.fetchEnded(nowMs, input.fetchId, 'invalid');
        return;
      case 'fetchFailed':
        this.#supply.fetchEnded(nowMs, input.fetchId, input.failure);
        return;
      case 'neighboursOffered':
        if (this.#traits.hasLinks && !this.#isOrigin) this.#dialler.offered(nowMs, input.neighbours);
        return;
      case 'dialFailed':
        this.#dialler.failed(nowMs, input.peerId);
        return;
      case 'dutyMap':
        this.#dutyChanged(nowMs, input.map);
        return;
      case 'playback':
        this.#supply.setPlayback(nowMs, input.position);
        return;
      case 'upload':
        // A cap is not kept: the simulator's viewers upload freely or not at all.
        this.#setUploading(nowMs, input.policy.mode !== 'off');
        return;
      case 'published':
        this.#published(nowMs, input.signed, input.bytes);
        return;
      case 'tick':
      case 'linkDrained':
      case 'duty':
      case 'quality':
      case 'visibility':
      case 'signal':
      case 'cacheAwaited':
      case 'cacheTold':
      case 'cacheRead':
      case 'fill':
      case 'kept':
      case 'keptRead':
      case 'opened':
      case 'seek':
      case 'placeHeaders':
      case 'placeHeadersFailed':
        return;
    }
  }

  /** Only at the origin: it links to whom its tactics want of those on duty. */
  #dutyChanged(nowMs: number, map: DutyMap): void {
    if (!this.#tactics.dutyMap) return;
    this.#wanted = new Set(this.#tactics.dutyMap(nowMs, map));
    for (const { linkId, peerId } of [...this.#context.neighbours.values()]) {
      if (!this.#wanted.has(peerId)) this.#drop(nowMs, linkId, 'idle');
    }
    for (const peerId of this.#wanted) this.#dialler.dial(nowMs, peerId);
  }

  #linkOpened(nowMs: number, link: Extract<EngineInput, { kind: 'linkOpened' }>): void {
    const { neighbours } = this.#context;
    this.#dialler.opened(link.peerId);
    const before = [...neighbours.values()].find(({ peerId }) => peerId === link.peerId);
    const places = LIMITS.links - (link.role === 'origin' ? 0 : 1) + (before ? 1 : 0);
    const isRefused = !this.#traits.hasLinks || this.#dialler.isAvoided(nowMs, link.peerId);
    if (isRefused || (!this.#isOrigin && neighbours.size >= places)) {
      this.#close(link.linkId, isRefused ? 'misbehaviour' : 'tooManyLinks');
      return;
    }
    const neighbour = newNeighbour(nowMs, link);
    neighbours.set(link.linkId, neighbour);
    if (before) this.#drop(nowMs, before.linkId, 'idle');
    this.#send(link.linkId, { kind: 'hello', version: WIRE_VERSION, status: this.#status(nowMs) });
    this.#greet(neighbour);
  }

  #linkEnded(nowMs: number, linkId: LinkId): void {
    const neighbour = this.#context.neighbours.get(linkId);
    if (!neighbour) return;
    this.#context.neighbours.delete(linkId);
    this.#uploads.linkEnded(linkId);
    this.#supply.linkEnded(neighbour);
    this.#early = this.#early.filter((block) => block.linkId !== linkId);
    this.#dialler.ended(nowMs);
    this.#tactics.linkEnded?.(nowMs, neighbour);
  }

  #message(nowMs: number, linkId: LinkId, message: WireMessage): void {
    const neighbour = this.#context.neighbours.get(linkId);
    if (!neighbour) return;
    neighbour.lastHeardMs = nowMs;
    if (neighbour.status === undefined && message.kind !== 'hello' && message.kind !== 'bye') {
      this.#punish(nowMs, linkId, { reason: 'misbehaviour' });
      return;
    }
    this.#obey(nowMs, neighbour, message);
    this.#tactics.heard?.(nowMs, neighbour, message);
  }

  #obey(nowMs: number, neighbour: BaselineNeighbour, message: WireMessage): void {
    const { linkId } = neighbour;
    if (!isObeyed(message)) return;
    switch (message.kind) {
      case 'hello':
      case 'status':
        neighbour.status = message.status;
        return;
      case 'header':
        this.#toldHeader(nowMs, neighbour, message);
        return;
      case 'incoming':
      case 'have':
        this.#noteNews(neighbour, message.sequence, message.kind === 'have' ? MARK.has : MARK.getting);
        this.#headers.told(nowMs, message.sequence);
        return;
      case 'request':
        this.#uploads.request(nowMs, neighbour, message);
        return;
      case 'block':
        this.#block(nowMs, neighbour, message);
        return;
      case 'cancel':
        this.#uploads.cancel(linkId, message.sequence);
        // Whoever does not want it has it, or gets it from somebody else.
        this.#noteNews(neighbour, message.sequence, MARK.getting);
        return;
      case 'reject':
        this.#supply.rejected(nowMs, neighbour, message);
        return;
      case 'ping':
        this.#send(linkId, { kind: 'pong', nonce: message.nonce });
        return;
      case 'bye':
        this.#context.command({ kind: 'closeLink', linkId, reason: message.reason });
        if (message.reason !== 'idle') this.#dialler.failed(nowMs, neighbour.peerId);
        this.#linkEnded(nowMs, linkId);
        return;
    }
  }

  #toldHeader(nowMs: number, neighbour: BaselineNeighbour, message: Extract<WireMessage, { kind: 'header' }>): void {
    const { signed, holding } = message;
    const { sequence } = signed.header;
    const news = holding === 'complete' ? MARK.has : holding === 'incoming' ? MARK.getting : 0;
    this.#noteNews(neighbour, sequence, news | MARK.header);
    this.#headers.told(nowMs, sequence);
    // Before the join answer nobody knows where to begin, and a header could not be placed.
    if (this.#context.chunks.edge === undefined) return;
    const known = this.#context.chunks.get(sequence);
    if (!known) this.#offerHeader(signed, { linkId: neighbour.linkId, holding });
    else if (neighbour.role === 'origin') this.#supply.pushBegins(nowMs, known, neighbour);
  }

  #offerHeader(signed: SignedChunkHeader, teller: Teller): void {
    const { chunks } = this.#context;
    const { sequence } = signed.header;
    const isOld = chunks.edge !== undefined && sequence < chunks.edge.sequence - KEPT_CHUNKS;
    if (!isOld && !chunks.get(sequence)) this.#proofs.checkHeader(signed, teller);
  }

  #signatureChecked(nowMs: number, checkId: number, isValid: boolean): void {
    const check = this.#proofs.takeHeader(checkId);
    if (!check) return;
    const { sequence } = check.signed.header;
    if (!isValid) {
      for (const teller of check.tellers) {
        if (teller !== 'origin') this.#punish(nowMs, teller.linkId, { reason: 'badHeader', chunk: check.signed.header });
      }
      this.#early = this.#early.filter(({ message }) => message.sequence !== sequence);
      return;
    }
    const chunk = this.#accept(nowMs, check.signed);
    for (const teller of check.tellers) {
      const neighbour = teller === 'origin' ? undefined : this.#context.neighbours.get(teller.linkId);
      if (neighbour) this.#headers.told(nowMs, sequence);
      if (neighbour?.role === 'origin' && chunk) this.#supply.pushBegins(nowMs, chunk, neighbour);
    }
    const early = this.#early.filter(({ message }) => message.sequence === sequence);
    if (early.length === 0) return;
    this.#early = this.#early.filter(({ message }) => message.sequence !== sequence);
    for (const { linkId, message } of early) {
      const neighbour = this.#context.neighbours.get(linkId);
      if (neighbour) this.#supply.block(nowMs, neighbour, message);
    }
  }

  /** A header is verified. */
  #accept(nowMs: number, signed: SignedChunkHeader): BaselineChunk | undefined {
    const { chunks, random, neighbours } = this.#context;
    const edge = chunks.edge?.sequence;
    const partMs = signed.header.durationUs / 1000;
    const jitterMs = random.next() * partMs * DEFAULT_ENGINE_OPTIONS.fallback.jitterParts;
    const chunk = chunks.accept(signed, { nowMs, jitterMs });
    if (!chunk) return undefined;
    if (chunks.edge?.sequence !== edge) this.#headers.advanced();
    const dropped = chunks.trim();
    this.#uploads.forget(dropped);
    for (const sequence of dropped) {
      for (const { marks } of neighbours.values()) marks.delete(sequence);
    }
    this.#tactics.accepted?.(nowMs, chunk);
    return chunk;
  }

  #block(nowMs: number, neighbour: BaselineNeighbour, message: BlockMessage): void {
    const { sequence } = message;
    if (this.#context.chunks.get(sequence)) {
      this.#supply.block(nowMs, neighbour, message);
    } else if (this.#proofs.isHeaderPending(sequence) && this.#early.length < MAX_EARLY_BLOCKS) {
      this.#early.push({ linkId: neighbour.linkId, message });
    }
  }

  #joined(rendition: RenditionId, headers: readonly SignedChunkHeader[]): void {
    const first = headers[0]?.header;
    if (first) this.#context.chunks.startAt(first.sequence);
    this.#headers.begin(rendition);
    for (const signed of headers) this.#offerHeader(signed, 'origin');
  }

  /** Only where this peer is the origin's: the chunk is whole and its own. */
  #published(nowMs: number, signed: SignedChunkHeader, bytes: Uint8Array): void {
    const { chunks } = this.#context;
    chunks.startAt(signed.header.sequence);
    const chunk = this.#accept(nowMs, signed);
    if (!chunk) return;
    for (let index = 0; index < chunk.blockCount; index++) {
      chunk.blocks[index] = bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
    }
    chunk.verifiedCount = chunk.blockCount;
    chunks.finished(chunk);
    this.#tactics.blockVerified?.(nowMs, chunk);
    this.#tactics.whole?.(nowMs, chunk);
  }

  #begun(nowMs: number, chunk: BaselineChunk): void {
    if (this.#traits.tellsBegun && !isWhole(chunk)) this.#announce(chunk, 'incoming');
    this.#uploads.pump(nowMs);
  }

  #whole(nowMs: number, chunk: BaselineChunk): void {
    const { sources, signed } = chunk;
    this.#verifiedBytes.peerBytes += sources.peerBytes;
    this.#verifiedBytes.seederBytes += sources.seederBytes;
    this.#verifiedBytes.originBytes += sources.originBytes;
    this.#context.command({
      kind: 'event',
      event: { name: 'chunkVerified', header: signed.header, sources: { ...sources } },
    });
    if (this.#traits.tellsWhole) this.#announce(chunk, 'complete');
    this.#tactics.whole?.(nowMs, chunk);
  }

  #advance(nowMs: number): void {
    const { chunks, command } = this.#context;
    for (const { header, isRestart } of chunks.advance(nowMs, (chunk) => this.#supply.isLost(nowMs, chunk))) {
      command({ kind: 'event', event: { name: 'partReady', header, isRestart } });
    }
  }

  /** Serves whoever asked; when nobody did, pushes what the tactics want. */
  #push(nowMs: number): void {
    this.#uploads.pump(nowMs);
    if (!this.#tactics.nextPush || !this.#context.isUploading) return;
    while (this.#uploads.isIdle(nowMs)) {
      const push = this.#tactics.nextPush(nowMs);
      if (!push) return;
      this.#uploads.push(nowMs, { ...push, holding: 'complete' });
      this.#uploads.pump(nowMs);
    }
  }

  /** Tells everybody who lacks it; in full whoever has not the header. */
  #announce(chunk: BaselineChunk, holding: 'incoming' | 'complete'): void {
    if (!this.#context.isUploading) return;
    for (const neighbour of this.#context.neighbours.values()) {
      if (neighbour.role === 'origin' || isMarked(neighbour, chunk.ref.sequence, MARK.has)) continue;
      this.#tell(neighbour, chunk, holding);
    }
  }

  #greet(neighbour: BaselineNeighbour): void {
    const { tellsBegun, tellsWhole } = this.#traits;
    if (!(tellsBegun || tellsWhole) || !this.#context.isUploading || neighbour.role === 'origin') return;
    const newest = [...this.#context.chunks.all()]
      .filter((chunk) => isWhole(chunk) || (tellsBegun && chunk.verifiedCount > 0))
      .sort((left, right) => left.ref.sequence - right.ref.sequence)
      .slice(-GREETING_CHUNKS);
    for (const chunk of newest) this.#tell(neighbour, chunk, isWhole(chunk) ? 'complete' : 'incoming');
  }

  #tell(neighbour: BaselineNeighbour, chunk: BaselineChunk, holding: 'incoming' | 'complete'): void {
    const { ref, signed } = chunk;
    const isShared = isMarked(neighbour, ref.sequence, MARK.header);
    const kind = holding === 'complete' ? 'have' : 'incoming';
    this.#send(neighbour.linkId, isShared ? { kind, ...ref } : { kind: 'header', signed, holding });
    mark(neighbour, ref.sequence, MARK.header);
  }

  #noteNews(neighbour: BaselineNeighbour, sequence: number, bits: number): void {
    const { edge } = this.#context.chunks;
    if (edge && (sequence < edge.sequence - KEPT_CHUNKS || sequence > edge.sequence + LIMITS.headersAheadOfEdge)) return;
    const { marks } = neighbour;
    const oldest = marks.keys().next().value;
    if (marks.size >= MAX_MARKS && oldest !== undefined) marks.delete(oldest);
    mark(neighbour, sequence, bits);
  }

  /** Gives up neighbours that died without a word. */
  #lookAtLinks(nowMs: number): void {
    if (nowMs < this.#lookAtLinksMs) return;
    this.#lookAtLinksMs = nowMs + PING_AFTER_MS;
    for (const neighbour of [...this.#context.neighbours.values()]) {
      const silentMs = nowMs - neighbour.lastHeardMs;
      if (silentMs >= DEAD_AFTER_MS) this.#drop(nowMs, neighbour.linkId, 'idle');
      else if (silentMs >= PING_AFTER_MS) this.#send(neighbour.linkId, { kind: 'ping', nonce: 0 });
    }
    for (const peerId of this.#wanted) this.#dialler.dial(nowMs, peerId);
  }

  #setUploading(nowMs: number, isUploading: boolean): void {
    if (isUploading === this.#context.isUploading) return;
    this.#context.isUploading = isUploading;
    const status = this.#status(nowMs);
    for (const neighbour of this.#context.neighbours.values()) {
      this.#send(neighbour.linkId, { kind: 'status', status });
      if (isUploading) this.#greet(neighbour);
      else this.#uploads.linkEnded(neighbour.linkId);
    }
  }

  #status(nowMs: number): PeerStatus {
    const usual: PeerStatus = {
      uplinkKbps: Math.round(this.uplinkBitsPerSecond(nowMs) / 1000),
      queuedBytes: 0,
      isUploading: this.#context.isUploading,
      isVisible: true,
    };
    return this.#tactics.status?.(nowMs, usual) ?? usual;
  }

  #mayHope(nowMs: number): boolean {
    if (this.#tactics.mayHope) return this.#tactics.mayHope(nowMs);
    for (const neighbour of this.#context.neighbours.values()) if (isServing(neighbour)) return true;
    return false;
  }

  #punish(nowMs: number, linkId: LinkId, fault: { readonly reason: ByeReason; readonly chunk?: ChunkRef }): void {
    const { reason, chunk } = fault;
    const neighbour = this.#context.neighbours.get(linkId);
    if (!neighbour) return;
    const { peerId } = neighbour;
    this.#context.counters.bans++;
    this.#dialler.avoid(peerId, nowMs + BAN_MS);
    if (chunk) {
      const what = reason === 'badHeader' ? 'header' : 'block';
      const ref = { rendition: chunk.rendition, sequence: chunk.sequence };
      this.#context.command({ kind: 'event', event: { name: 'chunkRejected', chunk: ref, peerId, reason: what } });
    }
    this.#drop(nowMs, linkId, reason);
  }

  #drop(nowMs: number, linkId: LinkId, reason: ByeReason): void {
    this.#close(linkId, reason);
    this.#linkEnded(nowMs, linkId);
  }

  #close(linkId: LinkId, reason: ByeReason): void {
    this.#send(linkId, { kind: 'bye', reason });
    this.#context.command({ kind: 'closeLink', linkId, reason });
  }
}

function isObeyed(message: WireMessage): message is ObeyedMessage {
  return OBEYED_KINDS.has(message.kind);
}
