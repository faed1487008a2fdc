import { randomInteger, seededRandom, shuffled } from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('seeded random', () => {
  it('gives the same numbers for the same seed, others for another', () => {
    const draw = (seed: number): number[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 20 }, () => random.next());
    };
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expect(draw(seed)).toEqual(draw(seed));
        expect(draw(seed)).not.toEqual(draw(seed + 1));
      }),
    );
  });

  it('is uniform enough: each of ten tenths gets a tenth of the draws, within a tenth', () => {
    const random = seededRandom(1);
    const counts = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 100_000; draw++) {
      const value = random.next();
      expect(value >= 0 && value < 1).toBe(true);
      counts[Math.floor(value * 10)]! += 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(1000);
  });

  it('draws whole numbers below the bound, each of them', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 20 }), (seed, bound) => {
        const random = seededRandom(seed);
        const drawn = new Set(Array.from({ length: 500 }, () => randomInteger(random, bound)));
        expect([...drawn].sort((left, right) => left - right)).toEqual(
          Array.from({ length: bound }, (_, index) => index),
        );
      }),
    );
  });

  it('shuffles a copy that holds the same', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.integer()), (seed, items) => {
        const before = [...items];
        const result = shuffled(items, seededRandom(seed));
        expect(items).toEqual(before);
        expect([...result].sort()).toEqual([...items].sort());
      }),
    );
    const order = Array.from({ length: 50 }, (_, index) => index);
    expect(shuffled(order, seededRandom(3))).not.toEqual(order);
  });
});
