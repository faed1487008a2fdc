import { startP2ptv } from './p2ptv-player.js';
import type { StartSystem } from './system.js';

/** The mesh, all defaults. */
export const start: StartSystem = (video, stream) => startP2ptv(video, stream, {});
