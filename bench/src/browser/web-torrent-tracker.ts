import Server from 'bittorrent-tracker/server';

import { BenchError } from '../errors.js';

/** A WebTorrent tracker on loopback, by which p2p-media-loader's viewers find each other. */
export class WebTorrentTracker {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @throws BenchError when no port can be had */
  static async start(): Promise<WebTorrentTracker> {
    const server = new Server({ http: false, udp: false, ws: true, stats: false });
    // What a client sends wrongly; the client is told.
    server.on('warning', () => undefined);
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: Error) => reject(new BenchError(`The WebTorrent tracker does not start: ${error.message}`, { cause: error })));
      server.listen(0, '127.0.0.1', resolve);
    });
    return new WebTorrentTracker(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#server.ws.address().port}`;
  }

  stop(): void {
    this.#server.close();
  }
}
