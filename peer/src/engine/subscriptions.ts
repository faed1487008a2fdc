import {
  BLOCK_BYTES,
  chunkOfKey,
  NO_OFFER,
  STRIPE_COUNT,
  stripeOf,
  type ChunkKey,
  type RenditionId,
} from '@p2ptv/protocol';
import type { EngineContext } from './engine-context.js';
import type { LinkId } from './engine-io.js';
import { Estimate } from './estimate.js';
import type { Neighbour } from './neighbours.js';
import type { OutgoingLinks } from './outgoing-links.js';

/** What a hop adds besides its turn on the uplink, ms. */
const HOP_MS = 30;
/** A path that long is a loop that counts to infinity, or of no use. */
const MAX_PATH_MS = 2_000;
/** A better parent is looked for so often on average, and taken for so much gain, ms. */
const IMPROVE_EVERY_MS = 3_000;
const MIN_GAIN_MS = 40;
/** A neighbour that refused a stripe, or failed in it, is not asked for it again so soon, ms. */
const REFUSED_MS = 4_000;
/** Each time in a row that it failed in it doubles that, so often at most: else who offers the shortest way and brings nothing is asked again and again. */
const MOST_DOUBLINGS = 4;
/** A peer whose parents are lost lets its children go after this, so that they find others, ms. */
const LET_GO_MS = 1_500;
/** After a parent has been left, what it pushed before it knew is no offence for so long, ms. */
const PUSH_GRACE_MS = 10_000;
/** Offers are told at most so often, and when a path has changed by so much, ms. */
const TELL_EVERY_MS = 300;
const TELL_CHANGE_MS = 25;

/** After so many chunks in a row that had to be fetched from the origin a peer without a parent is itself the root of a tree. */
const ROOT_AFTER_CHUNKS = 2;
/** A root's path: the news of a chunk, and its first block from the origin, ms. */
const ROOT_PATH_MS = 250;
/** After so long it looks whether anybody has room for it, ms. */
const ROOT_TERM_MS = 10_000;

type Parent = {
  readonly linkId: LinkId;
  readonly sinceMs: number;
  /** Of a chunk by this parent, ms from the origin. */
  pathMs: number;
  /** It has no way itself at the moment. */
  isLost: boolean;
  /** Chunks in a row that it did not bring. */
  strikes: number;
  /** From the first news of a chunk to this parent's first block, ms. */
  readonly lagMs: Estimate;
};

/** One stripe of a rendition: where it comes from, and where it goes. */
type Stripe = {
  parent: Parent | undefined;
  /** Its path before the parent was lost; descendants' are longer. */
  lastPathMs: number;
  lostAtMs: number;
  children: LinkId[];
  /** Chunks in a row that came from the origin because there was neither a parent nor a neighbour in time. */
  fetchedInRow: number;
  /** By link: not to be asked until then, and how often in a row it failed. */
  readonly refusals: Map<LinkId, { readonly untilMs: number; readonly failures: number }>;
};

/** How a chunk came: what is learned from it. */
export type Delivery = {
  readonly key: ChunkKey;
  readonly from: LinkId | 'origin';
  /** From a neighbour's first news of it to its first block, ms; undefined when none came from a neighbour. */
  readonly lagMs: number | undefined;
};

/** What a peer's subscriptions to one rendition are. */
export type SubscriptionsOptions = {
  readonly nowMs: number;
  readonly rendition: RenditionId;
  /** What of the uplink children of other renditions take, bits a second. */
  readonly loadElsewhere: () => number;
};

/**
 * Push of one rendition: for each stripe every peer has a parent among its neighbours, which sends it the stripe's
 * chunks without being asked, block by block as it gets them; so each stripe has a tree of its own.
 * Neighbours tell how long a chunk's way from the origin by a push of theirs would be, and the
 * shortest way is taken, as in Overcast (Jannotti et al., OSDI 2000), with the load spread over
 * many trees, as in SplitStream (Castro et al., SOSP 2003). What a parent does not bring is pulled, and a
 * parent that fails twice in a row is left. A peer with children moves only to where the way is
 * shorter than its own, which none of its descendants can offer: there are no loops. (SPEC, series LP)
 */
export class Subscriptions {
  readonly #context: EngineContext;
  readonly #links: OutgoingLinks;
  readonly #stripes: readonly Stripe[];
  readonly #rendition: RenditionId;
  readonly #loadElsewhere: () => number;
  #childCount = 0;
  #dutyStripes: readonly number[] = [];
  #improveAtMs = 0;
  #tellAtMs = 0;
  #told: readonly number[] = NO_OFFERS;
  #toldChildren: readonly number[] = NO_OFFERS;
  #isDirty = false;
  #orphanCheckMs: number;
  #isRetired = false;

  constructor(context: EngineContext, links: OutgoingLinks, options: SubscriptionsOptions) {
    this.#context = context;
    this.#links = links;
    this.#rendition = options.rendition;
    this.#loadElsewhere = options.loadElsewhere;
    this.#stripes = Array.from({ length: STRIPE_COUNT }, () => ({
      parent: undefined,
      lastPathMs: Infinity,
      lostAtMs: options.nowMs,
      children: [],
      fetchedInRow: 0,
      refusals: new Map(),
    }));
    this.#orphanCheckMs = options.nowMs;
    this.#changed();
  }

  /** When {@link tick} wants to run again. */
  get dueMs(): number {
    if (!this.#isActive || this.#context.neighbours.count === 0) return Infinity;
    const tellAtMs = this.#isDirty ? this.#tellAtMs : Infinity;
    return Math.min(this.#improveAtMs, tellAtMs, this.#orphanCheckMs);
  }

  /** Takes no children any more, and says so; pushes to us go on. */
  retire(nowMs: number): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    this.dropChildren(nowMs);
    this.#dutyStripes = [];
    if (this.#isActive) this.#tellAll(nowMs);
  }

  /** Leaves every parent and child. */
  end(nowMs: number): void {
    for (const [index, { parent }] of this.#stripes.entries()) if (parent) this.#leave(nowMs, index, parent);
    this.dropChildren(nowMs);
  }

  /** What the children are sent, bits a second. */
  get loadBitsPerSecond(): number {
    return (this.#childCount * this.#rate) / STRIPE_COUNT;
  }

  /** The tracker has dealt duty: {@link dutyStripes} are others now. */
  setDuty(nowMs: number, stripes: readonly number[]): void {
    for (const [index, stripe] of this.#stripes.entries()) {
      const isOnDuty = stripes.includes(index);
      if (this.#isOnDuty(index) && !isOnDuty) {
        // Its way was the shortest there is: only who has let go of its children may take another's push.
        stripe.lastPathMs = 0;
        stripe.lostAtMs = nowMs;
      } else if (isOnDuty && stripe.parent) {
        this.#leave(nowMs, index, stripe.parent);
        stripe.parent = undefined;
      }
    }
    this.#dutyStripes = stripes;
    this.#changed();
    this.#orphanCheckMs = nowMs;
  }

  /** True while a neighbour is to push that stripe. */
  hasParent(stripe: number): boolean {
    return this.#stripes[stripe]?.parent !== undefined;
  }

  /** Stripes that the origin's seeder pushes to this peer. */
  get dutyStripes(): readonly number[] {
    return this.#dutyStripes;
  }

  /** Who is to push this chunk to us. */
  parentOf(key: ChunkKey): LinkId | undefined {
    const stripe = this.#stripeOf(key);
    return stripe?.parent?.linkId;
  }

  /** True while the parent of this chunk's stripe keeps its word. */
  isParentTrusted(key: ChunkKey): boolean {
    const stripe = this.#stripeOf(key);
    return stripe?.parent !== undefined && stripe.parent.strikes === 0;
  }

  /** How long the parent's push is waited for once a neighbour has told of a chunk, ms. */
  patienceMs(key: ChunkKey): number {
    const { patienceMs, mostPatienceMs } = this.#context.options.push;
    const lagMs = this.#stripeOf(key)?.parent?.lagMs;
    if (!lagMs) return 0;
    return Math.min(mostPatienceMs, Math.max(patienceMs, lagMs.mean + 2 * lagMs.deviation));
  }

  /** True for what is fetched from the origin as soon as it is heard of: nobody has room to push it to us, and others hang below us. */
  isRootOf(key: ChunkKey): boolean {
    const stripe = this.#stripeOf(key);
    return stripe !== undefined && stripe.children.length > 0 && isRoot(stripe) && !this.#isOnDuty(stripeOf(chunkOfKey(key).sequence));
  }

  /** Those to whom a chunk is pushed. */
  childrenOf(key: ChunkKey): readonly LinkId[] {
    return this.#stripeOf(key)?.children ?? NOBODY;
  }

  /** Learns from a chunk that is whole now. */
  delivered(nowMs: number, { key, from, lagMs }: Delivery): void {
    const stripe = this.#stripeOf(key);
    if (!stripe) return;
    const { parent } = stripe;
    if (!parent) {
      this.#noteOrphanChunk(nowMs, stripe, from === 'origin');
      return;
    }
    if (parent.linkId === from) {
      if (lagMs !== undefined) parent.lagMs.add(lagMs);
      parent.strikes = 0;
      stripe.refusals.delete(from);
      return;
    }
    parent.strikes++;
    if (parent.strikes < this.#context.options.push.strikes) return;
    this.#fail(nowMs, stripeOf(chunkOfKey(key).sequence), parent);
  }

  /** Who has to fetch a stripe anyway may as well do so early, and pass it on. */
  #noteOrphanChunk(nowMs: number, stripe: Stripe, isFetched: boolean): void {
    const wasRoot = isRoot(stripe);
    stripe.fetchedInRow = isFetched ? stripe.fetchedInRow + 1 : 0;
    if (isRoot(stripe) === wasRoot) return;
    // Descendants' ways are longer than a root's; and who is none any more looks for a parent.
    stripe.lastPathMs = ROOT_PATH_MS;
    stripe.lostAtMs = nowMs;
    this.#checkOrphans(nowMs);
    this.#changed();
  }

  /** A neighbour tells what it would push: ms, by stripe. */
  offered(nowMs: number, neighbour: Neighbour, paths: readonly number[]): void {
    for (const [index, stripe] of this.#stripes.entries()) {
      const pathMs = paths[index] ?? NO_OFFER;
      if (stripe.parent?.linkId !== neighbour.linkId) {
        if (!stripe.parent && pathMs !== NO_OFFER) this.#checkOrphans(nowMs);
        continue;
      }
      const { parent } = stripe;
      this.#changed();
      parent.isLost = pathMs === NO_OFFER;
      // Who has lost its way may find one that leads through us: only a shorter one than ours was is safe.
      if (parent.isLost) continue;
      parent.pathMs = pathMs;
      if (pathMs > MAX_PATH_MS) this.#fail(nowMs, index, stripe.parent);
    }
  }

  /** A neighbour asks to be pushed a stripe. */
  asked(nowMs: number, neighbour: Neighbour, index: number): void {
    const stripe = this.#stripes[index];
    if (!stripe || stripe.children.includes(neighbour.linkId)) return;
    const isMutual = stripe.parent?.linkId === neighbour.linkId;
    if (isMutual || this.#offerMs(index) >= NO_OFFER) {
      this.#unsubscribe(nowMs, neighbour.linkId, index);
      return;
    }
    stripe.children.push(neighbour.linkId);
    this.#childCount++;
    this.#changed();
  }

  /** A neighbour ends a push, on whichever side it is. */
  ended(nowMs: number, neighbour: Neighbour, index: number): void {
    const stripe = this.#stripes[index];
    if (!stripe) return;
    if (stripe.parent?.linkId === neighbour.linkId) {
      // It may have left us as its parent, and take us as a child when it reads our SUBSCRIBE: our last word must be the true one.
      this.#leave(nowMs, index, stripe.parent);
      stripe.refusals.set(neighbour.linkId, { untilMs: nowMs + REFUSED_MS, failures: stripe.refusals.get(neighbour.linkId)?.failures ?? 0 });
      this.#orphan(nowMs, stripe);
    }
    this.#dropChild(stripe, neighbour.linkId);
  }

  linkEnded(nowMs: number, linkId: LinkId): void {
    for (const stripe of this.#stripes) {
      if (stripe.parent?.linkId === linkId) this.#orphan(nowMs, stripe);
      this.#dropChild(stripe, linkId);
      stripe.refusals.delete(linkId);
    }
  }

  /** Pushes nothing any more: the viewer switched uploading off. */
  dropChildren(nowMs: number): void {
    for (const [index, stripe] of this.#stripes.entries()) {
      for (const linkId of stripe.children) this.#unsubscribe(nowMs, linkId, index);
      stripe.children = [];
    }
    this.#childCount = 0;
    this.#changed();
  }

  /** A transfer of a chunk by this neighbour has failed. */
  failed(nowMs: number, neighbour: Neighbour, key: ChunkKey): void {
    const parent = this.#stripeOf(key)?.parent;
    if (parent?.linkId === neighbour.linkId) this.#fail(nowMs, stripeOf(chunkOfKey(key).sequence), parent);
  }

  /** Finds parents, now and then better ones, and tells what this peer offers. */
  tick(nowMs: number): void {
    if (!this.#isActive) return;
    if (nowMs >= this.#orphanCheckMs) this.#adoptOrphans(nowMs);
    if (nowMs >= this.#improveAtMs) {
      this.#shed(nowMs);
      this.#improve(nowMs);
    }
    if (this.#isDirty && nowMs >= this.#tellAtMs) this.#tellAll(nowMs);
  }

  /** Tells a new neighbour. */
  greet(nowMs: number, neighbour: Neighbour): void {
    if (this.#isActive && neighbour.role !== 'origin') this.#tell(nowMs, neighbour.linkId, this.#offers);
  }

  get #isActive(): boolean {
    const { identity, options } = this.#context;
    return identity.role !== 'origin' && options.isEnabled('push');
  }

  #stripeOf(key: ChunkKey): Stripe | undefined {
    return this.#stripes[stripeOf(chunkOfKey(key).sequence)];
  }

  #isOnDuty(index: number): boolean {
    return this.#dutyStripes.includes(index);
  }

  #adoptOrphans(nowMs: number): void {
    this.#orphanCheckMs = Infinity;
    for (const [index, stripe] of this.#stripes.entries()) {
      if (stripe.parent || this.#isOnDuty(index)) continue;
      // With children, only where no descendant can be.
      const belowMs = stripe.children.length > 0 ? stripe.lastPathMs : Infinity;
      if (this.#subscribeBest(nowMs, index, belowMs)) continue;
      const letGoAtMs = stripe.lostAtMs + LET_GO_MS;
      if (stripe.children.length === 0 || isRoot(stripe)) continue;
      if (nowMs < letGoAtMs) {
        this.#orphanCheckMs = Math.min(this.#orphanCheckMs, letGoAtMs);
        continue;
      }
      for (const linkId of [...stripe.children]) {
        this.#unsubscribe(nowMs, linkId, index);
        this.#dropChild(stripe, linkId);
      }
      this.#subscribeBest(nowMs, index, Infinity);
    }
  }

  #improve(nowMs: number): void {
    this.#improveAtMs = nowMs + IMPROVE_EVERY_MS * (0.5 + this.#context.random.next());
    this.#orphanCheckMs = Math.min(this.#orphanCheckMs, nowMs);
    for (const [index, stripe] of this.#stripes.entries()) {
      // Where others have room again, nobody need be a root: it lets its children go, and takes a parent.
      const isRootForLong = isRoot(stripe) && nowMs - stripe.lostAtMs > ROOT_TERM_MS;
      if (isRootForLong && this.#bestOffer(nowMs, index, Infinity)) this.#noteOrphanChunk(nowMs, stripe, false);
      if (!stripe.parent || nowMs - stripe.parent.sinceMs < IMPROVE_EVERY_MS) continue;
      this.#subscribeBest(nowMs, index, stripe.parent.pathMs - MIN_GAIN_MS);
    }
  }

  /** Lets a child go where more were taken than the uplink, now measured, carries. */
  #shed(nowMs: number): void {
    if (this.#childCount <= this.#placesInAll + 1) return;
    let fullest = 0;
    for (const [index, stripe] of this.#stripes.entries()) {
      if (stripe.children.length > (this.#stripes[fullest]?.children.length ?? 0)) fullest = index;
    }
    const stripe = this.#stripes[fullest];
    const last = stripe?.children.at(-1);
    if (!stripe || last === undefined) return;
    this.#unsubscribe(nowMs, last, fullest);
    this.#dropChild(stripe, last);
  }

  /** Children of single stripes that the uplink carries. */
  get #placesInAll(): number {
    const { share } = this.#context.options.push;
    const free = share * this.#links.assumedCapacityBitsPerSecond - this.#loadElsewhere();
    return Math.floor((free * STRIPE_COUNT) / this.#rate);
  }

  /** Whoever offers the shortest way below a limit. */
  #bestOffer(nowMs: number, index: number, belowMs: number): { readonly from: Neighbour; readonly pathMs: number } | undefined {
    const stripe = this.#stripes[index];
    if (!stripe) return undefined;
    return this.#context.neighbours.bestOffer({ rendition: this.#rendition, stripe: index }, Math.min(belowMs, MAX_PATH_MS), ({ status, linkId }) => {
      if (status?.isUploading !== true || nowMs < (stripe.refusals.get(linkId)?.untilMs ?? -Infinity)) return false;
      return !stripe.children.includes(linkId);
    });
  }

  /** Asks whoever offers the shortest way below a limit; true when somebody was asked. */
  #subscribeBest(nowMs: number, index: number, belowMs: number): boolean {
    const stripe = this.#stripes[index];
    const best = this.#bestOffer(nowMs, index, belowMs);
    if (!stripe || !best) return false;
    const { parent } = stripe;
    if (parent) {
      this.#leave(nowMs, index, parent);
      this.#context.counters.parentChanges++;
    }
    stripe.fetchedInRow = 0;
    stripe.parent = {
      linkId: best.from.linkId,
      sinceMs: nowMs,
      pathMs: best.pathMs,
      isLost: false,
      strikes: 0,
      lagMs: new Estimate(this.#context.options.push.patienceMs),
    };
    this.#context.counters.subscriptions++;
    this.#links.send(nowMs, best.from.linkId, { kind: 'subscribe', rendition: this.#rendition, stripe: index });
    this.#changed();
    return true;
  }

  get #offers(): readonly number[] {
    return this.#stripes.map((_, index) => this.#offerMs(index));
  }

  /** The way of a chunk of that stripe to one more child; {@link NO_OFFER} where there is no room, or no way. */
  #offerMs(index: number): number {
    const stripe = this.#stripes[index];
    if (!stripe || this.#isRetired || !this.#links.isUploading || !this.#context.options.isEnabled('push')) return NO_OFFER;
    const { share, fanOut } = this.#context.options.push;
    const uplink = this.#links.assumedCapacityBitsPerSecond;
    const rate = this.#rate;
    const children = stripe.children.length + 1;
    const inStripe = Math.max(1, Math.min(fanOut, Math.floor((share * uplink) / rate)));
    if (this.#childCount >= this.#placesInAll || children > inStripe) return NO_OFFER;
    return this.#pathThrough(index, children);
  }

  /** The way of a chunk to each of so many children; {@link NO_OFFER} without a way of our own. */
  #pathThrough(index: number, children: number): number {
    const pathMs = this.#ownPathMs(index);
    if (pathMs === undefined) return NO_OFFER;
    const { share } = this.#context.options.push;
    const uplink = this.#links.assumedCapacityBitsPerSecond;
    const rate = this.#rate;
    // All children of a stripe are served in turn, block by block; while that takes no longer than a
    // part, the next chunk finds the uplink free.
    const blocksMs = (children * BLOCK_BYTES * 8000) / uplink;
    const chunkMs = (children * rate * this.#context.partMs()) / uplink;
    const overMs = Math.max(0, chunkMs - this.#context.partMs() * share);
    const offerMs = Math.round(pathMs + HOP_MS + blocksMs + overMs);
    return offerMs > MAX_PATH_MS ? NO_OFFER : offerMs;
  }

  /** Media bits a second of the rendition. */
  get #rate(): number {
    return this.#context.streamBitsPerSecond(this.#rendition);
  }

  /** Of a chunk of that stripe to us; undefined without a way. */
  #ownPathMs(index: number): number | undefined {
    const stripe = this.#stripes[index];
    if (!stripe) return undefined;
    if (this.#isOnDuty(index)) return 0;
    if (stripe.parent) return stripe.parent.isLost ? undefined : stripe.parent.pathMs;
    return isRoot(stripe) ? ROOT_PATH_MS : undefined;
  }

  #changed(): void {
    this.#isDirty = true;
    this.#context.stir(this.#tellAtMs);
  }

  #checkOrphans(nowMs: number): void {
    this.#orphanCheckMs = nowMs;
    this.#context.stir(nowMs);
  }

  #tellAll(nowMs: number): void {
    this.#isDirty = false;
    this.#tellAtMs = nowMs + TELL_EVERY_MS;
    const offers = this.#offers;
    const toChildren = this.#stripes.map(({ children }, index) =>
      children.length === 0 ? NO_OFFER : this.#pathThrough(index, children.length),
    );
    if (!isNews(offers, this.#told) && !isNews(toChildren, this.#toldChildren)) return;
    this.#told = offers;
    this.#toldChildren = toChildren;
    for (const linkId of this.#context.neighbours.heedersOf(this.#rendition)) this.#tell(nowMs, linkId, offers);
  }

  /** Tells a neighbour what it could have, and where it is a child, what it has. */
  #tell(nowMs: number, linkId: LinkId, offers: readonly number[]): void {
    const pathMs = offers.map((offerMs, index) => {
      const children = this.#stripes[index]?.children ?? NOBODY;
      return children.includes(linkId) ? this.#pathThrough(index, children.length) : offerMs;
    });
    this.#links.send(nowMs, linkId, { kind: 'offers', rendition: this.#rendition, pathMs });
  }

  #orphan(nowMs: number, stripe: Stripe): void {
    stripe.lastPathMs = stripe.parent?.pathMs ?? Infinity;
    stripe.parent = undefined;
    stripe.lostAtMs = nowMs;
    this.#checkOrphans(nowMs);
    this.#changed();
  }

  #fail(nowMs: number, index: number, parent: Parent): void {
    const stripe = this.#stripes[index];
    if (!stripe) return;
    this.#leave(nowMs, index, parent);
    const failures = stripe.refusals.get(parent.linkId)?.failures ?? 0;
    stripe.refusals.set(parent.linkId, { untilMs: nowMs + REFUSED_MS * 2 ** Math.min(MOST_DOUBLINGS, failures), failures: failures + 1 });
    this.#orphan(nowMs, stripe);
  }

  #leave(nowMs: number, index: number, parent: Parent): void {
    const neighbour = this.#context.neighbours.get(parent.linkId);
    if (!neighbour) return;
    neighbour.pushGraceUntilMs = nowMs + PUSH_GRACE_MS;
    this.#unsubscribe(nowMs, parent.linkId, index);
  }

  #unsubscribe(nowMs: number, linkId: LinkId, stripe: number): void {
    this.#links.send(nowMs, linkId, { kind: 'unsubscribe', rendition: this.#rendition, stripe });
  }

  #dropChild(stripe: Stripe, linkId: LinkId): void {
    const place = stripe.children.indexOf(linkId);
    if (place < 0) return;
    stripe.children.splice(place, 1);
    this.#childCount--;
    this.#changed();
  }
}

function isRoot({ fetchedInRow }: Stripe): boolean {
  return fetchedInRow >= ROOT_AFTER_CHUNKS;
}

const NOBODY: readonly LinkId[] = [];
const NO_OFFERS: readonly number[] = new Array<number>(STRIPE_COUNT).fill(NO_OFFER);

function isNews(paths: readonly number[], told: readonly number[]): boolean {
  return paths.some((pathMs, index) => {
    const before = told[index] ?? NO_OFFER;
    return (pathMs === NO_OFFER) !== (before === NO_OFFER) || Math.abs(pathMs - before) >= TELL_CHANGE_MS;
  });
}
