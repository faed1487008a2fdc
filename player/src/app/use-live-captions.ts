import { useEffect, type RefObject } from 'react';
import type { LiveCaptions } from '@p2ptv/protocol';
import type { LiveCaptionTrack, PlayedClock } from './live-caption-track.js';

/**
 * Gives an element a text track for each language that a live stream's captions come in.
 *
 * @param captions as the stream's listing tells; the listing is asked for again and again, and mostly says the same
 * @param clock of what is played; undefined while nothing is, or where the browser plays HLS itself and has the captions from there
 */
export function useLiveCaptions(videoRef: RefObject<HTMLVideoElement | null>, captions: LiveCaptions | undefined, clock: PlayedClock | undefined): void {
  const described = captions && JSON.stringify(captions);
  useEffect(() => {
    const element = videoRef.current;
    if (described === undefined || !element || !clock) return undefined;
    const { everyMs, tracks } = JSON.parse(described) as LiveCaptions;
    let made: LiveCaptionTrack[] | undefined = [];
    // Most streams have none.
    import('./live-caption-track.js').then(
      ({ LiveCaptionTrack: Track }) => {
        if (made) made = tracks.map((track) => new Track(element, track, { everyMs, clock }));
      },
      // The picture goes on without.
      () => undefined,
    );
    return () => {
      for (const track of made ?? []) track.remove();
      made = undefined;
    };
  }, [videoRef, described, clock]);
}
