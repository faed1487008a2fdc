import { useCallback, useId, useState, type ReactElement } from 'react';
import { Dialog } from '../components/dialog.js';
import { formatBytes } from '../format.js';
import { usePolled } from '../use-polled.js';
import { adminApi, type AdminUploads } from './admin-api.js';
import { DescribedFields, NOT_DESCRIBED, PrivateField, sentFrom } from './described-fields.js';
import { FormFoot } from './form-foot.js';
import { useTask } from './use-task.js';

const ROOM_REFRESH_MS = 10_000;

/** Chooses a film and sends it. The window can be closed meanwhile, the page cannot. */
export function UploadDialog({ onDone }: { readonly onDone: () => void }): ReactElement {
  const id = useId();
  const [file, setFile] = useState<File>();
  const [described, setDescribed] = useState(NOT_DESCRIBED);
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
          const { title, ...others } = sentFrom(described);
          void run(() => adminApi.upload(file, { title: title === '' ? nameOf(file) : title, ...others })).then((isDone) => {
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
              if (chosen) setDescribed({ ...described, title: nameOf(chosen) });
            }}
          />
          <p className="hint">{room ? `Up to ${formatBytes(room.roomBytes)}. It is encoded here, beside what is live.` : 'It is encoded here, beside what is live.'}</p>
        </div>
        <DescribedFields value={described} onChange={setDescribed} />
        <PrivateField value={described} onChange={setDescribed} />
        <FormFoot
          problem={refusal ?? problem}
          isDisabled={isBusy || !file || refusal !== undefined}
          submitText={isBusy ? 'Sending …' : 'Add'}
          leaveText={isBusy ? 'Close' : 'Cancel'}
          onLeave={onDone}
        />
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
