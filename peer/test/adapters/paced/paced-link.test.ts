import { describe, expect, it } from 'vitest';
import { createMemoryLinkPair } from '../../../src/adapters/memory/memory-link.js';
import { PacedLink } from '../../../src/adapters/paced/paced-link.js';
import { VirtualTime } from '../../../src/adapters/virtual/virtual-time.js';
import { LINK_LOW_WATER_BYTES } from '../../../src/ports/link.js';
import type { Uplink } from '../../../src/ports/uplink.js';
import { describeLinkContract } from '../describe-link-contract.js';
import { connectVirtually } from '../memory/virtual-link-pair.js';

/** An uplink of a constant rate, first come first served. */
function serialUplink(time: VirtualTime, bitsPerSecond: number): Uplink & { askedBytes: number } {
  let freeAtMs = 0;
  const uplink = {
    askedBytes: 0,
    ask: (bytes: number, granted: () => void): (() => void) => {
      uplink.askedBytes += bytes;
      freeAtMs = Math.max(freeAtMs, time.nowMs()) + (bytes * 8_000) / bitsPerSecond;
      return time.schedule(freeAtMs, granted);
    },
    maxCopies: () => undefined,
  };
  return uplink;
}

const AT_ONCE: Uplink = {
  ask: (_bytes, granted) => {
    granted();
    return () => undefined;
  },
  maxCopies: () => undefined,
};

for (const [name, uplinkOf] of [
  ['grants at once', () => AT_ONCE],
  ['is slower than the link', (time: VirtualTime) => serialUplink(time, 4e6)],
  ['is faster than the link', (time: VirtualTime) => serialUplink(time, 400e6)],
] as const) {
  describeLinkContract(`paced, an uplink that ${name}`, () => connectVirtually((link, time) => new PacedLink(link, uplinkOf(time))), { canVanish: true });
}

describe('a paced link', () => {
  const silent = { frame: () => undefined, drained: () => undefined, ended: () => undefined };

  it('shares the uplink with others: together they send at its rate, in the order of asking', () => {
    const time = new VirtualTime();
    const uplink = serialUplink(time, 8e6);
    const arrivals: string[] = [];
    const links = ['one', 'two'].map((name) => {
      const [left, right] = createMemoryLinkPair({ time, oneWayDelayMs: 0, left: { uplinkBitsPerSecond: 1e9 } });
      right.listen({ ...silent, frame: () => arrivals.push(`${name} ${Math.round(time.nowMs())}`) });
      return new PacedLink(left, uplink);
    });
    for (const link of links) link.listen(silent);
    for (let round = 0; round < 2; round++) for (const link of links) link.send(new Uint8Array(10_000));
    time.runFor(1_000);
    expect(arrivals).toEqual(['one 10', 'two 20', 'one 30', 'two 40']);
  });

  it('tells once that it has drained, though the link below was never full', () => {
    const time = new VirtualTime();
    const [left, right] = createMemoryLinkPair({ time, oneWayDelayMs: 0, left: { uplinkBitsPerSecond: 1e9 } });
    right.listen(silent);
    const link = new PacedLink(left, serialUplink(time, 8e6));
    const drains: number[] = [];
    link.listen({ ...silent, drained: () => drains.push(link.bufferedBytes) });
    for (let count = 0; count < 6; count++) link.send(new Uint8Array(10_000));
    expect(link.bufferedBytes).toBe(60_000);
    time.runFor(1_000);
    expect(drains).toHaveLength(1);
    expect(drains[0]).toBeLessThanOrEqual(LINK_LOW_WATER_BYTES);
    expect(link.bufferedBytes).toBe(0);
  });

  it('asks for nothing any more once it has ended', () => {
    const time = new VirtualTime();
    const [left, right] = createMemoryLinkPair({ time, oneWayDelayMs: 5 });
    right.listen(silent);
    const withdrawn: number[] = [];
    const link = new PacedLink(left, {
      ask: (bytes) => () => withdrawn.push(bytes),
      maxCopies: () => undefined,
    });
    link.listen(silent);
    link.send(new Uint8Array(100));
    link.send(new Uint8Array(200));
    right.close();
    time.runFor(100);
    expect(withdrawn).toEqual([100, 200]);
    link.send(new Uint8Array(300));
    expect(link.bufferedBytes).toBe(0);
  });
});
