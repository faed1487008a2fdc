import { describe, expect, it } from 'vitest';
import { cataloguePath, isFitting, parseCatalogueQuery, recordingsPath, WHOLE_CATALOGUE, type CatalogueQuery } from '../../src/app/catalogue-query.js';

const query = (change: Partial<CatalogueQuery>): CatalogueQuery => ({ ...WHOLE_CATALOGUE, ...change });

describe('catalogue query', () => {
  it.each([
    query({}),
    query({ text: 'fête & co', show: 'recordings', tag: 'a b', order: 'longest', page: 3 }),
    query({ show: 'live' }),
  ])('survives the address: %j', (asked) => {
    expect(parseCatalogueQuery(new URL(cataloguePath(asked), 'http://host').search)).toEqual(asked);
  });

  it('takes for the whole what makes no sense', () => {
    expect(parseCatalogueQuery('?show=x&order=y&page=-2')).toEqual(WHOLE_CATALOGUE);
    expect(parseCatalogueQuery('?page=1.5')).toEqual(WHOLE_CATALOGUE);
  });

  it('asks the origin for one page', () => {
    const asked = new URL(recordingsPath(query({ text: ' hills ', tag: 'nature', order: 'title', page: 2 })), 'http://host').searchParams;
    expect(Object.fromEntries(asked)).toEqual({ text: 'hills', tag: 'nature', order: 'title', offset: '48', limit: '24' });
  });

  it('finds what is live by beginnings of words, in any case and without accents', () => {
    const entry = { title: 'Fête de nuit', description: 'Live from the harbour', tags: ['Music'] };
    for (const text of ['', 'fete', 'NUIT', 'harb fê', 'music']) expect(isFitting(entry, query({ text })), text).toBe(true);
    for (const text of ['uit', 'fete winter']) expect(isFitting(entry, query({ text })), text).toBe(false);
    expect(isFitting(entry, query({ tag: 'Music' }))).toBe(true);
    expect(isFitting(entry, query({ tag: 'Talk' }))).toBe(false);
  });
});
