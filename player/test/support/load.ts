import type { FragmentLoaderContext, Loader, LoaderContext, LoaderResponse } from 'hls.js';

/** What a load came to. */
export type LoadResult = {
  outcome: 'success' | 'error' | 'timeout' | 'abort' | undefined;
  calls: number;
  response: LoaderResponse | undefined;
  status: number | undefined;
};

/** hls.js's limits for a load, ms. */
export type LoadLimits = { firstByteMs?: number; totalMs?: number };

/** Loads as hls.js does, and records what comes of it. */
export function startLoad(
  loader: Loader<LoaderContext>,
  url: string,
  options: LoadLimits & { rangeStart?: number; rangeEnd?: number } = {},
): LoadResult {
  const result: LoadResult = { outcome: undefined, calls: 0, response: undefined, status: undefined };
  const ended = (outcome: NonNullable<LoadResult['outcome']>): void => {
    result.outcome = outcome;
    result.calls++;
  };
  const context = {
    url,
    responseType: 'arraybuffer',
    rangeStart: options.rangeStart ?? 0,
    rangeEnd: options.rangeEnd ?? 0,
  } as FragmentLoaderContext;
  const loadPolicy = {
    maxTimeToFirstByteMs: options.firstByteMs ?? Infinity,
    maxLoadTimeMs: options.totalMs ?? 20_000,
    timeoutRetry: null,
    errorRetry: null,
  };
  const configuration = { loadPolicy, maxRetry: 0, timeout: 0, retryDelay: 0, maxRetryDelay: 0 };
  loader.load(context, configuration, {
    onSuccess: (response) => {
      result.response = response;
      ended('success');
    },
    onError: ({ code }) => {
      result.status = code;
      ended('error');
    },
    onTimeout: () => ended('timeout'),
    onAbort: () => ended('abort'),
  });
  return result;
}
