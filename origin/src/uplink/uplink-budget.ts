import { JoinPromises } from './join-promises.js';

/**
 * What an uplink is used for, in the order in which it is served. `seed`: chunks that the seeder
 * pushes, each of which reaches many; `deadline`: what viewers fetch because a deadline came near;
 * `join`: what a first frame needs; `other`: players without peers, playlists, pages.
 */
export const UPLINK_PRIORITIES = ['seed', 'deadline', 'join', 'other'] as const;
/** See {@link UPLINK_PRIORITIES}. */
export type UplinkPriority = (typeof UPLINK_PRIORITIES)[number];

/** Wants bytes sent. What is large is better asked for in pieces, so that more urgent things come in between. */
export type UplinkAsk = {
  readonly bytes: number;
  readonly priority: UplinkPriority;
  /** Called once, when the bytes may go: from within {@link UplinkBudget.ask} or {@link UplinkBudget.pump}. */
  readonly granted: () => void;
};

/** No window of this length sees more than the budget, ms. */
export const WINDOW_MS = 2_000;
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
  readonly #waiting: Record<UplinkPriority, Set<UplinkAsk>> = {
    seed: new Set(),
    deadline: new Set(),
    join: new Set(),
    other: new Set(),
  };
  readonly #waitingBytes: Record<UplinkPriority, number> = { seed: 0, deadline: 0, join: 0, other: 0 };
  readonly #sentBytes: Record<UplinkPriority, number> = { seed: 0, deadline: 0, join: 0, other: 0 };
  /** Bytes sent lately, each weighing less the longer ago. */
  readonly #recentBytes: Record<UplinkPriority, number> = { seed: 0, deadline: 0, join: 0, other: 0 };
  readonly #promises = new JoinPromises();
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

  /** Bytes asked for and not granted yet. */
  get waitingBytes(): Readonly<Record<UplinkPriority, number>> {
    return this.#waitingBytes;
  }

  /** When {@link pump} has something to grant, ms; Infinity: nothing waits. */
  get dueMs(): number {
    const next = this.#next();
    if (!next) return Infinity;
    return this.#atMs + Math.max(0, this.#neededFor(next) - this.#bytes) / this.#bytesPerMs;
  }

  /**
   * Asks for bytes to be sent; granted at once if nothing stands before it.
   *
   * @returns withdraws the ask; harmless when it is granted
   */
  ask(nowMs: number, ask: UplinkAsk): () => void {
    this.#advance(nowMs);
    if (ask.priority === 'join') this.#promises.used(nowMs, ask.bytes);
    this.#waiting[ask.priority].add(ask);
    this.#waitingBytes[ask.priority] += ask.bytes;
    this.pump(nowMs);
    return () => {
      this.#remove(ask);
    };
  }

  /** Grants what may go by now. */
  pump(nowMs: number): void {
    this.#advance(nowMs);
    for (let next = this.#next(); next; next = this.#next()) {
      if (this.#bytes + ROUNDING_BYTES < this.#neededFor(next)) return;
      this.#remove(next);
      this.#take(next.bytes, next.priority);
      next.granted();
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

  /** Copies of a stream that can be seeded with enough left for fallbacks and joins. */
  copiesOf(streamBitsPerSecond: number): number {
    const seedsBitsPerSecond = this.#bytesPerMs * 8_000 * (1 - SEEDS_LEAVE_RATIO);
    return Math.floor(seedsBitsPerSecond / Math.max(1, streamBitsPerSecond));
  }

  #next(): UplinkAsk | undefined {
    for (const priority of UPLINK_PRIORITIES) {
      for (const ask of this.#waiting[priority]) return ask;
    }
    return undefined;
  }

  #neededFor({ bytes, priority }: UplinkAsk): number {
    return Math.min(this.#depthBytes, bytes + KEPT_BACK[priority] * this.#depthBytes);
  }

  #remove(ask: UplinkAsk): void {
    if (this.#waiting[ask.priority].delete(ask)) this.#waitingBytes[ask.priority] -= ask.bytes;
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
