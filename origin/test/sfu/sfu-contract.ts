import { performance } from 'node:perf_hooks';

import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';

import type { SenderReport, SfuPort, SfuProducer, SfuTransport, TrackListener, TrackPacket, TransportState } from '../../src/sfu/sfu-port.js';
import { KEY_FRAME, OTHER_FRAME, RtpClient, WAIT } from './rtp-client.js';

class Recorder implements TrackListener {
  packets: TrackPacket[] = [];
  reports: SenderReport[] = [];
  readonly onPacket = (packet: TrackPacket): void => void this.packets.push(packet);
  readonly onSenderReport = (report: SenderReport): void => void this.reports.push(report);
}

/**
 * What everything that takes media over WebRTC must do; a real client publishes to it.
 *
 * @param open is given the clock to go by
 */
export function itIsAnSfu(open: (nowMs: () => number) => Promise<SfuPort>): void {
  let leapMs = 0;
  const recorder = new Recorder();
  const states: TransportState[] = [];
  let sfu: SfuPort;
  let transport: SfuTransport;
  let client: RtpClient;
  let producer: SfuProducer;
  beforeAll(async () => {
    sfu = await open(() => performance.now() + leapMs);
    transport = await sfu.createTransport();
    transport.onStateChange = (state) => states.push(state);
    client = await RtpClient.create();
    producer = await client.publish(transport, recorder);
  });
  afterAll(() => {
    client.close();
    sfu.close();
  });
  beforeEach(async () => {
    await vi.waitFor(() => expect(states).toEqual(['connected']), WAIT);
    recorder.packets = [];
    recorder.reports = [];
    client.received.length = 0;
  });

  it('packets come as they were sent, without extensions and padding', async () => {
    expect(producer).toMatchObject({ kind: 'video', codec: 'h264' });
    client.send(
      { timestamp: 0xfffffff0, payload: KEY_FRAME, isDressed: true },
      { timestamp: 0xfffffff0, payload: OTHER_FRAME, isMarked: true },
      { timestamp: 2984, payload: OTHER_FRAME, isMarked: true },
    );
    await vi.waitFor(() => expect(recorder.packets).toHaveLength(3), WAIT);
    expect(recorder.packets.map(({ timestamp }) => timestamp)).toEqual([0xfffffff0, 0xfffffff0, 2984]);
    expect(recorder.packets.map(({ isMarked }) => isMarked)).toEqual([false, true, true]);
    expect(recorder.packets.map(({ payload }) => [...payload])).toEqual([[...KEY_FRAME], [...OTHER_FRAME], [...OTHER_FRAME]]);
    expect(distances(recorder.packets)).toEqual([1, 2]);
    await vi.waitFor(() => expect(transport.stats.receivedPackets).toBeGreaterThanOrEqual(3), WAIT);
    expect(transport.stats.receivedBytes).toBeGreaterThan(3 * 12);
  });

  it('a key frame is asked for', async () => {
    client.send({ timestamp: 6000, payload: KEY_FRAME });
    await vi.waitFor(() => expect(recorder.packets).toHaveLength(1), WAIT);
    client.received.length = 0;
    producer.requestKeyFrame();
    await vi.waitFor(() => expect(client.hasBeenAskedForKey).toBe(true), WAIT);
  });

  it('a packet that is missing is asked for again, and passed on when it comes', async () => {
    client.send({ timestamp: 9000, payload: KEY_FRAME });
    const late = client.hold({ timestamp: 12_000, payload: OTHER_FRAME });
    client.send({ timestamp: 15_000, payload: OTHER_FRAME });
    await vi.waitFor(() => expect(client.nacked).toContain(late.sequenceNumber), WAIT);
    late.send();
    await vi.waitFor(() => expect(recorder.packets).toHaveLength(3), WAIT);
    expect(distances(recorder.packets)).toEqual([2, 1]);
    await vi.waitFor(() => expect(transport.stats).toMatchObject({ nackedPackets: 1, recoveredPackets: 1 }), WAIT);
  });

  it('a sender report tells which moment of the sender is which of the track', async () => {
    client.send({ timestamp: 90_000, payload: KEY_FRAME });
    await vi.waitFor(() => expect(recorder.packets).toHaveLength(1), WAIT);
    client.report({ ntpSeconds: 4_004_294_400, ntpFraction: 0x80000000, timestamp: 90_000 });
    await vi.waitFor(() => expect(recorder.reports).toHaveLength(1), WAIT);
    expect(recorder.reports[0]).toEqual({ wallMs: Date.UTC(2026, 10, 22, 0, 0, 0, 500), timestamp: 90_000 });
  });

  it('what cannot be taken is refused in a sentence, and changes nothing', async () => {
    const [track] = client.offer.tracks;
    const sentence = expect.stringMatching(/^[A-Z].{10,}\.$/) as unknown;
    expect(await transport.produce({ ...track!, listener: recorder })).toEqual(sentence);
    const [codec] = track!.rtpParameters.codecs;
    expect(await transport.produce({ kind: 'audio', rtpParameters: { codecs: [codec!] }, listener: recorder })).toEqual(sentence);
    expect(await transport.connect(client.offer.dtlsParameters)).toEqual(sentence);
    client.send({ timestamp: 93_000, payload: KEY_FRAME });
    await vi.waitFor(() => expect(recorder.packets).toHaveLength(1), WAIT);
  });

  it('what is closed before anybody came tells so once', async () => {
    const unused = await sfu.createTransport();
    const unusedStates: TransportState[] = [];
    unused.onStateChange = (state) => unusedStates.push(state);
    expect(unused.state).toBe('new');
    expect(unused.parameters.iceCandidates.map(({ ip }) => ip)).toContain('127.0.0.1');
    expect(unused.parameters.iceParameters.usernameFragment).not.toBe(transport.parameters.iceParameters.usernameFragment);
    unused.close();
    unused.close();
    expect(unusedStates).toEqual(['closed']);
  });

  // The last one, because it is the client of the others. Its goodbye may be lost, and is then noticed by its silence, which is made short.
  it('a client that leaves closes its transport', async () => {
    client.close();
    await vi.waitFor(() => {
      leapMs += 500;
      expect(states).toEqual(['connected', 'closed']);
    }, WAIT);
    expect(transport.state).toBe('closed');
  });
}

function distances([first, ...others]: readonly TrackPacket[]): number[] {
  return others.map(({ sequenceNumber }) => (sequenceNumber - (first?.sequenceNumber ?? 0)) & 0xffff);
}
