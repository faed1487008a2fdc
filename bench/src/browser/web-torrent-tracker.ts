import Server from 'bittorrent-tracker/server';

import { BenchError } from '../errors.js';

/** A WebTorrent tracker by which p2p-media-loader's viewers find each other. */
export class WebTorrentTracker {
  readonly #server: Server;
  readonly #host: string;

  private constructor(server: Server, host: string) {
    this.#server = server;
    this.#host = host;
  }

  /**
   * @param host the address to listen on
   * @throws BenchError when no port can be had
   */
  static async start(host: string): Promise<WebTorrentTracker> {
    const server = new Server({ http: false, udp: false, ws: true, stats: false });
    // What a client sends wrongly; the client is told.
    server.on('warning', () => undefined);
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: Error) => reject(new BenchError(`The WebTorrent tracker does not start: ${error.message}`, { cause: error })));
      server.listen(0, host, resolve);
    });
    return new WebTorrentTracker(server, host);
  }

  get url(): string {
    return `ws://${this.#host}:${this.#server.ws.address().port}`;
  }

  stop(): void {
    this.#server.close();
  }
}
