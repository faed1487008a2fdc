import { seededRandom } from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SamplingSet } from '../../src/core/sampling-set.js';

describe('SamplingSet', () => {
  it('holds what a Set would, and samples only what is wanted, as many as there are', () => {
    const operation = fc.record({ isAdd: fc.boolean(), item: fc.nat(60) });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), fc.nat(70), fc.integer(), (operations, count, seed) => {
        const model = new Set<number>();
        const set = new SamplingSet<number>();
        for (const { isAdd, item } of operations) {
          if (isAdd) {
            model.add(item);
            set.add(item);
          } else {
            model.delete(item);
            set.delete(item);
          }
        }
        expect(new Set(set)).toEqual(model);
        expect(set.size).toBe(model.size);
        const wanted = [...model].filter((item) => item % 3 !== 0);
        const sample = set.sample(count, seededRandom(seed), (item) => item % 3 !== 0);
        expect(sample).toHaveLength(Math.min(count, wanted.length));
        expect(new Set(sample).size).toBe(sample.length);
        for (const item of sample) expect(wanted).toContain(item);
      }),
      { seed: 20261121 },
    );
  });

  it('draws evenly from few and from many', () => {
    for (const size of [10, 200]) {
      const set = new SamplingSet<number>();
      for (let item = 0; item < size; item++) set.add(item);
      const counts = new Array<number>(size).fill(0);
      const random = seededRandom(4);
      const rounds = size * 100;
      for (let round = 0; round < rounds; round++) {
        for (const item of set.sample(5, random, () => true)) counts[item]!++;
      }
      // 500 expected each; five standard deviations are about 110.
      for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(115);
    }
  });
});
