import { SimEvent, type EventQueue } from './event-queue.js';

/** Somebody's next due time: one event in the queue, which looks again when the time was put off meanwhile. */
export class DueEvent extends SimEvent {
  readonly #queue: EventQueue;
  readonly #leastWaitMs: number;
  readonly #happens: () => void;
  #wantedMs = Infinity;
  #isSet = false;

  /** @param options `leastWaitMs`: never sooner than this after it was set, ms; `peerIndex`: whom it concerns */
  constructor(queue: EventQueue, options: { readonly leastWaitMs: number; readonly peerIndex: number }, happens: () => void) {
    super();
    this.peerIndex = options.peerIndex;
    this.#queue = queue;
    this.#leastWaitMs = options.leastWaitMs;
    this.#happens = happens;
  }

  /** Due then; Infinity: not before it is set anew. */
  set(wantedMs: number): void {
    this.#wantedMs = wantedMs;
    if (this.#isSet || wantedMs === Infinity) return;
    this.#isSet = true;
    this.#queue.schedule(this, Math.max(wantedMs, this.#queue.nowMs + this.#leastWaitMs));
  }

  override run(): void {
    this.#isSet = false;
    if (this.atMs >= this.#wantedMs) this.#happens();
    else this.set(this.#wantedMs);
  }
}
