/** Timers are no finer: what is due within it goes now, ms. */
const TIMER_MS = 0.5;

/** Whose turn it is next. */
export type Turn = {
  /** In how long, ms; 0 or less: now. */
  readonly inMs: number;
  /** Takes it off its queue, and does it. */
  readonly take: () => void;
};

/** Works a queue off, each turn when it is due and no two at once. A turn that brings another one is ended before that. */
export class TurnTimer {
  readonly #next: () => Turn | undefined;
  #state: 'idle' | 'working' | 'waiting' = 'idle';

  /** @param next undefined: there is nothing to do, until somebody calls {@link TurnTimer.look} */
  constructor(next: () => Turn | undefined) {
    this.#next = next;
  }

  /** There is something new at the queue's end. */
  look(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'working';
    for (let turn = this.#next(); turn; turn = this.#next()) {
      if (turn.inMs > TIMER_MS) {
        this.#state = 'waiting';
        setTimeout(() => {
          this.#state = 'idle';
          this.look();
        }, Math.ceil(turn.inMs - TIMER_MS));
        return;
      }
      turn.take();
    }
    this.#state = 'idle';
  }
}
