import type { ChunkHeader } from '@p2ptv/protocol';

/** Weight of a new part in the running mean: about the last 16 parts count. */
const WEIGHT = 1 / 16;
/** A step beyond this is a new epoch's clock, or a pause of the publisher: begin anew. */
const STEP_MS = 1_500;

/**
 * Where the viewer's verified edge is in the stream's own time, between parts too: parts come in
 * steps and with jitter, so the edge is a line through their mean lateness.
 */
export class EdgeClock {
  /** Viewer's time at which a part was there, less the program date-time of its end; running mean. */
  #offsetMs: number | undefined;
  #count = 0;

  /** Takes note of a part that is verified now. */
  partReady(header: ChunkHeader, nowMs: number): void {
    const offsetMs = nowMs - (header.programDateTimeMs + header.durationUs / 1000);
    const before = this.#offsetMs;
    if (before === undefined || Math.abs(offsetMs - before) > STEP_MS) {
      this.#offsetMs = offsetMs;
      this.#count = 1;
      return;
    }
    this.#count++;
    // The joining burst is late as a whole; its newest part is nearest to the truth.
    const isBurst = this.#count < 1 / WEIGHT && offsetMs < before;
    this.#offsetMs = isBurst ? offsetMs : before + (offsetMs - before) * Math.max(WEIGHT, 1 / this.#count);
  }

  /** Program date-time of the edge now, ms since the Unix epoch; undefined before the first part. */
  edgeMs(nowMs: number): number | undefined {
    return this.#offsetMs === undefined ? undefined : nowMs - this.#offsetMs;
  }
}
