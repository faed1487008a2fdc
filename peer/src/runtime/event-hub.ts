/** Typed events at a public edge: a listener that throws hurts nobody else. */
export class EventHub<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();

  /** Subscribes; returns the unsubscribe function. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (event: Events[Name]) => void)(event);
      } catch (error) {
        // Reported where uncaught errors are, on a turn of its own.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** Drops all listeners. */
  clear(): void {
    this.#listeners.clear();
  }
}
