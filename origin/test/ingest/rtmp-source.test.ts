import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { Encoder, type EncodedPart, type EncoderEvents } from '../../src/encode/encoder.js';
import type { PresenceOptions, PublisherEvents } from '../../src/ingest/publisher-presence.js';
import { RtmpServer, type RtmpServerEvents } from '../../src/ingest/rtmp-server.js';
import type { RtmpSource } from '../../src/ingest/rtmp-source.js';
import { encodeAmf0 } from '../../src/ingest/rtmp/amf0.js';
import { encodeMessage } from '../../src/ingest/rtmp/chunk-stream.js';
import { allFfmpegs } from '../encode/encoder-fixture.js';
import { VirtualTime } from '../encode/virtual-time.js';

const clock = { nowMs: () => performance.now(), wallMs: () => Date.now() };
const KEY = 'the-right-key';
const [ffmpeg, ...others] = await allFfmpegs();

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Events = PublisherEvents & RtmpServerEvents;
type Told = { [Name in keyof Events]: Events[Name][] };

async function listening(options: PresenceOptions = {}): Promise<{ port: number; source: RtmpSource; told: Told }> {
  const server = await RtmpServer.listen({ port: 0, host: '127.0.0.1' });
  cleanups.push(() => server.close());
  const source = server.open({ isKey: (key) => key === KEY, ...options });
  const told: Told = { publisherConnected: [], publisherRefused: [], publisherFailed: [], publisherLost: [], publisherGone: [], publisherFinished: [] };
  for (const name of ['publisherConnected', 'publisherLost', 'publisherGone'] as const) {
    source.publisher.on(name, (payload) => told[name].push(payload as never));
  }
  server.on('publisherRefused', (payload) => told.publisherRefused.push(payload));
  return { port: server.port, source, told };
}

type Encoding = { encoder: Encoder; parts: EncodedPart[]; inits: EncoderEvents['init'][]; deaths: EncoderEvents['died'][]; ended: number[] };

function encoding(source: RtmpSource, binary = ffmpeg!): Encoding {
  const encoder = new Encoder({ ffmpeg: binary, source, cadence: { partMs: 200 }, clock });
  const result: Encoding = { encoder, parts: [], inits: [], deaths: [], ended: [] };
  encoder.on('part', (part) => result.parts.push(part));
  encoder.on('init', (init) => result.inits.push(init));
  encoder.on('died', (death) => result.deaths.push(death));
  encoder.on('sessionEnded', ({ sessionIndex }) => result.ended.push(sessionIndex));
  encoder.start();
  cleanups.push(() => encoder.stop());
  return result;
}

type PublishOptions = { hasVideo?: boolean; key?: string; app?: string; hasAudio?: boolean; rate?: number; size?: string; codec?: string; seconds?: number; format?: string };

/** ffmpeg as the publisher: what OBS sends, in the same form. */
function publish(port: number, options: PublishOptions = {}): { process: ChildProcess; log: () => string; exit: Promise<number | null> } {
  const { key = KEY, app = 'live', hasVideo = true, hasAudio = true, rate = 25, size = '320x180', codec = 'libx264', seconds = 60 } = options;
  const process = spawn(ffmpeg!.path, [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error'],
    ...(hasVideo ? ['-re', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${rate}:duration=${seconds}`] : []),
    ...(hasAudio ? ['-re', '-f', 'lavfi', '-i', `sine=duration=${seconds}`] : []),
    ...['-c:v', codec, ...(codec === 'libx264' ? ['-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'] : []), '-g', String(rate)],
    ...['-c:a', 'aac', '-f', 'flv', `rtmp://127.0.0.1:${port}/${app}/${key}`],
  ]);
  let log = '';
  process.stderr.on('data', (text: Buffer) => (log += text.toString()));
  cleanups.push(() => process.kill('SIGKILL'));
  return { process, log: () => log, exit: once(process, 'exit').then(([code]) => code as number | null) };
}

const until = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 40_000, interval: 20 });

describe('RtmpSource', () => {
  it('encodes sound that is published alone', async () => {
    const { port, source } = await listening();
    const { parts, inits, deaths } = encoding(source);
    publish(port, { hasVideo: false });
    await until(() => parts.length >= 6);
    expect(deaths).toEqual([]);
    expect(inits[0]?.renditions).toMatchObject([{ codecs: 'mp4a.40.2', hasVideo: false, hasAudio: true }]);
    expect(parts.every(({ durationUs, isIndependent }) => durationUs === 192_000 && isIndependent)).toBe(true);
  });

  for (const binary of [ffmpeg!, ...others]) {
    it(`encodes what is published, with its sound and at its frame rate (${binary.version})`, async () => {
      const { port, source, told } = await listening();
      const { parts, inits, deaths } = encoding(source, binary);
      publish(port);
      await until(() => parts.length >= 12);
      expect(deaths).toEqual([]);
      expect(told.publisherConnected).toEqual([{ address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as unknown, isReturn: false }]);
      expect(inits).toHaveLength(1);
      expect(inits[0]?.renditions[0]).toMatchObject({ width: 320, height: 180, frameRate: 25, hasAudio: true });
      for (const part of parts) {
        expect(part.durationUs).toBe(200_000);
        expect(part.audioFrameCount).toBeGreaterThan(0);
      }
    });
  }

  it('takes a stream without sound', async () => {
    const { port, source } = await listening();
    const { parts, inits } = encoding(source);
    publish(port, { hasAudio: false, rate: 30 });
    await until(() => parts.length >= 3);
    expect(inits[0]?.renditions[0]).toMatchObject({ hasAudio: false, frameRate: 30 });
  });

  it('refuses a wrong key: the publisher fails, and the log has one sentence without any key in it', async () => {
    const { port, source, told } = await listening();
    const publisher = publish(port, { key: 'guessed' });
    expect(await publisher.exit).not.toBe(0);
    await until(() => told.publisherRefused.length > 0);
    expect(told.publisherRefused).toEqual([{ address: expect.any(String) as unknown, reason: 'The stream key is wrong.' }]);
    expect(publisher.log()).toContain('The stream key is wrong.');
    expect(told.publisherConnected).toEqual([]);
    expect(source.publisher.isHere).toBe(false);
  });

  it('refuses another application than the one in its URL', async () => {
    const { port, told } = await listening();
    expect(await publish(port, { app: 'vod' }).exit).not.toBe(0);
    await until(() => told.publisherRefused.length > 0);
    expect(told.publisherRefused[0]!.reason).toBe('The publish URL must end in /live.');
  });

  it('refuses codecs that cannot be taken, and says which can', async () => {
    const { port, told } = await listening();
    expect(await publish(port, { codec: 'flv1' }).exit).not.toBe(0);
    await until(() => told.publisherLost.length > 0);
    expect(told.publisherLost[0]!.reason).toMatch(/^Only H\.264 video with AAC or MP3 audio/);
  });

  it('plays to nobody', async () => {
    const { port, source, told } = await listening();
    publish(port);
    await until(() => told.publisherConnected.length > 0);
    const player = spawn(ffmpeg!.path, ['-nostdin', '-loglevel', 'error', '-i', `rtmp://127.0.0.1:${port}/live/${KEY}`, '-f', 'null', '-']);
    const [code] = (await once(player, 'exit')) as [number | null];
    expect(code).not.toBe(0);
    expect(source.publisher.isHere).toBe(true);
  });

  it('goes on with a new session when the publisher comes back, and is offline only after the grace time', async () => {
    const time = new VirtualTime();
    const { port, source, told } = await listening({ startTimer: time.startTimer });
    const { parts, ended, deaths } = encoding(source);
    const first = publish(port);
    await until(() => parts.length >= 3);
    first.process.kill('SIGKILL');
    await until(() => told.publisherLost.length === 1 && ended.length === 1);
    expect(told.publisherLost[0]).toMatchObject({ graceMs: 10_000 });

    time.advance(9_999);
    expect(told.publisherGone).toEqual([]);
    const second = publish(port);
    await until(() => parts.some((part) => part.sessionIndex === 1));
    expect(told.publisherConnected.map(({ isReturn }) => isReturn)).toEqual([false, true]);
    time.advance(20_000);
    expect(told.publisherGone).toEqual([]);

    second.process.kill('SIGKILL');
    await until(() => told.publisherLost.length === 2);
    time.advance(10_000);
    expect(told.publisherGone).toHaveLength(1);
    publish(port);
    await until(() => parts.some((part) => part.sessionIndex === 2));
    expect(told.publisherConnected.map(({ isReturn }) => isReturn)).toEqual([false, true, false]);
    expect(deaths).toEqual([]);
    const dates = parts.map((part) => part.programDateTimeMs);
    expect(dates).toEqual(dates.toSorted((a, b) => a - b));
  });

  it('lets a newer publisher with the right key take over from one that hangs', async () => {
    const { port, source, told } = await listening();
    const { parts } = encoding(source);
    const first = publish(port);
    await until(() => parts.length >= 2);
    publish(port, { size: '640x360' });
    expect(await first.exit).not.toBe(0);
    await until(() => parts.some((part) => part.sessionIndex === 1));
    expect(told.publisherConnected).toHaveLength(2);
    expect(told.publisherLost).toEqual([]);
  });

  it('says in one sentence that its port is in use', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    cleanups.push(() => blocker.close());
    const { port } = blocker.address() as { port: number };
    await expect(RtmpServer.listen({ port, host: '127.0.0.1' })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: `RTMP port ${port} is in use by another program: stop it, or choose another port.`,
    });
  });

  it.each([
    ['of one address', () => '127.0.0.1', 4],
    ['of many addresses', (index: number) => `127.0.1.${index + 1}`, 16],
  ])('lets a publisher in whatever sockets %s are idle, and keeps few of them', async (_name, hostOf, limit) => {
    const { port, source, told } = await listening();
    let open = 0;
    const idle: Socket[] = [];
    for (let index = 0; index < 40; index++) {
      const socket = connect({ port: port, host: '127.0.0.1', localAddress: hostOf(index) });
      socket.on('error', () => undefined).on('close', () => open--);
      socket.resume();
      cleanups.push(() => socket.destroy());
      await once(socket, 'connect');
      open++;
      idle.push(socket);
    }
    await until(() => open === limit);
    expect(idle.slice(0, -limit).every((socket) => socket.closed)).toBe(true);
    publish(port);
    await until(() => source.publisher.isHere);
    for (let index = 0; index < 40; index++) {
      const socket = connect({ port: port, host: '127.0.0.1', localAddress: hostOf(index) });
      cleanups.push(() => socket.destroy());
      socket.on('error', () => undefined);
      await once(socket, 'connect');
    }
    await until(() => open === 0);
    expect(told.publisherLost).toEqual([]);
    expect(source.publisher.isHere).toBe(true);
  });

  it('turns away who sends much before publishing', async () => {
    const { port, told } = await listening();
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    const command = encodeMessage({ type: 20, streamId: 0, timestampMs: 0, body: encodeAmf0(['_checkbw', 0, 'x'.repeat(100)]) });
    socket.write(Buffer.concat([Buffer.of(3), Buffer.alloc(2 * 1536), ...Array.from({ length: 2500 }, () => command)]));
    await until(() => told.publisherRefused.length > 0);
    expect(told.publisherRefused[0]!.reason).toBe('It sends much, but does not publish.');
  });

  it('turns away what is no RTMP', async () => {
    const { port, told } = await listening();
    const socket = connect(port, '127.0.0.1');
    socket.resume();
    socket.write('GET / HTTP/1.1\r\n\r\n'.padEnd(4000, 'x'));
    await once(socket, 'close');
    await until(() => told.publisherRefused.length > 0);
    expect(told.publisherRefused[0]!.reason).toBe('It does not speak RTMP.');
  });
});
