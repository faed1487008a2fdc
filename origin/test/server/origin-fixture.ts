import { pino } from 'pino';

import type { Channel } from '../../src/channel/channel.js';
import { channelSettingsSchema } from '../../src/channel/channel-settings.js';
import { hashStreamKey } from '../../src/channel/stream-key.js';
import type { InputFactory } from '../../src/channel/source-factory.js';
import { locateFfmpeg } from '../../src/encode/ffmpeg-location.js';
import type { FrameRate } from '../../src/encode/frame-rate.js';
import type { Source } from '../../src/ingest/source.js';
import { TestCardSource } from '../../src/ingest/test-card-source.js';
import { Origin, type OriginOptions } from '../../src/server/origin.js';
import { temporaryFolder } from '../package/stream-fixture.js';

/** An origin for this machine alone, on a free port, with a tracker of its own. */
export const ON_LOOPBACK = { host: '127.0.0.1', port: 0, publicUrl: undefined, trackers: [], stunServers: [], tls: undefined } satisfies Partial<OriginOptions>;

/** Inputs that a test makes itself. */
export function inputsOf(makeSource: (slug: string) => Source): InputFactory {
  return {
    open: async (settings) => ({ ffmpeg: await locateFfmpeg(), source: makeSource(settings().slug) }),
    rtmpPort: undefined,
    close: () => Promise.resolve(),
  };
}

/** A whole origin in this process, with a real encoder on a small test card. */
export async function startOrigin(options: { frameRate?: FrameRate; /** Heights; the test card has the first. */ ladder?: readonly number[]; trackers?: readonly string[]; stunServers?: readonly string[]; streamKey?: string } = {}): Promise<{ origin: Origin; channel: Channel; folder: string; base: string; close: () => Promise<void> }> {
  const folder = temporaryFolder();
  const height = options.ladder?.[0] ?? 180;
  const origin = await Origin.start({
    dataFolder: folder.path,
    channels: [channelSettingsSchema.parse({ slug: 'main', title: 'Test card', dvrMinutes: 1, streamKeyHash: options.streamKey === undefined ? undefined : hashStreamKey(options.streamKey), ...(options.ladder ? { ladder: [...options.ladder] } : {}) })],
    ...ON_LOOPBACK,
    trackers: options.trackers ?? [],
    stunServers: options.stunServers ?? [],
    inputs: inputsOf(() => new TestCardSource({ width: (height * 16) / 9, height, ...(options.frameRate ? { frameRate: options.frameRate } : {}) })),
    logger: pino({ level: 'silent' }),
  });
  return {
    origin,
    channel: origin.channels.require('main'),
    folder: folder.path,
    base: `http://127.0.0.1:${origin.port}/live/main`,
    close: async () => {
      await origin.close();
      folder.remove();
    },
  };
}
