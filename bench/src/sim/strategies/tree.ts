import type { PeerStatus, WireMessage } from '@p2ptv/protocol';
import type { LinkId } from '@p2ptv/peer/engine';
import type { Strategy } from '../peer-agent.js';
import { isWhole, type BaselineChunk } from './baseline/baseline-chunk.js';
import { isMarked, MARK, type BaselineNeighbour } from './baseline/baseline-neighbour.js';
import { baselineStrategy } from './baseline/baseline-strategy.js';
import { unsupplied } from './baseline/holders.js';
import type { Tactics, TacticsFactory, TacticsTools } from './baseline/tactics.js';

/** Share of the measured uplink that children may take. */
const UPLINK_SHARE = 0.85;
/** Children while the uplink is unknown, and at most. */
const ASSUMED_CHILDREN = 2;
const MAX_CHILDREN = 10;
/** What a hop adds besides its turn on the uplink, ms. */
const HOP_MS = 30;
const ASSUMED_BITS_PER_MS = 8_000;
const BLOCK_BITS = 16 * 1024 * 8;
/** A path this long is a loop that counts to infinity. */
const MAX_PATH_MS = 3_000;
/** A parent that was asked must have begun after this, ms. */
const ADOPTION_MS = 500;
/** A parent is left when newer chunks than its are known for so long, ms. */
const PARENT_SILENCE_MS = 500;
/** An orphan without a way up lets its children go after this, so that they find one, ms. */
const LET_GO_MS = 1_000;
/** A neighbour that refused is not asked again for this long, ms. */
const REFUSED_MS = 2_000;
/** A line that is this far behind has a child too many, ms. */
const OVERLOAD_MS = 500;
const SHED_EVERY_MS = 500;
const OVERLOAD_MEMORY_MS = 10_000;
/** Looking for a better parent: how often, and the gain that is worth a change, ms. */
const IMPROVE_EVERY_MS = 3_000;
const MIN_GAIN_MS = 40;
/** Status is told at most so often, and when the path has changed by so much, ms. */
const TELL_EVERY_MS = 250;
const TELL_CHANGE_MS = 20;
/** Newest whole chunks that a new child is told of, to ask for what it lacks. */
const BACKLOG_CHUNKS = 6;
/** An uplink that is so many times another's takes its place higher up. */
const STRONGER = 2;
const NO_PATH = 0xffff_ffff;

/**
 * One multicast tree, after Overcast (Jannotti et al., OSDI 2000) and the single tree that
 * SplitStream (Castro et al., SOSP 2003) measures itself against. Each peer has one parent among
 * its neighbours, who pushes everything to it block by block as it is verified; a peer takes as
 * many children as its uplink carries. The nearest to the root with room is chosen, strong peers
 * take the places of weak ones, better places are looked for all the time, and a lost or silent
 * parent is replaced, the origin standing in until then. Loops: a peer with children moves only
 * to where the path is shorter than its descendants' can be.
 *
 * The root is the origin's peer; its children are those that the tracker put on duty for the first
 * stripe, so that as many copies leave it as under any other strategy.
 *
 * On the wire SUBSCRIBE of stripe 0 stands for the whole stream; STATUS tells in `isUploading`
 * whether there is room for a child, and in `queuedBytes` the length of the path that it would have, ms.
 */
class TreeTactics implements Tactics {
  readonly #tools: TacticsTools;
  readonly #children = new Map<LinkId, BaselineNeighbour>();
  readonly #refusedUntil = new Map<LinkId, number>();
  #parent: BaselineNeighbour | undefined;
  /** Asked to be the parent, and not heard of yet. */
  #candidate: { readonly neighbour: BaselineNeighbour; readonly sinceMs: number } | undefined;
  #pathMs = Infinity;
  #parentHeardMs = 0;
  #orphanSinceMs = 0;
  #improveAtMs = 0;
  #rateBitsPerMs = 0;
  #fewerChildren: { readonly limit: number; readonly untilMs: number } = { limit: MAX_CHILDREN, untilMs: 0 };
  #told: { readonly offerMs: number; readonly hasRoom: boolean; readonly atMs: number } = { offerMs: NO_PATH, hasRoom: false, atMs: 0 };
  #toldSlots = 0;
  #shedAtMs = 0;
  #rootChildren: ReadonlySet<string> = new Set();

  constructor(tools: TacticsTools) {
    this.#tools = tools;
    this.#improveAtMs = IMPROVE_EVERY_MS * (1 + tools.random.next());
  }

  mayHope(): boolean {
    return this.#parent !== undefined;
  }

  dueMs(nowMs: number): number {
    if (this.#isRoot || this.#tools.context.chunks.edge === undefined) return Infinity;
    const { edgeAtMs } = this.#tools.context.chunks;
    const silentAtMs = this.#parent && edgeAtMs > this.#parentHeardMs ? edgeAtMs + PARENT_SILENCE_MS : Infinity;
    const adoptionAtMs = this.#candidate ? this.#candidate.sinceMs + ADOPTION_MS : Infinity;
    const searchAtMs = this.#parent || this.#candidate ? Infinity : nowMs + 100;
    return Math.max(nowMs + 1, Math.min(silentAtMs, adoptionAtMs, searchAtMs, this.#improveAtMs));
  }

  act(nowMs: number): void {
    if (!this.#isRoot) {
      this.#judgeParent(nowMs);
      this.#seekParent(nowMs);
      this.#askBacklog(nowMs);
    }
    this.#shed(nowMs);
    this.#tellStatus(nowMs);
  }

  accepted(nowMs: number, chunk: BaselineChunk): void {
    const { byteLength, durationUs } = chunk.signed.header;
    const rate = (byteLength * 8) / (durationUs / 1000);
    this.#rateBitsPerMs += (rate - this.#rateBitsPerMs) / (this.#rateBitsPerMs === 0 ? 1 : 16);
    for (const child of this.#children.values()) this.#push(nowMs, child, chunk);
  }

  heard(nowMs: number, neighbour: BaselineNeighbour, message: WireMessage): void {
    const { kind } = message;
    if (kind === 'hello' && neighbour.role === 'origin') this.#setParent(nowMs, neighbour);
    if (kind === 'hello' && this.#rootChildren.has(neighbour.peerId)) this.#adopt(nowMs, neighbour);
    // An orphan keeps its children while it looks for a parent: they are served by it as before.
    if (kind === 'status' && neighbour === this.#parent && message.status.queuedBytes !== NO_PATH) {
      this.#pathMs = message.status.queuedBytes;
    }
    if (kind === 'header' || kind === 'block') {
      if (neighbour === this.#candidate?.neighbour) this.#setParent(nowMs, neighbour);
      if (neighbour === this.#parent) this.#parentHeardMs = nowMs;
    }
    if (kind === 'subscribe' && message.stripe === 0) this.#subscribed(nowMs, neighbour);
    if (kind === 'unsubscribe') this.#unsubscribed(nowMs, neighbour);
  }

  linkEnded(nowMs: number, neighbour: BaselineNeighbour): void {
    this.#children.delete(neighbour.linkId);
    this.#refusedUntil.delete(neighbour.linkId);
    if (this.#candidate?.neighbour === neighbour) this.#candidate = undefined;
    if (this.#parent === neighbour) this.#orphaned(nowMs);
  }

  dutyMap(nowMs: number, map: Parameters<NonNullable<Tactics['dutyMap']>>[1]): ReturnType<NonNullable<Tactics['dutyMap']>> {
    const first = map.stripes[0] ?? [];
    this.#rootChildren = new Set(first);
    for (const neighbour of this.#tools.context.neighbours.values()) {
      if (this.#rootChildren.has(neighbour.peerId) && neighbour.status) this.#adopt(nowMs, neighbour);
    }
    return first;
  }

  status(nowMs: number, usual: PeerStatus): PeerStatus {
    return { ...usual, queuedBytes: this.#offerMs(nowMs), isUploading: usual.isUploading && this.#hasRoom(nowMs) };
  }

  get #isRoot(): boolean {
    return this.#tools.context.identity.role === 'origin';
  }

  get #isAttached(): boolean {
    return this.#isRoot || this.#parent !== undefined;
  }

  /** Children that the uplink carries. */
  #places(nowMs: number): number {
    if (this.#isRoot) return Infinity;
    if (!this.#tools.context.isUploading) return 0;
    const uplink = this.#tools.uploads.uplinkBitsPerSecond(nowMs) / 1000;
    const rate = this.#rateBitsPerMs;
    const carried = uplink === 0 || rate === 0 ? ASSUMED_CHILDREN : Math.floor((UPLINK_SHARE * uplink) / rate);
    const limit = nowMs < this.#fewerChildren.untilMs ? this.#fewerChildren.limit : MAX_CHILDREN;
    return Math.min(carried, limit);
  }

  #hasRoom(nowMs: number): boolean {
    return this.#isAttached && this.#children.size < this.#places(nowMs);
  }

  /** The path that one more child would have, ms. */
  #offerMs(nowMs: number): number {
    if (!this.#isAttached) return NO_PATH;
    const uplink = this.#tools.uploads.uplinkBitsPerSecond(nowMs) / 1000 || ASSUMED_BITS_PER_MS;
    const ownMs = this.#isRoot ? 0 : this.#pathMs;
    return Math.round(ownMs + HOP_MS + ((this.#children.size + 1) * BLOCK_BITS) / uplink);
  }

  #push(nowMs: number, child: BaselineNeighbour, chunk: BaselineChunk): void {
    if (isMarked(child, chunk.ref.sequence, MARK.has | MARK.getting | MARK.pushed)) return;
    this.#tools.uploads.push(nowMs, { neighbour: child, chunk, holding: 'incoming' });
  }

  #subscribed(nowMs: number, neighbour: BaselineNeighbour): void {
    if (this.#children.has(neighbour.linkId)) return;
    if (neighbour === this.#parent || !this.#isAttached) {
      this.#unsubscribe(neighbour);
      return;
    }
    if (!this.#hasRoom(nowMs)) {
      const weakest = this.#weakestChild();
      const isStronger =
        weakest !== undefined && uplinkOf(neighbour) >= STRONGER * uplinkOf(weakest);
      if (!isStronger || this.#children.size > this.#places(nowMs)) {
        this.#unsubscribe(neighbour);
        return;
      }
      this.#dismiss(weakest);
    }
    this.#adopt(nowMs, neighbour);
  }

  #adopt(nowMs: number, neighbour: BaselineNeighbour): void {
    if (this.#children.has(neighbour.linkId)) return;
    this.#children.set(neighbour.linkId, neighbour);
    const { chunks, send } = this.#tools.context;
    const newest = chunks.edge?.sequence ?? 0;
    for (let sequence = newest - BACKLOG_CHUNKS; sequence <= newest; sequence++) {
      const chunk = chunks.get(sequence);
      if (!chunk || isMarked(neighbour, sequence, MARK.has)) continue;
      if (isWhole(chunk)) send(neighbour.linkId, { kind: 'header', signed: chunk.signed, holding: 'complete' });
      else this.#push(nowMs, neighbour, chunk);
    }
  }

  #dismiss(child: BaselineNeighbour): void {
    this.#children.delete(child.linkId);
    this.#tools.uploads.linkEnded(child.linkId);
    this.#unsubscribe(child);
  }

  #unsubscribe(neighbour: BaselineNeighbour): void {
    const rendition = this.#tools.context.chunks.edge?.rendition;
    if (rendition !== undefined) {
      this.#tools.context.send(neighbour.linkId, { kind: 'unsubscribe', rendition, stripe: 0 });
    }
  }

  #unsubscribed(nowMs: number, neighbour: BaselineNeighbour): void {
    if (this.#children.delete(neighbour.linkId)) this.#tools.uploads.linkEnded(neighbour.linkId);
    this.#refusedUntil.set(neighbour.linkId, nowMs + REFUSED_MS);
    if (this.#candidate?.neighbour === neighbour) this.#candidate = undefined;
    if (this.#parent === neighbour) this.#orphaned(nowMs);
  }

  #orphaned(nowMs: number): void {
    this.#parent = undefined;
    this.#orphanSinceMs = nowMs;
  }

  #setParent(nowMs: number, neighbour: BaselineNeighbour): void {
    const before = this.#parent;
    this.#candidate = undefined;
    if (before === neighbour) return;
    // Whoever is now above cannot stay below.
    if (this.#children.has(neighbour.linkId)) this.#dismiss(neighbour);
    this.#parent = neighbour;
    this.#parentHeardMs = nowMs;
    this.#pathMs = neighbour.status?.queuedBytes ?? HOP_MS;
    this.#improveAtMs = nowMs + IMPROVE_EVERY_MS * (0.5 + this.#tools.random.next());
    if (before) this.#unsubscribe(before);
  }

  #judgeParent(nowMs: number): void {
    const parent = this.#parent;
    if (!parent) return;
    const { edgeAtMs } = this.#tools.context.chunks;
    const isSilent = edgeAtMs > this.#parentHeardMs && nowMs - this.#parentHeardMs > PARENT_SILENCE_MS + 200;
    const isLoop = this.#pathMs > MAX_PATH_MS;
    if (!isSilent && !isLoop) return;
    this.#refusedUntil.set(parent.linkId, nowMs + OVERLOAD_MEMORY_MS);
    this.#unsubscribe(parent);
    this.#orphaned(nowMs);
    if (isLoop) this.#letGo();
  }

  #letGo(): void {
    for (const child of [...this.#children.values()]) this.#dismiss(child);
    this.#pathMs = Infinity;
  }

  #seekParent(nowMs: number): void {
    const { chunks, send } = this.#tools.context;
    if (!chunks.edge) return;
    if (this.#candidate) {
      if (nowMs < this.#candidate.sinceMs + ADOPTION_MS) return;
      this.#refusedUntil.set(this.#candidate.neighbour.linkId, nowMs + REFUSED_MS);
      this.#candidate = undefined;
    }
    const isImproving = this.#parent !== undefined;
    if (isImproving && (nowMs < this.#improveAtMs || this.#parent?.role === 'origin')) return;
    this.#improveAtMs = nowMs + IMPROVE_EVERY_MS * (0.5 + this.#tools.random.next());
    const limitMs = isImproving ? this.#pathMs - MIN_GAIN_MS : this.#loopFreeBelowMs;
    const chosen = this.#bestOffer(nowMs, limitMs);
    if (!chosen) {
      if (!isImproving && this.#children.size > 0 && nowMs - this.#orphanSinceMs > LET_GO_MS) this.#letGo();
      return;
    }
    this.#candidate = { neighbour: chosen, sinceMs: nowMs };
    send(chosen.linkId, { kind: 'subscribe', rendition: chunks.edge.rendition, stripe: 0 });
  }

  /** What is offered below this is offered by no descendant: theirs is longer than any child's. */
  get #loopFreeBelowMs(): number {
    let leastMs = Infinity;
    for (const { status } of this.#children.values()) {
      leastMs = Math.min(leastMs, Math.max(this.#pathMs + HOP_MS, status?.queuedBytes ?? 0));
    }
    return leastMs;
  }

  /** The shortest path on offer; where there is no room, one that may make room for a stronger peer. */
  #bestOffer(nowMs: number, limitMs: number): BaselineNeighbour | undefined {
    let best: BaselineNeighbour | undefined;
    let bestFull: BaselineNeighbour | undefined;
    for (const neighbour of this.#tools.context.neighbours.values()) {
      const { status, linkId } = neighbour;
      if (!status || neighbour.role === 'origin' || neighbour === this.#parent || this.#children.has(linkId)) continue;
      if (status.queuedBytes >= limitMs || status.queuedBytes === NO_PATH) continue;
      if ((this.#refusedUntil.get(linkId) ?? 0) > nowMs) continue;
      const isBetter = (than: BaselineNeighbour | undefined): boolean =>
        status.queuedBytes < (than?.status?.queuedBytes ?? Infinity);
      if (status.isUploading && isBetter(best)) best = neighbour;
      if (!status.isUploading && isBetter(bestFull)) bestFull = neighbour;
    }
    const isStrong = this.#places(nowMs) > 2 * ASSUMED_CHILDREN;
    if (isStrong && bestFull && (bestFull.status?.queuedBytes ?? 0) < (best?.status?.queuedBytes ?? Infinity)) {
      return bestFull;
    }
    return best ?? (this.#parent ? undefined : bestFull);
  }

  /** Asks the parent for what it had before it became ours. */
  #askBacklog(nowMs: number): void {
    const parent = this.#parent;
    if (!parent) return;
    for (const chunk of unsupplied(this.#tools)) {
      const { sequence } = chunk.ref;
      if (isMarked(parent, sequence, MARK.has) && !isMarked(parent, sequence, MARK.failed)) {
        this.#tools.supply.ask(nowMs, chunk, parent);
      }
    }
  }

  /** Lets a child go when the line does not carry them all. */
  #shed(nowMs: number): void {
    if (this.#isRoot || this.#children.size === 0 || nowMs < this.#shedAtMs) return;
    this.#shedAtMs = nowMs + SHED_EVERY_MS;
    const child = this.#weakestChild();
    if (!child || this.#tools.uploads.backlogMs(nowMs) < OVERLOAD_MS) return;
    this.#dismiss(child);
    this.#fewerChildren = { limit: this.#children.size, untilMs: nowMs + OVERLOAD_MEMORY_MS };
  }

  #weakestChild(): BaselineNeighbour | undefined {
    let weakest: BaselineNeighbour | undefined;
    for (const child of this.#children.values()) {
      if (!weakest || uplinkOf(child) < uplinkOf(weakest)) weakest = child;
    }
    return weakest;
  }

  #tellStatus(nowMs: number): void {
    if (nowMs - this.#told.atMs < TELL_EVERY_MS) return;
    const offerMs = this.#offerMs(nowMs);
    const hasRoom = this.#hasRoom(nowMs);
    const slots = this.#places(nowMs);
    const isNews =
      hasRoom !== this.#told.hasRoom ||
      Math.abs(offerMs - this.#told.offerMs) > TELL_CHANGE_MS ||
      slots !== this.#toldSlots;
    if (!isNews) return;
    this.#told = { offerMs, hasRoom, atMs: nowMs };
    this.#toldSlots = slots;
    const { neighbours, send } = this.#tools.context;
    const status = this.status(nowMs, {
      uplinkKbps: Math.round(this.#tools.uploads.uplinkBitsPerSecond(nowMs) / 1000),
      queuedBytes: 0,
      isUploading: this.#tools.context.isUploading,
      isVisible: true,
    });
    for (const { linkId } of neighbours.values()) send(linkId, { kind: 'status', status });
  }
}

/** What a neighbour told of its uplink, or what is assumed of one who has not sent enough to know it, kb/s. */
function uplinkOf(neighbour: BaselineNeighbour): number {
  return neighbour.status?.uplinkKbps || ASSUMED_BITS_PER_MS;
}

const TACTICS: TacticsFactory = {
  traits: { tellsBegun: false, tellsWhole: false, hasLinks: true, headers: 'whenSilent', serving: 'interleaved' },
  create: (tools) => new TreeTactics(tools),
};

/** One multicast tree. */
export function tree(): Strategy {
  return baselineStrategy({
    name: 'tree',
    summary: 'a single multicast tree, the parent pushes everything',
    tactics: TACTICS,
    seeder: 'tactics',
  });
}
