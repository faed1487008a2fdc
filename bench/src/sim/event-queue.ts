/** Something that happens at a simulated time. Objects that happen often are pooled by their makers. */
export abstract class SimEvent {
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

  constructor(happens: () => void) {
    super();
    this.#happens = happens;
  }

  override run(): void {
    this.#happens();
  }
}

/** Buckets a millisecond: few enough events in each that sorting one is cheap. */
const BUCKETS_PER_MS = 16;
const RING_BUCKETS = 1 << 14;
const RING_MASK = RING_BUCKETS - 1;

/**
 * Simulated time. Events run in the order of their times, and of their scheduling where times are
 * equal, so that a run is the same every time. A calendar queue (Brown 1988): a ring of narrow
 * buckets for the next second, each sorted when its time comes, and a heap for what is later.
 */
export class EventQueue {
  nowMs = 0;
  /** Events run so far. */
  ran = 0;
  readonly #ring: SimEvent[][] = Array.from({ length: RING_BUCKETS }, () => []);
  #ringCount = 0;
  readonly #far = new FarEvents();
  /** The bucket whose time it is, latest first. */
  #current: SimEvent[] = [];
  #bucket = 0;
  #nextOrder = 0;

  /** Events that wait. */
  get size(): number {
    return this.#current.length + this.#ringCount + this.#far.size;
  }

  /** Lets an event happen at a time, now at the earliest. It must not wait already. */
  schedule(event: SimEvent, atMs: number): void {
    event.atMs = atMs > this.nowMs ? atMs : this.nowMs;
    event.order = this.#nextOrder++;
    const bucket = Math.floor(event.atMs * BUCKETS_PER_MS);
    if (bucket <= this.#bucket) this.#insertNow(event);
    else if (bucket < this.#bucket + RING_BUCKETS) this.#toRing(event, bucket);
    else this.#far.push(event);
  }

  /** Runs events up to and including a time; stops early after `maxEvents`. */
  runUntil(untilMs: number, maxEvents: number): void {
    for (let left = maxEvents; left > 0; left--) {
      if (this.#current.length === 0 && !this.#advance(Math.floor(untilMs * BUCKETS_PER_MS))) break;
      const event = this.#current.at(-1);
      if (!event || event.atMs > untilMs) break;
      this.#current.pop();
      this.nowMs = event.atMs;
      this.ran++;
      event.run();
    }
  }

  /** True when nothing happens up to a time any more. */
  isDone(untilMs: number): boolean {
    if (this.#current.length === 0 && !this.#advance(Math.floor(untilMs * BUCKETS_PER_MS))) return true;
    return (this.#current.at(-1)?.atMs ?? Infinity) > untilMs;
  }

  #toRing(event: SimEvent, bucket: number): void {
    (this.#ring[bucket & RING_MASK] as SimEvent[]).push(event);
    this.#ringCount++;
  }

  /** Into the bucket that is being run: by halving, from the early end. */
  #insertNow(event: SimEvent): void {
    const current = this.#current;
    let low = 0;
    let high = current.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isLater(current[middle] as SimEvent, event)) low = middle + 1;
      else high = middle;
    }
    if (low === current.length) current.push(event);
    else current.splice(low, 0, event);
  }

  /** Makes the next bucket with events in it the current one; false when there is none up to `lastBucket`. */
  #advance(lastBucket: number): boolean {
    while (this.#ringCount > 0 || this.#far.size > 0) {
      if (this.#ringCount === 0) {
        const next = Math.floor(this.#far.firstMs * BUCKETS_PER_MS);
        if (next > lastBucket) return false;
        this.#bucket = Math.max(this.#bucket, next - 1);
      }
      if (this.#bucket >= lastBucket) return false;
      this.#bucket++;
      this.#pullFar();
      const events = this.#ring[this.#bucket & RING_MASK] as SimEvent[];
      if (events.length === 0) continue;
      this.#ringCount -= events.length;
      this.#ring[this.#bucket & RING_MASK] = this.#current;
      events.sort(byTimeDescending);
      this.#current = events;
      return true;
    }
    return false;
  }

  #pullFar(): void {
    const horizon = this.#bucket + RING_BUCKETS;
    while (this.#far.size > 0 && Math.floor(this.#far.firstMs * BUCKETS_PER_MS) < horizon) {
      const event = this.#far.pop();
      this.#toRing(event, Math.floor(event.atMs * BUCKETS_PER_MS));
    }
  }
}

function isLater(left: SimEvent, right: SimEvent): boolean {
  return left.atMs > right.atMs || (left.atMs === right.atMs && left.order > right.order);
}

function byTimeDescending(left: SimEvent, right: SimEvent): number {
  return right.atMs - left.atMs || right.order - left.order;
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
