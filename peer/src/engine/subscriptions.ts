import {
  chunkOfKey,
  STRIPE_COUNT,
  stripeOf,
  type ChunkKey,
  type RenditionId,
  type StripeRef,
} from '@p2ptv/protocol';
import type { StoredChunk } from './chunk-store.js';
import type { EngineContext } from './engine-context.js';
import type { LinkId } from './engine-io.js';
import { Estimate } from './estimate.js';
import type { Neighbour } from './neighbours.js';
import type { OutgoingLinks } from './outgoing-links.js';

/** Names a stripe of a rendition among all of a stream. */
type StripeKey = number;

type Parent = {
  readonly linkId: LinkId;
  readonly sinceMs: number;
  /** Chunks in a row that somebody else delivered, or could have delivered clearly sooner. */
  strikes: number;
  /** From the first news of a chunk to this parent's first block, ms. */
  readonly lagMs: Estimate;
};

/** After its parent has failed or been left, pushes that were on their way are still no offence, ms. */
const PUSH_GRACE_MS = 5_000;
/** A neighbour that refused to push a stripe, or lost it, is not asked for it again so soon, ms. */
const REFUSED_MS = 10_000;
/** A better parent is looked for at most so often, ms: two rounds of a stripe of 200 ms parts. */
const SETTLE_MS = 3_000;

/** How a chunk came: what is learned from it. */
export type Delivery = {
  readonly chunk: StoredChunk;
  readonly from: LinkId | 'origin';
  /** Who could have delivered it clearly sooner, by its own announcement. */
  readonly rival: LinkId | undefined;
  /** From a neighbour's first news of it to its first block, ms; undefined when none came from a neighbour. */
  readonly lagMs: number | undefined;
};

/**
 * Learned push: whoever delivers a stripe first becomes its parent, and sends its chunks from then
 * on without being asked, block by block as it gets them; what a parent does not bring in time is
 * pulled, and a parent that is late again and again is left. (SPEC, series LP; after the
 * pull–push of GridMedia: Zhang et al., IEEE JSAC 25(9), 2007)
 */
export class Subscriptions {
  readonly #context: EngineContext;
  readonly #links: OutgoingLinks;
  readonly #parents = new Map<StripeKey, Parent>();
  /** Links that we push a stripe to, the first to ask first. */
  readonly #children = new Map<StripeKey, LinkId[]>();
  readonly #refusedUntil = new Map<LinkId, number>();
  #childCount = 0;

  constructor(context: EngineContext, links: OutgoingLinks) {
    this.#context = context;
    this.#links = links;
  }

  /** Who is to push this chunk to us. */
  parentOf(key: ChunkKey): LinkId | undefined {
    return this.#parents.get(stripeKeyOf(key))?.linkId;
  }

  /** True while the parent of this chunk's stripe keeps its word. */
  isParentTrusted(key: ChunkKey): boolean {
    const parent = this.#parents.get(stripeKeyOf(key));
    return parent !== undefined && parent.strikes === 0;
  }

  /** How long the parent's push is waited for once a neighbour has told of a chunk, ms. */
  patienceMs(key: ChunkKey): number {
    const { patienceMs, mostPatienceMs } = this.#context.options.push;
    const lagMs = this.#parents.get(stripeKeyOf(key))?.lagMs;
    if (!lagMs) return 0;
    return Math.min(mostPatienceMs, Math.max(patienceMs, lagMs.mean + 2 * lagMs.deviation));
  }

  /** True for what a neighbour may push: it is the parent, or was until just now. */
  mayPush(nowMs: number, neighbour: Neighbour, key: ChunkKey): boolean {
    return this.parentOf(key) === neighbour.linkId || nowMs < neighbour.pushGraceUntilMs;
  }

  /** Those to whom a chunk is pushed. */
  childrenOf(key: ChunkKey): readonly LinkId[] {
    return this.#children.get(stripeKeyOf(key)) ?? NOBODY;
  }

  /** Learns from a chunk that is whole now. */
  delivered(nowMs: number, { chunk, from, rival, lagMs }: Delivery): void {
    if (!this.#context.options.isEnabled('push') || this.#context.identity.role === 'origin') return;
    const stripe = stripeKeyOf(chunk.key);
    const parent = this.#parents.get(stripe);
    if (parent?.linkId === from && lagMs !== undefined) parent.lagMs.add(lagMs);
    if (parent?.linkId === from && rival === undefined) {
      parent.strikes = 0;
      return;
    }
    // By its own word somebody else was sooner than whoever brought it: that one, then.
    const better = rival ?? from;
    if (parent) {
      // What had to be fetched in need says more than being a little late.
      parent.strikes += from === 'origin' ? this.#context.options.push.strikes : 1;
      const isSettled = nowMs - parent.sinceMs >= SETTLE_MS;
      if (parent.strikes < this.#context.options.push.strikes || (!isSettled && parent.linkId === from)) return;
    }
    const candidate = better === undefined || better === 'origin' ? undefined : this.#context.neighbours.get(better);
    if (!candidate || candidate.role === 'origin' || this.#isRefused(nowMs, candidate.linkId)) return;
    // Two that push the same stripe to each other get it from nobody.
    if (this.#children.get(stripe)?.includes(candidate.linkId)) return;
    if (parent) {
      this.#leave(nowMs, stripe, parent.linkId);
      this.#context.counters.parentChanges++;
    }
    this.#parents.set(stripe, { linkId: candidate.linkId, sinceMs: nowMs, strikes: 0, lagMs: new Estimate(this.#context.options.push.patienceMs) });
    this.#context.counters.subscriptions++;
    this.#links.send(nowMs, candidate.linkId, { kind: 'subscribe', ...stripeOfKey(stripe) });
  }

  /** A neighbour asks to be pushed a stripe. */
  asked(nowMs: number, neighbour: Neighbour, ref: StripeRef): void {
    const stripe = keyOfStripe(ref);
    const children = this.#children.get(stripe) ?? [];
    if (children.includes(neighbour.linkId)) return;
    const isMutual = this.#parents.get(stripe)?.linkId === neighbour.linkId;
    const mayServe =
      this.#links.isUploading && this.#context.options.isEnabled('push') && this.#context.identity.role !== 'origin';
    if (!mayServe || isMutual || !this.#hasRoom(children.length)) {
      this.#links.send(nowMs, neighbour.linkId, { kind: 'unsubscribe', ...stripeOfKey(stripe) });
      return;
    }
    this.#children.set(stripe, [...children, neighbour.linkId]);
    this.#childCount++;
  }

  /** A neighbour ends a push, on whichever side it is. */
  ended(nowMs: number, neighbour: Neighbour, ref: StripeRef): void {
    const stripe = keyOfStripe(ref);
    if (this.#parents.get(stripe)?.linkId === neighbour.linkId) {
      this.#parents.delete(stripe);
      this.#refuse(nowMs, neighbour);
    }
    this.#dropChild(stripe, neighbour.linkId);
  }

  linkEnded(linkId: LinkId): void {
    for (const [stripe, parent] of this.#parents) if (parent.linkId === linkId) this.#parents.delete(stripe);
    for (const stripe of this.#children.keys()) this.#dropChild(stripe, linkId);
    this.#refusedUntil.delete(linkId);
  }

  /** Pushes nothing any more: the viewer switched uploading off. */
  dropChildren(nowMs: number): void {
    for (const [stripe, children] of this.#children) {
      for (const linkId of children) this.#links.send(nowMs, linkId, { kind: 'unsubscribe', ...stripeOfKey(stripe) });
    }
    this.#children.clear();
    this.#childCount = 0;
  }

  /** Gives a neighbour up as parent of a chunk's stripe: a transfer of it has failed. */
  failed(nowMs: number, neighbour: Neighbour, key: ChunkKey): void {
    const stripe = stripeKeyOf(key);
    if (this.#parents.get(stripe)?.linkId !== neighbour.linkId) return;
    this.#leave(nowMs, stripe, neighbour.linkId);
    this.#refuse(nowMs, neighbour);
  }

  /**
   * What the uplink carries: a share of it in all, and in one stripe only so many children as are
   * served before the chunk would reach the last one too late.
   */
  #hasRoom(childrenOfStripe: number): boolean {
    const { share, fanOut, assumedChildren } = this.#context.options.push;
    const uplink = this.#links.capacityBitsPerSecond;
    if (uplink === 0) return this.#childCount < assumedChildren && childrenOfStripe < fanOut;
    const rate = this.#context.streamBitsPerSecond();
    const inAll = Math.max(1, Math.floor((share * uplink * STRIPE_COUNT) / rate));
    return this.#childCount < inAll && childrenOfStripe < Math.max(1, Math.min(fanOut, Math.round(uplink / rate)));
  }

  #leave(nowMs: number, stripe: StripeKey, linkId: LinkId): void {
    this.#parents.delete(stripe);
    const neighbour = this.#context.neighbours.get(linkId);
    if (!neighbour) return;
    neighbour.pushGraceUntilMs = nowMs + PUSH_GRACE_MS;
    this.#links.send(nowMs, linkId, { kind: 'unsubscribe', ...stripeOfKey(stripe) });
  }

  #refuse(nowMs: number, neighbour: Neighbour): void {
    neighbour.pushGraceUntilMs = nowMs + PUSH_GRACE_MS;
    this.#refusedUntil.set(neighbour.linkId, nowMs + REFUSED_MS);
  }

  #isRefused(nowMs: number, linkId: LinkId): boolean {
    return nowMs < (this.#refusedUntil.get(linkId) ?? -Infinity);
  }

  #dropChild(stripe: StripeKey, linkId: LinkId): void {
    const children = this.#children.get(stripe);
    if (!children?.includes(linkId)) return;
    this.#children.set(stripe, children.filter((child) => child !== linkId));
    this.#childCount--;
  }
}

const NOBODY: readonly LinkId[] = [];

function stripeKeyOf(key: ChunkKey): StripeKey {
  const { rendition, sequence } = chunkOfKey(key);
  return rendition * STRIPE_COUNT + stripeOf(sequence);
}

function keyOfStripe({ rendition, stripe }: StripeRef): StripeKey {
  return rendition * STRIPE_COUNT + stripe;
}

function stripeOfKey(key: StripeKey): StripeRef {
  return { rendition: Math.floor(key / STRIPE_COUNT) as RenditionId, stripe: key % STRIPE_COUNT };
}
