import { spawn, type ChildProcess } from 'node:child_process';

import { pino } from 'pino';
import { afterEach, expect, it, vi } from 'vitest';

import { channelSettingsSchema } from '../../src/channel/channel-settings.js';
import { locateFfmpeg } from '../../src/encode/ffmpeg-location.js';
import { RtmpServer } from '../../src/ingest/rtmp-server.js';
import { Origin } from '../../src/server/origin.js';
import { temporaryFolder } from '../package/stream-fixture.js';
import { inputsOf, ON_LOOPBACK } from './origin-fixture.js';

const WAIT = { timeout: 40_000, interval: 20 };
const publishers: ChildProcess[] = [];
afterEach(() => {
  for (const publisher of publishers) publisher.kill('SIGKILL');
});

it('a stream from RTMP is offline until somebody publishes, goes on with a discontinuity after a break, and is offline again when the publisher stays away', async () => {
  const folder = temporaryFolder();
  const ffmpeg = await locateFfmpeg();
  const rtmp = await RtmpServer.listen({ port: 0, host: '127.0.0.1' });
  const logger = pino({ level: 'silent' });
  const origin = await Origin.start({
    dataFolder: folder.path,
    channels: [channelSettingsSchema.parse({ slug: 'main', title: 'RTMP' })],
    ...ON_LOOPBACK,
    inputs: inputsOf(() => rtmp.open({ isKey: (key) => key === 'the-right-key', graceMs: 3000 })),
    logger,
  });
  const { live } = origin.channels.require('main');
  const publish = (key: string): ChildProcess => {
    const input = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=30', '-f', 'lavfi', '-i', 'sine=sample_rate=48000'];
    const coding = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '30', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];
    const publisher = spawn(ffmpeg.path, ['-v', 'error', ...input, ...coding, '-f', 'flv', `rtmp://127.0.0.1:${rtmp.port}/live/${key}`], { stdio: 'ignore' });
    publishers.push(publisher);
    return publisher;
  };
  const exitOf = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => child.once('exit', (code) => resolve(code)));

  expect(live.state).toBe('offline');
  expect(await exitOf(publish('the-wrong-key'))).not.toBe(0);
  expect(live.state).toBe('offline');

  const first = publish('the-right-key');
  await vi.waitFor(() => expect(live.state).toBe('live'), WAIT);
  await vi.waitFor(() => expect(live.log.last!.sequence).toBeGreaterThan(5), WAIT);
  first.kill('SIGKILL');
  await exitOf(first);
  const second = publish('the-right-key');
  await vi.waitFor(() => expect(live.log.last!.epoch).toBe(2), WAIT);
  expect(live.state).toBe('live');
  expect(live.log.timeline.segments.map((segment) => segment.epoch)).toContain(1);
  const playlist = await (await fetch(`http://127.0.0.1:${origin.port}/live/main/0/live.m3u8`)).text();
  expect(playlist).toContain('#EXT-X-DISCONTINUITY\n');

  second.kill('SIGKILL');
  await vi.waitFor(() => expect(live.state).toBe('offline'), WAIT);
  await origin.close();
  await rtmp.close();
  folder.remove();
});
