import { spawn, type ChildProcess } from 'node:child_process';

import { pino } from 'pino';
import { afterEach, expect, it, vi } from 'vitest';

import { locateFfmpeg } from '../../src/encode/ffmpeg-location.js';
import { RtmpSource } from '../../src/ingest/rtmp-source.js';
import { Origin } from '../../src/server/origin.js';
import { followPublisher } from '../../src/server/rtmp-notices.js';
import { temporaryFolder } from '../package/stream-fixture.js';

const WAIT = { timeout: 40_000, interval: 20 };
const publishers: ChildProcess[] = [];
afterEach(() => {
  for (const publisher of publishers) publisher.kill('SIGKILL');
});

it('a stream from RTMP is offline until somebody publishes, goes on with a discontinuity after a break, and is offline again when the publisher stays away', async () => {
  const folder = temporaryFolder();
  const ffmpeg = await locateFfmpeg();
  const source = await RtmpSource.listen({ port: 0, host: '127.0.0.1', streamKey: 'the-right-key', graceMs: 3000 });
  const logger = pino({ level: 'silent' });
  const origin = await Origin.start({
    dataFolder: folder.path,
    slug: 'main',
    title: 'RTMP',
    archiveMs: 60_000,
    host: '127.0.0.1',
    port: 0,
    publicUrl: undefined,
    trackers: [],
    stunServers: [],
    tls: undefined,
    input: { ffmpeg, source, partMs: 200, segmentMs: 2000, encoding: {} },
    logger,
  });
  const { live } = origin.published;
  followPublisher(source, logger, () => live.goOffline());
  const publish = (key: string): ChildProcess => {
    const input = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=30', '-f', 'lavfi', '-i', 'sine=sample_rate=48000'];
    const coding = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '30', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];
    const publisher = spawn(ffmpeg.path, ['-v', 'error', ...input, ...coding, '-f', 'flv', `rtmp://127.0.0.1:${source.port}/live/${key}`], { stdio: 'ignore' });
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
  folder.remove();
});
