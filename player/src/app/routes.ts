/** What a page's address asks for. */
export type Route =
  | { readonly page: 'list' }
  | { readonly page: 'watch'; readonly target: WatchTarget; readonly isAutoplay: boolean }
  | { readonly page: 'studio'; readonly slug: string }
  | { readonly page: 'admin'; readonly section: AdminSection }
  | { readonly page: 'unknown' };

/** A part of the administration. */
export type AdminSection = 'channels' | 'health';

/** A stream of this origin by its slug, or any stream by its link. */
export type WatchTarget =
  | { readonly kind: 'slug'; readonly slug: string }
  | { readonly kind: 'link'; readonly link: string };

/** Reads an address: `/`, `/watch/<slug>`, `/watch?xt=…`, `/studio/<slug>` (`/studio`: the stream `main`), `/admin`; `autoplay=0` waits for a click on play. */
export function parseRoute(address: URL): Route {
  const path = address.pathname.replace(/\/+$/, '');
  if (path === '') return { page: 'list' };
  const isAutoplay = address.searchParams.get('autoplay') !== '0';
  if (path === '/watch') {
    if (!address.searchParams.has('xt')) return { page: 'list' };
    return { page: 'watch', target: { kind: 'link', link: address.href }, isAutoplay };
  }
  const studio = /^\/studio(?:\/([a-z0-9-]+))?$/.exec(path);
  if (studio) return { page: 'studio', slug: studio[1] ?? 'main' };
  if (path === '/admin') return { page: 'admin', section: 'channels' };
  if (path === '/admin/health') return { page: 'admin', section: 'health' };
  const slug = /^\/watch\/([a-z0-9-]+)$/.exec(path)?.[1];
  return slug === undefined
    ? { page: 'unknown' }
    : { page: 'watch', target: { kind: 'slug', slug }, isAutoplay };
}

/** The path of the watch page for a pasted link; undefined when it is none. */
export function watchPathOf(text: string): string | undefined {
  const query = /^(?:magnet:|https?:\/\/[^?\s]+)\?(\S+)$/.exec(text.trim())?.[1];
  return query !== undefined && new URLSearchParams(query).has('xt') ? `/watch?${query}` : undefined;
}
