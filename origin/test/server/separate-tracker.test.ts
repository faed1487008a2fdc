import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { createNodePeer } from '@p2ptv/peer/node';
import { isStreamLink, parseStreamLink, streamListSchema, type StreamLink } from '@p2ptv/protocol';
import { registerTracker } from '@p2ptv/tracker';
import { fastify } from 'fastify';
import { expect, it, vi } from 'vitest';

import { temporaryFolder } from '../package/stream-fixture.js';
import { startOrigin } from './origin-fixture.js';

// The real one, which tells what it was given.
vi.mock('@p2ptv/tracker', async (importOriginal) => {
  const tracker = await importOriginal<{ registerTracker: typeof registerTracker }>();
  return { ...tracker, registerTracker: vi.fn(tracker.registerTracker) };
});

const WAIT = { timeout: 40_000, interval: 50 };

async function linkOf(port: number): Promise<StreamLink> {
  const list = streamListSchema.parse(await (await fetch(`http://127.0.0.1:${port}/api/streams`)).json());
  const link = parseStreamLink(list.streams[0]!.link);
  if (!isStreamLink(link)) throw new Error(link.problem);
  return link;
}

it('with a tracker that runs by itself links name it, the seeder joins it and feeds who meets it there, and none is embedded', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder.path, 'tracker'));
  const server = fastify({ forceCloseConnections: true });
  const tracker = await registerTracker(server, { dataFolder: join(folder.path, 'tracker') });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const running = await startOrigin({ trackers: [url] });
  try {
    const { live } = running.channel.published;
    const link = await linkOf(running.origin.port);
    expect(link.trackers).toEqual([url]);
    await vi.waitFor(() => expect(tracker.scrape()).toMatchObject([{ streamId: live.streamId, seeders: 1 }]), WAIT);
    expect((await fetch(`http://127.0.0.1:${running.origin.port}/api/swarms`)).status).toBe(404);

    const viewer = createNodePeer({ link, role: 'viewer', upload: { mode: 'on' } });
    viewer.start();
    await vi.waitFor(() => expect(viewer.stats().verifiedBytes.seederBytes).toBeGreaterThan(0), WAIT);
    expect(tracker.viewerCount(live.streamId)).toBe(1);
    viewer.close();
  } finally {
    await running.close();
    await server.close();
    folder.remove();
  }
});

it('the embedded tracker is given the STUN servers to tell', async () => {
  const stunServers = ['stun:127.0.0.1:9', 'stun:127.0.0.1:10'];
  vi.mocked(registerTracker).mockClear();
  const running = await startOrigin({ stunServers });
  try {
    expect(vi.mocked(registerTracker).mock.calls.map(([, { tracker }]) => tracker?.iceServers)).toEqual([[{ urls: stunServers }]]);
  } finally {
    await running.close();
  }
});
