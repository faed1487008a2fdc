import { useEffect, type ReactElement, type RefObject } from 'react';
import type { RecordingListing } from '@p2ptv/protocol';

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
    <select className="quality" aria-label="Captions" title="Captions (c)" value={chosen ?? ''} onChange={(event) => onChoose(event.target.value === '' ? undefined : Number(event.target.value))}>
      <option value="">Captions off</option>
      {captions.map(({ name, path }, index) => (
        <option key={path} value={index}>
          {name}
        </option>
      ))}
    </select>
  );
}

/** The tracks of a video element. */
export function CaptionTracks({ captions }: { readonly captions: Captions }): ReactElement[] {
  return captions.map(({ name, language, path }) => <track key={path} kind="captions" src={path} srcLang={language} label={name} onLoad={({ currentTarget }) => raise(currentTarget.track)} />);
}

/** Above the controls; what says itself where it stands stays there. */
function raise({ cues }: TextTrack): void {
  for (const cue of cues ?? []) if (cue instanceof VTTCue && cue.line === 'auto') cue.line = LINES_ABOVE_CONTROLS;
}
