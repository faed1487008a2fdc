import { LIMITS, seededRandom, type ChunkSequence, type RenditionId, type WireMessage } from '@p2ptv/protocol';
import { describe, expect, it } from 'vitest';

import { EventQueue, Happening } from '../../src/sim/event-queue.js';
import { Network, type NetworkOptions } from '../../src/sim/network.js';
import { TraceHash } from '../../src/sim/trace-hash.js';
import { fakeHost, link } from './fake-host.js';

const BLOCK_BYTES = 16_384;
/** A block's time on an uplink of 10 Mb/s, heads of packets included, ms. */
const SLOT_MS = ((BLOCK_BYTES + 8) * 1.03 + 48) * 8e3 / 10e6;

function block(index = 0, bytes = BLOCK_BYTES): WireMessage {
  return { kind: 'block', rendition: 0 as RenditionId, sequence: 1 as ChunkSequence, index, bytes: new Uint8Array(bytes) };
}

function network(options: Partial<NetworkOptions> = {}): { queue: EventQueue; network: Network } {
  const queue = new EventQueue();
  const made = new Network(
    { lossRatio: 0, isLossCongestion: false, isCodecRun: false, slowDownlinks: undefined, ...options },
    { queue, random: seededRandom(3), trace: new TraceHash() },
  );
  return { queue, network: made };
}

describe('Network', () => {
  it('sends one after the other on the whole uplink, then the delay passes', () => {
    const { queue, network: net } = network();
    const nowMs = (): number => queue.nowMs;
    const sender = fakeHost(1, { nowMs });
    const [one, other] = [fakeHost(2, { nowMs }), fakeHost(3, { nowMs })];
    net.send(link(sender, one, 20), block());
    net.send(link(sender, other, 20), block());
    queue.runUntil(1_000, Infinity);
    expect(one.heard[0]?.atMs).toBeCloseTo(SLOT_MS + 20, 6);
    expect(other.heard[0]?.atMs).toBeCloseTo(2 * SLOT_MS + 20, 6);
  });

  it('a cold link sends 12 KB a round trip, half as much again each time, and stays warm', () => {
    const { queue, network: net } = network();
    const nowMs = (): number => queue.nowMs;
    const receiver = fakeHost(2, { nowMs });
    const end = link(fakeHost(1, { nowMs, uplinkBitsPerSecond: 1e9 }), receiver, 50);
    for (let index = 0; index < 40; index++) net.send(end, block(index));
    queue.runUntil(10_000, Infinity);
    const arrivals = receiver.heard.map(({ atMs }) => atMs);
    const within = (ms: number): number => arrivals.filter((atMs) => atMs < ms).length;
    // A message is never cut: the first goes alone, though it is larger than the window.
    expect(within(100)).toBe(1);
    expect(within(200)).toBe(2);
    expect(within(400)).toBeLessThan(12);
    const coldMs = arrivals.at(-1) ?? 0;
    expect(coldMs).toBeGreaterThan(500);
    const again = queue.nowMs;
    for (let index = 0; index < 4; index++) net.send(end, block(index));
    queue.runUntil(again + 1_000, Infinity);
    expect((receiver.heard.at(-1)?.atMs ?? 0) - again).toBeLessThan(60);
  });

  it('counts what has not left as buffered, and tells once when it is nearly gone', () => {
    const { queue, network: net } = network();
    const nowMs = (): number => queue.nowMs;
    const sender = fakeHost(1, { nowMs });
    const end = link(sender, fakeHost(2, { nowMs }), 0);
    for (let index = 0; index < 4; index++) net.send(end, block(index));
    expect(end.bufferedBytes).toBe(4 * (BLOCK_BYTES + 8));
    queue.runUntil(1.5 * SLOT_MS, Infinity);
    expect(end.bufferedBytes).toBe(3 * (BLOCK_BYTES + 8));
    expect(sender.drained).toBe(0);
    queue.runUntil(1_000, Infinity);
    expect([end.bufferedBytes, sender.drained]).toEqual([0, 1]);
  });

  it('refuses what a real link would refuse', () => {
    const { queue, network: net } = network();
    const nowMs = (): number => queue.nowMs;
    const end = link(fakeHost(1, { nowMs }), fakeHost(2, { nowMs }), 0);
    expect(() => net.send(end, block(0, LIMITS.frameBytes))).toThrow(expect.objectContaining({ code: 'SIMULATION_FAILED' }));
  });

  it('delivers in order also where packets are lost, later but not by much, and everything', () => {
    const { queue, network: net } = network({ lossRatio: 0.05 });
    const nowMs = (): number => queue.nowMs;
    const indexes: number[] = [];
    const receiver = fakeHost(2, { nowMs, came: (message) => indexes.push(message.kind === 'block' ? message.index : -1) });
    const end = link(fakeHost(1, { nowMs }), receiver, 30);
    for (let index = 0; index < 300; index++) net.send(end, block(index));
    queue.runUntil(60_000, Infinity);
    expect(indexes).toEqual(Array.from({ length: 300 }, (_, index) => index));
    expect(net.bytesUnderWay).toBe(0);
    const lastMs = receiver.heard.at(-1)?.atMs ?? 0;
    expect(lastMs).toBeGreaterThan(300 * SLOT_MS + 30);
    expect(lastMs).toBeLessThan(300 * SLOT_MS + 30 + 1_000);
  });

  it('a lost message with nothing behind it waits for the timeout of 400 ms', () => {
    const { queue, network: net } = network({ lossRatio: 0.999999 });
    const nowMs = (): number => queue.nowMs;
    const receiver = fakeHost(2, { nowMs });
    net.send(link(fakeHost(1, { nowMs }), receiver, 30), { kind: 'ping', nonce: 1 });
    queue.runUntil(10_000, Infinity);
    expect(receiver.heard[0]?.atMs).toBeGreaterThan(400);
    expect(receiver.heard[0]?.atMs).toBeLessThan(500);
  });

  it('with losses taken as congestion a link moves at about the rate of Mathis et al.', () => {
    const { queue, network: net } = network({ lossRatio: 0.02, isLossCongestion: true });
    const nowMs = (): number => queue.nowMs;
    const receiver = fakeHost(2, { nowMs });
    const end = link(fakeHost(1, { nowMs, uplinkBitsPerSecond: 1e9 }), receiver, 35);
    for (let index = 0; index < 2_000; index++) net.send(end, block(index));
    queue.runUntil(20_000, Infinity);
    const bitsPerSecond = (receiver.heard.length * BLOCK_BYTES * 8) / 20;
    // 1.22 · packet / (round trip · √p), and one message a round trip where the window is smaller than one.
    expect(bitsPerSecond).toBeGreaterThan(0.8e6);
    expect(bitsPerSecond).toBeLessThan(3e6);
  });

  it('what was sent before a close arrives, then the other end hears of it; after it nothing is heard', () => {
    const { queue, network: net } = network();
    const nowMs = (): number => queue.nowMs;
    const [sender, receiver] = [fakeHost(1, { nowMs }), fakeHost(2, { nowMs })];
    const end = link(sender, receiver, 10);
    net.send(end.other, { kind: 'ping', nonce: 1 });
    net.send(end, block());
    net.close(end);
    queue.runUntil(1_000, Infinity);
    expect(receiver.heard.map(({ kind }) => kind)).toEqual(['block']);
    expect([receiver.ended, sender.ended, sender.heard.length]).toEqual([1, 0, 0]);
    const { sent, received, dropped } = net.bytes;
    expect(sent).toBe(received + dropped);
    expect(dropped).toBe(5);
  });

  it('a peer that dies is missed after a while, and what is sent to it is lost', () => {
    const { queue, network: net } = network();
    const nowMs = (): number => queue.nowMs;
    const [dead, other] = [fakeHost(1, { nowMs }), fakeHost(2, { nowMs })];
    const end = link(dead, other, 10);
    net.break(end, 15_000);
    dead.isUp = false;
    net.send(end.other, { kind: 'ping', nonce: 1 });
    queue.runUntil(14_999, Infinity);
    expect([other.ended, dead.heard.length]).toEqual([0, 0]);
    queue.runUntil(15_001, Infinity);
    expect(other.ended).toBe(1);
    expect(net.bytes.dropped).toBe(5);
  });
});

describe('oracles of the network', () => {
  it('a chain of N takes N slots', () => {
    const { queue, network: net } = network();
    const nowMs = (): number => queue.nowMs;
    const N = 24;
    const hosts = Array.from({ length: N + 1 }, (_, index) => fakeHost(index, { nowMs, came: () => pass(index) }));
    const ends = hosts.slice(0, N).map((host, index) => link(host, hosts[index + 1] as (typeof hosts)[number], 0));
    const pass = (index: number): void => {
      const end = ends[index];
      if (end) net.send(end, block());
    };
    pass(0);
    queue.runUntil(100_000, Infinity);
    expect(hosts.at(-1)?.heard[0]?.atMs).toBeCloseTo(N * SLOT_MS, 3);
  });

  it('equal uplinks, no delay, whoever has it passes it on: within a slot of 1 + ⌊log₂ N⌋', () => {
    for (const N of [1, 5, 16, 100]) {
      const { queue, network: net } = network();
      const nowMs = (): number => queue.nowMs;
      let without = 1;
      const send = (index: number): void => {
        if (without > N) return;
        const next = without++;
        net.send(link(hosts[index] as (typeof hosts)[number], hosts[next] as (typeof hosts)[number], 0), block());
        // The next one gets it when this one's uplink is free: a slot later.
        queue.schedule(new Happening(() => send(index)), queue.nowMs + SLOT_MS);
      };
      const hosts = Array.from({ length: N + 1 }, (_, index) =>
        fakeHost(index, { nowMs, came: () => index !== 0 && send(index) }),
      );
      // The origin gives one copy.
      without++;
      net.send(link(hosts[0] as (typeof hosts)[number], hosts[1] as (typeof hosts)[number], 0), block());
      queue.runUntil(100_000, Infinity);
      const lastMs = Math.max(...hosts.slice(1).map(({ heard }) => heard[0]?.atMs ?? Infinity));
      // The source gives one copy and no more, hence the rounding up.
      expect(lastMs / SLOT_MS).toBeCloseTo(1 + Math.ceil(Math.log2(N)), 3);
      expect(lastMs / SLOT_MS).toBeLessThanOrEqual(1 + Math.floor(Math.log2(N)) + 1.001);
    }
  });
});
