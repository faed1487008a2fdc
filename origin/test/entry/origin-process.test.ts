import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

import { parseStreamLink, streamListSchema, type StreamListing } from '@p2ptv/protocol';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { temporaryFolder } from '../package/stream-fixture.js';
import { buildCommand, startCommand, type RunningCommand } from './command.js';

const WAIT = { timeout: 20_000, interval: 20 };
let folder: ReturnType<typeof temporaryFolder>;
let running: RunningCommand[] = [];

beforeAll(() => buildCommand(), 120_000);
beforeEach(() => (folder = temporaryFolder()));
afterEach(async () => {
  for (const command of running) command.child.kill('SIGKILL');
  await Promise.all(running.map((command) => command.exit));
  running = [];
  folder.remove();
});

function start(...args: string[]): RunningCommand {
  const command = startCommand(['start', '--host', '127.0.0.1', '--data', folder.path, '--input', 'testcard', ...args]);
  running.push(command);
  return command;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function listing(base: string): Promise<StreamListing> {
  const response = await fetch(`${base}/api/streams`);
  return streamListSchema.parse(await response.json()).streams[0]!;
}

const playlist = async (base: string): Promise<string> => (await fetch(`${base}/live/main/0/live.m3u8`)).text();
const isLive = (base: string): Promise<unknown> => vi.waitFor(async () => expect((await listing(base)).state).toBe('live'), WAIT);

describe('the origin as a process', () => {
  it('killed and started again it is the same stream: recovered window, no number used twice, a discontinuity', async () => {
    const port = await freePort();
    const base = `http://127.0.0.1:${port}`;
    const first = start('--port', String(port));
    await isLive(base);
    const before = { id: (await listing(base)).streamId, playlist: await playlist(base) };
    first.child.kill('SIGKILL');
    await first.exit;
    const lastBefore = lastPart(before.playlist);

    start('--port', String(port));
    await isLive(base);
    const after = { id: (await listing(base)).streamId, playlist: await playlist(base) };
    expect(after.id).toBe(before.id);
    expect(mediaSequence(after.playlist)).toBe(mediaSequence(before.playlist));
    expect(after.playlist).toContain(segmentNames(before.playlist)[0]);
    expect(after.playlist).toContain('#EXT-X-DISCONTINUITY\n');
    expect(lastPart(after.playlist)).toBeGreaterThan(lastBefore);
  }, 60_000);

  it('prints where to watch and to publish, and a link that can be parsed', async () => {
    const port = await freePort();
    const command = start('--port', String(port));
    await isLive(`http://127.0.0.1:${port}`);
    expect(command.output()).toContain(`http://localhost:${port}/watch/main`);
    expect(command.output()).toMatch(/stream key\s+\S{20,}/);
    const link = /magnet:\S+/.exec(command.output())?.[0] ?? '';
    expect(parseStreamLink(link)).toMatchObject({ origins: [`http://localhost:${port}/live/main`] });
  }, 30_000);

  it('a data folder that cannot be made is said in one sentence', async () => {
    // A file system that answers ENOENT under an existing folder.
    const command = startCommand(['start', '--input', 'none', '--port', '0', '--data', '/proc/none']);
    running.push(command);
    expect(await command.exit).toBe(1);
    expect(command.errors()).toMatch(/^The data folder \/proc\/none cannot be used, because .*\n$/);
  }, 15_000);

  it.each(['SIGINT', 'SIGTERM'] as const)('%s ends it cleanly within two seconds: those who wait are answered, ffmpeg is gone', async (signal) => {
    const port = await freePort();
    const base = `http://127.0.0.1:${port}`;
    const command = start('--port', String(port), '--log-format', 'json');
    await isLive(base);
    const waiting = fetch(`${base}/live/main/headers?after=4000000`);
    await vi.waitFor(async () => {
      const stats = (await (await fetch(`${base}/api/stats`)).json()) as { streams: { waiters: number }[] };
      expect(stats.streams[0]!.waiters).toBe(1);
    }, WAIT);
    const startedAt = performance.now();
    command.child.kill(signal);
    expect(await command.exit).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect((await waiting).status).toBe(503);
    const last = JSON.parse(command.output().trim().split('\n').at(-1)!) as { msg: string };
    expect(last.msg).toBe('Stopped');
    expect(command.errors()).toBe('');
  }, 30_000);
});

function segmentNames(playlist: string): string[] {
  return playlist.split('\n').filter((line) => line.startsWith('segment-'));
}

function mediaSequence(playlist: string): number {
  return Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(playlist)?.[1]);
}

function lastPart(playlist: string): number {
  return Number(/PRELOAD-HINT:TYPE=PART,URI="part-(\d+)/.exec(playlist)?.[1]) - 1;
}
