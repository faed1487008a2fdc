import type { FlvTag } from '../../src/fragment/flv-reader.js';
import { flvHeader, flvTag } from '../../src/fragment/flv-writer.js';

/** Tags as one FLV stream. */
export function flvStream(tags: readonly FlvTag[]): Buffer {
  return Buffer.concat([flvHeader({ hasAudio: true, hasVideo: true }), ...tags.map(flvTag)]);
}

/** Cuts bytes at the given places, which may be any numbers. */
export function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const offsets = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...offsets].map((offset, index) => bytes.subarray(offset, offsets[index] ?? bytes.length));
}
