import { useState, type ReactElement, type ReactNode } from 'react';
import type { RecordingListing, StreamListing } from '@p2ptv/protocol';
import { formatDate, formatLength, seederCount, viewerCount } from '../format.js';
import { LiveBadge } from './live-badge.js';

/** A channel in the catalogue. */
export function StreamCard({ stream, onTag }: { readonly stream: StreamListing; readonly onTag: (tag: string) => void }): ReactElement {
  const { slug, title, description, tags, state, viewers, seeders, height, watchPath, thumbnailPath } = stream;
  return (
    <Card path={watchPath} title={title === '' ? slug : title} description={description} tags={tags} onTag={onTag} art={<Picture path={thumbnailPath} />} isDark={state === 'offline'}>
      <LiveBadge state={state} />
      {(state === 'live' || viewers > 0) && <span>{viewerCount(viewers)}</span>}
      {seeders > 0 && <span>{seederCount(seeders)}</span>}
      {height > 0 && <span>{height}p</span>}
    </Card>
  );
}

/** A recording in the catalogue. */
export function RecordingCard({ recording, onTag }: { readonly recording: RecordingListing; readonly onTag: (tag: string) => void }): ReactElement {
  const { id, title, description, tags, startedAtMs, durationMs, viewers, seeders, height, watchPath, thumbnailPath } = recording;
  const art = (
    <>
      <Picture path={thumbnailPath} />
      <span className="art-length">{formatLength(durationMs)}</span>
    </>
  );
  return (
    <Card path={watchPath} title={title === '' ? id : title} description={description} tags={tags} onTag={onTag} art={art} isDark={false}>
      <time dateTime={new Date(startedAtMs).toISOString()}>{formatDate(startedAtMs)}</time>
      {viewers > 0 && <span>{viewerCount(viewers)}</span>}
      {seeders > 0 && <span>{seederCount(seeders)}</span>}
      {height > 0 && <span>{height}p</span>}
    </Card>
  );
}

type CardProps = {
  readonly path: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly onTag: (tag: string) => void;
  readonly art: ReactNode;
  /** There is nothing to see at the moment. */
  readonly isDark: boolean;
  /** Figures. */
  readonly children: ReactNode;
};

function Card({ path, title, description, tags, onTag, art, isDark, children }: CardProps): ReactElement {
  return (
    <article className={`stream-card card ${isDark ? 'is-dark' : ''}`}>
      <a className="stream-link" href={path}>
        <div className="stream-art" aria-hidden="true">
          {art}
          {!isDark && (
            <span className="art-play">
              <svg viewBox="0 0 24 24">
                <path d="M8 5.5v13l10.5-6.5z" fill="currentColor" />
              </svg>
            </span>
          )}
        </div>
        <div className="stream-text">
          <h3>{title}</h3>
          <p className="stream-meta">{children}</p>
          {description !== '' && <p className="stream-description">{description}</p>}
        </div>
      </a>
      {tags.length > 0 && (
        <ul className="tags" aria-label="Tags">
          {tags.map((tag) => (
            <li key={tag}>
              <button type="button" className="tag" onClick={() => onTag(tag)}>
                {tag}
              </button>
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}

/** A picture of what is shown; a drawing where there is none, and until it comes. */
function Picture({ path }: { readonly path: string | undefined }): ReactElement {
  const [failedPath, setFailedPath] = useState<string>();
  const hasPicture = path !== undefined && path !== failedPath;
  return (
    <>
      <Drawing />
      {hasPicture && <img src={path} alt="" loading="lazy" decoding="async" onError={() => setFailedPath(path)} />}
    </>
  );
}

function Drawing(): ReactElement {
  return (
      <svg viewBox="0 0 320 180" preserveAspectRatio="xMidYMid slice">
        <g className="art-lines">
          <path d="M40 132 98 52 246 42 292 92M98 52 134 148 246 42M40 132 134 148 222 140 292 92M98 52 222 140 246 42" />
        </g>
        <g className="art-nodes">
          <circle cx="40" cy="132" r="5" />
          <circle cx="98" cy="52" r="7" />
          <circle cx="222" cy="140" r="8" />
          <circle cx="246" cy="42" r="6" />
          <circle cx="292" cy="92" r="5" />
          <circle cx="134" cy="148" r="4" />
        </g>
      </svg>
  );
}
