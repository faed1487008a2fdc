import fc from 'fast-check';
import { expect, it } from 'vitest';

import { decodeAmf0, encodeAmf0, type AmfValue } from '../../../src/ingest/rtmp/amf0.js';

const values = fc.letrec<{ value: AmfValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.string({ maxLength: 20 }),
    fc.constant(null),
    fc.constant(undefined),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), tie('value'), { maxKeys: 4 }),
  ),
})).value;

it('what is written is read', () => {
  fc.assert(
    fc.property(fc.array(values, { maxLength: 5 }), (written) => {
      expect(decodeAmf0(encodeAmf0(written))).toEqual(written);
    }),
  );
});

it('any bytes are values or undefined, never an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const read = decodeAmf0(bytes);
      expect(read === undefined || Array.isArray(read)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

it('an array that claims four thousand million members and a nesting without end are refused', () => {
  expect(decodeAmf0(Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x05))).toBeUndefined();
  expect(decodeAmf0(Buffer.alloc(5000, Buffer.of(0x03, 0, 1, 0x61)))).toBeUndefined();
});

it('a name like that of a prototype is a name', () => {
  const [read] = decodeAmf0(encodeAmf0([JSON.parse('{"__proto__":{"app":"live"}}') as AmfValue])) as [Record<string, unknown>];
  expect(Object.keys(read)).toEqual(['__proto__']);
  expect(read['app']).toBeUndefined();
});
