import type { VirtualTime } from '../virtual/virtual-time.js';

/** What waits for its turn on a peer's uplink. */
export interface LineSender {
  /** Bytes of the frame that it would send next; undefined when it has none. */
  readonly nextBytes: number | undefined;
  /** That frame is on its way; it took so many milliseconds to send. */
  sent(durationMs: number): void;
}

/**
 * A peer's uplink: one frame at a time, the links in turn, as their congestion controls would
 * share a real one.
 */
export class Uplink {
  readonly #time: VirtualTime;
  readonly #bitsPerSecond: number;
  readonly #waiting = new Set<LineSender>();
  /** Whose frame is being sent. */
  #current: LineSender | undefined;

  /** @param bitsPerSecond above 0; Infinity for a line that takes no time */
  constructor(time: VirtualTime, bitsPerSecond: number) {
    this.#time = time;
    this.#bitsPerSecond = bitsPerSecond;
  }

  /** Asks for turns until the sender has nothing left. */
  request(sender: LineSender): void {
    // Whoever is sending comes again of itself, behind the others.
    if (sender === this.#current) return;
    this.#waiting.add(sender);
    if (!this.#current) this.#serve();
  }

  #serve(): void {
    for (const sender of this.#waiting) {
      this.#waiting.delete(sender);
      const bytes = sender.nextBytes;
      if (bytes === undefined) continue;
      const durationMs = transmissionMs(bytes, this.#bitsPerSecond);
      this.#current = sender;
      this.#time.schedule(this.#time.nowMs() + durationMs, () => {
        this.#current = undefined;
        sender.sent(durationMs);
        this.request(sender);
      });
      return;
    }
  }
}

/** A peer's downlink: frames of all links through one line, in the order of their arrival. */
export class Downlink {
  readonly #time: VirtualTime;
  readonly #bitsPerSecond: number;
  #freeAtMs = 0;

  /** @param bitsPerSecond above 0; Infinity for a line that takes no time */
  constructor(time: VirtualTime, bitsPerSecond: number) {
    this.#time = time;
    this.#bitsPerSecond = bitsPerSecond;
  }

  /**
   * Takes a frame whose last bit has come to the line now, after it was `spreadMs` on its way
   * there: what a frame took on the uplink is not waited for twice.
   */
  pass(frame: { readonly bytes: number; readonly spreadMs: number }, done: () => void): void {
    const nowMs = this.#time.nowMs();
    const startMs = Math.max(nowMs - frame.spreadMs, this.#freeAtMs);
    this.#freeAtMs = Math.max(nowMs, startMs + transmissionMs(frame.bytes, this.#bitsPerSecond));
    if (this.#freeAtMs <= nowMs) done();
    else this.#time.schedule(this.#freeAtMs, done);
  }
}

function transmissionMs(bytes: number, bitsPerSecond: number): number {
  return (bytes * 8000) / bitsPerSecond;
}
