import { chunkOfKey, type ChunkKey, type RenditionId, type StripeRef } from '@p2ptv/protocol';
import type { EngineContext } from './engine-context.js';
import type { LinkId } from './engine-io.js';
import { follows, type Neighbour } from './neighbours.js';
import type { OutgoingLinks } from './outgoing-links.js';
import { Subscriptions, type Delivery } from './subscriptions.js';

/** Stripes of a rendition that the origin's seeder pushes to a peer. */
export type DutyOf = { readonly rendition: RenditionId; readonly stripes: readonly number[] };

/** Push trees of every rendition that is followed: one, and while it is switched two. (SPEC LP11) */
export class PushTrees {
  readonly #context: EngineContext;
  readonly #links: OutgoingLinks;
  readonly #trees = new Map<RenditionId, Subscriptions>();
  #duty: DutyOf | undefined;

  constructor(context: EngineContext, links: OutgoingLinks) {
    this.#context = context;
    this.#links = links;
  }

  /** When {@link tick} wants to run again. */
  get dueMs(): number {
    let dueMs = Infinity;
    for (const tree of this.#trees.values()) dueMs = Math.min(dueMs, tree.dueMs);
    return dueMs;
  }

  /** Subscribes to the stripes of a rendition too. */
  follow(nowMs: number, rendition: RenditionId): void {
    if (this.#trees.has(rendition)) return;
    const tree = new Subscriptions(this.#context, this.#links, {
      nowMs,
      rendition,
      loadElsewhere: () => this.#loadBesides(rendition),
    });
    this.#trees.set(rendition, tree);
    if (this.#duty?.rendition === rendition) this.#takeDuty(nowMs, this.#duty);
  }

  /** Lets the children of a rendition go that is followed for a little longer only. */
  retire(nowMs: number, rendition: RenditionId): void {
    this.#trees.get(rendition)?.retire(nowMs);
    if (this.#duty?.rendition === rendition) this.#duty = undefined;
  }

  /** Ends all pushes of a rendition, to us and from us. */
  leave(nowMs: number, rendition: RenditionId): void {
    this.retire(nowMs, rendition);
    this.#trees.get(rendition)?.end(nowMs);
    this.#trees.delete(rendition);
  }

  /** The tracker has dealt duty: its last word stands, also for a rendition that is about to be followed. */
  setDuty(nowMs: number, duty: DutyOf): void {
    const before = this.#duty;
    if (before && before.rendition !== duty.rendition) this.#trees.get(before.rendition)?.setDuty(nowMs, []);
    this.#duty = duty;
    this.#takeDuty(nowMs, duty);
  }

  /** Stripes that the origin's seeder pushes to this peer. */
  get dutyStripes(): readonly number[] {
    return this.#duty?.stripes ?? [];
  }

  /** Who is to push this chunk to us. */
  parentOf(key: ChunkKey): LinkId | undefined {
    return this.#treeOf(key)?.parentOf(key);
  }

  /** See {@link Subscriptions.isParentTrusted}. */
  isParentTrusted(key: ChunkKey): boolean {
    return this.#treeOf(key)?.isParentTrusted(key) ?? false;
  }

  /** See {@link Subscriptions.patienceMs}. */
  patienceMs(key: ChunkKey): number {
    return this.#treeOf(key)?.patienceMs(key) ?? 0;
  }

  /** True for what a neighbour may push: it is the parent, or was until just now. */
  mayPush(nowMs: number, neighbour: Neighbour, key: ChunkKey): boolean {
    return this.parentOf(key) === neighbour.linkId || nowMs < neighbour.pushGraceUntilMs;
  }

  /** See {@link Subscriptions.isRootOf}. */
  isRootOf(key: ChunkKey): boolean {
    return this.#treeOf(key)?.isRootOf(key) ?? false;
  }

  /** Those to whom a chunk is pushed. */
  childrenOf(key: ChunkKey): readonly LinkId[] {
    return this.#treeOf(key)?.childrenOf(key) ?? NOBODY;
  }

  /** Learns from a chunk that is whole now. */
  delivered(nowMs: number, delivery: Delivery): void {
    this.#treeOf(delivery.key)?.delivered(nowMs, delivery);
  }

  /** A transfer of a chunk by this neighbour has failed. */
  failed(nowMs: number, neighbour: Neighbour, key: ChunkKey): void {
    this.#treeOf(key)?.failed(nowMs, neighbour, key);
  }

  /** A neighbour tells what it would push. */
  offered(nowMs: number, neighbour: Neighbour, offer: { readonly rendition: RenditionId; readonly pathMs: readonly number[] }): void {
    this.#context.neighbours.noteOffers(neighbour, offer);
    this.#trees.get(offer.rendition)?.offered(nowMs, neighbour, offer.pathMs);
  }

  /** A neighbour asks to be pushed a stripe. */
  asked(nowMs: number, neighbour: Neighbour, ref: StripeRef): void {
    const tree = this.#trees.get(ref.rendition);
    if (tree) tree.asked(nowMs, neighbour, ref.stripe);
    else this.#links.send(nowMs, neighbour.linkId, { kind: 'unsubscribe', rendition: ref.rendition, stripe: ref.stripe });
  }

  /** A neighbour ends a push, on whichever side it is. */
  ended(nowMs: number, neighbour: Neighbour, ref: StripeRef): void {
    this.#trees.get(ref.rendition)?.ended(nowMs, neighbour, ref.stripe);
  }

  linkEnded(nowMs: number, linkId: LinkId): void {
    for (const tree of this.#trees.values()) tree.linkEnded(nowMs, linkId);
  }

  /** Pushes nothing any more: the viewer switched uploading off. */
  dropChildren(nowMs: number): void {
    for (const tree of this.#trees.values()) tree.dropChildren(nowMs);
  }

  /** Finds parents, now and then better ones, and tells what this peer offers. */
  tick(nowMs: number): void {
    for (const tree of this.#trees.values()) tree.tick(nowMs);
  }

  /** Tells a neighbour that has come, or follows others than before. */
  greet(nowMs: number, neighbour: Neighbour): void {
    for (const [rendition, tree] of this.#trees) if (follows(neighbour, rendition)) tree.greet(nowMs, neighbour);
    if (neighbour.role === 'origin' && this.#duty) this.#takeDuty(nowMs, this.#duty);
  }

  /** Stripes given up are so at once. A new one that a parent pushes is left to it until the seeder is linked. */
  #takeDuty(nowMs: number, { rendition, stripes }: DutyOf): void {
    const tree = this.#trees.get(rendition);
    if (!tree) return;
    const isLinked = this.#context.neighbours.hasSeeder();
    tree.setDuty(nowMs, isLinked ? stripes : stripes.filter((stripe) => tree.dutyStripes.includes(stripe) || !tree.hasParent(stripe)));
  }

  #treeOf(key: ChunkKey): Subscriptions | undefined {
    return this.#trees.get(chunkOfKey(key).rendition);
  }

  /** What children of other renditions are sent, bits a second. */
  #loadBesides(rendition: RenditionId): number {
    let load = 0;
    for (const [other, tree] of this.#trees) if (other !== rendition) load += tree.loadBitsPerSecond;
    return load;
  }
}

const NOBODY: readonly LinkId[] = [];
