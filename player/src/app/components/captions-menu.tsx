import { useEffect, type ReactElement } from 'react';
import type { RecordingListing } from '@p2ptv/protocol';
import { LINES_ABOVE_CONTROLS } from '../captions-place.js';
import { ControlMenu } from './control-menu.js';

/** Captions that a listing tells of. */
export type Captions = NonNullable<RecordingListing['captions']>;

type CaptionsMenuProps = {
  readonly tracks: readonly TextTrack[];
  /** By its label; undefined: none are shown. */
  readonly chosen: string | undefined;
  readonly onChoose: (chosen: string | undefined) => void;
};

/** Whether captions are shown, and which. */
export function CaptionsMenu({ tracks, chosen, onChoose }: CaptionsMenuProps): ReactElement {
  useEffect(() => showOnly(tracks, chosen), [tracks, chosen]);
  return (
    <ControlMenu name="Captions" title="Captions (c)" icon="captions" isMarked={chosen !== undefined} value={chosen ?? ''} onChange={(value) => onChoose(value === '' ? undefined : value)}>
      <option value="">Captions off</option>
      {tracks.map(({ label }) => (
        <option key={label} value={label}>
          {label}
        </option>
      ))}
    </ControlMenu>
  );
}

function showOnly(tracks: readonly TextTrack[], chosen: string | undefined): void {
  for (const track of tracks) track.mode = track.label === chosen ? 'showing' : 'disabled';
}

/** The tracks of a video element. */
export function CaptionTracks({ captions }: { readonly captions: Captions }): ReactElement[] {
  return captions.map(({ name, language, path }) => <track key={path} ref={raiseWhenLoaded} kind="captions" src={path} srcLang={language} label={name} />);
}

/** React hears nothing of what a track has loaded: the event does not bubble. */
function raiseWhenLoaded(element: HTMLTrackElement | null): (() => void) | undefined {
  if (!element) return undefined;
  const loaded = (): void => raise(element.track);
  element.addEventListener('load', loaded);
  return () => element.removeEventListener('load', loaded);
}

/** Above the controls; what says itself where it stands stays there. */
function raise(track: TextTrack): void {
  for (const cue of track.cues ?? []) if (cue instanceof VTTCue && cue.line === 'auto') cue.line = LINES_ABOVE_CONTROLS;
  if (track.mode !== 'showing') return;
  // Chromium leaves a caption that shows already where it is, unless it is shown anew.
  track.mode = 'hidden';
  track.mode = 'showing';
}
