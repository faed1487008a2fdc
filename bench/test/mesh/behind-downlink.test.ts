import type { Cancel, Link, LinkListener, OriginClient } from '@p2ptv/peer';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { originBehind, transportBehind } from '../../src/mesh/behind-downlink.js';
import { SerialDownlink } from '../../src/mesh/serial-downlink.js';
import { wireBytes } from '../../src/sim/access-line.js';

/** A line that takes a ms a byte on the wire. */
function slowLine(): SerialDownlink {
  return new SerialDownlink(8_000, () => Date.now());
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('SerialDownlink', () => {
  it('takes messages one after the other: an idle line delays none, a busy one each by the time of its own', () => {
    const downlink = slowLine();
    const startMs = Date.now();
    const came: [string, number][] = [];
    for (const name of ['first', 'second', 'third']) downlink.receive(name === 'second' ? 1_000 : 100, () => came.push([name, Date.now() - startMs]));
    downlink.receive(0, () => came.push(['end', Date.now() - startMs]));
    expect(came).toEqual([['first', 0]]);
    vi.advanceTimersByTime(10_000);
    expect(came.map(([name]) => name)).toEqual(['first', 'second', 'third', 'end']);
    const [, second, third, end] = came.map(([, atMs]) => atMs);
    expect(Math.abs(second! - wireBytes(1_000))).toBeLessThanOrEqual(1);
    expect(Math.abs(third! - wireBytes(1_000) - wireBytes(100))).toBeLessThanOrEqual(1);
    expect(end).toBe(third);
  });

  it('carries no more and no less than its rate, however late its timers are', () => {
    const downlink = slowLine();
    const startMs = Date.now();
    let count = 0;
    for (let sent = 0; sent < 2_000; sent++) downlink.receive(50, () => count++);
    while (Date.now() - startMs < 60_000) vi.advanceTimersByTime(70);
    expect(Math.abs(count - 60_000 / wireBytes(50))).toBeLessThan(3);
  });

  it('keeps the order where one message brings the next', () => {
    const downlink = slowLine();
    const came: string[] = [];
    downlink.receive(10, () => {
      downlink.receive(0, () => came.push('second'));
      came.push('first');
    });
    expect(came).toEqual(['first', 'second']);
  });
});

describe('a peer behind a downlink', () => {
  it('hears of frames, and of their link’s end, when the line has brought them', () => {
    let network: LinkListener | undefined;
    const heard: string[] = [];
    const link = { listen: (listener: LinkListener) => (network = listener) } as unknown as Link;
    let opened: (link: Link) => void = () => undefined;
    const bare = { listen: (listener: { linkOpened(link: Link, isInitiator: boolean): void }) => (opened = (it) => listener.linkOpened(it, true)) };
    transportBehind(slowLine(), bare as never).listen({
      sendSignal: () => undefined,
      dialFailed: () => undefined,
      linkOpened: (it) =>
        it.listen({ frame: (bytes) => heard.push(`${bytes.length} bytes`), drained: () => heard.push('drained'), ended: () => heard.push('end') }),
    });
    opened(link);
    network?.frame(new Uint8Array(100));
    network?.frame(new Uint8Array(900));
    network?.ended('closed' as never);
    network?.drained();
    expect(heard).toEqual(['100 bytes', 'drained']);
    vi.advanceTimersByTime(wireBytes(900) - 5);
    expect(heard).toHaveLength(2);
    vi.advanceTimersByTime(10);
    expect(heard).toEqual(['100 bytes', 'drained', '900 bytes', 'end']);
  });

  it('shares it between links and origin, whose bodies count as the client counts them; what was cancelled is not told', () => {
    const received = { media: 0, init: 0, headers: 0, join: 0 };
    const fetches: Parameters<OriginClient['fetchChunk']>[1][] = [];
    const cancelled: number[] = [];
    const bare = {
      received,
      fetchChunk: (_wish: unknown, listener: (typeof fetches)[number]): Cancel => {
        const index = fetches.push(listener);
        return () => cancelled.push(index);
      },
    };
    const downlink = slowLine();
    const origin = originBehind(downlink, bare as unknown as OriginClient);
    const heard: string[] = [];
    const fetch = (name: string): Cancel =>
      origin.fetchChunk({} as never, { bytes: (bytes) => heard.push(`${name} ${bytes.join()}`), done: () => heard.push(`${name} done`), failed: () => heard.push(`${name} failed`) });
    fetch('one');
    const cancel = fetch('two');
    downlink.receive(10, () => heard.push('frame'));
    const shared = new Uint8Array([1, 2]);
    received.media += 500;
    fetches[0]!.bytes(shared);
    shared.fill(9);
    fetches[0]!.done();
    received.media += 500;
    fetches[1]!.bytes(new Uint8Array([3]));
    cancel();
    expect(cancelled).toEqual([2]);
    expect(heard).toEqual(['frame']);
    vi.advanceTimersByTime(wireBytes(500) + 1);
    expect(heard).toEqual(['frame', 'one 1,2', 'one done']);
    let isLast = false;
    downlink.receive(10, () => (isLast = true));
    vi.advanceTimersByTime(wireBytes(500) - 10);
    // The cancelled one's bytes take their room.
    expect(isLast).toBe(false);
    vi.advanceTimersByTime(wireBytes(10) + 10);
    expect(isLast).toBe(true);
    expect(heard).toHaveLength(3);
  });
});
