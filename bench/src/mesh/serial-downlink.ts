import { wireBytes } from '../sim/access-line.js';
import { TurnTimer, type Turn } from './turn-timer.js';

type Coming = { readonly atMs: number; readonly came: () => void };

/**
 * A peer's downlink by the simulator's rule (`AccessLine.receive`): serial, first come first served. What has come over the
 * network is told when the line would have brought it. What waits before it waits here, however much: senders are not held back.
 */
export class SerialDownlink {
  readonly #msPerByte: number;
  readonly #nowMs: () => number;
  readonly #coming: Coming[] = [];
  #freeAtMs = -Infinity;
  readonly #timer = new TurnTimer(() => this.#next());

  /**
   * @param bitsPerSecond > 0
   * @param nowMs monotonic time
   */
  constructor(bitsPerSecond: number, nowMs: () => number = () => performance.now()) {
    this.#msPerByte = 8_000 / bitsPerSecond;
    this.#nowMs = nowMs;
  }

  /** @param bytes of one message; 0: something that takes no room, and keeps its place in the order */
  receive(bytes: number, came: () => void): void {
    const nowMs = this.#nowMs();
    const takesMs = bytes > 0 ? wireBytes(bytes) * this.#msPerByte : 0;
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs + takesMs);
    this.#coming.push({ atMs: this.#freeAtMs, came });
    this.#timer.look();
  }

  #next(): Turn | undefined {
    const [first] = this.#coming;
    return (
      first && {
        inMs: first.atMs - this.#nowMs(),
        take: () => {
          this.#coming.shift();
          first.came();
        },
      }
    );
  }
}
