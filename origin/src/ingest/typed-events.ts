/**
 * Events with one read-only payload each, typed by a map of names.
 *
 * `on` returns the function that unsubscribes. A listener that throws hurts no other listener and not
 * the emitter: its error goes to `reportError`.
 */
export class TypedEvents<EventMap extends object> {
  readonly #listeners = new Map<keyof EventMap, Set<(payload: never) => void>>();
  readonly #reportError: (error: unknown) => void;

  /** @param reportError where a listener's own failure goes; by default to the process as an unhandled one */
  constructor(reportError: (error: unknown) => void = rethrowLater) {
    this.#reportError = reportError;
  }

  /** Calls `listener` at every later event of that name, until the returned function is called. */
  on<Name extends keyof EventMap>(name: Name, listener: (payload: EventMap[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    // A wrapper of its own, so that the same function subscribed twice is two subscriptions.
    const subscription = (payload: EventMap[Name]): void => listener(payload);
    listeners.add(subscription);
    return () => void listeners.delete(subscription);
  }

  /** Calls every listener of that name, in the order of subscription. */
  emit<Name extends keyof EventMap>(name: Name, payload: EventMap[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (payload: EventMap[Name]) => void)(payload);
      } catch (error) {
        this.#reportError(error);
      }
    }
  }
}

function rethrowLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
