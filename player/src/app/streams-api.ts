import { streamListingSchema, streamListSchema, type StreamListing } from '@p2ptv/protocol';

/** The origin did not give what was asked; `status` is 0 when it could not be reached. */
export class ApiError extends Error {
  constructor(readonly status: number) {
    super(status === 0 ? 'The origin cannot be reached.' : `The origin answered ${status}.`);
  }
}

/** All streams of this origin. */
export async function fetchStreams(signal: AbortSignal): Promise<readonly StreamListing[]> {
  const parsed = streamListSchema.safeParse(await fetchJson('/api/streams', signal));
  if (!parsed.success) throw new ApiError(502);
  return parsed.data.streams;
}

/**
 * One stream of this origin.
 *
 * @param viewerToken lets its holder watch a private stream; the link of the answer then holds it
 */
export async function fetchStream(slug: string, viewerToken: string | undefined, signal: AbortSignal): Promise<StreamListing> {
  const query = viewerToken === undefined ? '' : `?token=${encodeURIComponent(viewerToken)}`;
  const parsed = streamListingSchema.safeParse(await fetchJson(`/api/streams/${slug}${query}`, signal));
  if (!parsed.success) throw new ApiError(502);
  return parsed.data;
}

async function fetchJson(path: string, signal: AbortSignal): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, { signal, headers: { accept: 'application/json' } });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ApiError(0);
  }
  if (!response.ok) throw new ApiError(response.status);
  return response.json();
}
