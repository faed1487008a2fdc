import { useId, useRef, useState, type ReactElement } from 'react';

/** A text that people take elsewhere: shown whole, and copied by a button. */
export function CopyField({ label, value }: { readonly label: string; readonly value: string }): ReactElement {
  const id = useId();
  const fieldRef = useRef<HTMLInputElement>(null);
  const [outcome, setOutcome] = useState('');
  const copy = (): void => {
    // Absent without a secure context; then the text is selected, ready for the keyboard.
    const written = 'clipboard' in navigator ? navigator.clipboard.writeText(value) : Promise.reject(new Error('No clipboard.'));
    written.then(
      () => setOutcome('Copied'),
      () => {
        fieldRef.current?.select();
        setOutcome('Selected');
      },
    );
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="field-row">
        <input id={id} ref={fieldRef} className="input input-code" readOnly value={value} onFocus={(event) => event.target.select()} />
        <button type="button" className="button button-quiet" aria-label={`Copy: ${label}`} onClick={copy}>
          {outcome || 'Copy'}
        </button>
      </div>
      <span className="visually-hidden" role="status">
        {outcome}
      </span>
    </div>
  );
}
