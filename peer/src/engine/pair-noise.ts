import type { ChunkKey } from '@p2ptv/protocol';
import type { LinkId } from './engine-io.js';

/** A number in [0, 1) that looks random but is always the same for the same three (after MurmurHash3's finalizer, Appleby). */
export function pairNoise(seed: number, linkId: LinkId, key: ChunkKey): number {
  let hash = Math.imul(seed ^ linkId, 0x85ebca6b) ^ Math.imul(key | 0, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}
