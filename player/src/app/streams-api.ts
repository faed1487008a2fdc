import { streamListingSchema, streamListSchema, type StreamListing } from '@p2ptv/protocol';
import { ApiError, requestJson } from './request-json.js';

/** All streams of this origin. */
export async function fetchStreams(signal: AbortSignal): Promise<readonly StreamListing[]> {
  const parsed = streamListSchema.safeParse(await requestJson('/api/streams', { signal }));
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
  const parsed = streamListingSchema.safeParse(await requestJson(`/api/streams/${slug}${query}`, { signal }));
  if (!parsed.success) throw new ApiError(502);
  return parsed.data;
}
