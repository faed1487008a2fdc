import { describe, expect, it } from 'vitest';

import { BURNT_CLOCK, burntClockAgeMs, burntClockRow, readBurntClock } from '../../src/encode/burnt-clock.js';
import { TestCardSource } from '../../src/ingest/test-card-source.js';
import { allFfmpegs, decodedLuma, encodeAll } from './encoder-fixture.js';

/** The row as a faultless camera would see it. */
function drawnRow(clockMs: number, width = 640): Uint8Array {
  const bits = clockMs.toString(2).padStart(BURNT_CLOCK.bitCount, '0');
  const parity = bits.replaceAll('0', '').length % 2;
  const cells = `10${bits}${parity}${1 - parity}`;
  return Uint8Array.from({ length: width }, (_, x) => (cells[Math.floor((x * 24) / width)] === '1' ? 235 : 16));
}

describe('readBurntClock', () => {
  it.each([0, 1, 523_777, 2 ** 20 - 1])('reads %s', (clockMs) => {
    expect(readBurntClock(drawnRow(clockMs))).toBe(clockMs);
    expect(readBurntClock(drawnRow(clockMs, 320).map((luma) => 60 + luma / 2))).toBe(clockMs);
  });

  it('gives nothing where a bit is torn', () => {
    const [before, after] = [drawnRow(0x7ffff), drawnRow(0x80000)];
    const half = before.map((luma, x) => (luma + after[x]!) / 2);
    expect(readBurntClock(half)).toBeUndefined();
  });

  it('gives nothing where the parity is wrong', () => {
    const row = drawnRow(0b1010);
    const cell = 640 / 24;
    row.fill(235, Math.ceil(cell * 10), Math.floor(cell * 11));
    expect(readBurntClock(row)).toBeUndefined();
  });

  it('gives nothing where there is no clock', () => {
    expect(readBurntClock(new Uint8Array(640).fill(128))).toBeUndefined();
    expect(readBurntClock(drawnRow(5).map((luma) => 255 - luma))).toBeUndefined();
    expect(readBurntClock(new Uint8Array(0))).toBeUndefined();
  });
});

describe('burntClockAgeMs', () => {
  it('counts over the end of the period, in both directions', () => {
    expect(burntClockAgeMs(100, 5 * BURNT_CLOCK.periodMs + 350)).toBe(250);
    expect(burntClockAgeMs(BURNT_CLOCK.periodMs - 50, BURNT_CLOCK.periodMs + 25)).toBe(75);
    expect(burntClockAgeMs(30, 20)).toBe(-10);
  });
});

describe('the clock that ffmpeg draws', async () => {
  for (const ffmpeg of await allFfmpegs()) {
    it(
      `survives encoding at 320x180 and tells the wall clock (${ffmpeg.version})`,
      async () => {
        const source = new TestCardSource({ width: 320, height: 180, durationSeconds: 2 });
        const session = await encodeAll(ffmpeg, source, { encoding: { hasClock: true } });
        const { width, height, pictures } = await decodedLuma(ffmpeg, session);
        const row = burntClockRow(height);
        const clocks = pictures.map((picture) => readBurntClock(picture.subarray(row * width, (row + 1) * width)));
        expect(clocks.length).toBeGreaterThanOrEqual(58);
        expect(clocks).not.toContain(undefined);

        // Every picture is later than the one before; the step in the middle is a frame's, whatever else the machine does.
        const steps = clocks.slice(1).map((clock, index) => burntClockAgeMs(clocks[index]!, clock!));
        expect(Math.min(...steps)).toBeGreaterThan(0);
        const middle = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)]!;
        expect(middle).toBeGreaterThanOrEqual(20);
        expect(middle).toBeLessThanOrEqual(47);

        // A part comes after its last picture was drawn, and in the best case at once.
        const ages = session.arrivals.map((arrivedAtMs, index) => burntClockAgeMs(clocks[Math.min(clocks.length, (index + 1) * 6) - 1]!, arrivedAtMs));
        expect(Math.min(...ages)).toBeGreaterThanOrEqual(-1);
        expect(Math.min(...ages)).toBeLessThan(100);
      },
    );
  }
});
