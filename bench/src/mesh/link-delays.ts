import { Samples } from './samples.js';
import type { TimedMark } from './worker-messages.js';

/** Unmatched marks that are kept: the other half of a frame on its way comes within a second or two. */
const MOST_WAITING = 20_000;

/** Delays of frames between two peers, from their marks at both ends: from leaving the uplink to the receiving peer. */
export class LinkDelays {
  readonly #waiting = new Map<string, TimedMark>();
  /** ms. */
  readonly samples = new Samples();

  add(marks: readonly TimedMark[]): void {
    for (const mark of marks) this.#addOne(mark);
  }

  #addOne(mark: TimedMark): void {
    const key = `${mark.from} ${mark.to} ${mark.ordinal}`;
    const other = this.#waiting.get(key);
    if (!other || other.isArrival === mark.isArrival) {
      this.#waiting.set(key, mark);
      const oldest = this.#waiting.keys().next().value;
      if (this.#waiting.size > MOST_WAITING && oldest !== undefined) this.#waiting.delete(oldest);
      return;
    }
    this.#waiting.delete(key);
    const delayMs = mark.isArrival ? mark.atMs - other.atMs : other.atMs - mark.atMs;
    // A pair that was linked anew counts from 0 again, and its marks may meet those of the link before.
    if (delayMs >= 0 && delayMs < 2_000) this.samples.add(delayMs);
  }
}
