import { useEffect, type ReactElement, type RefObject } from 'react';
import type { RecordingListing } from '@p2ptv/protocol';
import { ControlMenu } from './control-menu.js';

/** Counted from the bottom; a line is some 5 % of the picture. */
const LINES_ABOVE_CONTROLS = -4;

/** Captions that can be chosen. */
export type Captions = NonNullable<RecordingListing['captions']>;

type CaptionsMenuProps = {
  readonly videoRef: RefObject<HTMLVideoElement | null>;
  readonly captions: Captions;
  /** Place in the list; undefined: none are shown. */
  readonly chosen: number | undefined;
  readonly onChoose: (chosen: number | undefined) => void;
};

/** Whether captions are shown, and which. */
export function CaptionsMenu({ videoRef, captions, chosen, onChoose }: CaptionsMenuProps): ReactElement {
  useEffect(() => {
    const tracks = videoRef.current?.querySelectorAll('track') ?? [];
    for (const [index, { track }] of [...tracks].entries()) track.mode = index === chosen ? 'showing' : 'disabled';
  }, [videoRef, captions, chosen]);
  return (
    <ControlMenu name="Captions" title="Captions (c)" icon="captions" isMarked={chosen !== undefined} value={String(chosen ?? '')} onChange={(value) => onChoose(value === '' ? undefined : Number(value))}>
      <option value="">Captions off</option>
      {captions.map(({ name, path }, index) => (
        <option key={path} value={index}>
          {name}
        </option>
      ))}
    </ControlMenu>
  );
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
