import { useCallback, useId, useState, type ReactElement } from 'react';
import { Dialog } from '../components/dialog.js';
import { formatBytes } from '../format.js';
import { usePolled } from '../use-polled.js';
import { adminApi, type AdminUploads } from './admin-api.js';
import { tagsOf } from './channel-form.js';
import { useTask } from './use-task.js';

const ROOM_REFRESH_MS = 10_000;

/** Chooses a film and sends it. The window can be closed meanwhile, the page cannot. */
export function UploadDialog({ onDone }: { readonly onDone: () => void }): ReactElement {
  const id = useId();
  const [file, setFile] = useState<File>();
  const [title, setTitle] = useState('');
  const [description, setDescription] = useState('');
  const [tags, setTags] = useState('');
  const [isPrivate, setIsPrivate] = useState(false);
  const { isBusy, problem, run } = useTask();
  const fetcher = useCallback((signal: AbortSignal) => adminApi.uploads(signal), []);
  const { value: room } = usePolled(fetcher, ROOM_REFRESH_MS);
  const refusal = file && room && refusalOf(file, room);
  return (
    <Dialog title="Add a film" onClose={onDone}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!file || refusal !== undefined) return;
          const form = { title: title.trim() === '' ? nameOf(file) : title.trim(), description: description.trim(), tags: tagsOf(tags), isPrivate };
          void run(() => adminApi.upload(file, form)).then((isDone) => {
            if (isDone) onDone();
          });
        }}
      >
        <div className="field">
          <label htmlFor={`${id}-file`}>File</label>
          <input
            id={`${id}-file`}
            className="input"
            type="file"
            required
            accept="video/*,.mkv,.ts,.flv,.avi,.mov"
            disabled={isBusy}
            onChange={(event) => {
              const [chosen] = event.target.files ?? [];
              setFile(chosen);
              if (chosen) setTitle(nameOf(chosen));
            }}
          />
          <p className="hint">{room ? `Up to ${formatBytes(room.roomBytes)}. It is encoded here, beside what is live.` : 'It is encoded here, beside what is live.'}</p>
        </div>
        <div className="field">
          <label htmlFor={`${id}-title`}>Title</label>
          <input id={`${id}-title`} className="input" maxLength={200} value={title} onChange={(event) => setTitle(event.target.value)} />
        </div>
        <div className="field">
          <label htmlFor={`${id}-description`}>Description</label>
          <textarea id={`${id}-description`} className="input" rows={3} maxLength={5000} value={description} onChange={(event) => setDescription(event.target.value)} />
        </div>
        <div className="field">
          <label htmlFor={`${id}-tags`}>Tags</label>
          <input id={`${id}-tags`} className="input" value={tags} onChange={(event) => setTags(event.target.value)} />
          <p className="hint">Separated by commas.</p>
        </div>
        <label className="check">
          <input type="checkbox" checked={isPrivate} onChange={(event) => setIsPrivate(event.target.checked)} />
          <span>Private: in no list, and only for viewers with a token</span>
        </label>
        <p className="problem" role="alert">
          {refusal ?? problem}
        </p>
        <div className="actions">
          <button type="button" className="button button-quiet" onClick={onDone}>
            {isBusy ? 'Close' : 'Cancel'}
          </button>
          <button type="submit" className="button" disabled={isBusy || !file || refusal !== undefined}>
            {isBusy ? 'Sending …' : 'Add'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Why a file would be refused; asked before it is sent in vain. */
function refusalOf(file: File, { maxBytes, roomBytes }: AdminUploads): string | undefined {
  if (file.size > maxBytes) return `The file is too large: it may have ${formatBytes(maxBytes)} at most.`;
  return file.size > roomBytes ? `There is no room for it: the origin's disk has ${formatBytes(roomBytes)} to spare.` : undefined;
}

/** A file's name without its ending. */
function nameOf({ name }: File): string {
  return name.replace(/\.[^.]{1,8}$/, '').slice(0, 200) || name.slice(0, 200);
}
