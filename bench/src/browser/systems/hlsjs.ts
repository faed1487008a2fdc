import { startHlsJs } from './hlsjs-player.js';
import type { StartSystem } from './system.js';

/** Plain hls.js: low latency, otherwise its defaults. */
export const start: StartSystem = (video, stream) => startHlsJs(video, stream, { lowLatencyMode: true });
