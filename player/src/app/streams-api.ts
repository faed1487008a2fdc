import { recordingListingSchema, recordingListSchema, streamListingSchema, streamListSchema, type RecordingListing, type StreamListing } from '@p2ptv/protocol';
import { ApiError, requestJson } from './request-json.js';

/** One page of recordings, and how many there are on all. */
export type RecordingPage = { readonly total: number; readonly recordings: readonly RecordingListing[] };

/** All streams of this origin. */
export async function fetchStreams(signal: AbortSignal): Promise<readonly StreamListing[]> {
  const parsed = streamListSchema.safeParse(await requestJson('/api/streams', { signal }));
  if (!parsed.success) throw new ApiError(502);
  return parsed.data.streams;
}

/**
 * One stream of this origin.
 *
 * @param request `viewerToken` lets its holder watch a private stream; the link of the answer then holds it.
 * `unlike`: the answer waits, up to 20 s, until its state is another
 */
export async function fetchStream(
  slug: string,
  { viewerToken, unlike }: { readonly viewerToken: string | undefined; readonly unlike?: StreamListing['state'] | undefined },
  signal: AbortSignal,
): Promise<StreamListing> {
  const query = new URLSearchParams({ ...(viewerToken === undefined ? {} : { token: viewerToken }), ...(unlike === undefined ? {} : { unlike }) });
  const parsed = streamListingSchema.safeParse(await requestJson(`/api/streams/${slug}${query.size > 0 ? `?${query.toString()}` : ''}`, { signal }));
  if (!parsed.success) throw new ApiError(502);
  return parsed.data;
}

/** A page of what can be watched on demand. */
export async function fetchRecordings(path: string, signal: AbortSignal): Promise<RecordingPage> {
  try {
    const parsed = recordingListSchema.safeParse(await requestJson(path, { signal }));
    if (!parsed.success) throw new ApiError(502);
    return parsed.data;
  } catch (error) {
    // An origin that keeps none has no list of them.
    if (error instanceof ApiError && error.status === 404) return { total: 0, recordings: [] };
    throw error;
  }
}

/** One recording of this origin; `viewerToken` lets its holder watch a private one. */
export async function fetchRecording(id: string, { viewerToken }: { readonly viewerToken: string | undefined }, signal: AbortSignal): Promise<RecordingListing> {
  const query = viewerToken === undefined ? '' : `?${new URLSearchParams({ token: viewerToken }).toString()}`;
  const parsed = recordingListingSchema.safeParse(await requestJson(`/api/recordings/${encodeURIComponent(id)}${query}`, { signal }));
  if (!parsed.success) throw new ApiError(502);
  return parsed.data;
}
