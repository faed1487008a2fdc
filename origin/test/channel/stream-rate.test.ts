import { describe, expect, it } from 'vitest';
import { StreamRate } from '../../src/channel/stream-rate.js';

describe('StreamRate', () => {
  it('is the rate of the last ten seconds with its framing, and unknown for the first second', () => {
    const rate = new StreamRate();
    for (let part = 0; part < 4; part++) rate.add({ durationUs: 200_000, byteLength: 500_000 });
    expect(rate.bitsPerSecond).toBeUndefined();
    rate.add({ durationUs: 200_000, byteLength: 500_000 });
    expect(rate.bitsPerSecond).toBeCloseTo(20_400_000);
    // Key frames are large: 135 kB and four of 60 kB a second are 3 Mb/s.
    for (let second = 0; second < 11; second++) {
      rate.add({ durationUs: 200_000, byteLength: 135_000 });
      for (let part = 0; part < 4; part++) rate.add({ durationUs: 200_000, byteLength: 60_000 });
    }
    expect(rate.bitsPerSecond).toBeCloseTo(3_060_000);
  });
});
