import { useCallback, useRef, useState, type ReactElement } from 'react';
import { isStreamLink, parseStreamLink, type RecordingListing, type StreamListing } from '@p2ptv/protocol';
import { ApiError } from '../request-json.js';
import type { WatchTarget } from '../routes.js';
import { fetchRecording, fetchStream } from '../streams-api.js';
import { usePolled } from '../use-polled.js';

const LISTING_REFRESH_MS = 5_000;
/** Between two questions of who waits for a publisher; each is answered when there is one. An origin that cannot wait is not overrun. */
const OFFLINE_REFRESH_MS = 500;
/** What is recorded does not change; who watches does. */
const RECORDING_REFRESH_MS = 15_000;

/** What an address leads to, as far as it is known. */
export type Watched = {
  readonly title: string;
  /** Undefined: there is nothing to play, yet. */
  readonly link: string | undefined;
  /** Why there is no picture, for people. */
  readonly problem: string | undefined;
  readonly stream?: StreamListing | undefined;
  readonly recording?: RecordingListing | undefined;
};

type WatchedTargetProps = {
  readonly target: WatchTarget;
  readonly children: (watched: Watched) => ReactElement;
};

/** Finds out what an address leads to, and shows it. */
export function WatchedTarget({ target, children }: WatchedTargetProps): ReactElement {
  switch (target.kind) {
    case 'slug':
      return <ListedStream slug={target.slug}>{children}</ListedStream>;
    case 'recording':
      return <ListedRecording id={target.id}>{children}</ListedRecording>;
    case 'link':
      return children(watchedLink(target.link));
  }
}

function ListedStream({ slug, children }: { readonly slug: string; readonly children: WatchedTargetProps['children'] }): ReactElement {
  const viewerToken = viewerTokenInAddress();
  const isWaiting = useRef(false);
  const fetcher = useCallback(
    async (signal: AbortSignal) => {
      const fetched = await fetchStream(slug, { viewerToken, unlike: isWaiting.current ? 'offline' : undefined }, signal);
      isWaiting.current = fetched.state === 'offline';
      return fetched;
    },
    [slug, viewerToken],
  );
  const { value: stream, error } = usePolled(fetcher, refreshMs);
  // Once it has been on air, a pause of the publisher is the player's to bridge. What has ended can be watched from its beginning.
  const [link, setLink] = useState<string>();
  if (link === undefined && stream && stream.state !== 'offline') setLink(stream.link);
  const problem = stream ? problemOf(stream) : error && problemOfFetch(error, { unknown: `There is no stream called “${slug}” here.`, name: `“${slug}”` });
  return children({ title: stream ? stream.title || stream.slug : slug, stream, link, problem: link === undefined ? problem : undefined });
}

function ListedRecording({ id, children }: { readonly id: string; readonly children: WatchedTargetProps['children'] }): ReactElement {
  const viewerToken = viewerTokenInAddress();
  const fetcher = useCallback((signal: AbortSignal) => fetchRecording(id, { viewerToken }, signal), [id, viewerToken]);
  const { value: recording, error } = usePolled(fetcher, RECORDING_REFRESH_MS);
  // The same from the first on: a link that is told anew would begin anew.
  const [link, setLink] = useState<string>();
  if (link === undefined && recording) setLink(recording.link);
  const problem = recording ? undefined : error && problemOfFetch(error, { unknown: 'There is no such recording here; it may have been removed.', name: 'This recording' });
  return children({ title: recording ? recording.title || recording.id : id, recording, link, problem: link === undefined ? problem : undefined });
}

function watchedLink(link: string): Watched {
  const parsed = parseStreamLink(link);
  return isStreamLink(parsed)
    ? { title: parsed.title || 'A stream', link, problem: undefined }
    : { title: 'No stream', link: undefined, problem: parsed.problem };
}

function refreshMs(stream: StreamListing | undefined): number {
  return stream?.state === 'offline' ? OFFLINE_REFRESH_MS : LISTING_REFRESH_MS;
}

function problemOf({ state }: StreamListing): string | undefined {
  return state === 'offline' ? 'The publisher is away. The picture starts here as soon as there is one.' : undefined;
}

function problemOfFetch(error: Error, { unknown, name }: { readonly unknown: string; readonly name: string }): string {
  const status = error instanceof ApiError ? error.status : undefined;
  if (status === 404) return unknown;
  if (status === 401) return `${name} is private: open it with the link that you were given, or ask for a new one.`;
  if (status === 403) return `Your link does not open it: ${name} is private, ask for a link of its own.`;
  return `${error.message} Trying again …`;
}

function viewerTokenInAddress(): string | undefined {
  return new URLSearchParams(window.location.search).get('token') ?? undefined;
}
