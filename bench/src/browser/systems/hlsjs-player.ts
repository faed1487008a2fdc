import Hls, { type HlsConfig } from 'hls.js';

import { HandedMedia } from './handed-media.js';
import { watchFatalErrors } from './fatal-error.js';
import type { RunningSystem, StreamAddresses } from './system.js';

/** hls.js by itself, from the origin's playlists, with these settings. */
export function startHlsJs(video: HTMLVideoElement, stream: StreamAddresses, settings: Partial<HlsConfig>): RunningSystem {
  const hls = new Hls(settings);
  const handed = new HandedMedia();
  handed.watch(hls);
  const fatalError = watchFatalErrors(hls);
  hls.loadSource(stream.playlistUrl);
  hls.attachMedia(video);
  return {
    figures: () => ({
      handedBytes: handed.bytes,
      handedSegments: handed.segments,
      mediaBytes: { origin: handed.bytes, peers: 0 },
      received: undefined,
      chunksVerified: 0,
      chunksRejected: 0,
      mechanisms: {},
      problem: fatalError(),
    }),
    stop: () => hls.destroy(),
  };
}
