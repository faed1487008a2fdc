import type { ServerResponse } from 'node:http';

/** How a wait ended. `gone`: the client hung up; `closed`: the server shuts down; `full`: too many wait already. */
export type WaitOutcome = 'ready' | 'timeout' | 'gone' | 'closed' | 'full';

/** Players wait for one thing a connection; requests behind one another on it are rare. Bounds what a connection can make us hold. */
const MAX_PER_SOCKET = 16;
/** Each is a timer and a condition that is looked at whenever the edge moves. Bounds the time of a look. */
const MAX_WAITERS = 20_000;

type Waiter = { readonly isReady: () => boolean; readonly settle: (outcome: WaitOutcome) => void };

/**
 * Requests that wait for the live edge to move.
 *
 * Each is released exactly once, and nothing of it stays behind: by its condition, by time, by its
 * client's disappearance, or by the server's end.
 */
export class EdgeWaiters {
  readonly #waiters = new Set<Waiter>();
  readonly #perSocket = new WeakMap<object, number>();
  #isClosed = false;

  /** Requests waiting now. */
  get size(): number {
    return this.#waiters.size;
  }

  /**
   * Waits until a condition holds; it is looked at now and at every {@link wake}.
   *
   * @param response the waiting client's: its end ends the wait
   */
  until(isReady: () => boolean, limit: { readonly timeoutMs: number; readonly response: ServerResponse }): Promise<WaitOutcome> {
    if (isReady()) return Promise.resolve('ready');
    if (this.#isClosed) return Promise.resolve('closed');
    const { response } = limit;
    if (response.destroyed || response.socket?.destroyed === true) return Promise.resolve('gone');
    const { socket } = response;
    const ofSocket = (socket && this.#perSocket.get(socket)) ?? 0;
    if (ofSocket >= MAX_PER_SOCKET || this.#waiters.size >= MAX_WAITERS) return Promise.resolve('full');
    if (socket) this.#perSocket.set(socket, ofSocket + 1);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        isReady,
        settle: (outcome) => {
          if (!this.#waiters.delete(waiter)) return;
          clearTimeout(timer);
          if (socket) this.#perSocket.set(socket, (this.#perSocket.get(socket) ?? 1) - 1);
          response.off('close', hangUp);
          resolve(outcome);
        },
      };
      const hangUp = (): void => waiter.settle('gone');
      const timer = setTimeout(() => waiter.settle('timeout'), limit.timeoutMs);
      response.once('close', hangUp);
      this.#waiters.add(waiter);
    });
  }

  /** The edge has moved: releases those whose condition holds. */
  wake(): void {
    for (const waiter of [...this.#waiters]) if (waiter.isReady()) waiter.settle('ready');
  }

  /** Releases everybody, and lets nobody wait any more. */
  close(): void {
    this.#isClosed = true;
    for (const waiter of [...this.#waiters]) waiter.settle('closed');
  }
}
