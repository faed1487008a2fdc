import { pino } from 'pino';

import type { Channel } from '../../src/channel/channel.js';
import { channelSettingsSchema } from '../../src/channel/channel-settings.js';
import { hashStreamKey } from '../../src/channel/stream-key.js';
import { WebRtcSource } from '../../src/ingest/webrtc/webrtc-source.js';
import { Origin } from '../../src/server/origin.js';
import { temporaryFolder } from '../package/stream-fixture.js';
import { inputsOf, ON_LOOPBACK } from '../server/origin-fixture.js';

export const STREAM_KEY = 'the-right-key';

/** A whole origin in this process that takes publishers over WebRTC; with P2PTV_SFU=mediasoup in the environment, by a mediasoup worker. */
export async function startWhipOrigin(options: { readonly graceMs?: number } = {}): Promise<{ origin: Origin; channel: Channel; base: string; close: () => Promise<void> }> {
  const folder = temporaryFolder();
  const origin = await Origin.start({
    dataFolder: folder.path,
    channels: [channelSettingsSchema.parse({ slug: 'main', title: 'A camera', input: 'whip', isRecorded: false, dvrMinutes: 1, height: 360, streamKeyHash: hashStreamKey(STREAM_KEY) })],
    ...ON_LOOPBACK,
    sfu: process.env['P2PTV_SFU'] === 'mediasoup' ? 'mediasoup' : 'werift',
    inputs: inputsOf(() => new WebRtcSource(options)),
    logger: pino({ level: process.env['P2PTV_TEST_LOG'] ?? 'silent' }),
  });
  return {
    origin,
    channel: origin.channels.require('main'),
    base: `http://127.0.0.1:${origin.port}`,
    close: async () => {
      await origin.close();
      folder.remove();
    },
  };
}
