/** What a page's address asks for. */
export type Route =
  | { readonly page: 'list' }
  | { readonly page: 'watch'; readonly target: WatchTarget; readonly isAutoplay: boolean }
  /** `slug` undefined: the address names no channel. */
  | { readonly page: 'studio'; readonly slug: string | undefined }
  | { readonly page: 'embed'; readonly target: WatchTarget; readonly isAutoplay: boolean }
  | { readonly page: 'admin'; readonly section: AdminSection }
  | { readonly page: 'unknown' };

/** A part of the administration. */
export type AdminSection = 'channels' | 'recordings' | 'health';

/** A stream of this origin by its slug, a recording of it, or any stream by its link. */
export type WatchTarget =
  | { readonly kind: 'recording'; readonly id: string }
  | { readonly kind: 'slug'; readonly slug: string }
  | { readonly kind: 'link'; readonly link: string };

const SLUG = /^[a-z0-9-]+$/;

/**
 * Reads an address: `/`, `/watch/<slug>`, `/watch/recordings/<id>`, `/watch?xt=…`, `/studio/<slug>` (`/studio`: whichever channel there is), `/admin`; `/embed/…` as `/watch/…`. With `autoplay=0` the watch page
 * waits for a click on play; what is embedded does so without `autoplay=1`.
 */
export function parseRoute(address: URL): Route {
  const path = address.pathname.replace(/\/+$/, '');
  if (path === '') return { page: 'list' };
  const studio = /^\/studio(?:\/([a-z0-9-]+))?$/.exec(path);
  if (studio) return { page: 'studio', slug: studio[1] };
  if (path === '/admin') return { page: 'admin', section: 'channels' };
  if (path === '/admin/recordings') return { page: 'admin', section: 'recordings' };
  if (path === '/admin/health') return { page: 'admin', section: 'health' };
  const [, page, rest = ''] = /^\/(watch|embed)(?:\/(.+))?$/.exec(path) ?? [];
  if (page === undefined) return { page: 'unknown' };
  const target = targetOf(page, rest, address);
  if (target === undefined) return rest === '' ? { page: 'list' } : { page: 'unknown' };
  const autoplay = address.searchParams.get('autoplay');
  // Who only reads a page that embeds this asked for nothing yet.
  return page === 'embed' ? { page, target, isAutoplay: autoplay === '1' } : { page: 'watch', target, isAutoplay: autoplay !== '0' };
}

function targetOf(page: string, rest: string, address: URL): WatchTarget | undefined {
  if (rest === '') {
    if (!address.searchParams.has('xt')) return undefined;
    // A link is that of the watch page.
    return { kind: 'link', link: page === 'watch' ? address.href : new URL(`/watch${address.search}`, address).href };
  }
  if (SLUG.test(rest)) return { kind: 'slug', slug: rest };
  const id = /^recordings\/([A-Za-z0-9_-]{1,200})$/.exec(rest)?.[1];
  return id === undefined ? undefined : { kind: 'recording', id };
}

/** The path of the watch page for a pasted link; undefined when it is none. */
export function watchPathOf(text: string): string | undefined {
  const query = /^(?:magnet:|https?:\/\/[^?\s]+)\?(\S+)$/.exec(text.trim())?.[1];
  return query !== undefined && new URLSearchParams(query).has('xt') ? `/watch?${query}` : undefined;
}
