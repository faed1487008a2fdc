import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';

import { processTimer, type StartTimer } from '../encode/start-timer.js';
import { IngestError } from './errors.js';
import { Publication } from './rtmp/publication.js';
import { RtmpConnection } from './rtmp/rtmp-connection.js';
import type { Source, SourceFeed } from './source.js';
import { TypedEvents } from './typed-events.js';

/** Events of an {@link RtmpSource}. Addresses are `host:port`. */
export type RtmpSourceEvents = {
  /** A publisher with the right key. `isReturn`: it comes back before it was given up. */
  readonly publisherConnected: { readonly address: string; readonly isReturn: boolean };
  /** A publisher was turned away, or broke the protocol; `reason` is one sentence for the log. */
  readonly publisherRefused: { readonly address: string; readonly reason: string };
  /** The publisher is gone, and may return within `graceMs` without the stream going offline. */
  readonly publisherLost: { readonly address: string; readonly reason: string | undefined; readonly graceMs: number };
  /** The lost publisher has not returned: the stream is offline until one does. */
  readonly publisherGone: { readonly address: string };
};

/** Options of an {@link RtmpSource}. */
export type RtmpSourceOptions = {
  /** Where to listen. Default 1935; 0 lets the system choose. */
  readonly port?: number;
  /** The address to listen on. Default: all. */
  readonly host?: string;
  /** What publishers must name as stream key. */
  readonly streamKey: string;
  /** How long a lost publisher is waited for before the stream is offline. Default 10 s. */
  readonly graceMs?: number;
  /** Default: the process's timers. */
  readonly startTimer?: StartTimer;
};

/** The application of the publish URL, `rtmp://host/live`. */
export const RTMP_APPLICATION = 'live';
const DEFAULT_PORT = 1935;
const DEFAULT_GRACE_MS = 10_000;
/** Connections at once. Bounds the sockets that strangers can make us hold. */
const MAX_CONNECTIONS = 16;
/** Of them, so many from one address that do not publish: one stranger does not hold all. */
const MAX_IDLE_FROM_HOST = 4;

type Publisher = { readonly address: string; readonly connection: RtmpConnection; readonly publication: Publication; readonly socket: Socket };

/**
 * What OBS and its like publish to: `rtmp://host:1935/live` with a stream key.
 *
 * Opens no port but this one, and nobody can play from it. One publisher at a time; the newest with
 * the right key wins, because after a break of the network the old connection looks alive for a while.
 */
export class RtmpSource implements Source {
  readonly kind = 'rtmp';
  readonly label: string;
  /** The port that it listens on. */
  readonly port: number;
  readonly #options: RtmpSourceOptions;
  readonly #server: Server;
  readonly #events = new TypedEvents<RtmpSourceEvents>();
  /** The host of each connection, oldest first. */
  readonly #sockets = new Map<Socket, string>();
  #publisher: Publisher | undefined;
  #cancelGone: (() => void) | undefined;
  #waiting: ((feed: SourceFeed | undefined) => void) | undefined;
  #isClosed = false;

  private constructor(options: RtmpSourceOptions, server: Server, port: number) {
    this.#options = options;
    this.#server = server;
    this.port = port;
    this.label = `RTMP on port ${port}`;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /**
   * Listens.
   *
   * @throws IngestError `PORT_IN_USE` or `PORT_DENIED`
   */
  static async listen(options: RtmpSourceOptions): Promise<RtmpSource> {
    const { port = DEFAULT_PORT, host } = options;
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, port)));
      server.listen({ port, host }, () => resolve());
    });
    // An accept that fails (too many open files) concerns that one caller only.
    server.on('error', () => undefined);
    const address = server.address();
    return new RtmpSource(options, server, typeof address === 'object' && address !== null ? address.port : port);
  }

  /** Subscribes; returns the function that unsubscribes. */
  on<Name extends keyof RtmpSourceEvents>(name: Name, listener: (payload: RtmpSourceEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** Whether somebody is publishing at the moment. */
  get hasPublisher(): boolean {
    return this.#publisher !== undefined;
  }

  open(signal: AbortSignal): Promise<SourceFeed | undefined> {
    if (signal.aborted || this.#isClosed) return Promise.resolve(undefined);
    if (this.#publisher?.publication.isReady === true) return Promise.resolve(this.#publisher.publication.open());
    return new Promise((resolve) => {
      const giveUp = (): void => this.#answer(undefined);
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting = (feed) => {
        signal.removeEventListener('abort', giveUp);
        resolve(feed);
      };
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelGone?.();
    this.#answer(undefined);
    this.#publisher?.publication.end();
    this.#publisher = undefined;
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    for (const socket of this.#sockets.keys()) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    // On a socket for both families, an IPv4 address comes in the guise of an IPv6 one.
    const host = socket.remoteAddress?.replace(/^::ffff:/, '') ?? 'unknown';
    const address = `${host}:${socket.remotePort ?? 0}`;
    this.#makeRoomFor(host);
    this.#sockets.set(socket, host);
    const publication = new Publication((isFlowing) => connection.setFlowing(isFlowing));
    const connection = new RtmpConnection(socket, {
      onPublish: ({ app, streamKey }) => {
        const refusal = this.#refusalOf(app, streamKey);
        if (refusal === undefined) this.#admit({ address, connection, publication, socket });
        return refusal;
      },
      onMetadata: (metadata) => publication.describe(metadata),
      onTag: (tag) => {
        const problem = publication.push(tag);
        if (problem !== undefined) connection.close(problem);
      },
      onClose: (reason) => {
        this.#sockets.delete(socket);
        this.#handleClose({ address, connection, publication, socket }, reason);
      },
    });
    publication.onReady = () => {
      if (this.#waiting !== undefined) this.#answer(publication.open());
    };
  }

  /** The longest idle gives way to the newcomer: a publisher is done with its handshake within moments, and never idle. */
  #makeRoomFor(host: string): void {
    const idle = [...this.#sockets].filter(([socket]) => socket !== this.#publisher?.socket);
    const fromHost = idle.filter(([, other]) => other === host);
    const leaving =
      fromHost.length >= MAX_IDLE_FROM_HOST ? fromHost[0] : this.#sockets.size >= MAX_CONNECTIONS ? idle[0] : undefined;
    if (leaving === undefined) return;
    this.#sockets.delete(leaving[0]);
    leaving[0].destroy();
  }

  #refusalOf(app: string, streamKey: string): string | undefined {
    if (app.replace(/\/$/, '') !== RTMP_APPLICATION) return `The publish URL must end in /${RTMP_APPLICATION}.`;
    // Some encoders append a query to the key.
    const [key = ''] = streamKey.split('?');
    const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
    // Digests have one length, so that the comparison takes the same time whatever was tried.
    return timingSafeEqual(digest(key), digest(this.#options.streamKey)) ? undefined : 'The stream key is wrong.';
  }

  #admit(publisher: Publisher): void {
    const previous = this.#publisher;
    const isReturn = previous !== undefined || this.#cancelGone !== undefined;
    this.#cancelGone?.();
    this.#cancelGone = undefined;
    this.#publisher = publisher;
    previous?.publication.end();
    previous?.connection.close('Another publisher took its place.');
    this.#events.emit('publisherConnected', { address: publisher.address, isReturn });
  }

  #handleClose({ address, connection, publication }: Publisher, reason: string | undefined): void {
    publication.end();
    if (this.#isClosed) return;
    if (this.#publisher?.connection !== connection) {
      if (reason !== undefined) this.#events.emit('publisherRefused', { address, reason });
      return;
    }
    this.#publisher = undefined;
    const { graceMs = DEFAULT_GRACE_MS, startTimer = processTimer } = this.#options;
    this.#cancelGone = startTimer(graceMs, () => {
      this.#cancelGone = undefined;
      this.#events.emit('publisherGone', { address });
    });
    this.#events.emit('publisherLost', { address, reason, graceMs });
  }

  #answer(feed: SourceFeed | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(feed);
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
