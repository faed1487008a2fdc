import { CAPTION_CHANNELS, captionChannelOf, captionPairsOf, type CaptionPair } from '@p2ptv/protocol';
import { captionUnit, eraseCaption, popOnCaption, rollUpCaption, withCaptions } from '@p2ptv/protocol/caption-writer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const pair = fc
  .record({ field: fc.constantFrom(1 as const, 2 as const), first: fc.integer({ min: 0, max: 127 }), second: fc.integer({ min: 0, max: 127 }) })
  .filter(({ first, second }) => first !== 0 || second !== 0);
const SLICE = Uint8Array.of(0x65, 0x88, 0x84, 0, 0x33);

/** As MP4 stores a picture. */
function frameOf(...units: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(units.flatMap((unit) => [unit.length >>> 24, (unit.length >> 16) & 255, (unit.length >> 8) & 255, unit.length & 255, ...unit]));
}

describe('captions in the picture', () => {
  it('PL21: what a picture carries is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 20 }), (pairs) => {
        expect(captionPairsOf(frameOf(Uint8Array.of(9, 0xf0), captionUnit(pairs), SLICE))).toEqual(pairs);
      }),
    );
  });

  it('PL21: other messages before them are passed over, other units are not read, and nor is what follows the picture', () => {
    const [letters] = popOnCaption('Hi').slice(-3) as [CaptionPair];
    const captions = captionUnit([letters]);
    // An unregistered message of 300 bytes in the same unit, and the same bytes in a parameter set and behind the slice.
    const longer = Uint8Array.from([6, 5, 0xff, 45, ...new Uint8Array(300).fill(1), ...captions.subarray(1)]);
    expect(captionPairsOf(frameOf(longer, SLICE))).toEqual([letters]);
    expect(captionPairsOf(frameOf(Uint8Array.from([7, ...captions.subarray(1)]), SLICE, captions))).toEqual([]);
  });

  it('PL21: any bytes are read to their end, and truncated ones give what was whole', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        captionPairsOf(bytes);
        captionPairsOf(frameOf(Uint8Array.from([6, ...bytes])));
        captionPairsOf(frameOf(Uint8Array.from([6, 4, ...bytes])));
      }),
    );
    const whole = frameOf(captionUnit(popOnCaption('Words')), SLICE);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length }), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        expect(captionPairsOf(whole.subarray(0, at)).length).toBeLessThanOrEqual(popOnCaption('Words').length);
        captionPairsOf(Uint8Array.from([...whole.subarray(0, at), byte, ...whole.subarray(at + 1)]));
      }),
    );
  });

  it('PL21: a channel is known by the commands that begin captions, not by text services, erasing and padding', () => {
    for (const channel of CAPTION_CHANNELS) {
      const channelsOf = (pairs: readonly CaptionPair[]): unknown[] => [...new Set(pairs.flatMap((each) => captionChannelOf(each) ?? []))];
      expect(channelsOf(popOnCaption('Words', channel))).toEqual([channel]);
      expect(channelsOf(rollUpCaption('Words', channel))).toEqual([channel]);
      expect(channelsOf(eraseCaption(channel))).toEqual([]);
    }
    expect(captionChannelOf({ field: 1, first: 0x14, second: 0x2a })).toBeUndefined();
    expect(captionChannelOf({ field: 2, first: 0x01, second: 0x25 })).toBeUndefined();
    expect(captionPairsOf(frameOf(captionUnit([{ field: 1, first: 0, second: 0 }])))).toEqual([]);
  });

  it('are put before each picture of a stream with start codes', () => {
    const stream = Uint8Array.from([0, 0, 0, 1, 0x67, 1, 2, 0, 0, 0, 1, 0x65, 3, 0, 0, 1, 0x41, 4]);
    const marked = withCaptions(stream, (picture) => [{ field: 1, first: 0x41, second: 0x42 + picture }]);
    const units = Buffer.from(marked).toString('latin1').split('\0\0\u0001').map((unit) => unit.replace(/\0$/, ''));
    expect(units.map((unit) => unit.charCodeAt(0))).toEqual([Number.NaN, 0x67, 6, 0x65, 6, 0x41]);
    const carried = units.filter((unit) => unit.charCodeAt(0) === 6).flatMap((unit) => captionPairsOf(frameOf(Buffer.from(unit, 'latin1'))));
    expect(carried.map(({ second }) => second)).toEqual([0x42, 0x43]);
  });
});
