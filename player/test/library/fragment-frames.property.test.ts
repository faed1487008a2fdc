import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framesOf, pictureTrackOf } from '../../src/library/fragment-frames.js';

const u32 = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const named = (name: string): number[] => Array.from(new TextEncoder().encode(name));
const box = (name: string, ...content: number[][]): number[] => [...u32(8 + content.flat().length), ...named(name), ...content.flat()];

/** Of the track 2, 90,000 ticks a second, behind one of sound. */
const INIT = Uint8Array.from([
  ...box('ftyp', named('iso6')),
  ...box(
    'moov',
    box('trak', box('tkhd', u32(0), u32(0), u32(0), u32(1)), box('mdia', box('mdhd', u32(0), u32(0), u32(0), u32(48_000)), box('hdlr', u32(0), u32(0), named('soun')))),
    box('trak', box('tkhd', u32(0), u32(0), u32(0), u32(2)), box('mdia', box('mdhd', u32(0x100_0000), u32(0), u32(0), u32(0), u32(0), u32(90_000)), box('hdlr', u32(0), u32(0), named('vide')))),
  ),
]);
const TRACK = { id: 2, ticksPerSecond: 90_000 };

/** A fragment whose `moof` is 8 bytes of head, `traf` of 8, `tfhd` of 16 and more, `tfdt` of 16, and the run. */
function fragment(header: number[], run: number[], data: number[]): Uint8Array {
  return Uint8Array.from([...box('moof', box('traf', box('tfhd', header), box('tfdt', u32(0), u32(9_000)), box('trun', run))), ...box('mdat', data)]);
}

describe('pictures of a fragment', () => {
  it('are those of the picture’s track, in any number of fragments, at their times', () => {
    expect(pictureTrackOf(INIT)).toEqual(TRACK);
    // Data at 92: durations and sizes a sample, with flags and composition offsets between them.
    const run = [...u32(0xf05), ...u32(2), ...u32(100), ...u32(0), ...[...u32(3_000), ...u32(2), ...u32(0), ...u32(0)], ...[...u32(6_000), ...u32(1), ...u32(0), ...u32(0)]];
    const one = fragment([...u32(0x2_0000), ...u32(2)], run, [7, 8, 9]);
    const moofLength = one.indexOf(0x6d, 8) - 4;
    run.splice(8, 4, ...u32(moofLength + 8));
    const whole = fragment([...u32(0x2_0000), ...u32(2)], run, [7, 8, 9]);
    const frames = framesOf(Uint8Array.from([...whole, ...whole]), TRACK);
    expect(frames.map(({ bytes, startSeconds, endSeconds }) => [[...bytes], Math.round(startSeconds * 90_000), Math.round(endSeconds * 90_000)])).toEqual([
      [[7, 8], 9_000, 12_000],
      [[9], 12_000, 18_000],
      [[7, 8], 9_000, 12_000],
      [[9], 12_000, 18_000],
    ]);
    expect(framesOf(whole, { ...TRACK, id: 1 })).toEqual([]);
  });

  it('end where the bytes do, however many a run says that it has', () => {
    const endless = [...u32(1), ...u32(0xffff_ffff), ...u32(0)];
    expect(framesOf(fragment([...u32(0x2_0000), ...u32(2)], endless, [1]), TRACK)).toEqual([]);
    expect(framesOf(fragment([...u32(0x2_0010), ...u32(2), ...u32(10)], endless, [1]), TRACK).length).toBeLessThan(15);
  });

  it('of any bytes: some, or a RangeError', () => {
    const whole = fragment([...u32(0x2_0000), ...u32(2)], [...u32(0x301), ...u32(1), ...u32(80), ...u32(3_000), ...u32(2)], [7, 8]);
    const read = (bytes: Uint8Array): void => {
      for (const reader of [() => framesOf(bytes, TRACK), () => pictureTrackOf(bytes)]) {
        try {
          reader();
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }
    };
    for (const source of [INIT, whole]) {
      fc.assert(fc.property(fc.nat(source.length - 1), fc.nat(255), (at, byte) => read(Uint8Array.from([...source.subarray(0, at), byte, ...source.subarray(at + 1)]))));
      fc.assert(fc.property(fc.nat(source.length), (at) => read(source.subarray(0, at))));
    }
  });
});
