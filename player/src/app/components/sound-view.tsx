import type { ReactElement } from 'react';
import { Icon } from './icons.js';
import '../styles/sound.css';

/** Stands where the picture would be, while there is sound alone. */
export function SoundView(): ReactElement {
  return (
    <div className="sound-view" role="img" aria-label="Sound without a picture">
      <Icon name="sound" />
    </div>
  );
}
