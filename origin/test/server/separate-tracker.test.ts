import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { createNodePeer } from '@p2ptv/peer/node';
import { isStreamLink, parseStreamLink, peerIdFromBytes, streamListSchema, TRACKER_SOCKET_PATH, type JoinRequest, type StreamLink } from '@p2ptv/protocol';
import { registerTracker } from '@p2ptv/tracker';
import { fastify } from 'fastify';
import { io } from 'socket.io-client';
import { expect, it, vi } from 'vitest';

import { temporaryFolder } from '../package/stream-fixture.js';
import { startOrigin } from './origin-fixture.js';

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

it('the embedded tracker tells who joins of the STUN servers', async () => {
  const stunServers = ['stun:127.0.0.1:9', 'stun:127.0.0.1:10'];
  const running = await startOrigin({ stunServers });
  const socket = io(`http://127.0.0.1:${running.origin.port}`, { path: TRACKER_SOCKET_PATH, transports: ['websocket'], reconnection: false });
  try {
    const request: JoinRequest = {
      version: 1,
      streamId: running.channel.published.live.streamId,
      peerId: peerIdFromBytes(randomBytes(16)),
      role: 'viewer',
      fingerprint: Array.from({ length: 32 }, () => 'AB').join(':'),
      uplinkBitsPerSecond: 0,
      isUploading: true,
      isVisible: true,
    };
    const answer: unknown = await socket.timeout(WAIT.timeout).emitWithAck('join', request);
    expect(answer).toMatchObject({ kind: 'joined', iceServers: [{ urls: stunServers }] });
  } finally {
    socket.disconnect();
    await running.close();
  }
});
