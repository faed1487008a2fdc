import { LONGEST_WAIT_MS, UplinkBudget, type UplinkAsk, type UplinkPriority } from '@p2ptv/origin/uplink-budget';
import type { AccessLine } from './access-line.js';
import { DueEvent } from './due-event.js';
import { ORIGIN, type EventQueue } from './event-queue.js';

/** The budget is looked at a little late rather than a rounding error early, ms. */
const ROUNDING_MS = 0.01;
/** Share of a line that is application bytes, the rest packets' heads. */
const PAYLOAD_RATIO = 0.95;

/**
 * The origin's line with the real origin's budget before it, where the line is one that must be
 * rationed: seeds before deadlines before joins.
 */
export class OriginUplink {
  readonly line: AccessLine;
  readonly #queue: EventQueue;
  readonly #budget: UplinkBudget | undefined;
  readonly #pump: DueEvent;

  constructor(line: AccessLine, queue: EventQueue, isRationed: boolean) {
    this.line = line;
    this.#queue = queue;
    this.#budget = isRationed ? new UplinkBudget(line.uplinkBitsPerSecond * PAYLOAD_RATIO, queue.nowMs) : undefined;
    this.#pump = new DueEvent(queue, { leastWaitMs: 0, peerIndex: ORIGIN }, () => this.#pumped());
  }

  /** Calls back, perhaps at once, when the bytes may be given to the line; the result withdraws the wish. */
  ask(ask: UplinkAsk): () => void {
    if (!this.#budget) {
      ask.granted();
      return () => undefined;
    }
    const withdraw = this.#budget.ask(this.#queue.nowMs, ask);
    this.#pump.set(this.#budget.dueMs + ROUNDING_MS);
    return withdraw;
  }

  /** A place at the end of the line, for an answer that is sent in pieces. */
  newPlace(): number {
    return this.#budget?.newPlace() ?? 0;
  }

  /** Whether an answer would wait for so long that the origin sends none. */
  isTooLate(bytes: number, priority: UplinkPriority): boolean {
    return (this.#budget?.waitMs(this.#queue.nowMs, bytes, priority) ?? 0) > LONGEST_WAIT_MS[priority];
  }

  /** 0: a newcomer that may fetch so much is let in; else when it may ask again, ms. */
  admitJoin(bytes: number): number {
    return this.#budget?.admitJoin(this.#queue.nowMs, bytes) ?? 0;
  }

  /** 0: a newcomer for which there is no room may be left to so many viewers; else when it may ask again, ms. */
  leaveJoinToPeers(viewers: number): number {
    return this.#budget?.leaveJoinToPeers(this.#queue.nowMs, viewers) ?? 0;
  }

  /** Copies of a stream that may be seeded; undefined: as many as one likes. */
  copiesOf(streamBitsPerSecond: number): number | undefined {
    return this.#budget?.copiesOf(streamBitsPerSecond);
  }

  #pumped(): void {
    if (!this.#budget) return;
    this.#budget.pump(this.#queue.nowMs);
    this.#pump.set(this.#budget.dueMs + ROUNDING_MS);
  }
}
