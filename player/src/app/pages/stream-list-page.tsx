import { useState, type ReactElement, type SubmitEvent } from 'react';
import type { StreamListing } from '@p2ptv/protocol';
import { LiveBadge } from '../components/live-badge.js';
import { viewerCount } from '../format.js';
import { watchPathOf } from '../routes.js';
import { fetchStreams } from '../streams-api.js';
import { usePolled } from '../use-polled.js';
import '../styles/list.css';

const REFRESH_MS = 3_000;

/** What is live at this origin; refreshed by itself. Links from elsewhere can be opened too. */
export function StreamListPage(): ReactElement {
  const { value: streams, error } = usePolled(fetchStreams, REFRESH_MS);
  const live = streams?.filter(({ state }) => state === 'live').length ?? 0;
  return (
    <main className="page list-page">
      <div className="list-head">
        <h1>Live now</h1>
        <p className="muted" role="status">
          {headline(streams, error, live)}
        </p>
      </div>
      <ul className="stream-grid">
        {streams?.map((stream) => (
          <li key={stream.streamId}>
            <StreamCard stream={stream} />
          </li>
        ))}
      </ul>
      <LinkForm />
    </main>
  );
}

function headline(streams: readonly StreamListing[] | undefined, error: Error | undefined, live: number): string {
  if (error) return `${error.message} Trying again …`;
  if (!streams) return 'Looking …';
  if (streams.length === 0) return 'No stream is published here yet.';
  if (live === 0) return 'Nothing is on air at the moment.';
  return live === 1 ? 'One stream is on air.' : `${live} streams are on air.`;
}

function StreamCard({ stream }: { readonly stream: StreamListing }): ReactElement {
  return (
    <a className="stream-card" href={stream.watchPath}>
      <div className="stream-art" aria-hidden="true">
        <svg viewBox="0 0 320 180" preserveAspectRatio="xMidYMid slice">
          <g className="art-lines">
            <path d="M40 132 112 64 176 108 246 42 292 92M112 64 246 42M40 132 176 108 292 92M112 64 160 150 246 42M160 150 292 92" />
          </g>
          <g className="art-nodes">
            <circle cx="40" cy="132" r="5" />
            <circle cx="112" cy="64" r="7" />
            <circle cx="176" cy="108" r="9" />
            <circle cx="246" cy="42" r="6" />
            <circle cx="292" cy="92" r="5" />
            <circle cx="160" cy="150" r="4" />
          </g>
        </svg>
        <span className="art-play">
          <svg viewBox="0 0 24 24">
            <path d="M8 5.5v13l10.5-6.5z" fill="currentColor" />
          </svg>
        </span>
      </div>
      <div className="stream-text">
        <h2>{stream.title === '' ? stream.slug : stream.title}</h2>
        <p className="stream-meta">
          <LiveBadge state={stream.state} />
          <span>{viewerCount(stream.viewers)}</span>
          {stream.height > 0 && (
            <span>
              {stream.width} × {stream.height}
            </span>
          )}
        </p>
      </div>
    </a>
  );
}

function LinkForm(): ReactElement {
  const [text, setText] = useState('');
  const [isBad, setIsBad] = useState(false);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const path = watchPathOf(text);
    if (path === undefined) setIsBad(true);
    else location.assign(path);
  };
  return (
    <form className="link-form" onSubmit={submit}>
      <label htmlFor="stream-link">Open a stream from elsewhere</label>
      <div className="link-row">
        <input
          id="stream-link"
          value={text}
          placeholder="magnet:?xt=urn:p2ptv:…"
          autoComplete="off"
          spellCheck={false}
          aria-invalid={isBad}
          aria-describedby="stream-link-problem"
          onChange={(event) => {
            setText(event.target.value);
            setIsBad(false);
          }}
        />
        <button type="submit" className="button" disabled={text.trim() === ''}>
          Watch
        </button>
      </div>
      <p id="stream-link-problem" className="problem" role="alert">
        {isBad ? 'That is no stream link: it should begin with magnet:?xt=urn:p2ptv:' : ''}
      </p>
    </form>
  );
}
