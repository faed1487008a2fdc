import { startP2pMediaLoader } from './p2p-media-loader-player.js';
import type { StartSystem } from './system.js';

/**
 * p2p-media-loader set as it offloads most on a live stream of 2 s segments: it stays 8 segments behind,
 * and leaves to peers what is not needed within 4 s.
 */
export const start: StartSystem = (video, stream) =>
  startP2pMediaLoader(video, stream, { hls: { liveSyncDurationCount: 8 }, core: { highDemandTimeWindow: 4, simultaneousHttpDownloads: 1 } });
