import type { OriginBytes } from '@p2ptv/protocol';

/** What the browser tells of a request, as the DevTools protocol's Network domain has it. */
export type NetworkEvent =
  | { readonly kind: 'sent'; readonly requestId: string; readonly url: string }
  | { readonly kind: 'answered'; readonly requestId: string; readonly headerBytes: number }
  | { readonly kind: 'received'; readonly requestId: string; readonly bodyBytes: number }
  | { readonly kind: 'finished'; readonly requestId: string; readonly allBytes: number };

type Request = { readonly kind: keyof OriginBytes; headerBytes: number; bodyBytes: number };

/**
 * Counts the body bytes that a page receives from an origin, as they come over the wire, by what
 * they are: for systems that do not count themselves, and for a second opinion on those that do.
 */
export class HttpByteCounter {
  readonly #originUrl: string;
  readonly #requests = new Map<string, Request>();
  readonly #bytes: OriginBytes = { media: 0, init: 0, playlists: 0, headers: 0, join: 0, seeder: 0 };
  /** Every address of the origin that was asked for. */
  readonly urls: string[] = [];

  /** @param originUrl base URL of the origin, without a closing slash */
  constructor(originUrl: string) {
    this.#originUrl = originUrl;
  }

  /** Takes note of what the browser tells. */
  handle(event: NetworkEvent): void {
    if (event.kind === 'sent') {
      if (!event.url.startsWith(`${this.#originUrl}/`)) return;
      this.urls.push(event.url);
      const kind = kindOf(event.url.slice(this.#originUrl.length));
      if (kind) this.#requests.set(event.requestId, { kind, headerBytes: 0, bodyBytes: 0 });
      return;
    }
    const request = this.#requests.get(event.requestId);
    if (!request) return;
    switch (event.kind) {
      case 'answered':
        request.headerBytes = event.headerBytes;
        return;
      case 'received':
        this.#add(request, event.bodyBytes);
        return;
      case 'finished':
        // The only figure that is complete for every kind of request; an aborted one never gets it.
        this.#add(request, Math.max(0, event.allBytes - request.headerBytes) - request.bodyBytes);
        this.#requests.delete(event.requestId);
        return;
    }
  }

  /** Body bytes so far. */
  get bytes(): OriginBytes {
    return { ...this.#bytes };
  }

  #add(request: Request, bytes: number): void {
    request.bodyBytes += bytes;
    this.#bytes[request.kind] += bytes;
  }
}

/** What lies at a path of the origin; undefined for what is none of the stream's bytes. */
function kindOf(path: string): keyof OriginBytes | undefined {
  const file = /^\/live\/[^/]+\/(?:\d+\/)?([^/]+)$/.exec(path.split('?')[0] ?? '')?.[1];
  if (file === undefined) return undefined;
  if (file.endsWith('.m3u8')) return 'playlists';
  if (file.startsWith('init-')) return 'init';
  if (file === 'headers') return 'headers';
  if (file === 'join') return 'join';
  return 'media';
}
