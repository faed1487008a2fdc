import type { ReactElement } from 'react';
import type { P2ptvStats, QualityWish } from '../../library/index.js';
import { ControlMenu } from './control-menu.js';

type QualityMenuProps = {
  readonly quality: NonNullable<P2ptvStats['quality']>;
  readonly onChoose: (choice: QualityWish) => void;
};

/** Which rendition is watched. Not shown where there is no choice. */
export function QualityMenu({ quality: { renditions, choice, playing }, onChoose }: QualityMenuProps): ReactElement | null {
  if (renditions.length < 2) return null;
  const played = renditions.find(({ id }) => id === playing);
  return (
    <ControlMenu
      name="Quality"
      icon="quality"
      isMarked={choice !== 'auto'}
      value={String(choice)}
      onChange={(value) => onChoose(renditions.find(({ id }) => String(id) === value)?.id ?? 'auto')}
    >
      <option value="auto">{choice === 'auto' && played ? `Auto (${played.height}p)` : 'Auto'}</option>
      {renditions.map(({ id, height }) => (
        <option key={id} value={String(id)}>
          {height === 0 ? 'Sound only' : `${height}p`}
        </option>
      ))}
    </ControlMenu>
  );
}
