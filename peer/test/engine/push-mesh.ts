import { chunkKey, NO_OFFER, seededRandom, type ChunkSequence, type PeerRole, type RenditionId, type WireMessage } from '@p2ptv/protocol';
import { CachedChunks } from '../../src/engine/cached-chunks.js';
import { KeptChunks } from '../../src/engine/kept-chunks.js';
import { ChunkStore } from '../../src/engine/chunk-store.js';
import { newMechanismCounters, type MechanismCounters } from '../../src/engine/counters.js';
import type { EngineContext } from '../../src/engine/engine-context.js';
import type { LinkId } from '../../src/engine/engine-io.js';
import { resolveEngineOptions, type PartialEngineOptions } from '../../src/engine/engine-options.js';
import { HeaderLog } from '../../src/engine/header-log.js';
import { Neighbours, type Neighbour } from '../../src/engine/neighbours.js';
import { OutgoingLinks } from '../../src/engine/outgoing-links.js';
import { PushTrees } from '../../src/engine/push-trees.js';
import { peerId } from './engine-rig.js';
import { RENDITION, STREAM_ID } from './published-stream.js';

/** What a peer of a {@link PushMesh} is. */
export type PusherOptions = {
  readonly role?: PeerRole;
  /** What its uplink is taken for, bits a second; default 12,000,000. */
  readonly uplinkBitsPerSecond?: number;
  readonly engine?: PartialEngineOptions;
};

type Mail = { readonly atMs: number; readonly order: number; readonly from: Pusher; readonly to: number; readonly message: WireMessage };

/** One peer's subscriptions, and whom it is linked to: the link to peer n has the number n. */
export class Pusher {
  readonly subscriptions: PushTrees;
  readonly links: OutgoingLinks;
  readonly neighbours: Neighbours;
  readonly counters: MechanismCounters = newMechanismCounters();
  streamBitsPerSecond = 3_000_000;

  constructor(
    readonly number: number,
    options: PusherOptions,
    send: (to: LinkId, message: WireMessage) => void,
  ) {
    const resolved = resolveEngineOptions({
      ...options.engine,
      push: { assumedUplinkBitsPerSecond: options.uplinkBitsPerSecond ?? 12_000_000, ...options.engine?.push },
    });
    this.neighbours = new Neighbours(resolved);
    const context: EngineContext = {
      identity: { streamId: STREAM_ID, role: options.role ?? 'viewer' },
      options: resolved,
      random: seededRandom(number),
      counters: this.counters,
      headers: new HeaderLog(STREAM_ID),
      cached: new CachedChunks(() => undefined, resolved.onDemand),
      kept: new KeptChunks(() => undefined),
      asksOrigin: () => (options.role ?? 'viewer') === 'viewer',
      store: new ChunkStore(),
      neighbours: this.neighbours,
      command: (command) => {
        if (command.kind === 'send') send(command.linkId, command.message);
      },
      bufferedBytes: () => 0,
      streamBitsPerSecond: () => this.streamBitsPerSecond,
      stir: () => undefined,
      wantedRendition: () => RENDITION,
      isLinking: () => false,
      partMs: () => 200,
      noise: () => 0,
    };
    this.links = new OutgoingLinks(context);
    this.subscriptions = new PushTrees(context, this.links);
  }

  neighbour(number: number): Neighbour {
    return this.neighbours.get(number)!;
  }

  parent(stripe: number, rendition = RENDITION): number | undefined {
    return this.subscriptions.parentOf(keyOf(stripe, rendition));
  }

  children(stripe: number, rendition = RENDITION): readonly number[] {
    return this.subscriptions.childrenOf(keyOf(stripe, rendition));
  }
}

/** A chunk of a stripe. */
export function keyOf(stripe: number, rendition: RenditionId = RENDITION): ReturnType<typeof chunkKey> {
  return chunkKey(rendition, stripe as ChunkSequence);
}

/** Offers of one path for some stripes, and of none for the others. */
export function offering(paths: Readonly<Record<number, number>>): number[] {
  return Array.from({ length: 8 }, (_, stripe) => paths[stripe] ?? NO_OFFER);
}

/** Subscriptions of many peers, on virtual time; messages take 20 ms, or as long as the test says, and keep their order. */
export class PushMesh {
  readonly peers: Pusher[] = [];
  readonly sent: { readonly from: number; readonly to: number; readonly message: WireMessage }[] = [];
  nowMs = 1_000;
  delayMs: (from: number, to: number) => number = () => 20;
  readonly #mail: Mail[] = [];
  #order = 0;
  readonly #mute = new Set<number>();

  /** Adds a peer that follows the rendition; its number is its place in {@link peers}. */
  add(options: PusherOptions = {}): Pusher {
    const peer = this.addNewcomer(options);
    peer.subscriptions.follow(this.nowMs, RENDITION);
    return peer;
  }

  /** Adds a peer that knows no header yet. */
  addNewcomer(options: PusherOptions = {}): Pusher {
    const peer = new Pusher(this.peers.length, options, (to, message) => this.#post(peer, to, message));
    this.peers.push(peer);
    return peer;
  }

  /** Adds a peer that does and answers nothing: the test speaks for it. */
  addMute(): Pusher {
    const peer = new Pusher(this.peers.length, {}, () => undefined);
    this.peers.push(peer);
    this.#mute.add(peer.number);
    return peer;
  }

  /** Links two peers; both have said HELLO. */
  link(left: number, right: number): void {
    for (const [one, other] of [[left, right], [right, left]] as const) {
      const neighbour = this.peers[one]!.neighbours.add(this.nowMs, { linkId: other, peerId: peerId(other), role: 'viewer' });
      this.peers[one]!.neighbours.noteStatus(neighbour, { uplinkKbps: 0, queuedBytes: 0, isUploading: this.peers[other]!.links.isUploading, isVisible: true });
    }
    for (const [one, other] of [[left, right], [right, left]] as const) {
      this.peers[one]!.subscriptions.greet(this.nowMs, this.peers[one]!.neighbour(other));
    }
  }

  unlink(left: number, right: number): void {
    for (const [one, other] of [[left, right], [right, left]] as const) {
      this.peers[one]!.neighbours.remove(other);
      this.peers[one]!.subscriptions.linkEnded(this.nowMs, other);
    }
    for (let index = this.#mail.length - 1; index >= 0; index--) {
      const { from, to } = this.#mail[index]!;
      if ((from.number === left && to === right) || (from.number === right && to === left)) this.#mail.splice(index, 1);
    }
  }

  /** Lets time pass; `each` is called after every step. */
  runFor(ms: number, each: () => void = () => undefined): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += 10) {
      for (let mail = this.#mail[0]; mail && mail.atMs <= this.nowMs; mail = this.#mail[0]) {
        this.#mail.shift();
        this.#deliver(mail);
      }
      for (const { subscriptions } of this.peers) if (subscriptions.dueMs <= this.nowMs) subscriptions.tick(this.nowMs);
      each();
    }
  }

  /** Messages of a kind from one peer to another. */
  messages<Kind extends WireMessage['kind']>(kind: Kind, from: number, to: number): Extract<WireMessage, { kind: Kind }>[] {
    return this.sent
      .filter((it) => it.from === from && it.to === to)
      .map(({ message }) => message)
      .filter((message): message is Extract<WireMessage, { kind: Kind }> => message.kind === kind);
  }

  /** True when following parents from a peer leads back to it. */
  isInLoop(number: number, stripe: number): boolean {
    let at = this.peers[number]!.parent(stripe);
    for (let hops = 0; at !== undefined && hops < this.peers.length; hops++) {
      if (at === number) return true;
      at = this.peers[at]!.parent(stripe);
    }
    return false;
  }

  #post(from: Pusher, to: LinkId, message: WireMessage): void {
    this.sent.push({ from: from.number, to, message });
    if (this.#mute.has(to)) return;
    const before = this.#mail.filter((mail) => mail.from === from && mail.to === to).at(-1);
    const atMs = Math.max(before?.atMs ?? 0, this.nowMs + this.delayMs(from.number, to));
    this.#mail.push({ atMs, order: this.#order++, from, to, message });
    this.#mail.sort((left, right) => left.atMs - right.atMs || left.order - right.order);
  }

  #deliver({ from, to, message }: Mail): void {
    const { subscriptions, neighbours } = this.peers[to]!;
    const neighbour = neighbours.get(from.number);
    if (!neighbour) return;
    if (message.kind === 'offers') subscriptions.offered(this.nowMs, neighbour, message);
    else if (message.kind === 'subscribe') subscriptions.asked(this.nowMs, neighbour, message);
    else if (message.kind === 'unsubscribe') subscriptions.ended(this.nowMs, neighbour, message);
    else if (message.kind === 'status') neighbours.noteStatus(neighbour, message.status);
  }
}
