import { useCallback, useEffect, useRef, useState, type ReactElement } from 'react';
import { isStreamLink, parseStreamLink, type StreamListing } from '@p2ptv/protocol';
import { PlayerView } from '../components/player-view.js';
import { LiveBadge } from '../components/live-badge.js';
import { PrivacyNote } from '../components/privacy-note.js';
import { StatsPanel } from '../components/stats-panel.js';
import { StatusLine } from '../components/status-line.js';
import type { WatchTarget } from '../routes.js';
import { viewerCount } from '../format.js';
import { useStoredSetting } from '../stored-setting.js';
import { ApiError } from '../request-json.js';
import { fetchStream } from '../streams-api.js';
import { decodeUpload, encodeUpload } from '../upload-setting.js';
import { usePolled } from '../use-polled.js';
import { useWatch } from '../use-watch.js';
import { connectionHints, defaultUpload } from '../../library/upload-default.js';
import '../styles/watch.css';

const LISTING_REFRESH_MS = 5_000;
/** Whoever waits for a publisher wants to see the picture as soon as there is one. */
const OFFLINE_REFRESH_MS = 1_000;

/** Plays one stream and shows what its mesh does. */
export function WatchPage({ target, isAutoplay }: { readonly target: WatchTarget; readonly isAutoplay: boolean }): ReactElement {
  return target.kind === 'slug' ? (
    <ListedStream slug={target.slug} isAutoplay={isAutoplay} />
  ) : (
    <LinkedStream link={target.link} isAutoplay={isAutoplay} />
  );
}

function ListedStream({ slug, isAutoplay }: { readonly slug: string; readonly isAutoplay: boolean }): ReactElement {
  const viewerToken = new URLSearchParams(window.location.search).get('token') ?? undefined;
  const fetcher = useCallback((signal: AbortSignal) => fetchStream(slug, viewerToken, signal), [slug, viewerToken]);
  const { value: listing, error } = usePolled(fetcher, refreshMs);
  // Once it has been on air, a pause of the publisher is the player's to bridge.
  const [link, setLink] = useState<string>();
  if (link === undefined && listing?.state === 'live') setLink(listing.link);
  const problem = listing ? problemOf(listing) : error && problemOfFetch(error, slug);
  return (
    <Stream
      title={listing ? listing.title || listing.slug : slug}
      listing={listing}
      link={link}
      isAutoplay={isAutoplay}
      problem={link === undefined ? problem : undefined}
    />
  );
}

function LinkedStream({ link, isAutoplay }: { readonly link: string; readonly isAutoplay: boolean }): ReactElement {
  const parsed = parseStreamLink(link);
  return isStreamLink(parsed) ? (
    <Stream title={parsed.title || 'A stream'} listing={undefined} link={link} isAutoplay={isAutoplay} problem={undefined} />
  ) : (
    <Stream title="No stream" listing={undefined} link={undefined} isAutoplay={false} problem={parsed.problem} />
  );
}

function refreshMs(listing: StreamListing | undefined): number {
  return listing?.state === 'offline' ? OFFLINE_REFRESH_MS : LISTING_REFRESH_MS;
}

function problemOf(listing: StreamListing): string | undefined {
  switch (listing.state) {
    case 'live':
      return undefined;
    case 'offline':
      return 'The publisher is away. The picture starts here as soon as there is one.';
    case 'ended':
      return 'This stream has ended.';
  }
}

function problemOfFetch(error: Error, slug: string): string {
  if (error instanceof ApiError && error.status === 404) return `There is no stream called “${slug}” here.`;
  if (error instanceof ApiError && error.status === 401) return `“${slug}” is private: open it with the link that you were given, or ask for a new one.`;
  if (error instanceof ApiError && error.status === 403) return `Your link is not for “${slug}”.`;
  return `${error.message} Trying again …`;
}

type StreamProps = {
  readonly title: string;
  readonly listing: StreamListing | undefined;
  readonly link: string | undefined;
  readonly isAutoplay: boolean;
  readonly problem: string | undefined;
};

function Stream({ title, listing, link, isAutoplay, problem }: StreamProps): ReactElement {
  const videoRef = useRef<HTMLVideoElement>(null);
  const [storedUpload, storeUpload] = useStoredSetting('p2ptv.upload');
  const upload = decodeUpload(storedUpload) ?? defaultUpload(connectionHints(navigator));
  const watch = useWatch(videoRef, { link, isAutoplay, upload });
  useEffect(() => {
    document.title = `${title} · P2PTV`;
  }, [title]);
  const viewers = listing?.viewers;
  return (
    <main className="page watch-page">
      <div className="watch-main">
        <PlayerView videoRef={videoRef} watch={watch} problem={problem} />
        <div className="watch-title">
          <h1>{title}</h1>
          <p className="stream-meta">
            {listing && <LiveBadge state={listing.state} />}
            {viewers !== undefined && <span>{viewerCount(viewers)}</span>}
          </p>
        </div>
        <StatusLine watch={watch} />
        <PrivacyNote />
      </div>
      <StatsPanel
        stats={watch.stats}
        upload={watch.stats?.upload ?? upload}
        originBitsPerSecond={watch.originBitsPerSecond}
        onUpload={(policy) => {
          storeUpload(encodeUpload(policy));
          watch.setUpload(policy);
        }}
      />
    </main>
  );
}
