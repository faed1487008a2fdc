import type { ReactElement, ReactNode } from 'react';
import { Dialog } from '../components/dialog.js';
import { useTask } from './use-task.js';

type ConfirmDialogProps = {
  readonly title: string;
  /** What will happen. */
  readonly children: ReactNode;
  /** On the button: what is done. */
  readonly action: string;
  readonly work: () => Promise<unknown>;
  /** Called once it is done, or given up. */
  readonly onClose: () => void;
};

/** Asks before something that cannot be undone; stays open, and says why, when that fails. */
export function ConfirmDialog({ title, children, action, work, onClose }: ConfirmDialogProps): ReactElement {
  const { isBusy, problem, run } = useTask();
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="muted">{children}</div>
      <p className="problem" role="alert">
        {problem}
      </p>
      <div className="actions">
        <button type="button" className="button button-quiet" autoFocus onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          className="button button-danger"
          disabled={isBusy}
          onClick={() => {
            void run(work).then((isDone) => {
              if (isDone) onClose();
            });
          }}
        >
          {action}
        </button>
      </div>
    </Dialog>
  );
}
