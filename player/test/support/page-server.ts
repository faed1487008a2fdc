import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bundlePage } from './bundle.js';

/** A site of one page, which is told a stream's link. */
export type PageServer = {
  /** The page's address: another port than the origin's, as a site of one's own has. */
  urlOf(link: string): string;
  close(): void;
};

/** A file of a site. */
export type ServedFile = { readonly type: string; readonly body: string | Uint8Array };

/** Serves files by their paths, on a free port of loopback. */
export async function servePage(files: Readonly<Record<string, ServedFile>>): Promise<PageServer> {
  const server = createServer((request, response) => {
    const served = files[new URL(request.url ?? '/', 'http://page').pathname];
    if (served) response.setHeader('content-type', served.type).end(served.body);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { urlOf: (link) => `http://localhost:${port}/?link=${encodeURIComponent(link)}`, close: () => void server.close() };
}

/** Serves a page of nothing but a video element and a script. */
export async function serveScript(entry: string): Promise<PageServer> {
  return servePage({
    '/': { type: 'text/html', body: '<!doctype html><video muted playsinline></video><script type="module" src="/page.js"></script>' },
    '/page.js': { type: 'text/javascript', body: await bundlePage(entry) },
  });
}
