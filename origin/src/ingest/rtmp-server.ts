import { createServer, type Server, type Socket } from 'node:net';

import { plainAddress } from '../server/plain-address.js';
import { IngestError } from './errors.js';
import type { PresenceOptions } from './publisher-presence.js';
import { RtmpSource } from './rtmp-source.js';
import { Publication } from './rtmp/publication.js';
import { RtmpConnection } from './rtmp/rtmp-connection.js';
import { TypedEvents } from './typed-events.js';

/** Events of an {@link RtmpServer}. Addresses are `host:port`. */
export type RtmpServerEvents = {
  /** A publisher was turned away, or broke the protocol before it published; `reason` is one sentence for the log. */
  readonly publisherRefused: { readonly address: string; readonly reason: string };
};

/** Where an {@link RtmpServer} listens. */
export type RtmpServerOptions = {
  /** Default 1935; 0 lets the system choose. */
  readonly port?: number;
  /** The address to listen on. Default: all. */
  readonly host?: string | undefined;
};

/** Options of a source: who may publish to it, and how long a lost publisher is waited for. */
export type RtmpChannelOptions = PresenceOptions & {
  /** Whether a stream key is this source's. Must take the same time whatever was tried. */
  readonly isKey: (key: string) => boolean;
};

/** The application of the publish URL, `rtmp://host/live`. */
export const RTMP_APPLICATION = 'live';
const DEFAULT_PORT = 1935;
/** Connections at once that do not publish. Bounds the sockets that strangers can make us hold. */
const MAX_IDLE = 16;
/** Of them, so many from one address: one stranger does not hold all. */
const MAX_IDLE_FROM_HOST = 4;

/**
 * What OBS and its like publish to: `rtmp://host:1935/live` with a stream key, which says to which
 * source it goes. Opens no port but this one, and nobody can play from it.
 */
export class RtmpServer {
  /** The port that it listens on. */
  readonly port: number;
  readonly #server: Server;
  readonly #events = new TypedEvents<RtmpServerEvents>();
  readonly #sources = new Set<RtmpSource>();
  /** The host of each connection that has not published yet, oldest first. */
  readonly #idle = new Map<Socket, string>();
  readonly #sockets = new Set<Socket>();
  #isClosed = false;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /**
   * Listens.
   *
   * @throws IngestError `PORT_IN_USE` or `PORT_DENIED`
   */
  static async listen({ port = DEFAULT_PORT, host }: RtmpServerOptions): Promise<RtmpServer> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, port)));
      server.listen({ port, host }, () => resolve());
    });
    // An accept that fails (too many open files) concerns that one caller only.
    server.on('error', () => undefined);
    const address = server.address();
    return new RtmpServer(server, typeof address === 'object' && address !== null ? address.port : port);
  }

  /** Subscribes; returns the function that unsubscribes. */
  on<Name extends keyof RtmpServerEvents>(name: Name, listener: (payload: RtmpServerEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** Makes a source of what is published with some key, until it is closed. */
  open(options: RtmpChannelOptions): RtmpSource {
    const source = new RtmpSource({ ...options, label: `RTMP on port ${this.port}`, onClose: () => this.#sources.delete(source) });
    this.#sources.add(source);
    return source;
  }

  /** Closes the port, its sources and all connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    for (const source of [...this.#sources]) await source.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    const host = plainAddress(socket.remoteAddress ?? 'unknown');
    const address = `${host}:${socket.remotePort ?? 0}`;
    this.#makeRoomFor(host);
    this.#idle.set(socket, host);
    this.#sockets.add(socket);
    let source: RtmpSource | undefined;
    const publication = new Publication((isFlowing) => connection.setFlowing(isFlowing));
    const connection = new RtmpConnection(socket, {
      onPublish: ({ app, streamKey }) => {
        const found = this.#find(app, streamKey);
        if (typeof found === 'string') return found;
        source = found;
        this.#idle.delete(socket);
        source.admit({ address, connection, publication });
        return undefined;
      },
      onMetadata: (metadata) => publication.describe(metadata),
      onTag: (tag) => {
        const problem = publication.push(tag);
        if (problem !== undefined) connection.close(problem);
      },
      onClose: (reason) => {
        this.#idle.delete(socket);
        this.#sockets.delete(socket);
        publication.end();
        if (source?.isPublishedBy(connection) === true) source.lose(reason);
        else if (reason !== undefined && !this.#isClosed) this.#events.emit('publisherRefused', { address, reason });
      },
    });
  }

  /** The longest idle gives way to the newcomer: a publisher is done with its handshake within moments, and never idle. */
  #makeRoomFor(host: string): void {
    const idle = [...this.#idle];
    const fromHost = idle.filter(([, other]) => other === host);
    const leaving = fromHost.length >= MAX_IDLE_FROM_HOST ? fromHost[0] : idle.length >= MAX_IDLE ? idle[0] : undefined;
    if (leaving === undefined) return;
    this.#idle.delete(leaving[0]);
    leaving[0].destroy();
  }

  /** The source that a publisher means, or why there is none. Every key is compared, so that the time tells nothing. */
  #find(app: string, streamKey: string): RtmpSource | string {
    if (app.replace(/\/$/, '') !== RTMP_APPLICATION) return `The publish URL must end in /${RTMP_APPLICATION}.`;
    // Some encoders append a query to the key.
    const [key = ''] = streamKey.split('?');
    const found = [...this.#sources].filter((source) => source.isKey(key));
    return found[0] ?? 'The stream key is wrong.';
  }
}

function listenError(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code === 'EADDRINUSE') {
    return new IngestError('PORT_IN_USE', `RTMP port ${port} is in use by another program: stop it, or choose another port.`, { cause: error });
  }
  if (error.code === 'EACCES') {
    return new IngestError('PORT_DENIED', `We may not listen on RTMP port ${port}: choose one above 1023.`, { cause: error });
  }
  return error;
}
