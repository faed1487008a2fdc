import type { ServerResponse } from 'node:http';

import { LONGEST_WAIT_MS, type UplinkAsk, type UplinkBudget, type UplinkPriority } from './uplink-budget.js';

/** A body is asked for in pieces no larger than this, so that what is more urgent comes in between. */
const PIECE_BYTES = 16 * 1024;
const LONGEST_RETRY_SECONDS = 30;

/** What the gate has done, for statistics. Bytes are application bytes. */
export type UplinkStats = {
  readonly limitBitsPerSecond: number;
  readonly sentBytes: Readonly<Record<UplinkPriority, number>>;
  readonly waitingBytes: Readonly<Record<UplinkPriority, number>>;
  readonly joinsAdmitted: number;
  /** Joins answered without room for the media: peers bring them. */
  readonly joinsLeftToPeers: number;
  /** Joins answered with 503, each as often as it asked. */
  readonly joinsTurnedAway: number;
  /** Other requests answered with 503. */
  readonly requestsTurnedAway: number;
};

/** What becomes of a join: room for its media is kept, only the answer is sent, or it is to ask again. */
export type JoinRoom = { readonly kind: 'kept' } | { readonly kind: 'answerOnly' } | { readonly kind: 'full'; readonly retrySeconds: number };

/** Runs an {@link UplinkBudget} on timers, for all that an origin sends. */
export class UplinkGate {
  readonly #budget: UplinkBudget;
  readonly #nowMs: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #joinsAdmitted = 0;
  #joinsLeftToPeers = 0;
  #joinsTurnedAway = 0;
  #requestsTurnedAway = 0;

  /** @param nowMs monotonic time, the budget's own */
  constructor(budget: UplinkBudget, nowMs: () => number) {
    this.#budget = budget;
    this.#nowMs = nowMs;
  }

  /** The most that is to be asked for at once, bytes. */
  get pieceBytes(): number {
    return Math.min(PIECE_BYTES, this.#budget.pieceBytes);
  }

  /**
   * Asks for bytes to be sent; `granted` may be called at once.
   *
   * @returns withdraws the ask
   */
  ask(ask: UplinkAsk): () => void {
    const withdraw = this.#budget.ask(this.#nowMs(), ask);
    this.#setTimer();
    return withdraw;
  }

  /** A place at the end of the line, for a body that is asked for in pieces. */
  newPlace(): number {
    return this.#budget.newPlace();
  }

  /** Waits until bytes may go to a client; false when it hangs up instead. */
  wait(ask: Omit<UplinkAsk, 'granted'>, response: ServerResponse): Promise<boolean> {
    if (response.destroyed || response.socket?.destroyed === true) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (isGranted: boolean): void => {
        response.off('close', hangUp);
        resolve(isGranted);
      };
      const hangUp = (): void => {
        withdraw();
        settle(false);
      };
      response.once('close', hangUp);
      const withdraw = this.ask({ ...ask, granted: () => settle(true) });
    });
  }

  /** Notes bytes that go out whatever the budget says: heads, answers without a body. */
  spend(bytes: number, priority: UplinkPriority): void {
    this.#budget.spend(this.#nowMs(), bytes, priority);
  }

  /** Whether an answer would wait for too long; the seconds after which to ask again, else undefined. */
  turnAway(bytes: number, priority: UplinkPriority): number | undefined {
    const excessMs = this.#excessMs(bytes, priority);
    if (excessMs <= 0) return undefined;
    this.#requestsTurnedAway++;
    return retrySeconds(excessMs);
  }

  /** Whether an answer would be sent in time, and not turned away. */
  hasRoomFor(bytes: number, priority: UplinkPriority): boolean {
    return this.#excessMs(bytes, priority) <= 0;
  }

  /** Lets a newcomer in if there is room for what it will fetch, or if it needs none because peers bring that; see {@link UplinkBudget.admitJoin}. */
  admitJoin(bytes: number, crowd: { readonly canFeed: boolean; readonly viewers: number }): JoinRoom {
    const waitMs = this.#budget.admitJoin(this.#nowMs(), bytes);
    if (waitMs === 0) {
      this.#joinsAdmitted++;
      return { kind: 'kept' };
    }
    const crowdWaitMs = crowd.canFeed ? this.#budget.leaveJoinToPeers(this.#nowMs(), crowd.viewers) : waitMs;
    if (crowdWaitMs === 0) {
      this.#joinsLeftToPeers++;
      return { kind: 'answerOnly' };
    }
    this.#joinsTurnedAway++;
    return { kind: 'full', retrySeconds: retrySeconds(crowdWaitMs) };
  }

  /** Copies of a stream that can be seeded; see {@link UplinkBudget.copiesOf}. */
  copiesOf(streamBitsPerSecond: number): number {
    return this.#budget.copiesOf(streamBitsPerSecond);
  }

  stats(): UplinkStats {
    return {
      limitBitsPerSecond: this.#budget.bitsPerSecond,
      sentBytes: { ...this.#budget.sentBytes },
      waitingBytes: { ...this.#budget.waitingBytes },
      joinsAdmitted: this.#joinsAdmitted,
      joinsLeftToPeers: this.#joinsLeftToPeers,
      joinsTurnedAway: this.#joinsTurnedAway,
      requestsTurnedAway: this.#requestsTurnedAway,
    };
  }

  /** Grants nothing any more by itself: what waits, waits for its client's end. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** By how much an answer made now would wait longer than it may, ms; 0 or less: it would not. */
  #excessMs(bytes: number, priority: UplinkPriority): number {
    return this.#budget.waitMs(this.#nowMs(), bytes, priority) - LONGEST_WAIT_MS[priority];
  }

  #setTimer(): void {
    const { dueMs } = this.#budget;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (dueMs === Infinity) return;
    this.#timer = setTimeout(() => {
      this.#budget.pump(this.#nowMs());
      this.#setTimer();
    }, Math.max(1, Math.ceil(dueMs - this.#nowMs())));
  }
}

function retrySeconds(waitMs: number): number {
  return Math.min(LONGEST_RETRY_SECONDS, Math.max(1, Math.ceil(waitMs / 1_000)));
}
