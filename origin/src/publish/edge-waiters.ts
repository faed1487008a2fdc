import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How a wait ended. `gone`: the client hung up; `closed`: the server shuts down; `full`: too many wait already. */
export type WaitOutcome = 'ready' | 'timeout' | 'gone' | 'closed' | 'full';

/** Players wait for one thing a connection; requests behind one another on it are rare. Bounds what a connection can make us hold. */
const MAX_PER_SOCKET = 16;
/** Each is a timer and a condition that is looked at whenever the edge moves. Bounds the time of a look. */
const MAX_WAITERS = 20_000;
/**
 * So many are told before what they are sent leaves, by one write right after the other: connections are at hand for the system, and
 * who reads is not put to sleep between two of them, which would make each write wake somebody up (decision 0014). With all at once the
 * first would wait for the last.
 */
const SENT_AT_ONCE = 64;

/** How long a wait may take, ms, and whose it is: the response's end ends the wait. */
export type WaitLimit = { readonly timeoutMs: number; readonly response: ServerResponse };

type Waiter = {
  readonly isReady: () => boolean;
  readonly settle: (outcome: WaitOutcome) => void;
  /** Null: other requests on its connection are answered first. */
  readonly socket: Socket | null;
};

/** Those of one connection that others on it are answered before (pipelining): until their turn their responses are not told that it has closed. */
type Queue = { readonly waiters: Set<Waiter>; readonly hangUp: () => void };

/**
 * Requests that wait for the live edge to move.
 *
 * Each is released exactly once, and nothing of it stays behind: by its condition, by time, by its
 * client's disappearance, or by the server's end.
 */
export class EdgeWaiters {
  readonly #waiters = new Set<Waiter>();
  readonly #perSocket = new WeakMap<Socket, number>();
  readonly #queues = new Map<Socket, Queue>();
  #isClosed = false;

  /** Requests waiting now. */
  get size(): number {
    return this.#waiters.size;
  }

  /** {@link wait} for those who have time: what follows comes after all who wait by it have been told. */
  until(isReady: () => boolean, limit: WaitLimit): Promise<WaitOutcome> {
    return new Promise((resolve) => this.wait(isReady, limit, resolve));
  }

  /**
   * Waits until a condition holds; it is looked at now and at every {@link wake}.
   *
   * @param settled called once, perhaps at once, in the midst of the wake: what it does is done before the next one is told. It must not throw
   */
  wait(isReady: () => boolean, limit: WaitLimit, settled: (outcome: WaitOutcome) => void): void {
    const { response, timeoutMs } = limit;
    const { socket } = response;
    const connection = response.req.socket;
    const ofSocket = this.#perSocket.get(connection) ?? 0;
    const outcome = this.#outcomeNow(isReady, { response, ofSocket });
    if (outcome !== undefined) {
      settled(outcome);
      return;
    }
    this.#perSocket.set(connection, ofSocket + 1);
    const waiter: Waiter = {
      isReady,
      socket,
      settle: (how) => {
        if (!this.#waiters.delete(waiter)) return;
        clearTimeout(timer);
        this.#perSocket.set(connection, (this.#perSocket.get(connection) ?? 1) - 1);
        response.off('close', hangUp);
        if (!socket) this.#leaveQueue(connection, waiter);
        settled(how);
      },
    };
    const hangUp = (): void => waiter.settle('gone');
    const timer = setTimeout(() => waiter.settle('timeout'), timeoutMs);
    response.once('close', hangUp);
    if (!socket) this.#queue(connection, waiter);
    this.#waiters.add(waiter);
  }

  /** The edge has moved: releases those whose condition holds. What they are sent in the midst of that leaves in batches. */
  wake(): void {
    const held: Socket[] = [];
    for (const waiter of [...this.#waiters]) {
      if (!waiter.isReady()) continue;
      const { socket } = waiter;
      if (socket) {
        socket.cork();
        held.push(socket);
      }
      waiter.settle('ready');
      if (held.length === SENT_AT_ONCE) letOut(held);
    }
    letOut(held);
  }

  /** Releases everybody, and lets nobody wait any more. */
  close(): void {
    this.#isClosed = true;
    for (const waiter of [...this.#waiters]) waiter.settle('closed');
  }

  /** How a wait ends that need not begin; undefined: it begins. */
  #outcomeNow(isReady: () => boolean, { response, ofSocket }: { readonly response: ServerResponse; readonly ofSocket: number }): WaitOutcome | undefined {
    if (isReady()) return 'ready';
    if (this.#isClosed) return 'closed';
    if (response.destroyed || response.req.socket.destroyed) return 'gone';
    return ofSocket >= MAX_PER_SOCKET || this.#waiters.size >= MAX_WAITERS ? 'full' : undefined;
  }

  #queue(connection: Socket, waiter: Waiter): void {
    let queue = this.#queues.get(connection);
    if (!queue) {
      const waiters = new Set<Waiter>();
      const hangUp = (): void => {
        for (const each of [...waiters]) each.settle('gone');
      };
      queue = { waiters, hangUp };
      this.#queues.set(connection, queue);
      connection.once('close', hangUp);
    }
    queue.waiters.add(waiter);
  }

  #leaveQueue(connection: Socket, waiter: Waiter): void {
    const queue = this.#queues.get(connection);
    if (!queue?.waiters.delete(waiter) || queue.waiters.size > 0) return;
    this.#queues.delete(connection);
    connection.off('close', queue.hangUp);
  }
}

function letOut(held: Socket[]): void {
  for (const socket of held) socket.uncork();
  held.length = 0;
}
