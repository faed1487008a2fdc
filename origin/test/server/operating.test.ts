import { viewerTokenOf, isStreamLink, parseStreamLink } from '@p2ptv/protocol';
import { createNodePeer } from '@p2ptv/peer/node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { ViewerTokens } from '../../src/access/viewer-tokens.js';
import { startOrigin } from './origin-fixture.js';

type Started = Awaited<ReturnType<typeof startOrigin>>;

let started: Started;
let site: string;
beforeAll(async () => {
  started = await startOrigin();
  site = new URL(started.base).origin;
  await vi.waitFor(() => expect(started.channel.state).toBe('live'), { timeout: 30_000 });
});
afterAll(() => started.close());

it('says that it is alive and ready', async () => {
  expect((await fetch(`${site}/healthz`)).status).toBe(200);
  const ready = await fetch(`${site}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
});

it('shows Prometheus the process, its channels and their swarms', async () => {
  await (await fetch(`${started.base}/index.m3u8`)).text();
  const read = async (): Promise<Map<string, number>> => {
    const response = await fetch(`${site}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
  };
  const first = await read();
  expect(first.get('p2ptv_channel_live{channel="main"}')).toBe(1);
  expect(first.get('p2ptv_swarm_viewers{channel="main"}')).toBe(0);
  expect(first.get('p2ptv_channel_newest_chunk_age_seconds{channel="main"}')).toBeLessThan(30);
  expect(first.get('process_resident_memory_bytes')).toBeGreaterThan(0);
  const playlists = 'p2ptv_origin_sent_bytes_total{channel="main",kind="playlists"}';
  expect(first.get(playlists)).toBeGreaterThan(0);
  // Asked twice, nothing counts twice.
  expect((await read()).get(playlists)).toBe(first.get(playlists));
});

describe('a private channel', () => {
  it('is watched through the mesh by who has a token, and by nobody else', async () => {
    await started.origin.channels.update('main', { isPrivate: true });
    const { tokens } = started.origin;
    const token = await tokens.issue('main', { viewer: 'ann', lifetimeMs: 60_000 });
    expect((await fetch(`${site}/api/streams`).then((answer) => answer.json() as Promise<{ streams: object[] }>)).streams).toEqual([]);
    const listing = (await (await fetch(`${site}/api/streams/main?token=${token}`)).json()) as { link: string };
    const link = parseStreamLink(listing.link);
    if (!isStreamLink(link)) throw new Error(link.problem);
    expect(viewerTokenOf(link.origins)).toBe(token);

    const states: string[] = [];
    const stranger = createNodePeer({ link: { ...link, origins: link.origins.map((origin) => origin.replace(/\/~.*/, '')) }, role: 'seeder' });
    stranger.on('trackerStateChanged', ({ state }) => states.push(`stranger ${state}`));
    const guest = createNodePeer({ link, role: 'seeder' });
    guest.on('trackerStateChanged', ({ state }) => states.push(`guest ${state}`));
    guest.start();
    stranger.start();
    try {
      await vi.waitFor(() => expect(states).toEqual(expect.arrayContaining(['guest joined', 'stranger refused'])), { timeout: 30_000 });
      await vi.waitFor(() => expect(guest.stats().verifiedBytes.seederBytes + guest.stats().verifiedBytes.originBytes).toBeGreaterThan(0), { timeout: 30_000 });
      expect(stranger.stats().verifiedBytes).toMatchObject({ peerBytes: 0, seederBytes: 0, originBytes: 0 });
    } finally {
      guest.close();
      stranger.close();
    }
  });

  it('keeps its secret in a file of the data folder, for other programs to make tokens with', async () => {
    const other = ViewerTokens.load(started.folder, Date.now);
    const token = await other.issue('main', { lifetimeMs: 60_000 });
    expect((await fetch(`${started.base}/~${token}/index.m3u8`)).status).toBe(200);
  });
});
