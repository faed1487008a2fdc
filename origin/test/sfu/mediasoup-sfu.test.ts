import { performance } from 'node:perf_hooks';

import { describe, expect, it } from 'vitest';

import type { StartTimer } from '../../src/encode/start-timer.js';
import { MediasoupSfu } from '../../src/sfu/mediasoup/mediasoup-sfu.js';
import { MediasoupTransport } from '../../src/sfu/mediasoup/mediasoup-transport.js';
import { producerParameters } from '../../src/sfu/mediasoup/router-codecs.js';
import { MID_URI } from '../../src/sfu/rtp-parameters.js';
import type { SenderReport, TrackPacket, TransportState } from '../../src/sfu/sfu-port.js';
import { FakeDirectTransport, FakeMediasoup, FakeTransport } from './fake-mediasoup.js';
import { itIsAnSfu } from './sfu-contract.js';

const nowMs = (): number => performance.now();

/** Why it cannot be tried here; undefined: mediasoup is installed, and its worker runs. */
const missing = await MediasoupSfu.open({ nowMs }).then(
  (sfu) => sfu.close(),
  (error: unknown) => String(error),
);

describe.skipIf(missing !== undefined)(`a mediasoup worker${missing === undefined ? '' : ` (left out: ${missing})`}`, () => itIsAnSfu((clock) => MediasoupSfu.open({ nowMs: clock })));

it.skipIf(missing === undefined)('who lacks mediasoup is told what to run', () => expect(missing).toMatch(/run "npm (install|rebuild) .*mediasoup/));

describe('mediasoup, with a made-up worker', () => {
  it('a worker that is missing is told of when it is opened', async () => {
    const mediasoup = new FakeMediasoup();
    mediasoup.failure = new Error('spawn ENOENT');
    await expect(MediasoupSfu.open({ nowMs, load: () => Promise.resolve(mediasoup) })).rejects.toMatchObject({ code: 'NO_MEDIASOUP', message: expect.stringMatching(/ENOENT.*npm rebuild mediasoup/) as unknown });
  });

  it('the router takes one codec of each name that clients are told of', async () => {
    const mediasoup = new FakeMediasoup();
    await MediasoupSfu.open({ nowMs, load: () => Promise.resolve(mediasoup) });
    expect(mediasoup.codecs.map(({ mimeType }) => mimeType)).toEqual(['audio/opus', 'video/H264', 'video/VP8']);
  });

  it('a worker that dies takes its publishers with it, and the next one has a new worker', async () => {
    const mediasoup = new FakeMediasoup();
    const sfu = await MediasoupSfu.open({ nowMs, load: () => Promise.resolve(mediasoup) });
    const transport = await sfu.createTransport();
    mediasoup.workers[0]?.emit('died');
    mediasoup.transports[0]?.emit('routerclose');
    expect(transport.state).toBe('closed');
    await sfu.createTransport();
    expect(mediasoup.workers).toHaveLength(2);
    sfu.close();
    await expect.poll(() => mediasoup.workers[1]?.isClosed).toBe(true);
    expect(mediasoup.transports[1]?.isClosed).toBe(true);
    await expect(sfu.createTransport()).rejects.toThrow();
  });

  it('a publisher who comes while it closes leaves nothing open', async () => {
    const mediasoup = new FakeMediasoup();
    const sfu = await MediasoupSfu.open({ nowMs, load: () => Promise.resolve(mediasoup) });
    const opened = expect(sfu.createTransport()).rejects.toThrow('closed');
    await Promise.resolve();
    sfu.close();
    await opened;
    expect(mediasoup.transports.map(({ isClosed }) => isClosed)).toEqual([true]);
  });

  it('what was half opened is closed when the rest fails', async () => {
    const mediasoup = new FakeMediasoup();
    mediasoup.routerFailure = new Error('no router');
    await expect(MediasoupSfu.open({ nowMs, load: () => Promise.resolve(mediasoup) })).rejects.toThrow('no router');
    expect(mediasoup.workers.map(({ isClosed }) => isClosed)).toEqual([true]);
    mediasoup.routerFailure = undefined;
    const sfu = await MediasoupSfu.open({ nowMs, load: () => Promise.resolve(mediasoup) });
    mediasoup.directFailure = new Error('no transport');
    await expect(sfu.createTransport()).rejects.toThrow('no transport');
    expect(mediasoup.transports.map(({ isClosed }) => isClosed)).toEqual([true]);
    sfu.close();
  });

  it.each(['42001f', '640032'])('H.264 of profile %s goes through the one codec of the router', (profile) => {
    const { codecs, headerExtensions, encodings } = producerParameters({
      mid: '1',
      headerExtensions: [{ uri: MID_URI, id: 4 }, { uri: 'urn:nobody:knows', id: 5 }],
      codecs: [
        { mimeType: 'video/H264', payloadType: 96, clockRate: 90_000, parameters: { 'packetization-mode': '1', 'profile-level-id': profile } },
        { mimeType: 'video/rtx', payloadType: 97, clockRate: 90_000, parameters: { apt: '96' } },
      ],
      encodings: [{ ssrc: 7, rtx: { ssrc: 8 } }, { ssrc: 9 }],
    });
    expect(codecs[0]?.parameters).toMatchObject({ 'packetization-mode': 1, 'profile-level-id': '42e01f' });
    expect(codecs[1]?.parameters).toEqual({ apt: 96 });
    expect(headerExtensions).toEqual([{ uri: MID_URI, id: 4 }]);
    expect(encodings).toEqual([{ ssrc: 7, rtx: { ssrc: 8 } }]);
  });
});

describe('a transport of mediasoup, with a made-up worker', () => {
  function open() {
    const clock = { ms: 0 };
    let due: (() => void) | undefined;
    const startTimer: StartTimer = (_delayMs, onTimeout) => {
      due = onTimeout;
      return () => (due = undefined);
    };
    const webRtc = new FakeTransport();
    const direct = new FakeDirectTransport();
    const transport = new MediasoupTransport({ webRtc, direct, capabilities: {}, nowMs: () => clock.ms, startTimer });
    const states: TransportState[] = [];
    transport.onStateChange = (state) => states.push(state);
    /** Lets seconds go by; the looks at the worker with them. */
    const pass = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        clock.ms += 1000;
        const look = due;
        due = undefined;
        look?.();
        await new Promise(setImmediate);
      }
    };
    return { webRtc, direct, transport, states, pass, isWatching: () => due !== undefined };
  }

  it('a client that does not connect has failed after 15 s', async () => {
    const { states, pass, webRtc, direct, isWatching } = open();
    await pass(15);
    expect(states).toEqual([]);
    await pass(1);
    expect(states).toEqual(['failed']);
    expect([webRtc.isClosed, direct.isClosed, isWatching()]).toEqual([true, true, false]);
  });

  it('a client that nothing is heard of for 6 s has gone', async () => {
    const { states, pass, webRtc, transport } = open();
    webRtc.emit('dtlsstatechange', 'connected');
    for (let second = 0; second < 20; second++) {
      webRtc.rtpBytesReceived += 1000;
      await pass(1);
    }
    expect(states).toEqual(['connected']);
    expect(transport.stats.receivedBytes).toBe(20_000);
    await pass(6);
    expect(states).toEqual(['connected']);
    await pass(1);
    expect(states).toEqual(['connected', 'closed']);
  });

  it('packets and sender reports of a track come to its listener', async () => {
    const { transport, webRtc, direct } = open();
    const packets: TrackPacket[] = [];
    const reports: SenderReport[] = [];
    const producer = await transport.produce({
      kind: 'audio',
      rtpParameters: { codecs: [{ mimeType: 'audio/opus', payloadType: 100, clockRate: 48_000, channels: 2 }] },
      listener: { onPacket: (packet) => packets.push(packet), onSenderReport: (report) => reports.push(report) },
    });
    expect(producer).toMatchObject({ kind: 'audio', codec: 'opus' });
    direct.consumer.emit('rtp', Buffer.from([0x80, 0xe4, 0, 7, 0, 0, 0, 9, 0, 0, 0, 1, 0xaa]));
    direct.consumer.emit('rtp', Buffer.from([0x40, 0]));
    webRtc.producer.emit('trace', { type: 'sr', info: { ntpSec: 2_208_988_801, ntpFrac: 0x40000000, rtpTs: 5 } });
    expect(packets).toEqual([{ sequenceNumber: 7, timestamp: 9, isMarked: true, payload: Buffer.from([0xaa]), arrivedAtMs: 0 }]);
    expect(reports).toEqual([{ wallMs: 1250, timestamp: 5 }]);
  });

  it('what the worker refuses is said to the client', async () => {
    const { transport, webRtc } = open();
    webRtc.produce = () => Promise.reject(new Error('unsupported codec'));
    webRtc.connect = () => Promise.reject(new Error('wrong fingerprint'));
    const track = { kind: 'audio' as const, rtpParameters: { codecs: [{ mimeType: 'audio/opus', payloadType: 100, clockRate: 48_000 }] }, listener: { onPacket: () => undefined, onSenderReport: () => undefined } };
    expect(await transport.produce(track)).toContain('unsupported codec');
    expect(await transport.connect({ fingerprints: [{ algorithm: 'md5', value: 'AB' }] })).toContain('wrong fingerprint');
  });
});
