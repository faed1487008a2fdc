import type { UplinkStats } from '../uplink/uplink-gate.js';
import type { PublishedStream } from './published-stream.js';

/** What an origin tells of what it sends. */
export type OriginStats = {
  /** How the limited uplink is used; null: it has no limit. */
  readonly uplink: UplinkStats | null;
  readonly streams: readonly StreamStats[];
};

type StreamStats = {
  readonly slug: string;
  readonly streamId: string;
  readonly originBytes: ReturnType<PublishedStream['originBytes']>;
  readonly viewers: number;
  /** Requests that wait for what is not there yet. */
  readonly waiters: number;
  /** Media held in memory. */
  readonly memoryBytes: number;
  /** Null: nothing is published yet. */
  readonly lastSequence: number | null;
};

/** Tells what is sent of some streams, and of the uplink. */
export function originStats(
  streams: Iterable<PublishedStream>,
  { viewerCount, uplinkStats }: { readonly viewerCount: (published: PublishedStream) => number; readonly uplinkStats?: (() => UplinkStats) | undefined },
): OriginStats {
  return {
    uplink: uplinkStats?.() ?? null,
    streams: Array.from(streams, (published) => ({
      slug: published.live.slug,
      streamId: published.live.streamId,
      originBytes: published.originBytes(),
      viewers: viewerCount(published),
      waiters: published.waiters.size,
      memoryBytes: published.live.memoryBytes,
      lastSequence: published.live.log.last?.sequence ?? null,
    })),
  };
}
