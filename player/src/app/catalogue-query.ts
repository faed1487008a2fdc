import { RECORDING_ORDERS } from '@p2ptv/protocol';

/** An order of recordings. */
export type CatalogueOrder = (typeof RECORDING_ORDERS)[number];

/** What of the catalogue is shown; the page's address keeps it. */
export type CatalogueQuery = {
  readonly text: string;
  readonly show: 'all' | 'live' | 'recordings';
  /** Undefined: any. */
  readonly tag: string | undefined;
  readonly order: CatalogueOrder;
  /** From 0. */
  readonly page: number;
};

/** Recordings on one page. */
export const PAGE_SIZE = 24;

/** All there is, newest first. */
export const WHOLE_CATALOGUE: CatalogueQuery = { text: '', show: 'all', tag: undefined, order: 'relevance', page: 0 };

/** Reads the query of the page's address; what makes no sense does not count. */
export function parseCatalogueQuery(search: string): CatalogueQuery {
  const given = new URLSearchParams(search);
  const show = given.get('show');
  const order = RECORDING_ORDERS.find((known) => known === given.get('order'));
  const page = Number(given.get('page') ?? '1');
  return {
    text: given.get('text') ?? '',
    show: show === 'live' || show === 'recordings' ? show : 'all',
    tag: given.get('tag') ?? undefined,
    order: order ?? 'relevance',
    page: Number.isInteger(page) && page >= 1 && page <= 1e6 ? page - 1 : 0,
  };
}

/** The path of the page that shows it: the inverse of {@link parseCatalogueQuery}. */
export function cataloguePath({ text, show, tag, order, page }: CatalogueQuery): string {
  const given = new URLSearchParams();
  if (text !== '') given.set('text', text);
  if (show !== 'all') given.set('show', show);
  if (tag !== undefined) given.set('tag', tag);
  if (order !== 'relevance') given.set('order', order);
  if (page > 0) given.set('page', String(page + 1));
  return given.size === 0 ? '/' : `/?${given.toString()}`;
}

/** The path that asks the origin for its recordings. */
export function recordingsPath({ text, tag, order, page }: CatalogueQuery): string {
  const asked = new URLSearchParams({ order, offset: String(page * PAGE_SIZE), limit: String(PAGE_SIZE) });
  if (text.trim() !== '') asked.set('text', text.trim());
  if (tag !== undefined) asked.set('tag', tag);
  return `/api/recordings?${asked.toString()}`;
}

/** Whether something live fits: each word begins one of its words, as with recordings. */
export function isFitting(entry: { readonly title: string; readonly description: string; readonly tags: readonly string[] }, { text, tag }: CatalogueQuery): boolean {
  if (tag !== undefined && !entry.tags.includes(tag)) return false;
  const words = wordsOf([entry.title, entry.description, ...entry.tags].join(' '));
  return wordsOf(text).every((asked) => words.some((word) => word.startsWith(asked)));
}

/** Lower case and without accents. */
function wordsOf(text: string): string[] {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
