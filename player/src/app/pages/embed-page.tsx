import { useEffect, useRef, type ReactElement } from 'react';
import { PlayerView } from '../components/player-view.js';
import { WatchedTarget, type Watched } from '../components/watched-target.js';
import type { WatchTarget } from '../routes.js';
import { useStoredSetting } from '../stored-setting.js';
import { decodeUpload } from '../upload-setting.js';
import { useSeekTimeline } from '../use-seek-timeline.js';
import { useWatch } from '../use-watch.js';
import { connectionHints, defaultUpload } from '../../library/upload-default.js';
import '../styles/player.css';

/** The player alone, for pages of others. */
export function EmbedPage({ target, isAutoplay }: { readonly target: WatchTarget; readonly isAutoplay: boolean }): ReactElement {
  return <WatchedTarget target={target}>{(watched) => <Embedded watched={watched} isAutoplay={isAutoplay} />}</WatchedTarget>;
}

function Embedded({ watched, isAutoplay }: { readonly watched: Watched; readonly isAutoplay: boolean }): ReactElement {
  const { title, link, problem, stream, recording } = watched;
  const videoRef = useRef<HTMLVideoElement>(null);
  const [storedUpload] = useStoredSetting('p2ptv.upload');
  const upload = decodeUpload(storedUpload) ?? defaultUpload(connectionHints(navigator));
  const watch = useWatch(videoRef, { link, isAutoplay, upload, stream });
  const timeline = useSeekTimeline(watch, watched);
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <main className="embed-page">
      <h1 className="embed-title">
        <a href={`${location.pathname.replace(/^\/embed/, '/watch')}${location.search}`} target="_blank" rel="noopener">
          {title}
        </a>
      </h1>
      <PlayerView videoRef={videoRef} watch={watch} problem={problem} timeline={timeline} previews={(recording ?? stream)?.previews} captions={recording?.captions} posterPath={(stream ?? recording)?.thumbnailPath} />
    </main>
  );
}
