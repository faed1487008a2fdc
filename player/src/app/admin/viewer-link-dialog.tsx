import { useId, useState, type ReactElement } from 'react';
import { CopyField } from '../components/copy-field.js';
import { Dialog } from '../components/dialog.js';
import { adminApi, type AdminRecording } from './admin-api.js';
import { FormFoot } from './form-foot.js';
import { useTask } from './use-task.js';

const DAY_SECONDS = 86_400;
const LIFETIMES = [
  [1, 'a day'],
  [7, 'a week'],
  [30, 'a month'],
  [365, 'a year'],
] as const;

/** Makes a link that opens a private recording for a while. */
export function ViewerLinkDialog({ recording, onDone }: { readonly recording: AdminRecording; readonly onDone: () => void }): ReactElement {
  const id = useId();
  const [days, setDays] = useState(7);
  const [link, setLink] = useState<string>();
  const { isBusy, problem, run } = useTask();
  return (
    <Dialog title={`Link to “${recording.title || recording.id}”`} onClose={onDone}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void run(async () => setLink(await adminApi.viewerLink(recording.id, days * DAY_SECONDS)));
        }}
      >
        <div className="field">
          <label htmlFor={`${id}-days`}>Good for</label>
          <select id={`${id}-days`} className="input" value={days} onChange={(event) => setDays(Number(event.target.value))}>
            {LIFETIMES.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
          <p className="hint">Whoever has the link can watch this recording until then.</p>
        </div>
        {link !== undefined && <CopyField label="Link" value={link} />}
        <FormFoot problem={problem} isDisabled={isBusy} submitText="Make a link" leaveText="Close" onLeave={onDone} />
      </form>
    </Dialog>
  );
}
