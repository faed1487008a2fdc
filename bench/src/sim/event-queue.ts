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
  readonly #ring: SimEvent[][] = Array.from({ length: RING_BUCKETS }, () => []);
  #ringCount = 0;
  readonly #far = new FarEvents();
  /** The bucket whose time it is, latest first. */
  #current: SimEvent[] = [];
  #bucket = 0;
  #keys = new Float64Array(0);
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
    return this.#current.length + this.#ringCount + this.#far.size;
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
      if (this.#current.length === 0 && !this.#advance(this.#bucketOf(untilMs))) break;
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
    if (this.#current.length === 0 && !this.#advance(this.#bucketOf(untilMs))) return true;
    return (this.#current.at(-1)?.atMs ?? Infinity) > untilMs;
  }

  #bucketOf(atMs: number): number {
    return Math.floor(atMs / this.#bucketMs);
  }

  #toRing(event: SimEvent, bucket: number): void {
    (this.#ring[bucket & RING_MASK] as SimEvent[]).push(event);
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
    if (this.#isCurrentByPeer && event.peerIndex === this.#peerIndex) {
      // One of a peer's own next ones: they are at the end.
      while (place > 0 && isOfPeerUpTo(current[place - 1] as SimEvent, event)) place--;
    } else if (this.#isCurrentByPeer && this.#peerIndex !== EVERYBODY) {
      throw new SimulationError(`Peer ${this.#peerIndex} did at once to ${event.peerIndex} what takes its time.`);
    } else {
      place = placeIn(current, event, this.#isCurrentByPeer ? byPeerDescending : byTimeDescending);
    }
    if (place === current.length) current.push(event);
    else current.splice(place, 0, event);
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
      const events = this.#ring[this.#bucket & RING_MASK] as SimEvent[];
      if (events.length === 0) continue;
      this.#ringCount -= events.length;
      // A new array, because an emptied one keeps its room: thousands of those would be the most of a large run's memory.
      this.#ring[this.#bucket & RING_MASK] = [];
      // The last bucket may be left before its end, and what is left is later then than all that was run.
      this.#isCurrentByPeer = this.#isByPeer && this.#bucket < lastBucket;
      this.#current = this.#isCurrentByPeer ? this.#dealt(events) : events.sort(byTimeDescending);
      return true;
    }
    return false;
  }

  /**
   * A bucket's events in the order of {@link byPeerDescending}: dealt to their peers by one sort of plain numbers, which
   * looks at each event once and not at some twenty of them each time.
   */
  #dealt(events: SimEvent[]): SimEvent[] {
    const count = events.length;
    if (this.#keys.length < count) this.#keys = new Float64Array(2 * count);
    const keys = this.#keys.subarray(0, count);
    for (let place = 0; place < count; place++) keys[place] = (events[place] as SimEvent).peerIndex * PLACES + place;
    keys.sort();
    const dealt: SimEvent[] = [];
    let first = 0;
    for (let at = count - 1; at >= 0; at--) {
      const place = (keys[at] as number) & (PLACES - 1);
      const event = events[place] as SimEvent;
      if (dealt.length > 0 && event.peerIndex !== (dealt[first] as SimEvent).peerIndex) {
        sortFrom(dealt, first);
        first = dealt.length;
      }
      dealt.push(event);
    }
    sortFrom(dealt, first);
    return dealt;
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

function byPeerDescending(left: SimEvent, right: SimEvent): number {
  return right.peerIndex - left.peerIndex || byTimeDescending(left, right);
}

/** Puts the events from a place on in descending order; most are already, as they were scheduled in turn. */
function sortFrom(events: SimEvent[], first: number): void {
  if (events.length - first > FEW) {
    for (const event of events.splice(first).sort(byTimeDescending)) events.push(event);
    return;
  }
  for (let next = first + 1; next < events.length; next++) {
    const event = events[next] as SimEvent;
    let place = next;
    for (; place > first && byTimeDescending(events[place - 1] as SimEvent, event) > 0; place--) events[place] = events[place - 1] as SimEvent;
    events[place] = event;
  }
}

/** True for an event of the same peer that runs before another, which is the newest of all. */
function isOfPeerUpTo(event: SimEvent, { peerIndex, atMs }: SimEvent): boolean {
  return event.peerIndex === peerIndex && event.atMs <= atMs;
}

/** Where an event belongs among others in descending order, by halving. */
function placeIn(events: readonly SimEvent[], event: SimEvent, compare: (left: SimEvent, right: SimEvent) => number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(events[middle] as SimEvent, event) < 0) low = middle + 1;
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
