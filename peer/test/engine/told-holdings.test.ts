import { chunkKey, LIMITS, type ChunkKey, type ChunkSequence, type RenditionId } from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkMarks } from '../../src/engine/chunk-marks.js';
import { ToldHoldings } from '../../src/engine/told-holdings.js';

const RENDITION = 3 as RenditionId;

function key(sequence: number): ChunkKey {
  return chunkKey(RENDITION, sequence as ChunkSequence);
}

function holdings(sequence: number, bits: readonly number[]): { rendition: RenditionId; sequence: ChunkSequence; bits: Uint8Array } {
  return { rendition: RENDITION, sequence: sequence as ChunkSequence, bits: Uint8Array.from(bits) };
}

describe('told holdings', () => {
  it('WR17: the lowest bit of the first byte stands for the first sequence', () => {
    const told = new ToldHoldings();
    told.tell(holdings(248, [0b1000_0001, 0b10]));
    const had = Array.from({ length: 30 }, (_, index) => 240 + index).filter((sequence) => told.has(key(sequence)));
    expect(had).toEqual([248, 255, 257]);
    expect(told.has(chunkKey(2 as RenditionId, 248 as ChunkSequence))).toBe(false);
  });

  it('IN18: a later word replaces the one before as far as it reaches, and a refusal takes one chunk out', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 90 }), fc.uint8Array({ minLength: 1, maxLength: 60 })), { maxLength: 12 }), (words) => {
        const told = new ToldHoldings();
        const expected = new Set<number>();
        for (const [eighth, bits] of words) {
          told.tell(holdings(8 * eighth, [...bits]));
          for (let index = 0; index < 8 * bits.length; index++) {
            if ((bits[index >> 3]! & (1 << index % 8)) !== 0) expected.add(8 * eighth + index);
            else expected.delete(8 * eighth + index);
          }
          const [refused] = expected;
          if (refused !== undefined) {
            told.lacks(key(refused));
            expected.delete(refused);
          }
        }
        for (let sequence = 0; sequence < 1_300; sequence++) expect(told.has(key(sequence))).toBe(expected.has(sequence));
      }),
      { numRuns: 60 },
    );
  });

  it('IN18: no more than 131,072 chunks of a link are remembered; what was told of longest ago goes', () => {
    const told = new ToldHoldings();
    const all = Array.from({ length: LIMITS.holdingsBytes }, () => 0xff);
    for (let word = 0; word < 80; word++) {
      told.tell(holdings(word * 100_000 * 8, all));
      expect(told.size).toBeLessThanOrEqual(LIMITS.holdingsPerLink);
    }
    expect(told.has(key(79 * 800_000))).toBe(true);
    expect(told.has(key(0))).toBe(false);
  });

  it('IN18: what a neighbour said of single chunks before is replaced too, but that one is on its way', () => {
    const marks = new ChunkMarks();
    for (const sequence of [8, 9, 100]) marks.holds(key(sequence), 'complete');
    marks.holds(key(10), 'incoming');
    marks.tell(holdings(8, [0b10]));
    expect([8, 9, 10, 11, 100].map((sequence) => marks.holding(key(sequence)))).toEqual(['none', 'complete', 'incoming', 'none', 'complete']);
    marks.lacks(key(9));
    expect(marks.holding(key(9))).toBe('none');
  });
});
