import { useEffect, useState, type RefObject } from 'react';

/** The text tracks of an element that viewers can read, whoever made them: the page, what reads the picture, or the browser. */
export function useCaptionTracks(videoRef: RefObject<HTMLVideoElement | null>): readonly TextTrack[] {
  const [tracks, setTracks] = useState<readonly TextTrack[]>([]);
  useEffect(() => {
    const list = videoRef.current?.textTracks;
    if (!list) return undefined;
    const changed = (): void => setTracks([...list].filter(({ kind }) => kind === 'captions' || kind === 'subtitles'));
    list.addEventListener('addtrack', changed);
    list.addEventListener('removetrack', changed);
    changed();
    return () => {
      list.removeEventListener('addtrack', changed);
      list.removeEventListener('removetrack', changed);
    };
  }, [videoRef]);
  return tracks;
}
