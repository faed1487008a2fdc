import { describe, expect, it } from 'vitest';

import type { ChunkSequence, RenditionId } from '@p2ptv/protocol';

import { StreamRate } from '../../src/channel/stream-rate.js';

const [BEST, SMALL] = [0, 1] as [RenditionId, RenditionId];

function rateOf(): { rate: StreamRate; add: (rendition: RenditionId, sequence: number, byteLength: number) => void } {
  const rate = new StreamRate();
  return { rate, add: (rendition, sequence, byteLength) => rate.add({ rendition, sequence: sequence as ChunkSequence, durationUs: 200_000, byteLength }) };
}

describe('StreamRate', () => {
  it('is the rate of the last ten seconds with its framing, and unknown for the first second', () => {
    const { rate, add } = rateOf();
    for (let part = 0; part < 4; part++) add(BEST, part, 500_000);
    expect(rate.bitsPerSecond).toBeUndefined();
    add(BEST, 4, 500_000);
    expect(rate.bitsPerSecond).toBeCloseTo(20_400_000);
    // Key frames are large: 135 kB and four of 60 kB a second are 3 Mb/s.
    for (let part = 0; part < 55; part++) add(BEST, 5 + part, part % 5 === 0 ? 135_000 : 60_000);
    expect(rate.bitsPerSecond).toBeCloseTo(3_060_000);
  });

  it('is that of all renditions together, as long as they are made', () => {
    const { rate, add } = rateOf();
    for (let part = 0; part < 10; part++) {
      add(BEST, part, 75_000);
      add(SMALL, part, 25_000);
    }
    expect(rate.bitsPerSecond).toBeCloseTo(4_080_000);
    for (let part = 10; part < 200; part++) add(SMALL, part, 25_000);
    expect(rate.bitsPerSecond).toBeCloseTo(1_020_000);
  });
});
