import type { ReactElement, ReactNode } from 'react';
import { Icon } from './icons.js';

type ControlMenuProps = {
  readonly name: string;
  readonly title?: string;
  readonly icon: 'captions' | 'quality';
  /** Something else than the usual is chosen. */
  readonly isMarked: boolean;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Its options. */
  readonly children: ReactNode;
};

/** A menu among the controls of the picture: its words where there is room for them, else a drawing that opens it. */
export function ControlMenu({ name, title = name, icon, isMarked, value, onChange, children }: ControlMenuProps): ReactElement {
  return (
    <span className={`menu ${isMarked ? 'is-marked' : ''}`} title={title}>
      <Icon name={icon} />
      <select aria-label={name} value={value} onChange={(event) => onChange(event.target.value)}>
        {children}
      </select>
    </span>
  );
}
