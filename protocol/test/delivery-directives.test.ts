import {
  isTooFarAhead,
  MediaTimeline,
  parseDeliveryDirectives,
  type TimelinePosition,
} from '@p2ptv/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headerWith } from './arbitraries.js';
import { timelineOf } from './timeline-arbitraries.js';

describe('delivery directives', () => {
  it.each([
    [{}, { isSkipWanted: false }],
    [{ _HLS_msn: '7' }, { position: { mediaSequence: 7 }, isSkipWanted: false }],
    [
      { _HLS_msn: '7', _HLS_part: '0' },
      { position: { mediaSequence: 7, partIndex: 0 }, isSkipWanted: false },
    ],
    [{ _HLS_skip: 'YES' }, { isSkipWanted: true }],
    [
      { _HLS_skip: 'v2', _HLS_msn: '0' },
      { position: { mediaSequence: 0 }, isSkipWanted: true },
    ],
    [{ _HLS_skip: 'NO' }, { isSkipWanted: false }],
    [{ _HLS_skip: 'yes', _HLS_push: '1', token: 'x' }, { isSkipWanted: false }],
    [
      { _HLS_msn: '9999999999', _HLS_part: '007' },
      { position: { mediaSequence: 9_999_999_999, partIndex: 7 }, isSkipWanted: false },
    ],
  ])('PL7: %j is read', (query, expected) => {
    expect(parseDeliveryDirectives(query)).toEqual(expected);
  });

  it('PL7: a part without a segment is bad', () => {
    expect(parseDeliveryDirectives({ _HLS_part: '1' })).toHaveProperty('problem');
    expect(parseDeliveryDirectives({ _HLS_part: '1', _HLS_skip: 'YES' })).toHaveProperty('problem');
  });

  it.each(['', ' ', '-1', '+1', '1.5', '1e3', '0x10', 'NaN', 'Infinity', '12345678901', '1 ', '١', 'null'])(
    'PL7: the number %j is bad',
    (text) => {
      expect(parseDeliveryDirectives({ _HLS_msn: text })).toHaveProperty('problem');
      expect(parseDeliveryDirectives({ _HLS_msn: '1', _HLS_part: text })).toHaveProperty('problem');
    },
  );

  it('PL7: any query is read or bad', () => {
    const values = fc.option(fc.oneof(fc.string(), fc.nat().map(String)), { nil: undefined });
    fc.assert(
      fc.property(fc.record({ _HLS_msn: values, _HLS_part: values, _HLS_skip: values }), (query) => {
        const read = parseDeliveryDirectives(query);
        if ('problem' in read) expect(read.problem).toMatch(/\.$/);
        else if (read.position) {
          expect(Number.isSafeInteger(read.position.mediaSequence)).toBe(true);
          expect(Number.isSafeInteger(read.position.partIndex ?? 0)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('requests too far ahead', () => {
  const finished = headerWith({ isSegmentLast: true });
  const growing = timelineOf([
    finished,
    headerWith({ sequence: 101, mediaSequence: 11 }),
    headerWith({ sequence: 102, mediaSequence: 11, partIndex: 1 }),
  ]);
  const whole = timelineOf([finished]);
  const at = (mediaSequence: number, partIndex?: number): TimelinePosition =>
    partIndex === undefined ? { mediaSequence } : { mediaSequence, partIndex };

  it.each([
    // The last finished segment is 10 in both; 11 has parts 0 and 1 in one.
    ['growing', growing, at(12), 200, false],
    ['growing', growing, at(13), 200, true],
    ['growing', growing, at(13, 0), 200, true],
    ['whole', whole, at(12), 200, false],
    ['whole', whole, at(13), 200, true],
    ['growing', growing, at(0), 200, false],
    ['growing', growing, at(9_999_999_999), 200, true],
    // 3 s are 15 parts of 200 ms, 15 of 208.333 ms (14.4, rounded up), 4 of 999 ms, 3 of 1 s or more.
    ['growing', growing, at(11, 1 + 15), 200, false],
    ['growing', growing, at(11, 1 + 16), 200, true],
    ['growing', growing, at(11, 1 + 15), 208.333, false],
    ['growing', growing, at(11, 1 + 16), 208.333, true],
    ['growing', growing, at(11, 1 + 4), 999, false],
    ['growing', growing, at(11, 1 + 5), 999, true],
    ['growing', growing, at(11, 1 + 3), 1000, false],
    ['growing', growing, at(11, 1 + 4), 1000, true],
    ['growing', growing, at(11, 1 + 4), 4000, true],
    // Just beyond the end of a finished newest segment lies the next segment's first part; far beyond, nonsense.
    ['whole', whole, at(10, 1), 200, false],
    ['whole', whole, at(10, 16), 200, true],
    // Past segments are answered whatever the part; future ones with their end.
    ['growing', growing, at(10, 1000), 200, false],
    ['growing', growing, at(12, 40), 200, false],
  ] as const)('PL8: %s, %o… %o, parts of %d ms: %j', (_name, timeline, position, partTargetMs, expected) => {
    expect(isTooFarAhead(timeline, position, partTargetMs)).toBe(expected);
  });

  it('PL8: while there is nothing yet, everything is waited for', () => {
    expect(isTooFarAhead(new MediaTimeline(), { mediaSequence: 1_000_000, partIndex: 5 }, 200)).toBe(false);
  });
});
