import type { ChunkKey } from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkNumbers } from '../../src/engine/chunk-numbers.js';

/** Near each other as in a live stream, with leaps ahead and behind as only a liar or another rendition has them. */
const sequences = fc.array(
  fc.record({
    step: fc.oneof({ weight: 20, arbitrary: fc.integer({ min: -70, max: 12 }) }, fc.integer({ min: -3_000, max: 2 ** 40 })),
    value: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40_000 })),
  }),
  { maxLength: 300 },
);

describe('numbers by chunk', () => {
  it('IN7: are what a map of those that are not 0 would hold, wherever the chunks lie', () => {
    fc.assert(
      fc.property(sequences, (changes) => {
        const numbers = new ChunkNumbers();
        const expected = new Map<ChunkKey, number>();
        let newest = 0;
        for (const { step, value } of changes) {
          const key = Math.max(0, newest + step) as ChunkKey;
          newest = Math.max(newest, key);
          numbers.set(key, value);
          if (value === 0) expected.delete(key);
          else expected.set(key, value);
          expect(numbers.get(key)).toBe(value);
          expect(numbers.size).toBe(expected.size);
        }
        expect(new Map(numbers.entries())).toEqual(expected);
        for (const key of expected.keys()) expect(numbers.get((key + 1) as ChunkKey)).toBe(expected.get((key + 1) as ChunkKey) ?? 0);
      }),
    );
  });

  it('IN7: may be dropped while they are gone through', () => {
    const numbers = new ChunkNumbers();
    for (let key = 0; key < 200; key++) numbers.set(key as ChunkKey, key + 1);
    const seen: number[] = [];
    for (const [key] of numbers.entries()) {
      seen.push(key);
      numbers.set(key, 0);
    }
    expect(seen).toEqual(Array.from({ length: 200 }, (_, key) => key));
    expect(numbers.size).toBe(0);
  });
});
