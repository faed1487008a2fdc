import { useCallback, useDeferredValue, useEffect, useState, type ReactElement, type SubmitEvent } from 'react';
import { CatalogueTools } from '../components/catalogue-tools.js';
import { RecordingCard, StreamCard } from '../components/catalogue-cards.js';
import { isFitting, PAGE_SIZE, recordingsPath, WHOLE_CATALOGUE, type CatalogueQuery } from '../catalogue-query.js';
import { watchPathOf } from '../routes.js';
import { fetchRecordings, fetchStreams, type RecordingPage } from '../streams-api.js';
import { useCatalogueQuery } from '../use-catalogue-query.js';
import { usePolled } from '../use-polled.js';
import '../styles/list.css';

const LIVE_REFRESH_MS = 3_000;
const RECORDINGS_REFRESH_MS = 15_000;

/** What is live at this origin and what can be watched on demand; refreshed by itself. Links from elsewhere can be opened too. */
export function StreamListPage(): ReactElement {
  const [query, change] = useCatalogueQuery();
  const { value: streams, error } = usePolled(fetchStreams, LIVE_REFRESH_MS);
  const path = useDeferredValue(recordingsPath(query));
  const fetcher = useCallback((signal: AbortSignal) => fetchRecordings(path, signal), [path]);
  const { value: recordings, error: recordingsError } = usePolled(fetcher, RECORDINGS_REFRESH_MS);
  useEffect(() => {
    document.title = query.text === '' ? 'P2PTV' : `${query.text} · P2PTV`;
  }, [query.text]);

  const channels = query.show === 'recordings' ? [] : streams?.filter((stream) => isFitting({ ...stream, title: `${stream.title} ${stream.slug}` }, query));
  const hasRecordings = query.show !== 'live' && recordings !== undefined && recordings.total > 0;
  const live = streams?.filter(({ state }) => state === 'live').length ?? 0;
  const isFiltered = query.text !== '' || query.tag !== undefined;
  const isEmpty = channels?.length === 0 && recordings !== undefined && !hasRecordings;
  const problem = error ?? recordingsError;
  const chooseTag = (tag: string): void => change({ tag });
  return (
    <main className="page list-page">
      <div className="list-head">
        <h1>Watch</h1>
        <p className="muted" role="status">
          {problem ? `${problem.message} Trying again …` : headline(streams?.length, live)}
        </p>
      </div>
      <CatalogueTools query={query} change={change} />
      {isEmpty && (isFiltered || query.show !== 'all') && !problem && (
        <div className="empty card">
          <p>{emptySentence(query)}</p>
          <button type="button" className="button button-quiet" onClick={() => change(WHOLE_CATALOGUE)}>
            Show everything
          </button>
        </div>
      )}
      {channels !== undefined && channels.length > 0 && (
        <section aria-labelledby="channels-title">
          <h2 id="channels-title">Channels</h2>
          <ul className="stream-grid">
            {channels.map((stream) => (
              <li key={stream.streamId}>
                <StreamCard stream={stream} onTag={chooseTag} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {hasRecordings && <Recordings found={recordings} page={query.page} onPage={(page) => change({ page })} onTag={chooseTag} />}
      <div className="list-foot">
        <LinkForm />
        <a href="/admin">Administration</a>
      </div>
    </main>
  );
}

function headline(streams: number | undefined, live: number): string {
  if (streams === undefined) return 'Looking …';
  if (streams === 0) return 'No stream is published here yet.';
  if (live === 0) return 'Nothing is on air at the moment.';
  return live === 1 ? 'One stream is on air.' : `${live} streams are on air.`;
}

function emptySentence({ text, tag, show }: CatalogueQuery): string {
  if (text !== '') return `Nothing fits “${text}”.`;
  if (tag !== undefined) return `Nothing is tagged “${tag}”.`;
  return show === 'live' ? 'There is no channel here.' : 'Nothing is recorded here yet.';
}

type RecordingsProps = {
  readonly found: RecordingPage;
  readonly page: number;
  readonly onPage: (page: number) => void;
  readonly onTag: (tag: string) => void;
};

function Recordings({ found, page, onPage, onTag }: RecordingsProps): ReactElement {
  const pages = Math.ceil(found.total / PAGE_SIZE);
  const isBeyond = page >= pages;
  const turn = (by: number): void => {
    onPage(page + by);
    document.getElementById('recordings-title')?.scrollIntoView();
  };
  return (
    <section aria-labelledby="recordings-title">
      <h2 id="recordings-title">
        Recordings <span className="count">{found.total.toLocaleString()}</span>
      </h2>
      <ul className="stream-grid">
        {found.recordings.map((recording) => (
          <li key={recording.id}>
            <RecordingCard recording={recording} onTag={onTag} />
          </li>
        ))}
      </ul>
      {isBeyond && (
        <div className="empty card">
          <p>There is no page {page + 1} of them.</p>
          <button type="button" className="button button-quiet" onClick={() => onPage(pages - 1)}>
            Show the last page
          </button>
        </div>
      )}
      {pages > 1 && !isBeyond && (
        <nav className="paging" aria-label="Pages of recordings">
          <button type="button" className="button button-quiet" disabled={page === 0} onClick={() => turn(-1)}>
            Previous
          </button>
          <span role="status">
            Page {page + 1} of {pages}
          </span>
          <button type="button" className="button button-quiet" disabled={page + 1 >= pages} onClick={() => turn(1)}>
            Next
          </button>
        </nav>
      )}
    </section>
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
          className="input"
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
