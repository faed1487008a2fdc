import { useCallback, useEffect, useRef, type ReactElement } from 'react';
import { formatBytes } from '../format.js';
import { usePolled } from '../use-polled.js';
import { adminApi, type AdminUpload, type AdminUploads } from './admin-api.js';

const BUSY_REFRESH_MS = 1_000;
const IDLE_REFRESH_MS = 5_000;
const UNDER_WAY: ReadonlySet<AdminUpload['state']> = new Set(['receiving', 'waiting', 'encoding']);

/** Films that are being added, whoever sends them, with how far they are. */
export function UploadList({ version, onReady }: { readonly version: number; /** One has become a recording. */ readonly onReady: () => void }): ReactElement | null {
  const fetcher = useCallback((signal: AbortSignal) => adminApi.uploads(signal), []);
  const { value } = usePolled(fetcher, refreshMs, version);
  const ready = value?.uploads.filter(({ state }) => state === 'ready').length;
  const before = useRef(ready);
  useEffect(() => {
    if (before.current !== undefined && ready !== undefined && ready > before.current) onReady();
    before.current = ready;
  }, [ready, onReady]);
  if (value === undefined || value.uploads.length === 0) return null;
  return (
    <ul className="rows uploads" aria-label="Films being added">
      {value.uploads.map((upload) => (
        <li key={upload.id}>
          <UploadRow upload={upload} onChanged={onReady} />
        </li>
      ))}
    </ul>
  );
}

function UploadRow({ upload, onChanged }: { readonly upload: AdminUpload; readonly onChanged: () => void }): ReactElement {
  const { id, title, state, problem, recordingId } = upload;
  return (
    <article className="card row" aria-label={`Adding ${title}`}>
      <div className="row-text">
        <h2>{title}</h2>
        {UNDER_WAY.has(state) && <progress className="upload-progress" aria-label={`Progress of ${title}`} {...(progressOf(upload) === undefined ? {} : { value: progressOf(upload) })} />}
        <p className={state === 'failed' ? 'problem' : 'stream-meta'} role="status">
          {problem ?? stateText(upload)}
        </p>
      </div>
      <div className="row-actions">
        {state === 'ready' && recordingId !== undefined && (
          <a className="button button-quiet" href={`/watch/recordings/${recordingId}`}>
            Watch
          </a>
        )}
        <button type="button" className="button button-quiet" onClick={() => void adminApi.dismissUpload(id).then(onChanged, onChanged)}>
          {UNDER_WAY.has(state) ? 'Give up' : 'Dismiss'}
        </button>
      </div>
    </article>
  );
}

function refreshMs(uploads: AdminUploads | undefined): number {
  return uploads?.uploads.some(({ state }) => UNDER_WAY.has(state)) === true ? BUSY_REFRESH_MS : IDLE_REFRESH_MS;
}

/** 0 to 1; undefined where it cannot be told. */
function progressOf({ state, receivedBytes, byteLength, encodedRatio }: AdminUpload): number | undefined {
  if (state === 'receiving') return byteLength === undefined ? undefined : receivedBytes / byteLength;
  return state === 'encoding' && encodedRatio > 0 ? encodedRatio : undefined;
}

function stateText(upload: AdminUpload): string {
  const { state, receivedBytes, byteLength } = upload;
  const percent = Math.floor((progressOf(upload) ?? 0) * 100);
  switch (state) {
    case 'receiving':
      return `Sending: ${formatBytes(receivedBytes)}${byteLength === undefined ? '' : ` of ${formatBytes(byteLength)}, ${percent} %`}`;
    case 'waiting':
      return 'Here; another is encoded first.';
    case 'encoding':
      return `Encoding: ${percent} %`;
    case 'ready':
      return 'It can be watched.';
    case 'failed':
      return 'It was not added.';
  }
}
