import { file } from './file.js';
import { rtmp } from './rtmp.js';
import { srt } from './srt.js';
import { studio } from './studio.js';
import type { WayIn } from './way.js';
import { whip } from './whip.js';

/** Every way in that is measured; a new one is a file and a line here. */
export const WAYS: readonly WayIn[] = [rtmp, srt, whip, file, studio];
