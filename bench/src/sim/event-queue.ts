import { SimulationError } from './simulation-error.js';

/** An event that may concern any number of peers; it may happen a little late. */
export const EVERYBODY = -1;
/** The origin: its HTTP server, its seeder, which is peer 0, and the tracker share a line and each other's memory. */
export const ORIGIN = 0;

/** Something that happens at a simulated time. Objects that happen often are pooled by their makers. */
export abstract class SimEvent {
  /** Index of the only peer whose state it may touch at once, or {@link EVERYBODY}. */
  peerIndex = EVERYBODY;
  /** When, ms of simulated time; set by {@link EventQueue.schedule}. */
  atMs = 0;
  /** Among events of the same time the one scheduled first runs first. */
  order = 0;
  /** Makes it happen. The event may be scheduled again, also from within. */
  abstract run(): void;
}

/** Something that happens once; for what is rare. */
export class Happening extends SimEvent {
  readonly #happens: () => void;

  constructor(happens: () => void, peerIndex = EVERYBODY) {
    super();
    this.#happens = happens;
    this.peerIndex = peerIndex;
  }

  override run(): void {
    this.#happens();
  }
}

/** A bucket's width where events run strictly in order, ms: few enough events in each that sorting one is cheap. */
const NARROW_MS = 1 / 16;
/** The widest bucket, ms; narrower ones are halves of it, so that whole seconds and usual parts are whole numbers of buckets. */
const WIDEST_MS = 50;
const RING_BUCKETS = 1 << 13;
const RING_MASK = RING_BUCKETS - 1;
/** More than a bucket ever has events; times the number of peers it is still a whole number. */
const PLACES = 2 ** 26;
/** Up to so many events of one peer are put in order one by one. */
const FEW = 32;

/** Events of a stretch of time as they were scheduled, and the peers that they concern beside them. */
type Bucket = { readonly events: SimEvent[]; readonly peers: number[] };

function newBucket(): Bucket {
  return { events: [], peers: [] };
}

function put({ events, peers }: Bucket, event: SimEvent): void {
  events.push(event);
  peers.push(event.peerIndex);
}

/**
 * Simulated time. Events run in the order of their times, and of their scheduling where times are
 * equal, so that a run is the same every time. A calendar queue (Brown 1988): a ring of buckets, each
 * sorted when its time comes, and a heap for what is later.
 *
 * Where nothing gets from one peer to another in less than a bucket's width, a bucket's events run
 * peer by peer, each peer's in order: within it no peer can learn of another's, so that the outcome
 * is that of the order of time (conservative windows; Nicol, JACM 40(2), 1993). A peer's state then
 * comes into the processor's caches once a bucket and not once an event. What concerns everybody waits
 * for the beginning of a bucket, and is the first in it.
 */
export class EventQueue {
  nowMs = 0;
  /** Events run so far. */
  ran = 0;
  readonly #isByPeer: boolean;
  readonly #bucketMs: number;
  readonly #ring: Bucket[] = Array.from({ length: RING_BUCKETS }, newBucket);
  #ringCount = 0;
  readonly #far = new FarEvents();
  /** What comes next, latest first: all of the bucket whose time it is, or where that is run peer by peer one peer's. */
  #current: SimEvent[] = [];
  /** The other peers' events of the bucket, and their order: peer and place, as far as they were not run. */
  #others = newBucket();
  #keys = new Float64Array(0);
  #nextKey = 0;
  #areDealt = false;
  #bucket = 0;
  #nextOrder = 0;
  /** The current bucket is run peer by peer; whose turn it is. */
  #isCurrentByPeer: boolean;
  #peerIndex = EVERYBODY;

  /** @param lookaheadMs within it no peer hears of another; 0: everything runs in order of time */
  constructor(lookaheadMs = 0) {
    this.#isByPeer = lookaheadMs > NARROW_MS;
    this.#isCurrentByPeer = this.#isByPeer;
    let bucketMs = WIDEST_MS;
    while (this.#isByPeer && bucketMs > lookaheadMs) bucketMs /= 2;
    this.#bucketMs = this.#isByPeer ? bucketMs : NARROW_MS;
  }

  /** Events that wait. */
  get size(): number {
    return this.#current.length + this.#others.events.length - this.#nextKey + this.#ringCount + this.#far.size;
  }

  /**
   * Lets an event happen at a time, now at the earliest. It must not wait already.
   *
   * @throws SimulationError when it would reach another peer faster than anything does
   */
  schedule(event: SimEvent, atMs: number): void {
    event.atMs = atMs > this.nowMs ? atMs : this.nowMs;
    event.order = this.#nextOrder++;
    if (this.#isByPeer && event.peerIndex === EVERYBODY) this.#putOff(event);
    const bucket = this.#bucketOf(event.atMs);
    if (bucket <= this.#bucket) this.#insertNow(event);
    else if (bucket < this.#bucket + RING_BUCKETS) this.#toRing(event, bucket);
    else this.#far.push(event);
  }

  /** Runs events up to and including a time; stops early after `maxEvents`. */
  runUntil(untilMs: number, maxEvents: number): void {
    for (let left = maxEvents; left > 0; left--) {
      if (!this.#hasNext(untilMs)) break;
      const event = this.#current.at(-1);
      if (!event || event.atMs > untilMs) break;
      this.#current.pop();
      this.nowMs = event.atMs;
      this.#peerIndex = event.peerIndex;
      this.ran++;
      event.run();
    }
  }

  /** True when nothing happens up to a time any more. */
  isDone(untilMs: number): boolean {
    if (!this.#hasNext(untilMs)) return true;
    return (this.#current.at(-1)?.atMs ?? Infinity) > untilMs;
  }

  #bucketOf(atMs: number): number {
    return Math.floor(atMs / this.#bucketMs);
  }

  #toRing(event: SimEvent, bucket: number): void {
    put(this.#ring[bucket & RING_MASK] as Bucket, event);
    this.#ringCount++;
  }

  /** To the beginning of a bucket of which nothing has been run. */
  #putOff(event: SimEvent): void {
    let bucket = Math.ceil(event.atMs / this.#bucketMs);
    if (bucket <= this.#bucket && this.#peerIndex !== EVERYBODY) bucket = this.#bucket + 1;
    event.atMs = bucket * this.#bucketMs;
  }

  /** Into the bucket that is being run. */
  #insertNow(event: SimEvent): void {
    const current = this.#current;
    let place = current.length;
    if (!this.#isCurrentByPeer) {
      place = placeIn(current, event);
    } else if (event.peerIndex === this.#peerIndex) {
      while (place > 0 && (current[place - 1] as SimEvent).atMs <= event.atMs) place--;
    } else if (this.#peerIndex === EVERYBODY && !this.#areDealt) {
      put(this.#others, event);
      return;
    } else {
      throw new SimulationError(`Peer ${this.#peerIndex} did at once to ${event.peerIndex} what takes its time.`);
    }
    if (place === current.length) current.push(event);
    else current.splice(place, 0, event);
  }

  #hasNext(untilMs: number): boolean {
    return this.#current.length > 0 || this.#takeNextPeer() || this.#advance(this.#bucketOf(untilMs));
  }

  /** Makes the next bucket with events in it the current one; false when there is none up to `lastBucket`. */
  #advance(lastBucket: number): boolean {
    while (this.#ringCount > 0 || this.#far.size > 0) {
      if (this.#ringCount === 0) {
        const next = this.#bucketOf(this.#far.firstMs);
        if (next > lastBucket) return false;
        this.#bucket = Math.max(this.#bucket, next - 1);
      }
      if (this.#bucket >= lastBucket) return false;
      this.#bucket++;
      this.#pullFar();
      const bucket = this.#ring[this.#bucket & RING_MASK] as Bucket;
      if (bucket.events.length === 0) continue;
      this.#ringCount -= bucket.events.length;
      // A new one, because an emptied array keeps its room: thousands of those would be the most of a large run's memory.
      this.#ring[this.#bucket & RING_MASK] = newBucket();
      // The last bucket may be left before its end, and what is left is later then than all that was run.
      this.#isCurrentByPeer = this.#isByPeer && this.#bucket < lastBucket;
      if (this.#isCurrentByPeer) this.#begin(bucket);
      else this.#current = bucket.events.sort(byTimeDescending);
      return true;
    }
    return false;
  }

  /** First comes what concerns everybody, which may add to what peers do in this bucket. */
  #begin({ events, peers }: Bucket): void {
    this.#current = [];
    if (!peers.includes(EVERYBODY)) {
      this.#others = { events, peers };
      this.#takeNextPeer();
      return;
    }
    for (const event of events) {
      if (event.peerIndex === EVERYBODY) this.#current.push(event);
      else put(this.#others, event);
    }
    this.#current.sort(byTimeDescending);
  }

  /**
   * Makes one more peer's events the current ones; false when the bucket is done. Only numbers are sorted, and an event is
   * not looked at before it is its peer's turn: by then it is in no cache any more, and looked at twice it would have to
   * be fetched twice.
   */
  #takeNextPeer(): boolean {
    const { events } = this.#others;
    if (events.length === 0) return false;
    if (!this.#areDealt) this.#deal(this.#others);
    const first = this.#nextKey;
    const peer = this.#peerAt(first);
    let end = first + 1;
    while (end < events.length && this.#peerAt(end) === peer) end++;
    // Most were scheduled in the order in which they happen.
    for (let next = end - 1; next >= first; next--) this.#current.push(events[(this.#keys[next] as number) & (PLACES - 1)] as SimEvent);
    inOrder(this.#current);
    this.#nextKey = end;
    if (end === events.length) {
      this.#others = newBucket();
      this.#nextKey = 0;
      this.#areDealt = false;
    }
    return true;
  }

  #deal({ peers }: Bucket): void {
    const count = peers.length;
    if (this.#keys.length < count) this.#keys = new Float64Array(2 * count);
    const keys = this.#keys;
    for (let place = 0; place < count; place++) keys[place] = (peers[place] as number) * PLACES + place;
    keys.subarray(0, count).sort();
    this.#areDealt = true;
  }

  #peerAt(key: number): number {
    return Math.floor((this.#keys[key] as number) / PLACES);
  }

  #pullFar(): void {
    const horizon = this.#bucket + RING_BUCKETS;
    while (this.#far.size > 0 && this.#bucketOf(this.#far.firstMs) < horizon) {
      const event = this.#far.pop();
      this.#toRing(event, this.#bucketOf(event.atMs));
    }
  }
}

function isLater(left: SimEvent, right: SimEvent): boolean {
  return left.atMs > right.atMs || (left.atMs === right.atMs && left.order > right.order);
}

function byTimeDescending(left: SimEvent, right: SimEvent): number {
  return right.atMs - left.atMs || right.order - left.order;
}

/** Puts a peer's events of a bucket in descending order. */
function inOrder(events: SimEvent[]): void {
  if (events.length > FEW) {
    events.sort(byTimeDescending);
    return;
  }
  for (let next = 1; next < events.length; next++) {
    const event = events[next] as SimEvent;
    let place = next;
    for (; place > 0 && byTimeDescending(events[place - 1] as SimEvent, event) > 0; place--) events[place] = events[place - 1] as SimEvent;
    events[place] = event;
  }
}

/** Where an event belongs among others in descending order, by halving. */
function placeIn(events: readonly SimEvent[], event: SimEvent): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (byTimeDescending(events[middle] as SimEvent, event) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A binary heap, earliest first. */
class FarEvents {
  readonly #heap: SimEvent[] = [];

  get size(): number {
    return this.#heap.length;
  }

  get firstMs(): number {
    return this.#heap[0]?.atMs ?? Infinity;
  }

  push(event: SimEvent): void {
    const heap = this.#heap;
    let index = heap.length;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      const above = heap[parent] as SimEvent;
      if (!isLater(above, event)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  /** @throws RangeError when there is none */
  pop(): SimEvent {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last) throw new RangeError('there is no event');
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isLater(heap[child] as SimEvent, heap[child + 1] as SimEvent)) child++;
      if (!isLater(last, heap[child] as SimEvent)) break;
      heap[index] = heap[child] as SimEvent;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}
