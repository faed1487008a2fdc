import { CrowdGrowth } from './crowd-growth.js';
import { JoinPromises } from './join-promises.js';

/**
 * What an uplink is used for, in the order in which it is served. `seed`: chunks that the seeder
 * pushes, each of which reaches many; `deadline`: what viewers fetch because a deadline came near;
 * `join`: what a first frame needs; `other`: players without peers, playlists, pages.
 */
export const UPLINK_PRIORITIES = ['seed', 'deadline', 'join', 'other'] as const;
/** See {@link UPLINK_PRIORITIES}. */
export type UplinkPriority = (typeof UPLINK_PRIORITIES)[number];

/** Wants bytes sent. What is large is better asked for in pieces, one after the other, so that more urgent things come in between. */
export type UplinkAsk = {
  readonly bytes: number;
  readonly priority: UplinkPriority;
  /** Place in the line, from {@link UplinkBudget.newPlace}: all pieces of one body have that of the first. Default: the last. */
  readonly place?: number;
  /** What the same body will ask for afterwards, bytes: others see how long the line really is. */
  readonly laterBytes?: number;
  /** Called once, when the bytes may go: from within {@link UplinkBudget.ask} or {@link UplinkBudget.pump}. */
  readonly granted: () => void;
};

type Waiting = { readonly ask: UplinkAsk; readonly place: number };

/** No window of this length sees more than the budget, ms. */
export const WINDOW_MS = 2_000;
/** Longer than this nobody is kept waiting, ms: whoever asked has other means by then, or may ask again. */
export const LONGEST_WAIT_MS = { seed: Infinity, deadline: 400, join: 4_000, other: 5_000 } as const;
/** A join is not let in when it would wait for longer than this, ms. */
export const JOIN_LINE_MS = 2_000;
/** Depth of the bucket: short, or else bursts would fill the queues on the way. */
const DEPTH_MS = 100;
/** Room for a piece and what is kept back from it, whatever the rate. */
const LEAST_DEPTH_BYTES = 40 * 1024;
/** What each priority leaves in the bucket, as a share of its depth, for those before it. */
const KEPT_BACK = { seed: 0, deadline: 0.25, join: 0.5, other: 0.5 } as const;
/** What seeds must leave to fallbacks and joins, as a share of the uplink. */
const SEEDS_LEAVE_RATIO = 0.2;
/** Over which the use by each priority is averaged, ms. */
const AVERAGE_MS = 2_000;
/** However busy the uplink: what is waited for comes some day. */
const LEAST_RATE_RATIO = 0.05;
/** A timer that fires a rounding error early does its work all the same. */
const ROUNDING_BYTES = 0.001;

/**
 * One budget for all that an origin sends, as a machine without clock or timers: asks go in, grants
 * come out, strictly by priority, first come first served within one. A token bucket: it refills a
 * little below the rate, so that with all that it saves up no window of {@link WINDOW_MS} sees more
 * than the rate allows (for asks no larger than half the bucket, {@link UplinkBudget.pieceBytes}).
 * The origin and the simulator run the same code.
 */
export class UplinkBudget {
  readonly bitsPerSecond: number;
  readonly #depthBytes: number;
  readonly #bytesPerMs: number;
  /** By place. */
  readonly #waiting: Record<UplinkPriority, Waiting[]> = { seed: [], deadline: [], join: [], other: [] };
  readonly #waitingBytes: Record<UplinkPriority, number> = { seed: 0, deadline: 0, join: 0, other: 0 };
  readonly #sentBytes: Record<UplinkPriority, number> = { seed: 0, deadline: 0, join: 0, other: 0 };
  /** Bytes sent lately, each weighing less the longer ago. */
  readonly #recentBytes: Record<UplinkPriority, number> = { seed: 0, deadline: 0, join: 0, other: 0 };
  readonly #promises = new JoinPromises();
  readonly #growth = new CrowdGrowth();
  #lastPlace = 0;
  #bytes: number;
  #atMs: number;

  /**
   * @param bitsPerSecond what may be sent, > 0; counted are application bytes, so leave some 5 % of a line to packets' heads
   * @param nowMs monotonic; no later call goes back
   */
  constructor(bitsPerSecond: number, nowMs: number) {
    this.bitsPerSecond = bitsPerSecond;
    const rateBytesPerMs = bitsPerSecond / 8_000;
    this.#depthBytes = Math.min(
      Math.max(rateBytesPerMs * DEPTH_MS, LEAST_DEPTH_BYTES),
      (rateBytesPerMs * WINDOW_MS) / 2,
    );
    this.#bytesPerMs = rateBytesPerMs - this.#depthBytes / WINDOW_MS;
    this.#bytes = this.#depthBytes;
    this.#atMs = nowMs;
  }

  /** The largest ask with which the budget holds over every window; larger ones go in debt. */
  get pieceBytes(): number {
    return Math.floor(this.#depthBytes / 2);
  }

  /** Bytes granted so far. */
  get sentBytes(): Readonly<Record<UplinkPriority, number>> {
    return this.#sentBytes;
  }

  /** Bytes asked for and not granted yet, with what the same bodies will ask for afterwards. */
  get waitingBytes(): Readonly<Record<UplinkPriority, number>> {
    return this.#waitingBytes;
  }

  /** When {@link pump} has something to grant, ms; Infinity: nothing waits. */
  get dueMs(): number {
    const next = this.#next();
    if (!next) return Infinity;
    return this.#atMs + Math.max(0, this.#neededFor(next.ask) - this.#bytes) / this.#bytesPerMs;
  }

  /** A place at the end of the line, for a body that is asked for in pieces. */
  newPlace(): number {
    return ++this.#lastPlace;
  }

  /**
   * Asks for bytes to be sent; granted at once if nothing stands before it.
   *
   * @returns withdraws the ask; harmless when it is granted
   */
  ask(nowMs: number, ask: UplinkAsk): () => void {
    this.#advance(nowMs);
    if (ask.priority === 'join') this.#promises.used(nowMs, ask.bytes);
    const waiting = { ask, place: ask.place ?? this.newPlace() };
    const line = this.#waiting[ask.priority];
    line.splice(line.findLastIndex(({ place }) => place <= waiting.place) + 1, 0, waiting);
    this.#waitingBytes[ask.priority] += ask.bytes + (ask.laterBytes ?? 0);
    this.pump(nowMs);
    return () => {
      this.#remove(waiting);
    };
  }

  /** Grants what may go by now. */
  pump(nowMs: number): void {
    this.#advance(nowMs);
    for (let next = this.#next(); next; next = this.#next()) {
      const { ask } = next;
      if (this.#bytes + ROUNDING_BYTES < this.#neededFor(ask)) return;
      this.#remove(next);
      this.#take(ask.bytes, ask.priority);
      ask.granted();
    }
  }

  /** Notes bytes that went out unasked: answers without a body, what a protocol needs. */
  spend(nowMs: number, bytes: number, priority: UplinkPriority): void {
    this.#advance(nowMs);
    this.#take(bytes, priority);
  }

  /** How long an ask made now would wait, about, ms: those before it and what they have used lately are counted. */
  waitMs(nowMs: number, bytes: number, priority: UplinkPriority): number {
    this.#advance(nowMs);
    let aheadBytes = bytes + KEPT_BACK[priority] * this.#depthBytes - this.#bytes;
    let bytesPerMs = this.#bytesPerMs;
    for (const other of UPLINK_PRIORITIES) {
      aheadBytes += this.#waitingBytes[other];
      if (other === 'join') aheadBytes += this.#promises.bytes(nowMs);
      if (other === priority) break;
      bytesPerMs -= this.#recentBytes[other] / AVERAGE_MS;
    }
    return Math.max(0, aheadBytes) / Math.max(bytesPerMs, this.#bytesPerMs * LEAST_RATE_RATIO);
  }

  /**
   * Lets a newcomer in if what it will fetch can go within {@link JOIN_LINE_MS}, and keeps so much
   * for it: the next one sees a longer line.
   *
   * @param bytes the join answer and the media that a first frame needs; how much of that is really fetched (peers bring the rest) is learnt
   * @returns 0: it is in; else how long the line is, ms
   */
  admitJoin(nowMs: number, bytes: number): number {
    const expectedBytes = bytes * this.#promises.usedRatio(nowMs);
    const waitMs = this.waitMs(nowMs, expectedBytes, 'join');
    if (waitMs > JOIN_LINE_MS) return waitMs;
    this.#promises.add(nowMs, { bytes, expectedBytes });
    return 0;
  }

  /**
   * Lets a newcomer in for which there is no room here, if so many viewers can feed one more now.
   *
   * @returns 0: it is in; else when it may ask again, ms
   */
  leaveJoinToPeers(nowMs: number, viewers: number): number {
    return this.#growth.admit(nowMs, viewers);
  }

  /** Copies of a stream that can be seeded with enough left for fallbacks and joins. */
  copiesOf(streamBitsPerSecond: number): number {
    const seedsBitsPerSecond = this.#bytesPerMs * 8_000 * (1 - SEEDS_LEAVE_RATIO);
    return Math.floor(seedsBitsPerSecond / Math.max(1, streamBitsPerSecond));
  }

  #next(): Waiting | undefined {
    for (const priority of UPLINK_PRIORITIES) {
      const [first] = this.#waiting[priority];
      if (first) return first;
    }
    return undefined;
  }

  #neededFor({ bytes, priority }: UplinkAsk): number {
    return Math.min(this.#depthBytes, bytes + KEPT_BACK[priority] * this.#depthBytes);
  }

  #remove(waiting: Waiting): void {
    const { bytes, laterBytes = 0, priority } = waiting.ask;
    const index = this.#waiting[priority].indexOf(waiting);
    if (index < 0) return;
    this.#waiting[priority].splice(index, 1);
    this.#waitingBytes[priority] -= bytes + laterBytes;
  }

  #take(bytes: number, priority: UplinkPriority): void {
    this.#bytes -= bytes;
    this.#sentBytes[priority] += bytes;
    this.#recentBytes[priority] += bytes;
  }

  #advance(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    if (elapsedMs === 0) return;
    this.#bytes = Math.min(this.#depthBytes, this.#bytes + elapsedMs * this.#bytesPerMs);
    const decay = Math.exp(-elapsedMs / AVERAGE_MS);
    for (const priority of UPLINK_PRIORITIES) this.#recentBytes[priority] *= decay;
    this.#atMs = nowMs;
  }
}
