import type { ReactElement } from 'react';

type FormFootProps = {
  /** What went wrong, a sentence. */
  readonly problem: string | undefined;
  readonly isDisabled: boolean;
  readonly submitText: string;
  readonly leaveText?: string;
  readonly onLeave: () => void;
};

/** The end of a form: what went wrong, the way out, and the way on. */
export function FormFoot({ problem, isDisabled, submitText, leaveText = 'Cancel', onLeave }: FormFootProps): ReactElement {
  return (
    <>
      <p className="problem" role="alert">
        {problem}
      </p>
      <div className="actions">
        <button type="button" className="button button-quiet" onClick={onLeave}>
          {leaveText}
        </button>
        <button type="submit" className="button" disabled={isDisabled}>
          {submitText}
        </button>
      </div>
    </>
  );
}
