import { systemClock } from '../adapters/timer/system-clock.js';
import { OpfsSegmentFiles } from '../adapters/chunk-cache/opfs-segment-files.js';
import { SegmentChunkCache } from '../adapters/chunk-cache/segment-chunk-cache.js';
import type { Random, StreamId } from '@p2ptv/protocol';
import type { ChunkCache } from '../ports/chunk-cache.js';

/** What a viewer's disk cache may take. */
export type CacheOptions = {
  /** Bytes over all streams; default: a tenth of what the browser grants the site, at most 512 MiB. Too low: what was played is gone when it is played again. */
  readonly quotaBytes?: number;
  /** Longest that the disk is waited for before others are asked, ms: to tell what it holds, and for each chunk; default: 250 and 1,000. Too low: a slow disk's chunks are downloaded again; too high: it keeps the picture waiting. */
  readonly openMs?: number;
  readonly readMs?: number;
};

const MOST_BYTES = 512 * 1024 * 1024;
const GRANTED_SHARE = 0.1;

/** A cache on the viewer's disk; undefined where the browser has no room for one. */
export function openBrowserCache(options: CacheOptions, parts: { readonly streamId: StreamId; readonly random: Random }): ChunkCache | undefined {
  if (!OpfsSegmentFiles.isAvailable()) return undefined;
  const quotaBytes = options.quotaBytes ?? defaultQuotaBytes();
  return new SegmentChunkCache(new OpfsSegmentFiles(), { ...parts, quotaBytes, nowMs: () => systemClock.wallMs() });
}

async function defaultQuotaBytes(): Promise<number> {
  try {
    const { quota = 0 } = await navigator.storage.estimate();
    return Math.min(MOST_BYTES, quota * GRANTED_SHARE);
  } catch {
    return 0;
  }
}
