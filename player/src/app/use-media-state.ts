import { useEffect, useState, type RefObject } from 'react';

/** What controls show of an element. */
export type MediaState = {
  readonly isPaused: boolean;
  readonly isMuted: boolean;
  /** 0 … 1 */
  readonly volume: number;
  /** It should move but has no data. */
  readonly isWaiting: boolean;
  /** What it has is sound alone. */
  readonly isSoundAlone: boolean;
};

const EVENTS = ['play', 'pause', 'volumechange', 'waiting', 'playing', 'seeked', 'canplay', 'resize'] as const;

/** Follows an element's state by its events, so that what others change shows too. */
export function useMediaState(videoRef: RefObject<HTMLVideoElement | null>): MediaState {
  const [state, setState] = useState<MediaState>({ isPaused: true, isMuted: true, volume: 1, isWaiting: false, isSoundAlone: false });
  useEffect(() => {
    const element = videoRef.current;
    if (!element) return undefined;
    const changed = (): void => {
      setState({
        isPaused: element.paused,
        isMuted: element.muted || element.volume === 0,
        volume: element.volume,
        isSoundAlone: element.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && element.videoWidth === 0,
        isWaiting: !element.paused && element.readyState < HTMLMediaElement.HAVE_FUTURE_DATA,
      });
    };
    for (const name of EVENTS) element.addEventListener(name, changed);
    changed();
    return () => {
      for (const name of EVENTS) element.removeEventListener(name, changed);
    };
  }, [videoRef]);
  return state;
}
