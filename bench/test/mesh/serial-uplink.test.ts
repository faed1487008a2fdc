import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SerialUplink } from '../../src/mesh/serial-uplink.js';
import { wireBytes } from '../../src/sim/access-line.js';

describe('SerialUplink', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A line that takes a ms a byte on the wire. */
  function slowLine(): SerialUplink {
    return new SerialUplink(8_000, () => Date.now());
  }

  it('lets frames go one after the other, each when its last bit has left', () => {
    const uplink = slowLine();
    const startMs = Date.now();
    const left: [string, number][] = [];
    uplink.ask(100, () => left.push(['first', Date.now() - startMs]));
    uplink.ask(1_000, () => left.push(['second', Date.now() - startMs]));
    vi.advanceTimersByTime(10_000);
    const [one, both] = [wireBytes(100), wireBytes(100) + wireBytes(1_000)];
    expect(left.map(([name]) => name)).toEqual(['first', 'second']);
    expect(Math.abs((left[0]?.[1] ?? 0) - one)).toBeLessThanOrEqual(1);
    expect(Math.abs((left[1]?.[1] ?? 0) - both)).toBeLessThanOrEqual(1);
  });

  it('carries no more and no less than its rate, however late its timers are', () => {
    const uplink = slowLine();
    const startMs = Date.now();
    let sent = 0;
    const ask = (): void => {
      uplink.ask(50, () => {
        sent++;
        ask();
      });
    };
    ask();
    ask();
    while (Date.now() - startMs < 60_000) vi.advanceTimersByTime(70);
    expect(Math.abs(sent - 60_000 / wireBytes(50))).toBeLessThan(3);
  });

  it('saves nothing up while it idles', () => {
    const uplink = slowLine();
    vi.advanceTimersByTime(5_000);
    const startMs = Date.now();
    let leftAtMs = 0;
    uplink.ask(1_000, () => (leftAtMs = Date.now() - startMs));
    vi.advanceTimersByTime(5_000);
    expect(leftAtMs).toBeGreaterThanOrEqual(Math.floor(wireBytes(1_000)));
  });

  it('does not send what was withdrawn, and then the next goes sooner', () => {
    const uplink = slowLine();
    const startMs = Date.now();
    const left: [string, number][] = [];
    uplink.ask(100, () => left.push(['first', Date.now() - startMs]));
    const withdraw = uplink.ask(5_000, () => left.push(['second', Date.now() - startMs]));
    uplink.ask(100, () => left.push(['third', Date.now() - startMs]));
    withdraw();
    vi.advanceTimersByTime(20_000);
    expect(left.map(([name]) => name)).toEqual(['first', 'third']);
    expect(left[1]?.[1]).toBeLessThan(2 * wireBytes(100) + 2);
  });

  it('lets what takes no time go at once', () => {
    const uplink = new SerialUplink(1e9);
    let isGranted = false;
    uplink.ask(1_000, () => (isGranted = true));
    expect(isGranted).toBe(true);
  });
});
