import { startP2ptv } from './p2ptv-player.js';
import type { StartSystem } from './system.js';

/** Our player without any peer: the same target delay, everything from the origin. */
export const start: StartSystem = (video, stream) => startP2ptv(video, stream, { hasPeers: false });
