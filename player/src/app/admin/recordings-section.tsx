import { useCallback, useDeferredValue, useState, type ReactElement } from 'react';
import { Dialog } from '../components/dialog.js';
import { formatBytes, formatDate, formatLength } from '../format.js';
import { usePolled } from '../use-polled.js';
import { adminApi, type AdminRecording } from './admin-api.js';
import { ConfirmDialog } from './confirm-dialog.js';
import { DescribedFields, PrivateField, sentFrom, typedFrom } from './described-fields.js';
import { FormFoot } from './form-foot.js';
import { ViewerLinkDialog } from './viewer-link-dialog.js';
import { UploadDialog } from './upload-dialog.js';
import { UploadList } from './upload-list.js';
import { useTask } from './use-task.js';

const REFRESH_MS = 5_000;
const PAGE_SIZE = 50;
const STATES: Readonly<Record<AdminRecording['state'], string>> = {
  recording: 'being recorded',
  importing: 'being imported',
  ready: '',
  failed: 'unusable',
};

type Open = { readonly kind: 'change' | 'remove' | 'link'; readonly recording: AdminRecording } | { readonly kind: 'upload' };

/** All recordings, the private ones and those that still grow, too. */
export function RecordingsSection(): ReactElement {
  const [text, setText] = useState('');
  const [page, setPage] = useState(0);
  const [version, setVersion] = useState(0);
  const [open, setOpen] = useState<Open>();
  const asked = useDeferredValue(text.trim());
  const fetcher = useCallback(
    (signal: AbortSignal) => adminApi.recordings({ text: asked, offset: page * PAGE_SIZE, limit: PAGE_SIZE }, signal),
    [asked, page],
  );
  const { value: found, error } = usePolled(fetcher, REFRESH_MS, version);
  const pages = Math.max(1, Math.ceil((found?.total ?? 0) / PAGE_SIZE));
  const refresh = useCallback(() => setVersion((current) => current + 1), []);
  const done = (): void => {
    setOpen(undefined);
    refresh();
  };
  return (
    <section aria-labelledby="recordings-title">
      <div className="section-head">
        <h1 id="recordings-title">Recordings</h1>
        <input
          className="input section-search"
          type="search"
          aria-label="Search recordings"
          placeholder="Search"
          maxLength={200}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setPage(0);
          }}
        />
        <button type="button" className="button" onClick={() => setOpen({ kind: 'upload' })}>
          Add a film
        </button>
      </div>
      <UploadList version={version} onReady={refresh} />
      <p className="muted" role="status">
        {error ? `${error.message} Trying again …` : found?.total === 0 && (asked === '' ? 'Nothing is recorded yet. What somebody publishes is, from its first picture on; a film can be added.' : `Nothing fits “${asked}”.`)}
      </p>
      <ul className="rows">
        {found?.recordings.filter(isShown).map((recording) => (
          <li key={recording.id}>
            <RecordingRow recording={recording} onOpen={setOpen} />
          </li>
        ))}
      </ul>
      {pages > 1 && (
        <nav className="paging" aria-label="Pages of recordings">
          <button type="button" className="button button-quiet" disabled={page === 0} onClick={() => setPage(page - 1)}>
            Previous
          </button>
          <span role="status">
            Page {page + 1} of {pages}
          </span>
          <button type="button" className="button button-quiet" disabled={page + 1 >= pages} onClick={() => setPage(page + 1)}>
            Next
          </button>
        </nav>
      )}
      {open?.kind === 'upload' && <UploadDialog onDone={done} />}
      {open?.kind === 'change' && <ChangeDialog recording={open.recording} onDone={done} />}
      {open?.kind === 'link' && <ViewerLinkDialog recording={open.recording} onDone={done} />}
      {open?.kind === 'remove' && (
        <ConfirmDialog title={`Delete “${open.recording.title || open.recording.id}”?`} action="Delete recording" work={() => adminApi.removeRecording(open.recording.id)} onClose={done}>
          Its media are gone then, and its links lead nowhere. This cannot be undone.
        </ConfirmDialog>
      )}
    </section>
  );
}

/** What is being added is shown above, with its progress. */
function isShown({ state }: AdminRecording): boolean {
  return state !== 'importing';
}

function RecordingRow({ recording, onOpen }: { readonly recording: AdminRecording; readonly onOpen: (open: Open) => void }): ReactElement {
  const { id, title, state, startedAtMs, durationMs, byteLength, isPrivate } = recording;
  const name = title === '' ? id : title;
  return (
    <article className="card row" aria-label={name}>
      <div className="row-text">
        <h2>{state === 'ready' && !isPrivate ? <a href={`/watch/recordings/${id}`}>{name}</a> : name}</h2>
        <p className="stream-meta">
          {state !== 'ready' && <span className={state === 'recording' ? 'badge badge-live' : 'badge'}>{STATES[state]}</span>}
          <time dateTime={new Date(startedAtMs).toISOString()}>{formatDate(startedAtMs)}</time>
          <span>{formatLength(durationMs)}</span>
          <span>{formatBytes(byteLength)}</span>
          {isPrivate && <span>private</span>}
        </p>
      </div>
      <div className="row-actions">
        {isPrivate && state === 'ready' && (
          <button type="button" className="button button-quiet" onClick={() => onOpen({ kind: 'link', recording })}>
            Link for viewers
          </button>
        )}
        <button type="button" className="button button-quiet" onClick={() => onOpen({ kind: 'change', recording })}>
          Change
        </button>
        <button type="button" className="button button-quiet text-danger" disabled={state === 'recording'} onClick={() => onOpen({ kind: 'remove', recording })}>
          Delete
        </button>
      </div>
    </article>
  );
}

function ChangeDialog({ recording, onDone }: { readonly recording: AdminRecording; readonly onDone: () => void }): ReactElement {
  const [described, setDescribed] = useState(typedFrom(recording));
  const { isBusy, problem, run } = useTask();
  return (
    <Dialog title="Change recording" onClose={onDone}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void run(() => adminApi.changeRecording(recording.id, sentFrom(described))).then((isDone) => {
            if (isDone) onDone();
          });
        }}
      >
        <DescribedFields value={described} onChange={setDescribed} isTitleRequired />
        <PrivateField value={described} onChange={setDescribed} />
        <FormFoot problem={problem} isDisabled={isBusy} submitText={isBusy ? 'Saving …' : 'Save'} onLeave={onDone} />
      </form>
    </Dialog>
  );
}
