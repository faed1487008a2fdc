import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Recording, RecordingQuery, StateStore, StoredChannel } from '../../src/store/state-store.js';

/** A recording, with what matters to the test in place of what does not. */
export function recording(fields: Partial<Recording> & { readonly id: string }): Recording {
  return {
    channel: 'main',
    title: 'Untitled',
    description: '',
    tags: [],
    state: 'ready',
    isPrivate: false,
    startedAtMs: 1_000,
    durationMs: 60_000,
    byteLength: 1_000_000,
    width: 640,
    height: 360,
    hasThumbnail: false,
    ...fields,
  };
}

/** A channel, with what matters to the test in place of what does not. */
export function channel(fields: Partial<StoredChannel> & { readonly slug: string }): StoredChannel {
  return { settings: { title: 'A channel' }, isStarted: true, createdAtMs: 5_000, ...fields };
}

/**
 * What every {@link StateStore} does.
 *
 * @param open makes an empty store
 */
export function describeStateStore(name: string, open: () => StateStore): void {
  describe(name, () => {
    let store: StateStore;
    beforeEach(() => {
      store = open();
    });
    afterEach(() => store.close());

    describe('channels', () => {
      it('keeps what it is given, and replaces it', () => {
        const first = channel({ slug: 'news', settings: { title: 'Nyheter "1"', tags: ['a'], nested: { is: true } } });
        store.channels.add(first);
        expect(store.channels.get('news')).toEqual(first);
        const second = channel({ slug: 'news', settings: {}, isStarted: false });
        expect(store.channels.update(second)).toBe(true);
        expect(store.channels.get('news')).toEqual(second);
      });

      it('refuses a slug that is taken, and keeps the channel that has it', () => {
        store.channels.add(channel({ slug: 'news', settings: { title: 'first' } }));
        expect(() => store.channels.add(channel({ slug: 'news', settings: { title: 'second' } }))).toThrow(
          expect.objectContaining({ code: 'ALREADY_EXISTS' }) as Error,
        );
        expect(store.channels.get('news')?.settings).toEqual({ title: 'first' });
      });

      it('lists by slug, and forgets what is removed', () => {
        for (const slug of ['c', 'a', 'b']) store.channels.add(channel({ slug }));
        expect(store.channels.remove('b')).toBe(true);
        expect(store.channels.remove('b')).toBe(false);
        expect(store.channels.update(channel({ slug: 'b' }))).toBe(false);
        expect(store.channels.get('b')).toBeUndefined();
        expect(store.channels.list().map(({ slug }) => slug)).toEqual(['a', 'c']);
      });
    });

    describe('recordings', () => {
      const found = (query: Partial<RecordingQuery>): string[] =>
        store.recordings.search({ offset: 0, limit: 100, ...query }).recordings.map(({ id }) => id);

      it('keeps what it is given', () => {
        const full = recording({
          id: 'r1',
          channel: undefined,
          title: "O'Neill; DROP TABLE",
          description: 'line\nline',
          tags: ['ä b', '"'],
          state: 'importing',
          isPrivate: true,
          startedAtMs: 1_800_000_000_123,
          hasThumbnail: true,
        });
        store.recordings.add(full);
        expect(store.recordings.get('r1')).toEqual(full);
        expect(() => store.recordings.add(full)).toThrow(expect.objectContaining({ code: 'ALREADY_EXISTS' }) as Error);
      });

      it('changes what is named, and finds by the new words only', () => {
        store.recordings.add(recording({ id: 'r1', title: 'Harbour', tags: ['sea'] }));
        expect(store.recordings.update('r1', { title: 'Mountain', tags: ['snow'], durationMs: 7 })).toMatchObject({ title: 'Mountain', description: '', durationMs: 7 });
        expect(store.recordings.get('r1')).toMatchObject({ title: 'Mountain', tags: ['snow'], durationMs: 7, byteLength: 1_000_000 });
        expect([found({ text: 'harbour' }), found({ text: 'sea' }), found({ tags: ['sea'] })]).toEqual([[], [], []]);
        expect([found({ text: 'mountain' }), found({ text: 'snow' }), found({ tags: ['snow'] })]).toEqual([['r1'], ['r1'], ['r1']]);
        expect(store.recordings.update('r2', { title: 'None' })).toBeUndefined();
      });

      it('forgets what is removed, its words and tags too', () => {
        store.recordings.add(recording({ id: 'r1', title: 'Harbour', tags: ['sea'] }));
        expect(store.recordings.remove('r1')).toBe(true);
        expect(store.recordings.remove('r1')).toBe(false);
        expect([found({}), found({ text: 'harbour' }), found({ tags: ['sea'] })]).toEqual([[], [], []]);
      });

      it('finds beginnings of words, whatever their case and accents, in title, description and tags', () => {
        store.recordings.add(recording({ id: 'title', title: 'Größte Äpfel' }));
        store.recordings.add(recording({ id: 'description', description: 'about apfelmus' }));
        store.recordings.add(recording({ id: 'tag', tags: ['Apfel'] }));
        store.recordings.add(recording({ id: 'none', title: 'Birnen' }));
        expect(found({ text: 'APF' })).toEqual(['title', 'tag', 'description']);
        expect(found({ text: 'äpf gro' })).toEqual(['title']);
        expect(found({ text: 'pfel' })).toEqual([]);
      });

      it.each(['"', 'a OR b', 'NEAR(a b)', 'title:a', '*', '-a', 'a*b', "'; --", '\u0000', '()', '   '])('takes %j as text', (text) => {
        store.recordings.add(recording({ id: 'r1', title: 'something' }));
        expect(() => found({ text })).not.toThrow();
      });

      it('takes a text without any word for none', () => {
        store.recordings.add(recording({ id: 'r1' }));
        expect(found({ text: ' -- ' })).toEqual(['r1']);
      });

      it('filters by channel, tags, state, privacy, start and length, all together', () => {
        store.recordings.add(recording({ id: 'wanted', title: 'Regatta', channel: 'sea', tags: ['a', 'b'], startedAtMs: 2_000, durationMs: 100 }));
        store.recordings.add(recording({ id: 'channel', title: 'Regatta', channel: 'lake', tags: ['a', 'b'], startedAtMs: 2_000, durationMs: 100 }));
        store.recordings.add(recording({ id: 'tag', title: 'Regatta', channel: 'sea', tags: ['a'], startedAtMs: 2_000, durationMs: 100 }));
        store.recordings.add(recording({ id: 'state', title: 'Regatta', channel: 'sea', tags: ['a', 'b'], startedAtMs: 2_000, durationMs: 100, state: 'recording' }));
        store.recordings.add(recording({ id: 'private', title: 'Regatta', channel: 'sea', tags: ['a', 'b'], startedAtMs: 2_000, durationMs: 100, isPrivate: true }));
        store.recordings.add(recording({ id: 'early', title: 'Regatta', channel: 'sea', tags: ['a', 'b'], startedAtMs: 1_999, durationMs: 100 }));
        store.recordings.add(recording({ id: 'long', title: 'Regatta', channel: 'sea', tags: ['a', 'b'], startedAtMs: 2_000, durationMs: 101 }));
        const query = { channel: 'sea', tags: ['a', 'b'], states: ['ready', 'failed'], isPrivate: false, startedFromMs: 2_000, startedToMs: 2_000, durationFromMs: 100, durationToMs: 100 } as const;
        expect(found(query)).toEqual(['wanted']);
        expect(found({ ...query, text: 'regatta' })).toEqual(['wanted']);
        expect(found({ ...query, text: 'nothing' })).toEqual([]);
      });

      it('sorts', () => {
        store.recordings.add(recording({ id: 'b', title: 'beta', startedAtMs: 1, durationMs: 3, byteLength: 2 }));
        store.recordings.add(recording({ id: 'a', title: 'Alpha', startedAtMs: 3, durationMs: 2, byteLength: 1 }));
        store.recordings.add(recording({ id: 'c', title: 'gamma', startedAtMs: 2, durationMs: 1, byteLength: 3 }));
        expect(found({})).toEqual(['a', 'c', 'b']);
        expect(found({ order: 'newest' })).toEqual(['a', 'c', 'b']);
        expect(found({ order: 'oldest' })).toEqual(['b', 'c', 'a']);
        expect(found({ order: 'longest' })).toEqual(['b', 'a', 'c']);
        expect(found({ order: 'shortest' })).toEqual(['c', 'a', 'b']);
        expect(found({ order: 'largest' })).toEqual(['c', 'b', 'a']);
        expect(found({ order: 'title' })).toEqual(['a', 'b', 'c']);
      });

      it('pages: every recording once, though all compare equal', () => {
        const ids = Array.from({ length: 25 }, (_none, index) => `r${index}`);
        for (const id of ids) store.recordings.add(recording({ id, title: 'same' }));
        for (const text of [undefined, 'same']) {
          const pages = [0, 10, 20, 30].map((offset) => store.recordings.search({ text, offset, limit: 10 }));
          expect(pages.map(({ total }) => total)).toEqual([25, 25, 25, 25]);
          expect(pages.map(({ recordings }) => recordings.length)).toEqual([10, 10, 5, 0]);
          const seen = pages.flatMap(({ recordings }) => recordings.map(({ id }) => id));
          expect(new Set(seen)).toEqual(new Set(ids));
        }
      });
    });

    describe('access', () => {
      it('has no password at first, and keeps the last one', () => {
        expect(store.access.passwordHash()).toBeUndefined();
        store.access.setPasswordHash('one');
        store.access.setPasswordHash('two');
        expect(store.access.passwordHash()).toBe('two');
      });

      it('knows sessions until they expire or are ended', () => {
        store.access.addSession('s1', { expiresAtMs: 100 });
        store.access.addSession('s2', { expiresAtMs: 200 });
        expect([store.access.hasSession('s1', 99), store.access.hasSession('s1', 100), store.access.hasSession('s3', 0)]).toEqual([true, false, false]);
        store.access.pruneSessions(100);
        expect([store.access.hasSession('s1', 0), store.access.hasSession('s2', 0)]).toEqual([false, true]);
        store.access.removeSession('s2');
        expect(store.access.hasSession('s2', 0)).toBe(false);
      });

      it('ends all sessions with a new password', () => {
        store.access.setPasswordHash('one');
        store.access.addSession('s1', { expiresAtMs: 100 });
        store.access.setPasswordHash('two');
        expect(store.access.hasSession('s1', 0)).toBe(false);
      });
    });
  });
}
