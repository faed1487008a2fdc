import fc from 'fast-check';
import { expect, it } from 'vitest';

import { FlvReader, type FlvTag } from '../../src/fragment/flv-reader.js';
import { cut, flvStream } from './flv-stream.js';

const tags = fc.array(
  fc.record({
    kind: fc.constantFrom('audio' as const, 'video' as const, 'script' as const),
    timestampMs: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    body: fc.uint8Array({ maxLength: 300 }),
  }),
  { maxLength: 20 },
);

function readAll(pieces: readonly Uint8Array[]): { tags: FlvTag[]; problem: string | undefined; mostHeld: number } {
  const reader = new FlvReader();
  const read: FlvTag[] = [];
  let mostHeld = 0;
  for (const piece of pieces) {
    const result = reader.push(piece);
    mostHeld = Math.max(mostHeld, reader.pendingBytes);
    if (result.kind === 'malformed') return { tags: read, problem: result.reason, mostHeld };
    read.push(...result.tags.map((tag) => ({ ...tag, body: Uint8Array.from(tag.body) })));
  }
  return { tags: read, problem: undefined, mostHeld };
}

it('the same tags come out however the stream is cut', () => {
  fc.assert(
    fc.property(tags, fc.array(fc.nat(10_000), { maxLength: 40 }), (written, places) => {
      const { tags: read, problem, mostHeld } = readAll(cut(flvStream(written), places));
      expect(problem).toBeUndefined();
      expect(read).toEqual(written);
      // No more is held than one tag.
      expect(mostHeld).toBeLessThan(300 + 15);
    }),
  );
});

it('a tag is given out with its last byte', () => {
  const stream = flvStream([{ kind: 'video', timestampMs: 5, body: Uint8Array.of(1, 2, 3) }]);
  const reader = new FlvReader();
  expect(reader.push(stream.subarray(0, -1))).toEqual({ kind: 'tags', tags: [] });
  expect(reader.push(stream.subarray(-1))).toMatchObject({ tags: [{ timestampMs: 5 }] });
});

it('garbage is a value, never an exception, and holds no memory', () => {
  fc.assert(
    fc.property(tags, fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 10 }), (written, garbage) => {
      const reader = new FlvReader();
      reader.push(flvStream(written));
      for (const bytes of garbage) {
        const result = reader.push(bytes);
        if (result.kind === 'malformed') expect(reader.pendingBytes).toBe(0);
      }
    }),
  );
});

it.each([
  ['no FLV', Buffer.from('<!doctype html><html>'), 'it does not begin with an FLV header'],
  ['an unknown tag', Buffer.concat([flvStream([]), Buffer.alloc(20, 7)]), 'it has a tag of type 7'],
  ['a tag of 16 MB', Buffer.concat([flvStream([]), Buffer.of(9, 0xff, 0xff, 0xff), Buffer.alloc(20)]), 'it has a tag of 16777215 bytes'],
  ['a wrong length behind a tag', Buffer.concat([flvStream([]), Buffer.of(9, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 42, 0, 0, 0, 99)]), 'a tag is not followed by its own length'],
])('%s is refused with its reason, again and again', (_name, bytes, reason) => {
  const reader = new FlvReader();
  expect(reader.push(bytes)).toEqual({ kind: 'malformed', reason });
  expect(reader.push(flvStream([]))).toEqual({ kind: 'malformed', reason });
});
