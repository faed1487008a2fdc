import { parseStreamLink, streamListSchema, type StreamListing } from '@p2ptv/protocol';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { temporaryFolder } from '../package/stream-fixture.js';
import { buildCommand, startCommand, type RunningCommand } from './command.js';

const WAIT = { timeout: 40_000, interval: 20 };
let folder: ReturnType<typeof temporaryFolder>;
let running: RunningCommand[] = [];

beforeAll(() => buildCommand());
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

/** The port that it says it is ready on. */
async function readyPort(command: RunningCommand): Promise<string> {
  const port = (): string | undefined => /P2PTV is ready on port (\d+)/.exec(command.output() + command.errors())?.[1];
  await vi.waitUntil(() => port() !== undefined, WAIT);
  return port()!;
}

async function listing(base: string): Promise<StreamListing> {
  const response = await fetch(`${base}/api/streams`);
  return streamListSchema.parse(await response.json()).streams[0]!;
}

const playlist = async (base: string): Promise<string> => (await fetch(`${base}/live/main/0/live.m3u8`)).text();
const isLive = (base: string): Promise<unknown> => vi.waitFor(async () => expect((await listing(base)).state).toBe('live'), WAIT);

describe('the origin as a process', () => {
  it('killed and started again it is the same stream: recovered window, no number used twice, a discontinuity', async () => {
    const first = start('--port', '0');
    const port = await readyPort(first);
    const base = `http://127.0.0.1:${port}`;
    await isLive(base);
    const before = { id: (await listing(base)).streamId, playlist: await playlist(base) };
    first.child.kill('SIGKILL');
    await first.exit;
    const lastBefore = lastPart(before.playlist);

    await readyPort(start('--port', port));
    await isLive(base);
    const after = { id: (await listing(base)).streamId, playlist: await playlist(base) };
    expect(after.id).toBe(before.id);
    expect(mediaSequence(after.playlist)).toBe(mediaSequence(before.playlist));
    expect(after.playlist).toContain(segmentNames(before.playlist)[0]);
    expect(after.playlist).toContain('#EXT-X-DISCONTINUITY\n');
    expect(lastPart(after.playlist)).toBeGreaterThan(lastBefore);
  });

  it('prints where to watch and to publish, and a link that can be parsed', async () => {
    const command = start('--port', '0');
    const port = await readyPort(command);
    await isLive(`http://127.0.0.1:${port}`);
    expect(command.output()).toContain(`http://localhost:${port}/watch/main`);
    expect(command.output()).toMatch(/stream key\s+\S{20,}/);
    const link = /magnet:\S+/.exec(command.output())?.[0] ?? '';
    expect(parseStreamLink(link)).toMatchObject({ origins: [`http://localhost:${port}/live/main`] });
  });

  it('a data folder that cannot be made is said in one sentence', async () => {
    // A file system that answers ENOENT under an existing folder.
    const command = startCommand(['start', '--input', 'none', '--port', '0', '--data', '/proc/none']);
    running.push(command);
    expect(await command.exit).toBe(1);
    expect(command.errors()).toMatch(/^The data folder \/proc\/none cannot be used, because .*\n$/);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('%s ends it cleanly within two seconds: those who wait are answered, ffmpeg is gone', async (signal) => {
    const command = start('--port', '0', '--log-format', 'json');
    const base = `http://127.0.0.1:${await readyPort(command)}`;
    await isLive(base);
    const waiting = fetch(`${base}/live/main/headers?after=4000000`);
    await vi.waitFor(async () => {
      const stats = (await (await fetch(`${base}/api/stats`)).json()) as { streams: { waiters: number }[] };
      expect(stats.streams[0]!.waiters).toBe(1);
    }, WAIT);
    command.child.kill(signal);
    expect(await command.exit).toBe(0);
    expect((await waiting).status).toBe(503);
    // After two seconds it would have said that it did not wait any longer.
    const last = JSON.parse(command.output().trim().split('\n').at(-1)!) as { msg: string };
    expect(last.msg).toBe('Stopped');
    expect(command.errors()).toBe('');
  });
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
