import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { Encoder, type EncodedPart, type EncoderEvents } from '../../src/encode/encoder.js';
import { openHlsSource } from '../../src/ingest/hls-source.js';
import type { PublisherEvents } from '../../src/ingest/publisher-presence.js';
import type { RelaySource } from '../../src/ingest/relay-source.js';
import { openSrtSource, type SrtOptions } from '../../src/ingest/srt-source.js';
import { allFfmpegs, ffmpegOutput } from '../encode/encoder-fixture.js';
import { temporaryFolder } from '../package/stream-fixture.js';

const clock = { nowMs: () => performance.now(), wallMs: () => Date.now() };
const ffmpegs = await allFfmpegs();
const withSrt = ffmpegs.find(({ foundBy }) => foundBy === 'system');
const PASSPHRASE = 'a passphrase';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Told = { [Name in keyof PublisherEvents]: PublisherEvents[Name][] };
type Encoding = { told: Told; parts: EncodedPart[]; inits: EncoderEvents['init']['renditions'][number][]; deaths: EncoderEvents['died'][]; isExhausted: () => boolean };

function encoding(source: RelaySource, binary = ffmpegs[0]!): Encoding {
  cleanups.push(() => source.close());
  const told: Told = { publisherConnected: [], publisherRefused: [], publisherFinished: [], publisherFailed: [], publisherLost: [], publisherGone: [] };
  for (const name of Object.keys(told) as (keyof Told)[]) source.publisher.on(name, (payload) => told[name].push(payload as never));
  const encoder = new Encoder({ ffmpeg: binary, source, cadence: { partMs: 200 }, clock });
  let isExhausted = false;
  const result: Encoding = { told, parts: [], inits: [], deaths: [], isExhausted: () => isExhausted };
  encoder.on('part', (part) => result.parts.push(part));
  encoder.on('init', (init) => result.inits.push(...init.renditions));
  encoder.on('died', (death) => result.deaths.push(death));
  encoder.on('exhausted', () => (isExhausted = true));
  encoder.start();
  cleanups.push(() => encoder.stop());
  return result;
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => void socket.close(() => resolve()));
  return port;
}

const PICTURE = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25'];
const SOUND = ['-re', '-f', 'lavfi', '-i', 'sine=sample_rate=48000'];
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '25', '-pix_fmt', 'yuv420p'];

/** ffmpeg as the caller. */
function call(port: number, options: { passphrase?: string; inputs?: readonly string[] } = {}): { child: ChildProcess; exit: Promise<number | null> } {
  const { passphrase, inputs = [...PICTURE, ...SOUND] } = options;
  const child = spawn(
    withSrt!.path,
    ['-nostdin', '-loglevel', 'error', ...inputs, ...H264, '-c:a', 'aac', '-f', 'mpegts', ...(passphrase === undefined ? [] : ['-passphrase', passphrase]), `srt://127.0.0.1:${port}`],
    { stdio: 'ignore' },
  );
  cleanups.push(() => child.kill('SIGKILL'));
  return { child, exit: once(child, 'exit').then(([code]) => code as number | null) };
}

const until = (condition: () => boolean): Promise<unknown> => vi.waitUntil(condition, { timeout: 60_000, interval: 20 });

describe.runIf(withSrt !== undefined)('SRT', () => {
  const listening = async (options: Partial<SrtOptions> = {}): Promise<{ port: number; source: RelaySource }> => {
    const port = await freeUdpPort();
    return { port, source: await openSrtSource(withSrt!, { port, host: '127.0.0.1', ...options }) };
  };

  it.each(ffmpegs)('takes a caller who knows the passphrase and no other, with sound and at its frame rate (encoded by $version)', async (binary) => {
    const { port, source } = await listening({ passphrase: PASSPHRASE, graceMs: 60_000 });
    const { told, parts, inits, deaths } = encoding(source, binary);
    // Until the relay listens, a call fails whatever it knows.
    await vi.waitFor(async () => expect(await isUdpPortTaken(port)).toBe(true), { timeout: 20_000, interval: 50 });
    expect(await call(port, { passphrase: 'another passphrase' }).exit).not.toBe(0);
    expect(await call(port).exit).not.toBe(0);
    // More of the same within a minute is not told of.
    expect(await call(port, { passphrase: 'another passphrase' }).exit).not.toBe(0);
    await until(() => told.publisherRefused.length >= 2);
    const address = `SRT port ${port}`;
    expect(told.publisherRefused).toEqual([
      { address, reason: 'Its passphrase is wrong.' },
      { address, reason: 'It has no passphrase.' },
    ]);
    expect(told.publisherConnected).toEqual([]);

    const first = call(port, { passphrase: PASSPHRASE });
    await until(() => parts.length >= 12);
    expect(inits[0]).toMatchObject({ width: 320, height: 180, frameRate: 25, hasAudio: true });
    expect(parts.slice(0, 12).every((part) => part.durationUs === 200_000 && part.audioFrameCount > 0)).toBe(true);
    expect(told.publisherConnected).toEqual([{ address, isReturn: false }]);

    // A publisher that leaves and comes again is a new session, and the stream goes on.
    first.child.kill('SIGINT');
    await until(() => told.publisherLost.length === 1);
    await vi.waitFor(async () => expect(await isUdpPortTaken(port)).toBe(true), { timeout: 20_000, interval: 50 });
    call(port, { passphrase: PASSPHRASE });
    await until(() => parts.some((part) => part.sessionIndex === 1));
    expect(told.publisherConnected[1]).toMatchObject({ isReturn: true });
    expect(deaths).toEqual([]);
    const dates = parts.map((part) => part.programDateTimeMs);
    expect(dates).toEqual(dates.toSorted((a, b) => a - b));
  });

  it('takes a caller who sends sound alone, but not with a passphrase where there is none', async () => {
    const { port, source } = await listening();
    const { told, parts, inits, deaths } = encoding(source);
    await vi.waitFor(async () => expect(await isUdpPortTaken(port)).toBe(true), { timeout: 20_000, interval: 50 });
    expect(await call(port, { passphrase: PASSPHRASE, inputs: SOUND }).exit).not.toBe(0);
    call(port, { inputs: SOUND });
    await until(() => parts.length >= 6);
    expect(told.publisherRefused.map(({ reason }) => reason)).toEqual(['It has a passphrase, and there is none here.']);
    expect(inits).toMatchObject([{ codecs: 'mp4a.40.2', hasVideo: false }]);
    expect([told.publisherFailed, deaths]).toEqual([[], []]);
  });

  it('lets its port go when it is closed', async () => {
    const { port, source } = await listening();
    encoding(source);
    await vi.waitFor(async () => expect(await isUdpPortTaken(port)).toBe(true), { timeout: 20_000, interval: 50 });
    await source.close();
    expect(await isUdpPortTaken(port)).toBe(false);
  });

  it('says in one sentence that its port is in use', async () => {
    const blocker = createSocket('udp4').bind(0, '127.0.0.1');
    await once(blocker, 'listening');
    cleanups.push(() => blocker.close());
    const { port } = blocker.address();
    await expect(openSrtSource(withSrt!, { port, host: '127.0.0.1' })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: `SRT port ${port} is in use by another program: stop it, or choose another port.`,
    });
  });
});

async function isUdpPortTaken(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ port, address: '127.0.0.1', exclusive: true }, resolve);
    });
    return false;
  } catch {
    return true;
  } finally {
    socket.close();
  }
}

describe.each(ffmpegs)('HLS pull with ffmpeg $version', (binary) => {
  async function upstream(): Promise<{ folder: string; url: string; asked: string[] }> {
    const folder = temporaryFolder();
    cleanups.push(() => folder.remove());
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const name = basename(request.url ?? '');
      asked.push(name);
      const path = join(folder.path, name);
      if (!existsSync(path)) response.writeHead(404).end();
      else response.end(readFileSync(path));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => server.close());
    cleanups.push(() => server.closeAllConnections());
    return { folder: folder.path, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/index.m3u8`, asked };
  }

  it('waits for an upstream that is not there yet, plays it in real time, and ends with it', async () => {
    const { folder, url, asked } = await upstream();
    const { told, parts, inits, deaths, isExhausted } = encoding(openHlsSource(binary.path, url), binary);
    await until(() => told.publisherFailed.length >= 2);
    expect(told.publisherFailed.map(({ retryMs }) => retryMs).slice(0, 2)).toEqual([500, 1000]);
    expect(told.publisherFailed[0]!.reason).toMatch(/404/);
    await ffmpegOutput(ffmpegs[0]!.path, [
      ...['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=4', '-f', 'lavfi', '-i', 'sine=duration=4', ...H264, '-c:a', 'aac'],
      ...['-f', 'hls', '-hls_time', '1', '-hls_playlist_type', 'vod', '-hls_segment_filename', join(folder, 'segment%d.ts'), join(folder, 'index.m3u8')],
    ]);
    const startedAtMs = performance.now();
    await until(isExhausted);
    expect(performance.now() - startedAtMs).toBeGreaterThan(2500);
    expect(inits[0]).toMatchObject({ width: 320, height: 180, frameRate: 25, hasAudio: true });
    expect(parts.reduce((sum, { durationUs }) => sum + durationUs, 0)).toBeGreaterThan(3_500_000);
    expect(deaths).toEqual([]);
    expect(asked.filter((name) => name === 'segment0.ts')).toHaveLength(1);
    expect([told.publisherFinished.length, told.publisherLost]).toEqual([1, []]);
  });

  it('brings the captions that it has as WebVTT, on the session’s clock', async () => {
    const { folder, url } = await upstream();
    await ffmpegOutput(ffmpegs[0]!.path, [
      ...['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=6', '-f', 'lavfi', '-i', 'sine=duration=6', ...H264, '-c:a', 'aac', '-output_ts_offset', '5000'],
      ...['-f', 'hls', '-hls_time', '1', '-hls_playlist_type', 'vod', '-hls_segment_filename', join(folder, 'segment%d.ts'), join(folder, 'video.m3u8')],
    ]);
    writeFileSync(join(folder, 'index.m3u8'), '#EXTM3U\n#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="a",NAME="English",LANGUAGE="en",URI="en.m3u8"\n#EXT-X-STREAM-INF:BANDWIDTH=1,SUBTITLES="a"\nvideo.m3u8\n');
    writeFileSync(join(folder, 'en.m3u8'), '#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\nen.vtt\n#EXT-X-ENDLIST\n');
    // ffmpeg puts 1.4 s before what it writes as MPEG-TS.
    writeFileSync(join(folder, 'en.vtt'), 'WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:450126000,LOCAL:00:00:00.000\n\n00:02.000 --> 00:06.000\nTwo seconds\n');
    const source = openHlsSource(binary.path, url);
    cleanups.push(() => source.close());
    const feed = (await source.open(new AbortController().signal))!;
    let pulledBytes = 0;
    feed.stdin!.on('data', (piece: Buffer) => (pulledBytes += piece.length));
    const cues: { text: string; startMs: number }[] = [];
    await until(() => cues.push(...feed.captions!.take(10_000)) > 0);
    expect(feed.captions!.tracks).toMatchObject([{ language: 'en', name: 'English' }]);
    expect(cues.map(({ text }) => text)).toEqual(['Two seconds']);
    expect(Math.abs(cues[0]!.startMs - 2000)).toBeLessThan(100);
    await until(() => pulledBytes > 200_000);
    // A session that begins while the pull goes on has a clock of its own.
    const again = (await source.open(new AbortController().signal))!;
    const bytes: Buffer[] = [];
    again.stdin!.on('data', (piece: Buffer) => bytes.push(piece));
    const later: { startMs: number; endMs: number }[] = [];
    await until(() => (later.push(...again.captions!.take(10_000)), later.length > 0 && bytes.length > 5));
    await source.close();
    const part = join(folder, 'later.ts');
    writeFileSync(part, Buffer.concat(bytes));
    const { log } = await ffmpegOutput(binary.path, ['-i', part, '-c', 'copy', '-f', 'null', '-']);
    const start = Number(/start: (\d+\.\d+)/.exec(log)?.[1]);
    expect(start).toBeGreaterThan(0.5);
    expect(Math.abs(later[0]!.endMs - (6000 - start * 1000))).toBeLessThan(150);
  });

  it('reads no file of this machine, whatever the playlist names', async () => {
    const { folder, url } = await upstream();
    const secret = join(folder, 'secret.ts');
    await ffmpegOutput(ffmpegs[0]!.path, ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=2', ...H264, '-f', 'mpegts', secret]);
    writeFileSync(join(folder, 'index.m3u8'), `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://${secret}\n#EXT-X-ENDLIST\n`);
    const { told, parts } = encoding(openHlsSource(binary.path, url), binary);
    await until(() => told.publisherFailed.length > 0);
    expect(parts).toEqual([]);
  });
});
