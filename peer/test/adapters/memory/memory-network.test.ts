import { peerIdFromBytes, seededRandom, type PeerId } from '@p2ptv/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryNetwork, type MemoryLinkTransport } from '../../../src/adapters/memory/memory-network.js';
import { VirtualTime } from '../../../src/adapters/virtual/virtual-time.js';
import type { Link } from '../../../src/ports/link.js';
import type { DialFailure } from '../../../src/ports/link-transport.js';

const CREDENTIALS = { ticket: 'x', trackerKey: new Uint8Array(32), iceServers: [] };

type Seat = {
  peerId: PeerId;
  transport: MemoryLinkTransport;
  links: { link: Link; isInitiator: boolean; atMs: number }[];
  failures: { peerId: PeerId; failure: DialFailure }[];
};

describe('memory network', () => {
  let time: VirtualTime;
  let network: MemoryNetwork;

  beforeEach(() => {
    time = new VirtualTime();
    network = new MemoryNetwork({ time, random: seededRandom(5), oneWayDelayMs: 10 });
  });

  const sit = (number: number, rates: { uplinkBitsPerSecond?: number; downlinkBitsPerSecond?: number } = {}): Seat => {
    const peerId = peerIdFromBytes(new Uint8Array(16).fill(number));
    const transport = network.createTransport({ peerId, role: number === 0 ? 'origin' : 'viewer', ...rates });
    const seat: Seat = { peerId, transport, links: [], failures: [] };
    transport.listen({
      sendSignal: () => {},
      linkOpened: (link, isInitiator) => seat.links.push({ link, isInitiator, atMs: time.nowMs() }),
      dialFailed: (failed, failure) => seat.failures.push({ peerId: failed, failure }),
    });
    transport.setCredentials(CREDENTIALS);
    return seat;
  };

  it('opens a link on both sides some round trips after a dial, with the roles known', () => {
    const [origin, viewer] = [sit(0), sit(1)];
    viewer.transport.dial(origin.peerId);
    viewer.transport.dial(origin.peerId);
    time.runFor(1000);
    expect(viewer.links.map(({ link, ...rest }) => ({ remote: link.remote, ...rest }))).toEqual([
      { remote: { peerId: origin.peerId, role: 'origin' }, isInitiator: true, atMs: 60 },
    ]);
    expect(origin.links).toHaveLength(1);
    expect(origin.links[0]!.link.remote).toEqual({ peerId: viewer.peerId, role: 'viewer' });
    expect(origin.links[0]!.isInitiator).toBe(false);
  });

  it('makes one link when both dial', () => {
    const [one, two] = [sit(1), sit(2)];
    one.transport.dial(two.peerId);
    two.transport.dial(one.peerId);
    time.runFor(20_000);
    expect([one.links.length, two.links.length, one.failures.length, two.failures.length]).toEqual([1, 1, 0, 0]);
  });

  describe('with signals', () => {
    let log: string[];
    let isDeaf: boolean;

    beforeEach(() => {
      network = new MemoryNetwork({ time, random: seededRandom(5), oneWayDelayMs: 10, hasSignals: true });
      log = [];
      isDeaf = false;
    });

    /** Seats whose signals take 15 ms, as over a tracker. */
    const sitTogether = (...numbers: number[]): Seat[] => {
      const seats = numbers.map((number) => sit(number));
      for (const seat of seats) {
        seat.transport.listen({
          sendSignal: (signal) => {
            log.push(signal.body.kind);
            const receiver = seats.find(({ peerId }) => peerId === signal.to);
            if (!isDeaf) time.schedule(time.nowMs() + 15, () => receiver?.transport.signal(signal));
          },
          linkOpened: (link, isInitiator) => seat.links.push({ link, isInitiator, atMs: time.nowMs() }),
          dialFailed: (failed, failure) => seat.failures.push({ peerId: failed, failure }),
        });
      }
      return seats;
    };

    it('opens a link two round trips after offer and answer have come', () => {
      const [one, two] = sitTogether(1, 2) as [Seat, Seat];
      one.transport.dial(two.peerId);
      time.runFor(1_000);
      expect(log).toEqual(['offer', 'answer']);
      expect([one.links[0]?.atMs, two.links[0]?.atMs]).toEqual([70, 70]);
    });

    it('makes one link when both dial', () => {
      const [one, two] = sitTogether(1, 2) as [Seat, Seat];
      one.transport.dial(two.peerId);
      two.transport.dial(one.peerId);
      time.runFor(20_000);
      expect([one.links.length, two.links.length, one.failures.length, two.failures.length]).toEqual([1, 1, 0, 0]);
    });

    it('fails a dial whose signals are lost, or that is refused', () => {
      const [one, two] = sitTogether(1, 2) as [Seat, Seat];
      isDeaf = true;
      one.transport.dial(two.peerId);
      time.runFor(10_000);
      isDeaf = false;
      two.transport.setLinkLimit(0);
      one.transport.dial(two.peerId);
      time.runFor(10_000);
      expect(one.failures).toEqual([
        { peerId: two.peerId, failure: 'timeout' },
        { peerId: two.peerId, failure: 'refused' },
      ]);
      expect(one.links).toEqual([]);
    });
  });

  it('refuses beyond the limit, and has room again after a close', () => {
    const [host, one, two] = [sit(1), sit(2), sit(3)];
    host.transport.setLinkLimit(1);
    one.transport.dial(host.peerId);
    two.transport.dial(host.peerId);
    time.runFor(1000);
    expect(one.links).toHaveLength(1);
    expect(two.failures).toEqual([{ peerId: host.peerId, failure: 'refused' }]);
    one.links[0]!.link.close();
    time.runFor(1000);
    two.transport.dial(host.peerId);
    time.runFor(1000);
    expect(two.links).toHaveLength(1);
  });

  it('waits with dials for credentials, and is unreachable until it has them', () => {
    const peerId = peerIdFromBytes(new Uint8Array(16).fill(9));
    const transport = network.createTransport({ peerId, role: 'viewer' });
    const opened: Link[] = [];
    transport.listen({ sendSignal: () => {}, linkOpened: (link) => opened.push(link), dialFailed: () => {} });
    const other = sit(1);
    other.transport.dial(peerId);
    transport.dial(other.peerId);
    time.runFor(1000);
    expect(other.failures).toEqual([{ peerId, failure: 'unreachable' }]);
    expect(opened).toHaveLength(0);
    transport.setCredentials(CREDENTIALS);
    time.runFor(1000);
    expect(opened).toHaveLength(1);
  });

  it('times out on a peer that is not there, and ends links of one that vanishes', () => {
    const [one, two] = [sit(1), sit(2)];
    one.transport.dial(two.peerId);
    time.runFor(1000);
    const ends: string[] = [];
    one.links[0]!.link.listen({ frame: () => {}, drained: () => {}, ended: (end) => ends.push(end) });
    network.vanish(two.peerId);
    time.runFor(6000);
    expect(ends).toEqual(['remote']);
    one.transport.dial(two.peerId);
    time.runFor(9000);
    expect(one.failures).toEqual([{ peerId: two.peerId, failure: 'timeout' }]);
  });

  it('shares one uplink among a peer’s links, in turn', () => {
    const sender = sit(1, { uplinkBitsPerSecond: 8e6 });
    const receivers = [sit(2), sit(3)];
    for (const receiver of receivers) sender.transport.dial(receiver.peerId);
    time.runFor(1000);
    const arrivals: string[] = [];
    receivers.forEach((receiver, index) =>
      receiver.links[0]!.link.listen({
        frame: () => arrivals.push(`${index}@${time.nowMs() - 1000}`),
        drained: () => {},
        ended: () => {},
      }),
    );
    for (const { link } of sender.links) {
      link.send(new Uint8Array(10_000));
      link.send(new Uint8Array(10_000));
    }
    time.runFor(1000);
    expect(arrivals).toEqual(['0@20', '1@30', '0@40', '1@50']);
  });

  it('ends all links on close', () => {
    const [one, two] = [sit(1), sit(2)];
    one.transport.dial(two.peerId);
    time.runFor(1000);
    const ends: string[] = [];
    two.links[0]!.link.listen({ frame: () => {}, drained: () => {}, ended: (end) => ends.push(end) });
    one.links[0]!.link.listen({ frame: () => {}, drained: () => {}, ended: (end) => ends.push(end) });
    one.transport.close();
    time.runFor(1000);
    expect(ends).toEqual(['local', 'remote']);
  });

  it('runs a flood among 50 peers the same way twice', () => {
    const flood = (): string => {
      time = new VirtualTime();
      network = new MemoryNetwork({
        time,
        random: seededRandom(11),
        oneWayDelayMs: (random) => 5 + random.next() * 40,
        jitterMs: 5,
      });
      const seats = Array.from({ length: 50 }, (_, number) => sit(number, { uplinkBitsPerSecond: 10e6 }));
      const trace: string[] = [];
      seats.forEach((seat, number) => {
        for (let step = 1; step <= 6; step++) seat.transport.dial(seats[(number + step * step) % 50]!.peerId);
      });
      time.runFor(1000);
      seats.forEach((seat, number) => {
        let hasIt = number === 0;
        for (const { link } of seat.links) {
          link.listen({
            frame: (bytes) => {
              if (hasIt) return;
              hasIt = true;
              trace.push(`${number}@${time.nowMs()}`);
              for (const other of seat.links) other.link.send(bytes.slice());
            },
            drained: () => {},
            ended: () => {},
          });
        }
      });
      for (const { link } of seats[0]!.links) link.send(new Uint8Array(16_000));
      time.runFor(5000);
      expect(trace).toHaveLength(49);
      return trace.join();
    };
    expect(flood()).toBe(flood());
  });
});
