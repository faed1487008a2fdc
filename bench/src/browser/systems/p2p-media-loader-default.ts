import { startP2pMediaLoader } from './p2p-media-loader-player.js';
import type { StartSystem } from './system.js';

/** p2p-media-loader as it comes, but for the mode in which it moves something at all. */
export const start: StartSystem = (video, stream) => startP2pMediaLoader(video, stream, {});
