import Hls from 'hls.js';

import { HandedMedia } from './handed-media.js';
import { watchFatalErrors } from './fatal-error.js';
import type { RunningSystem, StreamAddresses } from './system.js';

/** Plain hls.js: low latency, otherwise its defaults. */
export function start(video: HTMLVideoElement, stream: StreamAddresses): RunningSystem {
  const hls = new Hls({ lowLatencyMode: true });
  const handed = new HandedMedia();
  handed.watch(hls);
  const fatalError = watchFatalErrors(hls);
  hls.loadSource(stream.playlistUrl);
  hls.attachMedia(video);
  return {
    figures: () => ({
      handedBytes: handed.bytes,
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
