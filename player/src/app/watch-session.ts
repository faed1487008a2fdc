import Hls, { type LevelDetails } from 'hls.js';
import { isStreamLink, parseStreamLink, type LiveCaptions } from '@p2ptv/protocol';
import type { UploadPolicy } from '@p2ptv/peer';
import { attachP2ptv, type P2ptvAttachment } from '../library/index.js';
import { mediaTimeAt, programDateTimeAt } from '../library/media-clock.js';
import { LINES_ABOVE_CONTROLS } from './captions-place.js';
import type { LiveCaptionTrack, PlayedClock } from './live-caption-track.js';

declare global {
  /** What the watch page plays, for the browser's console. */
  var p2ptv: P2ptvAttachment | undefined;
}

/** A stream that plays in an element. */
export type WatchSession = {
  /** undefined where the browser plays HLS itself and no peer can be had. */
  readonly attachment: P2ptvAttachment | undefined;
  /** Captions that a live stream has as text are text tracks of the element from now on, instead of those before. */
  showCaptions(captions: LiveCaptions | undefined): void;
  stop(): void;
};

/** Nothing here can play the stream: a sentence for people. */
export class CannotPlayError extends Error {}

const NATIVE_HLS = 'application/vnd.apple.mpegurl';
/** Played media is kept for so long, s: live needs none, and a day's would fill the memory. */
const BACK_BUFFER_SECONDS = 30;

/**
 * Starts a stream: hls.js with the mesh; where there is no MediaSource (iPhones before iOS 17.1),
 * the browser's own HLS from the origin, without peers.
 *
 * @throws CannotPlayError where there is neither
 */
export function startWatching(
  video: HTMLVideoElement,
  request: { link: string; upload: UploadPolicy; fatal: (message: string) => void },
): WatchSession {
  if (!Hls.isSupported()) return playNatively(video, request.link);
  const hls = new Hls({ backBufferLength: BACK_BUFFER_SECONDS });
  let hasRecovered = false;
  hls.on(Hls.Events.ERROR, (_name, data) => {
    if (!data.fatal) return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && !hasRecovered) {
      hasRecovered = true;
      hls.recoverMediaError();
    } else {
      request.fatal('The stream cannot be played any more. Reload the page to try again.');
    }
  });
  readCaptionsOnceThere(hls);
  const attachment = attachP2ptv(hls, { link: request.link, upload: request.upload });
  hls.attachMedia(video);
  const textCaptions = captionsOf(video, clockOf(hls));
  // For whoever looks behind the page: `p2ptv.stats()` in the console.
  globalThis.p2ptv = attachment;
  return {
    attachment,
    showCaptions: textCaptions.show,
    stop: () => {
      textCaptions.show(undefined);
      if (globalThis.p2ptv === attachment) globalThis.p2ptv = undefined;
      // Leaves the mesh with it.
      hls.destroy();
    },
  };
}

/** Most streams have none: what shows them is loaded where there are some. */
function captionsOf(video: HTMLVideoElement, clock: PlayedClock): { show: WatchSession['showCaptions'] } {
  let shown = '[]';
  let tracks: readonly LiveCaptionTrack[] = [];
  return {
    show: (captions) => {
      const wanted = JSON.stringify(captions?.tracks ?? []);
      if (wanted === shown) return;
      shown = wanted;
      for (const track of tracks) track.remove();
      tracks = [];
      if (!captions) return;
      import('./live-caption-track.js').then(
        ({ LiveCaptionTrack: Track }) => {
          if (shown === wanted && tracks.length === 0) tracks = captions.tracks.map((track) => new Track(video, track, { everyMs: captions.everyMs, clock }));
        },
        // The picture goes on without.
        () => undefined,
      );
    },
  };
}

function clockOf(hls: Hls): PlayedClock {
  const details = (): LevelDetails | undefined => hls.latestLevelDetails ?? undefined;
  return {
    dateAt: (mediaTime) => {
      const played = details();
      return played && programDateTimeAt(played, mediaTime);
    },
    mediaTimeAt: (dateMs) => {
      const played = details();
      return played && mediaTimeAt(played, dateMs);
    },
  };
}

/** Most streams have no captions in their picture: what reads them is loaded where the playlist tells of some, or the first come. */
function readCaptionsOnceThere(hls: Hls): void {
  let isAsked = false;
  let isOver = false;
  const read = (channels: readonly string[]): void => {
    if (isAsked) return;
    isAsked = true;
    import('../library/picture-captions.js').then(
      ({ readPictureCaptions }) => {
        if (!isOver) readPictureCaptions(hls, { channels, line: LINES_ABOVE_CONTROLS });
      },
      // The picture goes on without.
      () => undefined,
    );
  };
  hls.on(Hls.Events.DESTROYING, () => (isOver = true));
  hls.on(Hls.Events.MANIFEST_LOADED, (_name, { captions = [] }) => {
    if (captions.length > 0) read(captions.flatMap(({ instreamId }) => instreamId ?? []));
  });
  hls.on(Hls.Events.FRAG_PARSING_USERDATA, (_name, { samples }) => {
    // Other messages have no such bytes.
    if (samples.some((sample) => 'bytes' in sample)) read([]);
  });
}

function playNatively(video: HTMLVideoElement, linkText: string): WatchSession {
  const link = parseStreamLink(linkText);
  if (!isStreamLink(link)) throw new CannotPlayError(link.problem);
  const origin = link.origins[0];
  if (origin === undefined || video.canPlayType(NATIVE_HLS) === '') {
    throw new CannotPlayError('This browser cannot play the stream: it has neither MediaSource nor HLS.');
  }
  video.src = `${origin}/index.m3u8`;
  return {
    attachment: undefined,
    // It has them from the playlist.
    showCaptions: () => undefined,
    stop: () => {
      video.removeAttribute('src');
      video.load();
    },
  };
}
