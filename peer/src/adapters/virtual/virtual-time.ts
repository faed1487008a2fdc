import type { Clock } from '@p2ptv/protocol';
import type { WakeTimer } from '../../ports/wake-timer.js';

/** Takes back what was scheduled; harmless when it has already run. */
export type Unschedule = () => void;

type Entry = { readonly atMs: number; readonly order: number; run: (() => void) | undefined };

/**
 * Time that passes only when it is told to: a queue of events, run in the order of their times,
 * and events of equal times in the order in which they were scheduled. The same inputs therefore
 * give the same run, whatever the machine does meanwhile.
 */
export class VirtualTime implements Clock {
  /** A binary heap, smallest first. */
  readonly #heap: Entry[] = [];
  readonly #wallStartMs: number;
  #nowMs = 0;
  #nextOrder = 0;
  #scheduledCount = 0;

  /** @param wallStartMs wall clock at the start, ms since the Unix epoch */
  constructor(wallStartMs = Date.UTC(2026, 0, 1)) {
    this.#wallStartMs = wallStartMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallStartMs + this.#nowMs;
  }

  /** Events that are still to come. */
  get scheduledCount(): number {
    return this.#scheduledCount;
  }

  /** Runs `run` at a time in ms since the start; a time gone by means now, after what is due already. */
  schedule(atMs: number, run: () => void): Unschedule {
    const entry: Entry = { atMs: Math.max(atMs, this.#nowMs), order: this.#nextOrder++, run };
    this.#scheduledCount++;
    this.#push(entry);
    return () => {
      if (!entry.run) return;
      // The entry stays in the heap, which is cheaper than looking for it.
      entry.run = undefined;
      this.#scheduledCount--;
    };
  }

  /** Runs all that is due up to and at that time, and stops there. */
  runUntil(atMs: number): void {
    while (this.#step(atMs));
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }

  /** Lets that many milliseconds pass. */
  runFor(ms: number): void {
    this.runUntil(this.#nowMs + ms);
  }

  /**
   * Runs events until the condition holds.
   *
   * @returns false when it did not hold after `limitMs` more milliseconds, or nothing is left to run
   */
  runUntilTrue(condition: () => boolean, limitMs: number): boolean {
    const endMs = this.#nowMs + limitMs;
    while (!condition()) {
      if (!this.#step(endMs)) return false;
    }
    return true;
  }

  /** A timer of the engine that wakes in this time. */
  createWakeTimer(): WakeTimer {
    let unschedule: Unschedule | undefined;
    return {
      set: (delayMs, wake) => {
        unschedule?.();
        unschedule = this.schedule(this.#nowMs + delayMs, wake);
      },
      close: () => {
        unschedule?.();
        unschedule = undefined;
      },
    };
  }

  /** Runs the next event that is due at or before `limitMs`; false when there is none. */
  #step(limitMs: number): boolean {
    for (;;) {
      const next = this.#heap[0];
      if (!next || next.atMs > limitMs) return false;
      this.#pop();
      const { run } = next;
      if (!run) continue;
      next.run = undefined;
      this.#scheduledCount--;
      this.#nowMs = next.atMs;
      run();
      return true;
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex] as Entry;
      if (!isBefore(entry, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const entry = heap.pop();
    if (!entry || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      const left = heap[childIndex];
      if (!left) break;
      const right = heap[childIndex + 1];
      let child = left;
      if (right && isBefore(right, left)) {
        child = right;
        childIndex++;
      }
      if (!isBefore(child, entry)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = entry;
  }
}

function isBefore(left: Entry, right: Entry): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}
