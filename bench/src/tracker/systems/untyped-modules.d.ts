/** As much of `bittorrent-tracker`, which comes without types, as is used here. */
declare module 'bittorrent-tracker/server' {
  import type { EventEmitter } from 'node:events';

  export default class Server extends EventEmitter {
    constructor(options: { http: boolean; udp: boolean; ws: boolean; stats: boolean; peersCacheLength?: number });
    readonly ws: { address(): { port: number } };
    listen(port: number, host: string, listening?: () => void): void;
    close(): void;
  }
}
