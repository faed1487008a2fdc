import { randomFillSync } from 'node:crypto';
import { mkdirSync } from 'node:fs';

import { channelSettingsSchema, createLogger, Origin, type Channel, type MediaPart } from '@p2ptv/origin/embedded';
import type { RenditionId } from '@p2ptv/protocol';

import { monotonicMs } from '../load/monotonic-ms.js';
import { answerCalls } from '../load/process-calls.js';

/**
 * The origin's own process. It is the whole origin (packager, log on the disk, HTTP server, tracker,
 * seeder), only that its media come on call and not from an encoder: when a part is published is
 * then known to the microsecond, and nothing encodes beside it.
 */

/** What an origin is opened with. */
export type HostStart = {
  readonly dataFolder: string;
  readonly partMs: number;
  readonly segmentMs: number;
  readonly bitsPerSecond: number;
};
/** What was published. */
export type Publication = {
  /** When the part was handed to the origin, monotonic ms: signing, hashing and recording come after it. */
  readonly atMs: number;
  readonly sequence: number;
  readonly mediaSequence: number;
  readonly partIndex: number;
  readonly epoch: number;
  readonly isSegmentLast: boolean;
};

const SLUG = 'main';
const ONLY_RENDITION = 0 as RenditionId;

type Opened = { readonly origin: Origin; readonly channel: Channel; readonly settings: HostStart };
let opened: Opened | undefined;
let published = 0;

answerCalls({
  open: async (settings: HostStart): Promise<number> => {
    mkdirSync(settings.dataFolder);
    const origin = await Origin.start({
      dataFolder: settings.dataFolder,
      channels: [channelSettingsSchema.parse({ slug: SLUG, title: 'Bench', dvrMinutes: 2 })],
      host: '127.0.0.1',
      port: 0,
      publicUrl: undefined,
      trackers: [],
      stunServers: [],
      tls: undefined,
      logger: createLogger({ 'log-level': 'warn', 'log-format': 'json' }),
    });
    const channel = origin.channels.require(SLUG);
    opened = { origin, channel, settings };
    channel.live.beginSession([
      {
        rendition: ONLY_RENDITION,
        bytes: randomFillSync(Buffer.alloc(1_000)),
        codecs: 'avc1.42c01e,mp4a.40.2',
        width: 1280,
        height: 720,
        frameRate: 30,
        partTargetMs: settings.partMs,
        segmentMs: settings.segmentMs,
        // Parts are all alike; their headers come on top.
        bandwidthBitsPerSecond: settings.bitsPerSecond * 2,
        averageBandwidthBitsPerSecond: settings.bitsPerSecond,
      },
    ]);
    return origin.port;
  },
  publish: ({ parts }: { readonly parts: number }): Publication => {
    let last: Publication | undefined;
    for (let part = 0; part < parts; part++) last = publish();
    if (!last) throw new Error('no part to publish');
    return last;
  },
  waiting: (): number => host().channel.published.waiters.size,
});
// It stays until the bench goes.
process.channel?.ref();
process.once('SIGTERM', () => void Promise.resolve(opened?.origin.close()).finally(() => process.exit()));

function publish(): Publication {
  const { channel, settings } = host();
  const part = newPart(settings, published++);
  const atMs = monotonicMs();
  const { header } = channel.live.publish(part).signed;
  const { sequence, mediaSequence, partIndex, epoch, isSegmentLast } = header;
  return { atMs, sequence, mediaSequence, partIndex, epoch, isSegmentLast };
}

function newPart({ partMs, segmentMs, bitsPerSecond }: HostStart, index: number): MediaPart {
  const partsASegment = Math.round(segmentMs / partMs);
  return {
    rendition: ONLY_RENDITION,
    bytes: randomFillSync(Buffer.alloc(Math.round((bitsPerSecond / 8) * (partMs / 1000)))),
    durationUs: partMs * 1000,
    isIndependent: index % partsASegment === 0,
    isSegmentLast: index % partsASegment === partsASegment - 1,
    programDateTimeMs: Date.now(),
  };
}

function host(): Opened {
  if (!opened) throw new Error('the origin is not open');
  return opened;
}
