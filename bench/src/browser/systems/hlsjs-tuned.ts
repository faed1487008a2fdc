import { startHlsJs } from './hlsjs-player.js';
import type { StartSystem } from './system.js';

/**
 * hls.js allowed to play faster when it is behind (its default is never to), towards the PART-HOLD-BACK
 * of the playlist: three parts, the least that RFC 8216bis permits.
 */
export const start: StartSystem = (video, stream) => startHlsJs(video, stream, { lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.5 });
