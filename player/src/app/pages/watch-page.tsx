import { useEffect, useRef, useState, type ReactElement } from 'react';
import { PlayerView } from '../components/player-view.js';
import { LiveBadge } from '../components/live-badge.js';
import { PrivacyNote } from '../components/privacy-note.js';
import { ShareDialog } from '../components/share-dialog.js';
import { StatsPanel } from '../components/stats-panel.js';
import { StatusLine } from '../components/status-line.js';
import { WatchedTarget, type Watched } from '../components/watched-target.js';
import type { WatchTarget } from '../routes.js';
import { formatDate, formatLength, viewerCount } from '../format.js';
import { useStoredSetting } from '../stored-setting.js';
import { decodeUpload, encodeUpload } from '../upload-setting.js';
import { useSeekTimeline } from '../use-seek-timeline.js';
import { useWatch } from '../use-watch.js';
import { connectionHints, defaultUpload } from '../../library/upload-default.js';
import '../styles/player.css';
import '../styles/watch.css';

export { EmbedPage } from './embed-page.js';

/** Plays one stream or recording and shows what its mesh does. */
export function WatchPage({ target, isAutoplay }: { readonly target: WatchTarget; readonly isAutoplay: boolean }): ReactElement {
  return <WatchedTarget target={target}>{(watched) => <Stream watched={watched} isAutoplay={isAutoplay} />}</WatchedTarget>;
}

function Stream({ watched, isAutoplay }: { readonly watched: Watched; readonly isAutoplay: boolean }): ReactElement {
  const { title, link, problem, stream, recording } = watched;
  const videoRef = useRef<HTMLVideoElement>(null);
  const [isSharing, setIsSharing] = useState(false);
  const [storedUpload, storeUpload] = useStoredSetting('p2ptv.upload');
  const upload = decodeUpload(storedUpload) ?? defaultUpload(connectionHints(navigator));
  const watch = useWatch(videoRef, { link, isAutoplay, upload, stream });
  const timeline = useSeekTimeline(watch, watched);
  useEffect(() => {
    document.title = `${title} · P2PTV`;
  }, [title]);
  const listing = stream ?? recording;
  const isClosed = problem !== undefined && !listing;
  // What cannot be watched has no mesh to tell of.
  const hasMesh = !isClosed && (watch.phase.kind !== 'failed' || watch.stats !== undefined);
  return (
    <main className={`page watch-page ${hasMesh ? '' : 'is-alone'}`}>
      <div className="watch-main">
        <PlayerView
          videoRef={videoRef}
          watch={watch}
          problem={isClosed ? <ClosedNote problem={problem} /> : problem}
          timeline={timeline}
          previews={(recording ?? stream)?.previews}
          captions={recording?.captions}
          posterPath={listing?.thumbnailPath}
        />
        <div className="watch-title">
          <div className="watch-name">
            <h1>{title}</h1>
            <p className="stream-meta">
              {stream && <LiveBadge state={stream.state} />}
              {recording && <time dateTime={new Date(recording.startedAtMs).toISOString()}>{formatDate(recording.startedAtMs)}</time>}
              {recording && <span>{formatLength(recording.durationMs)}</span>}
              {listing && listing.viewers > 0 && <span>{viewerCount(listing.viewers)}</span>}
            </p>
          </div>
          {link !== undefined && (
            <button type="button" className="button button-quiet" onClick={() => setIsSharing(true)}>
              Share
            </button>
          )}
        </div>
        {link !== undefined && <StatusLine watch={watch} />}
        {listing && listing.description !== '' && <p className="watch-description">{listing.description}</p>}
        {listing && listing.tags.length > 0 && (
          <ul className="watch-tags" aria-label="Tags">
            {listing.tags.map((tag) => (
              <li key={tag}>
                <a href={`/?${new URLSearchParams({ tag }).toString()}`}>{tag}</a>
              </li>
            ))}
          </ul>
        )}
        {hasMesh && <PrivacyNote />}
      </div>
      {hasMesh && (
        <StatsPanel
          stats={watch.stats}
          upload={watch.stats?.upload ?? upload}
          originBitsPerSecond={watch.originBitsPerSecond}
          cacheSize={watch.cacheSize}
          onClearCache={watch.clearCache}
          onUpload={(policy) => {
            storeUpload(encodeUpload(policy));
            watch.setUpload(policy);
          }}
        />
      )}
      {isSharing && <ShareDialog title={title} watchPath={listing?.watchPath ?? `${location.pathname}${location.search}`} link={link} onClose={() => setIsSharing(false)} />}
    </main>
  );
}

function ClosedNote({ problem }: { readonly problem: string }): ReactElement {
  return (
    <>
      <p>{problem}</p>
      <a className="button button-quiet" href="/">
        See what else there is
      </a>
    </>
  );
}
