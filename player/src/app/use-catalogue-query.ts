import { useCallback, useEffect, useState } from 'react';
import { cataloguePath, parseCatalogueQuery, type CatalogueQuery } from './catalogue-query.js';

/**
 * What of the catalogue is shown, kept in the page's address, so that it can be sent and gone back to.
 * A change to anything but the page begins at the first one.
 */
export function useCatalogueQuery(): readonly [CatalogueQuery, (change: Partial<CatalogueQuery>) => void] {
  const [query, setQuery] = useState(() => parseCatalogueQuery(location.search));
  useEffect(() => {
    const moved = (): void => setQuery(parseCatalogueQuery(location.search));
    window.addEventListener('popstate', moved);
    return () => window.removeEventListener('popstate', moved);
  }, []);
  const change = useCallback(
    (wanted: Partial<CatalogueQuery>) => {
      const next = { ...query, page: 0, ...wanted };
      // A step back leads over pages and filters, not over letters.
      if (wanted.text === undefined) history.pushState(null, '', cataloguePath(next));
      else history.replaceState(null, '', cataloguePath(next));
      setQuery(next);
    },
    [query],
  );
  return [query, change];
}
