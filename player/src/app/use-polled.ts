import { useEffect, useState } from 'react';

/** What was last fetched, and whether the last attempt failed. */
export type Polled<Value> = { readonly value: Value | undefined; readonly error: Error | undefined };

/**
 * Fetches again and again while the page is shown, and at once when it is shown again.
 *
 * @param fetcher must be stable between renders
 * @param interval ms between an answer and the next question, or what tells it from the answer (undefined: none came); stable too
 * @param version another one asks at once
 */
export function usePolled<Value>(
  fetcher: (signal: AbortSignal) => Promise<Value>,
  interval: number | ((value: Value | undefined) => number),
  version = 0,
): Polled<Value> {
  const [polled, setPolled] = useState<Polled<Value>>({ value: undefined, error: undefined });
  useEffect(() => {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const poll = async (): Promise<void> => {
      clearTimeout(timer);
      let value: Value | undefined;
      try {
        value = await fetcher(controller.signal);
        setPolled({ value, error: undefined });
      } catch (error) {
        if (controller.signal.aborted) return;
        const problem = error instanceof Error ? error : new Error(String(error));
        setPolled((before) => ({ value: before.value, error: problem }));
      }
      if (!controller.signal.aborted && !document.hidden) timer = setTimeout(() => void poll(), typeof interval === 'number' ? interval : interval(value));
    };
    const shown = (): void => {
      if (!document.hidden) void poll();
    };
    document.addEventListener('visibilitychange', shown);
    void poll();
    return () => {
      controller.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', shown);
    };
  }, [fetcher, interval, version]);
  return polled;
}
