import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';

import { SqliteStore } from '../../src/store/sqlite-store.js';
import { recording } from './state-store-contract.js';

const store = SqliteStore.open(':memory:');
afterAll(() => store.close());

it('finds every text that somebody may type, once it is a title', () => {
  let count = 0;
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ unit: 'grapheme', maxLength: 30 })), (text) => {
      // A database ends a text at a zero byte; a text without any word finds nothing.
      const title = `1 ${text.replaceAll('\u0000', ' ')}`;
      const id = `r${count++}`;
      store.recordings.add(recording({ id, title, startedAtMs: count }));
      const { recordings } = store.recordings.search({ text: title, order: 'newest', offset: 0, limit: 1 });
      expect(recordings[0]?.id).toBe(id);
    }),
    { numRuns: 300 },
  );
});
