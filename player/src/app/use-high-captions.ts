import { useEffect, useState } from 'react';

/** Whether a caption is shown that says itself where it stands, as one at the top of the picture does. */
export function useHighCaptions(tracks: readonly TextTrack[]): boolean {
  const [isHigh, setIsHigh] = useState(false);
  useEffect(() => {
    const changed = (): void => setIsHigh(tracks.some(({ mode, activeCues }) => mode === 'showing' && [...(activeCues ?? [])].some(standsByItself)));
    for (const track of tracks) track.addEventListener('cuechange', changed);
    return () => {
      for (const track of tracks) track.removeEventListener('cuechange', changed);
    };
  }, [tracks]);
  return isHigh;
}

function standsByItself(cue: TextTrackCue): boolean {
  return cue instanceof VTTCue && typeof cue.line === 'number' && cue.line >= 0;
}
