import { pino } from 'pino';

import { locateFfmpeg } from '../../src/encode/ffmpeg-location.js';
import type { FrameRate } from '../../src/encode/frame-rate.js';
import { TestCardSource } from '../../src/ingest/test-card-source.js';
import { Origin } from '../../src/server/origin.js';
import { temporaryFolder } from '../package/stream-fixture.js';

/** A whole origin in this process, with a real encoder on a small test card. */
export async function startOrigin(options: { frameRate?: FrameRate; trackers?: readonly string[]; stunServers?: readonly string[] } = {}): Promise<{ origin: Origin; base: string; close: () => Promise<void> }> {
  const folder = temporaryFolder();
  const origin = await Origin.start({
    dataFolder: folder.path,
    slug: 'main',
    title: 'Test card',
    archiveMs: 60_000,
    host: '127.0.0.1',
    port: 0,
    publicUrl: undefined,
    trackers: options.trackers ?? [],
    stunServers: options.stunServers ?? [],
    tls: undefined,
    input: {
      ffmpeg: await locateFfmpeg(),
      source: new TestCardSource({ width: 320, height: 180, ...(options.frameRate ? { frameRate: options.frameRate } : {}) }),
      partMs: 200,
      segmentMs: 2000,
      encoding: {},
    },
    logger: pino({ level: 'silent' }),
  });
  return {
    origin,
    base: `http://127.0.0.1:${origin.port}/live/main`,
    close: async () => {
      await origin.close();
      folder.remove();
    },
  };
}
