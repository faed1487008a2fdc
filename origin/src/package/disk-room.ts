import { statfsSync } from 'node:fs';

import { NEARLY_FULL } from './errors.js';

/** What media leave free: indexes, the database and whoever is to make room need some. */
const SPARE_BYTES = 64 * 1024 * 1024;
/** Of a small disk, this share. */
const SPARE_RATIO = 1 / 8;

/** Throws, as a write would, where a folder's disk has no more room than media are to leave free. */
export function checkDiskRoom(folder: string): void {
  const { bavail, blocks, bsize } = statfsSync(folder);
  if (bavail * bsize >= Math.min(SPARE_BYTES, blocks * bsize * SPARE_RATIO)) return;
  throw Object.assign(new Error(`${folder} has no room to spare.`), { code: NEARLY_FULL });
}
