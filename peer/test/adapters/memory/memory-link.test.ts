import { seededRandom } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';
import { createMemoryLinkPair } from '../../../src/adapters/memory/memory-link.js';
import { VirtualTime } from '../../../src/adapters/virtual/virtual-time.js';
import { describeLinkContract } from '../describe-link-contract.js';
import { LinkRecorder } from '../link-contract.js';
import { connectVirtually } from './virtual-link-pair.js';

describeLinkContract('memory', () => connectVirtually(), { canVanish: true });

describe('memory link', () => {
  it('takes the time that rate and delay say', () => {
    const time = new VirtualTime();
    const [left, right] = createMemoryLinkPair({ time, oneWayDelayMs: 25, left: { uplinkBitsPerSecond: 8e6 } });
    const arrivals: number[] = [];
    right.listen({ frame: () => arrivals.push(time.nowMs()), drained: () => {}, ended: () => {} });
    for (let index = 0; index < 3; index++) left.send(new Uint8Array(10_000));
    time.runFor(1000);
    expect(arrivals).toEqual([35, 45, 55]);
  });

  it('does not wait twice where uplink and downlink are equally fast, and queues where the downlink is slower', () => {
    for (const [downlinkBitsPerSecond, expected] of [
      [8e6, [35, 45]],
      [4e6, [45, 65]],
    ] as const) {
      const time = new VirtualTime();
      const [left, right] = createMemoryLinkPair({
        time,
        oneWayDelayMs: 25,
        left: { uplinkBitsPerSecond: 8e6 },
        right: { downlinkBitsPerSecond },
      });
      const arrivals: number[] = [];
      right.listen({ frame: () => arrivals.push(time.nowMs()), drained: () => {}, ended: () => {} });
      for (let index = 0; index < 2; index++) left.send(new Uint8Array(10_000));
      time.runFor(1000);
      expect(arrivals).toEqual(expected);
    }
  });

  it('keeps frames in order whatever the jitter draws', () => {
    const time = new VirtualTime();
    const [left, right] = createMemoryLinkPair({ time, oneWayDelayMs: 5, jitterMs: 200, random: seededRandom(3) });
    const recorder = new LinkRecorder(right).listen();
    for (let number = 0; number < 200; number++) left.send(Uint8Array.of(number));
    time.runFor(1000);
    expect(recorder.frames.map((frame) => frame[0])).toEqual(Array.from({ length: 200 }, (_, number) => number));
  });

  it('still delivers what was in the air when its sender vanished', () => {
    const time = new VirtualTime();
    const [left, right] = createMemoryLinkPair({ time, oneWayDelayMs: 100, left: { uplinkBitsPerSecond: 8e6 } });
    const recorder = new LinkRecorder(right).listen();
    left.send(new Uint8Array(1000));
    left.send(new Uint8Array(1000));
    time.runFor(1.5);
    left.vanish(5_000);
    time.runFor(4_900);
    expect(recorder.frames).toHaveLength(1);
    expect(recorder.ends).toEqual([]);
    time.runFor(200);
    expect(recorder.ends).toEqual(['remote']);
  });
});
