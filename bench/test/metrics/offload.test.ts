import { describe, expect, it } from 'vitest';
import { bytesSince, differenceRatio, offloadRatio, sumBytes, totalBytes } from '../../src/metrics/offload.js';

const bytes = { media: 1000, init: 20, playlists: 300, headers: 4, join: 50, seeder: 600 };

describe('bytes', () => {
  it('adds up every kind', () => {
    expect(totalBytes(bytes)).toBe(1974);
    expect(totalBytes(sumBytes([bytes, bytes]))).toBe(2 * 1974);
    expect(totalBytes(sumBytes([]))).toBe(0);
  });

  it('subtracts kind by kind', () => {
    const later = { media: 1500, init: 20, playlists: 301, headers: 14, join: 50, seeder: 900 };
    expect(bytesSince(bytes, later)).toEqual({ media: 500, init: 0, playlists: 1, headers: 10, join: 0, seeder: 300 });
  });
});

describe('offload', () => {
  it('is what the origin did not have to send', () => {
    expect(offloadRatio(250, 1000)).toBe(0.75);
    expect(offloadRatio(0, 1000)).toBe(1);
  });

  it('is below 0 when playlists come on top of all media', () => {
    expect(offloadRatio(1020, 1000)).toBeCloseTo(-0.02);
  });

  it('is undefined when nothing was watched', () => {
    expect(offloadRatio(1000, 0)).toBeUndefined();
  });
});

describe('the difference of two counts', () => {
  it('is a share of the larger', () => {
    expect(differenceRatio(990, 1000)).toBeCloseTo(0.01);
    expect(differenceRatio(1000, 990)).toBeCloseTo(0.01);
    expect(differenceRatio(0, 5)).toBe(1);
  });

  it('is 0 when nothing was counted', () => {
    expect(differenceRatio(0, 0)).toBe(0);
  });
});
