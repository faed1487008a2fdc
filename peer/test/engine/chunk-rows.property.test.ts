import type { ChunkKey } from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkRows } from '../../src/engine/chunk-rows.js';

/** Near each other as in a live stream, with leaps ahead and behind as only a liar or another rendition has them. */
const step = fc.oneof({ weight: 20, arbitrary: fc.integer({ min: -70, max: 12 }) }, fc.integer({ min: -3_000, max: 2 ** 40 }));
const value = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40_000 }));
const changes = fc.array(
  fc.oneof(
    { weight: 30, arbitrary: fc.record({ kind: fc.constant('set' as const), step, value, place: fc.integer({ min: 0, max: 4 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('drop' as const), step }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('removePlace' as const), place: fc.integer({ min: 0, max: 4 }) }) },
  ),
  { maxLength: 300 },
);

describe('numbers by chunk and neighbour', () => {
  it('IN7: are what a map of those that are not 0 would hold for each neighbour, wherever the chunks lie, whoever goes', () => {
    fc.assert(
      fc.property(changes, (list) => {
        const rows = new ChunkRows();
        const expected = Array.from({ length: 5 }, () => new Map<ChunkKey, number>());
        let newest = 0;
        const keyAt = (by: number): ChunkKey => {
          const key = Math.max(0, newest + by);
          newest = Math.max(newest, key);
          return key as ChunkKey;
        };
        for (const change of list) {
          if (change.kind === 'removePlace') {
            rows.removePlace(change.place);
            expected.splice(change.place, 1);
            expected.push(new Map());
            continue;
          }
          const key = keyAt(change.step);
          if (change.kind === 'drop') {
            rows.drop(key);
            for (const map of expected) map.delete(key);
          } else if (change.value === 0) {
            rows.set(key, change.place, 0);
            expected[change.place]?.delete(key);
          } else {
            rows.set(key, change.place, change.value);
            expected[change.place]?.set(key, change.value);
          }
          expect(expected.map((_, place) => rows.get(key, place))).toEqual(expected.map((map) => map.get(key) ?? 0));
        }
        for (const [place, map] of expected.entries()) {
          expect(new Map(rows.entries(place))).toEqual(map);
          expect(rows.size(place)).toBe(map.size);
          for (const key of map.keys()) expect(rows.row(key)?.[place]).toBe(map.get(key));
        }
      }),
    );
  });

  it('IN7: may be dropped while they are gone through, older ones first', () => {
    const rows = new ChunkRows();
    for (let key = 0; key < 200; key++) rows.set(key as ChunkKey, 1, key + 1);
    const seen: number[] = [];
    for (const [key] of rows.entries(1)) {
      seen.push(key);
      rows.set(key, 1, 0);
    }
    expect(seen).toEqual(Array.from({ length: 200 }, (_, key) => key));
    expect(rows.size(1)).toBe(0);
  });
});
