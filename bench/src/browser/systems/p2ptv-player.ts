import { attachP2ptv, type P2ptvOptions } from '@p2ptv/player';
import Hls from 'hls.js';

import { HandedMedia } from './handed-media.js';
import { watchFatalErrors } from './fatal-error.js';
import type { RunningSystem, StreamAddresses } from './system.js';

/** Our player as a page with hls.js gets it from the library: three lines, and these options. */
export function startP2ptv(video: HTMLVideoElement, stream: StreamAddresses, options: Omit<P2ptvOptions, 'link'>): RunningSystem {
  const hls = new Hls();
  const handed = new HandedMedia();
  handed.watch(hls);
  const fatalError = watchFatalErrors(hls);
  const { link, uploadBitsPerSecond } = stream;
  const attachment = attachP2ptv(hls, {
    link,
    ...(uploadBitsPerSecond === undefined ? {} : { upload: { mode: 'capped', bitsPerSecond: uploadBitsPerSecond } }),
    ...options,
  });
  hls.attachMedia(video);
  return {
    figures: () => {
      const { state, session } = attachment.stats();
      const verified = session?.verifiedBytes ?? { peerBytes: 0, originBytes: 0, seederBytes: 0 };
      const received = session?.originReceived ?? { media: 0, init: 0, headers: 0, join: 0 };
      return {
        handedBytes: handed.bytes,
        handedSegments: handed.segments,
        // What the origin's seeder pushes, the origin sends.
        mediaBytes: { origin: verified.originBytes + verified.seederBytes, peers: verified.peerBytes },
        sentBytes: session?.sentBytes ?? 0,
        received: { ...received, playlists: 0, seeder: session?.seederFrameBytes ?? 0 },
        chunksVerified: session?.chunksVerified ?? 0,
        chunksRejected: session?.chunksRejected ?? 0,
        mechanisms: { ...session?.mechanisms },
        problem: state.kind === 'plain' ? state.message : fatalError(),
      };
    },
    // As a page does when it closes its player: the attachment goes with its hls.js.
    stop: () => hls.destroy(),
  };
}
