import { describe, expect, it } from 'vitest';
import { UplinkMeter } from '../../src/engine/uplink-meter.js';

const BLOCK_BYTES = 16_392;
const HIGH_WATER_BYTES = 40 * 1024;

/** An uplink that is handed blocks, looked at every few ms, as long as there are any. */
class Uplink {
  readonly meter = new UplinkMeter();
  nowMs = 0;
  #bufferedBytes = 0;
  readonly #bytesPerMs: number;

  readonly #isByMessage: boolean;

  constructor(bitsPerSecond: number, { isByMessage = false } = {}) {
    this.#bytesPerMs = bitsPerSecond / 8000;
    this.#isByMessage = isByMessage;
  }

  /** What the buffer says: a message that is on its way may count until all of it has left. */
  get #seenBytes(): number {
    return this.#isByMessage ? Math.ceil(this.#bufferedBytes / BLOCK_BYTES) * BLOCK_BYTES : Math.round(this.#bufferedBytes);
  }

  /** Sends that many blocks, at most 40 KiB in the buffer at a time. */
  send(blocks: number, lookMs = 7): void {
    let left = blocks;
    while (left > 0 || this.#bufferedBytes > 0) {
      this.meter.observe(this.nowMs, { isBusy: left > 0, bufferedBytes: this.#seenBytes });
      for (; left > 0 && this.#bufferedBytes < HIGH_WATER_BYTES; left--) {
        this.meter.handed(BLOCK_BYTES);
        this.#bufferedBytes += BLOCK_BYTES;
      }
      this.wait(lookMs);
    }
    this.meter.observe(this.nowMs, { isBusy: false, bufferedBytes: 0 });
  }

  wait(ms: number): void {
    this.nowMs += ms;
    this.#bufferedBytes = Math.max(0, this.#bufferedBytes - ms * this.#bytesPerMs);
  }
}

describe('uplink meter', () => {
  it.each([
    [1_000_000, 20],
    [3_000_000, 40],
    [12_000_000, 200],
    [30_000_000, 400],
  ])('UP11: finds an uplink of %d bits a second within a fifth', (bitsPerSecond, blocks) => {
    const uplink = new Uplink(bitsPerSecond);
    expect(uplink.meter.bitsPerSecond).toBe(0);
    uplink.send(blocks);
    expect(uplink.meter.bitsPerSecond).toBeGreaterThan(bitsPerSecond * 0.8);
    expect(uplink.meter.bitsPerSecond).toBeLessThan(bitsPerSecond * 1.2);
  });

  it('UP11: short chunks with pauses, as a stream has them, are enough once they keep it busy for 50 ms', () => {
    const uplink = new Uplink(3_000_000);
    for (let chunk = 0; chunk < 20; chunk++) {
      uplink.send(4);
      uplink.wait(100);
    }
    expect(uplink.meter.bitsPerSecond).toBeGreaterThan(3_000_000 * 0.8);
    expect(uplink.meter.bitsPerSecond).toBeLessThan(3_000_000 * 1.2);
  });

  it('UP11: what is too short to be timed says nothing, and neither do pauses', () => {
    const uplink = new Uplink(100_000_000);
    for (let count = 0; count < 50; count++) {
      uplink.send(2);
      uplink.wait(200);
    }
    expect(uplink.meter.bitsPerSecond).toBe(0);
  });

  it('UP11: the largest of the last 10 to 20 s counts, so an uplink that became slower is known as such then', () => {
    const meter = new UplinkMeter();
    let nowMs = 0;
    /** Always busy: that many bytes leave in every 100 ms. */
    const run = (bitsPerSecond: number, ms: number): void => {
      for (const endMs = nowMs + ms; nowMs < endMs; nowMs += 100) {
        meter.handed(bitsPerSecond / 80);
        meter.observe(nowMs, { isBusy: true, bufferedBytes: 40_000 });
      }
    };
    const expectAbout = (bitsPerSecond: number): void => {
      expect(meter.bitsPerSecond).toBeGreaterThan(bitsPerSecond * 0.85);
      expect(meter.bitsPerSecond).toBeLessThan(bitsPerSecond * 1.01);
    };
    run(30_000_000, 5_000);
    expectAbout(30_000_000);
    run(3_000_000, 4_000);
    expectAbout(30_000_000);
    run(3_000_000, 20_000);
    expectAbout(3_000_000);
  });

  it.each([500_000, 1_400_000, 4_000_000])('UP11: %d bits a second are not taken for more where buffers shrink by whole messages', (bitsPerSecond) => {
    const uplink = new Uplink(bitsPerSecond, { isByMessage: true });
    uplink.send(60, 23);
    uplink.wait(300);
    uplink.send(60, 11);
    expect(uplink.meter.bitsPerSecond).toBeGreaterThan(bitsPerSecond * 0.8);
    expect(uplink.meter.bitsPerSecond).toBeLessThan(bitsPerSecond * 1.01);
  });
});
