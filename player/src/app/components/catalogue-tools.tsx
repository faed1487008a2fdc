import type { ReactElement } from 'react';
import type { CatalogueOrder, CatalogueQuery } from '../catalogue-query.js';

const ORDERS: readonly (readonly [CatalogueOrder, string])[] = [
  ['relevance', 'Best first'],
  ['newest', 'Newest first'],
  ['oldest', 'Oldest first'],
  ['longest', 'Longest first'],
  ['shortest', 'Shortest first'],
  ['title', 'By title'],
];

type CatalogueToolsProps = { readonly query: CatalogueQuery; readonly change: (change: Partial<CatalogueQuery>) => void };

/** Search, filters and order. */
export function CatalogueTools({ query, change }: CatalogueToolsProps): ReactElement {
  return (
    <form className="catalogue-tools" role="search" onSubmit={(event) => event.preventDefault()}>
      <input
        className="input"
        type="search"
        aria-label="Search channels and recordings"
        placeholder="Search"
        maxLength={200}
        value={query.text}
        onChange={(event) => change({ text: event.target.value })}
      />
      <select className="input" aria-label="Show" value={query.show} onChange={(event) => change({ show: showOf(event.target.value) })}>
        <option value="all">Everything</option>
        <option value="live">Channels</option>
        <option value="recordings">Recordings</option>
      </select>
      <select
        className="input"
        aria-label="Order of recordings"
        value={query.order}
        onChange={(event) => change({ order: ORDERS.find(([order]) => order === event.target.value)?.[0] ?? 'relevance' })}
      >
        {ORDERS.map(([order, text]) => (
          <option key={order} value={order}>
            {text}
          </option>
        ))}
      </select>
      {query.tag !== undefined && (
        <button type="button" className="tag is-chosen" aria-label={`No longer only “${query.tag}”`} onClick={() => change({ tag: undefined })}>
          {query.tag} ×
        </button>
      )}
    </form>
  );
}

function showOf(value: string): CatalogueQuery['show'] {
  return value === 'live' || value === 'recordings' ? value : 'all';
}
