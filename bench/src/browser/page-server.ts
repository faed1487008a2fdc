import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { BenchError } from '../errors.js';

/** The built page, seen from the sources and from the built files alike. */
const PAGES = fileURLToPath(new URL('../../dist/pages/', import.meta.url));
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};
/** Names as the bundler gives them; nothing that leads out of the folder. */
const PATH = /^\/(?:assets\/)?[\w-]+\.(?:html|js)$/;

/** Serves the viewers' page, from an address of its own so that it costs the origin nothing. */
export class PageServer {
  readonly #server: Server;
  readonly #host: string;

  private constructor(server: Server, host: string) {
    this.#server = server;
    this.#host = host;
  }

  /**
   * @param host the address to listen on
   * @throws BenchError when the page is not built, or no port can be had
   */
  static async start(host = '127.0.0.1'): Promise<PageServer> {
    if (!existsSync(join(PAGES, 'index.html'))) throw new BenchError('The viewers’ page is not built: run npm run build first.');
    const server = createServer((request, response) => {
      const asked = (request.url ?? '').split('?')[0] ?? '';
      const path = asked === '/' ? '/index.html' : asked;
      const type = CONTENT_TYPES[extname(path)];
      if (!PATH.test(path) || type === undefined) {
        response.writeHead(404).end();
        return;
      }
      readFile(join(PAGES, path)).then(
        (body) => response.writeHead(200, { 'content-type': type }).end(body),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(new BenchError(`No port can be had on ${host}: ${error.message}`)));
      server.listen({ host, port: 0 }, resolve);
    });
    return new PageServer(server, host);
  }

  get url(): string {
    return `http://${this.#host}:${(this.#server.address() as AddressInfo).port}/`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
