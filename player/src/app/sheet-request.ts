/** Asked for again no sooner and no later, s, whatever the origin says. */
const LEAST_RETRY_SECONDS = 1;
const MOST_RETRY_SECONDS = 10;

/**
 * A sheet of pictures; undefined where there is none. An origin that makes others at the moment is asked again.
 *
 * @throws the signal's error once it is aborted, `fetch`'s where the origin cannot be reached
 */
export async function requestSheet(path: string, signal: AbortSignal): Promise<Blob | undefined> {
  for (;;) {
    const response = await fetch(path, { signal });
    if (response.ok) return response.blob();
    if (response.status !== 503) return undefined;
    const seconds = Number(response.headers.get('retry-after'));
    await rest(Math.min(MOST_RETRY_SECONDS, Math.max(LEAST_RETRY_SECONDS, seconds || 0)) * 1000, signal);
  }
}

function rest(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, durationMs);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      // `fetch` then says that it is aborted.
      resolve();
    });
  });
}
