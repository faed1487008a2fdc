import type { RenditionId, StreamId, StreamRecord } from '@p2ptv/protocol';

export const FEED_RECORD: StreamRecord = {
  version: 1,
  streamId: 'a'.repeat(40) as StreamId,
  slug: 'main',
  title: 'Feed',
  revision: 1,
  epoch: 1,
  partTargetMs: 200,
  targetDurationSeconds: 2,
  renditions: [
    {
      id: 0 as RenditionId,
      codecs: 'avc1.42c00c,mp4a.40.2',
      width: 320,
      height: 180,
      frameRate: 30,
      bandwidthBitsPerSecond: 800_000,
      averageBandwidthBitsPerSecond: 500_000,
      initHash: 'b'.repeat(64),
    },
  ],
  isEnded: false,
};
