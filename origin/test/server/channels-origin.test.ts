import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import { pino } from 'pino';
import { afterEach, expect, it, vi } from 'vitest';

import type { Channel } from '../../src/channel/channel.js';
import { channelSettingsSchema } from '../../src/channel/channel-settings.js';
import { hashStreamKey } from '../../src/channel/stream-key.js';
import { locateFfmpeg } from '../../src/encode/ffmpeg-location.js';
import { Origin } from '../../src/server/origin.js';
import { temporaryFolder } from '../package/stream-fixture.js';
import { ON_LOOPBACK } from './origin-fixture.js';

const WAIT = { timeout: 60_000, interval: 20 };
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const small = { ladder: '90', partMs: 200 };

it('several publishers at once on one RTMP port, each with its channel’s key; channels come, change and go beside them', async () => {
  const folder = temporaryFolder();
  cleanups.push(() => folder.remove());
  const origin = await Origin.start({
    dataFolder: folder.path,
    channels: [
      channelSettingsSchema.parse({ slug: 'a', input: 'rtmp', streamKeyHash: hashStreamKey('the-key-of-a'), ...small }),
      channelSettingsSchema.parse({ slug: 'b', input: 'rtmp', streamKeyHash: hashStreamKey('the-key-of-b'), isPrivate: true, ...small }),
    ],
    ...ON_LOOPBACK,
    rtmp: { port: 0 },
    logger: pino({ level: 'silent' }),
  });
  cleanups.push(() => origin.close());
  const { path } = await locateFfmpeg();
  const publish = (key: string, size: string): { child: ChildProcess; exit: Promise<number | null> } => {
    const child = spawn(
      path,
      [
        ...['-nostdin', '-v', 'error', '-re', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25`, '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency'],
        ...['-g', '25', '-pix_fmt', 'yuv420p', '-f', 'flv', `rtmp://127.0.0.1:${origin.rtmpPort!}/live/${key}`],
      ],
      { stdio: 'ignore' },
    );
    cleanups.push(() => child.kill('SIGKILL'));
    return { child, exit: once(child, 'exit').then(([code]) => code as number | null) };
  };
  const [a, b] = [origin.channels.require('a'), origin.channels.require('b')];
  const grows = async (channel: Channel): Promise<void> => {
    const before = channel.live.log.last?.sequence ?? -1;
    await vi.waitFor(() => expect(channel.live.log.last!.sequence).toBeGreaterThan(before + 3), WAIT);
  };

  const [first] = [publish('the-key-of-a', '160x90'), publish('the-key-of-b', '120x90')];
  await Promise.all([grows(a), grows(b)]);
  // Each has its own picture, and not the other's.
  expect([a, b].map(({ live }) => live.record!.renditions[0]!.width)).toEqual([160, 120]);
  expect([a.hasPublisher, b.hasPublisher]).toEqual([true, true]);
  const listed = (await (await fetch(`http://127.0.0.1:${origin.port}/api/streams`)).json()) as { streams: { slug: string }[] };
  expect(listed.streams.map(({ slug }) => slug)).toEqual(['a']);

  // A third joins in while they go on.
  const c = await origin.channels.add(channelSettingsSchema.parse({ slug: 'c', input: 'testcard', ...small }));
  await grows(c);

  // Another key for a: its publisher has to go, the old key is of no use, and b notices nothing.
  await origin.channels.update('a', { streamKeyHash: hashStreamKey('another-key-of-a') });
  await first.exit;
  expect(await publish('the-key-of-a', '160x90').exit).not.toBe(0);
  publish('another-key-of-a', '160x90');
  await Promise.all([grows(a), grows(b)]);
  expect(b.live.log.last!.epoch).toBe(1);

  // One goes, and what is asked of it is not there; the others stay.
  await origin.channels.remove('a');
  expect((await fetch(`http://127.0.0.1:${origin.port}/live/a/0/live.m3u8`)).status).toBe(404);
  expect(await publish('another-key-of-a', '160x90').exit).not.toBe(0);
  await Promise.all([grows(b), grows(c)]);
  expect(b.live.log.last!.epoch).toBe(1);
});
