import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import {
  joinRequestSchema,
  neighboursWantedSchema,
  reportSchema,
  seededSchema,
  signalSchema,
  TRACKER_SOCKET_PATH,
  type Clock,
  type PeerToTrackerEvents,
  type StreamId,
  type TrackerJoinAnswer,
  type TrackerToPeerEvents,
} from '@p2ptv/protocol';
import { Server, type DefaultEventsMap, type Socket } from 'socket.io';
import { DueQueue } from '../core/due-queue.js';
import { TokenBucket } from '../core/token-bucket.js';
import type { Tracker, TrackerEffect } from '../core/tracker.js';
import { AddressLimiter } from './address-limiter.js';
import { clientAddress } from './client-address.js';
import { NetworkNamer } from './network-namer.js';
import type { TrackerServerLimits } from './server-limits.js';

/** The contract's events as they come in: nothing about their arguments is known before they are parsed. */
type UnparsedEvents = { [Name in keyof PeerToTrackerEvents]: (...received: unknown[]) => void };
type PeerSocket = Socket<UnparsedEvents, TrackerToPeerEvents, DefaultEventsMap, object>;
type Connection = PeerSocket['conn'];

/** What is known of a connection. All that is kept for one is kept twenty thousand times: no closures, no request. */
type Client = {
  /** Whom its allowance is taken from. */
  readonly address: string;
  /** What it runs over, where it began as a WebSocket. */
  readonly stream: Duplex | undefined;
  readonly packets: TokenBucket;
  /** Made with the first wish. */
  wishes: TokenBucket | undefined;
  /** Messages that are not sent yet. */
  waitingCount: number;
};

/** Listeners that all connections share: each is called with its connection, or socket, as `this`. */
type ConnectionListeners = {
  readonly packet: (this: Connection) => void;
  readonly packetCreate: (this: Connection) => void;
  readonly flush: (this: Connection) => void;
  readonly close: (this: Connection) => void;
};
type SocketListener = (this: PeerSocket, ...received: unknown[]) => void;

/** The schemas' common face. */
type Schema<Value> = { safeParse(value: unknown): { success: true; data: Value } | { success: false } };

/** What {@link TrackerSockets} need. */
export type TrackerSocketsPorts = {
  readonly httpServer: HttpServer | HttpsServer;
  readonly tracker: Tracker;
  readonly clock: Clock;
  readonly limits: TrackerServerLimits;
  /** Whether clients' addresses are those that a reverse proxy tells. */
  readonly isProxyTrusted: boolean;
  /** Whether somebody may watch; undefined: everybody. */
  readonly mayWatch: ((streamId: StreamId, viewerToken: string | undefined) => boolean | Promise<boolean>) | undefined;
  /** For the operator: what was done against an offender, and faults of our own. */
  readonly log: { info(message: string): void; error(details: object, message: string): void };
};

/** A malformed message weighs as much as this many proper ones: four in a row end a fresh connection. */
const MALFORMED_COST = 50;
/** How often due work is looked for, ms; what it does is due in seconds. */
const TICK_MS = 200;
const PRUNE_MS = 30_000;
/** Half-open connections are noticed after both together, ms; a peer's missing reports mostly tell before. */
const PING_INTERVAL_MS = 20_000;
const PING_TIMEOUT_MS = 10_000;
/** How long connections have to close in order when the tracker closes, ms; then they are cut, or a client that doesn't read would keep the server from ending. */
const CLOSE_PATIENCE_MS = 500;
/** How long the namespace handshake may take, ms. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Carries the contract's events between sockets and the tracker: parses, limits, and closes the
 * connections of those who don't keep to it. What one socket does never reaches another but
 * through the tracker.
 */
export class TrackerSockets {
  readonly #io: Server<UnparsedEvents, TrackerToPeerEvents, DefaultEventsMap, object>;
  readonly #tracker: Tracker;
  readonly #clock: Clock;
  readonly #limits: TrackerServerLimits;
  readonly #isProxyTrusted: boolean;
  readonly #mayWatch: TrackerSocketsPorts['mayWatch'];
  readonly #log: TrackerSocketsPorts['log'];
  readonly #networks = new NetworkNamer();
  readonly #joins: AddressLimiter;
  readonly #connections: AddressLimiter;
  /** Connected sockets that have not joined. */
  readonly #strangers: DueQueue<PeerSocket>;
  readonly #clients = new Map<Connection, Client>();
  readonly #connectionListeners: ConnectionListeners;
  readonly #socketListeners: readonly (readonly [keyof UnparsedEvents, SocketListener])[];
  readonly #disconnected: SocketListener;
  /** What the WebSockets run over. */
  readonly #streams = new Set<Duplex>();
  readonly #httpServer: HttpServer | HttpsServer;
  readonly #tickTimer: NodeJS.Timeout;
  readonly #pruneTimer: NodeJS.Timeout;
  #isClosed = false;

  constructor(ports: TrackerSocketsPorts) {
    const { limits } = ports;
    this.#tracker = ports.tracker;
    this.#clock = ports.clock;
    this.#limits = limits;
    this.#isProxyTrusted = ports.isProxyTrusted;
    this.#mayWatch = ports.mayWatch;
    this.#log = ports.log;
    const joinRate = { perSecond: limits.joinsPerSecond, capacity: limits.joinBurst };
    this.#joins = new AddressLimiter(joinRate);
    this.#connections = new AddressLimiter({
      perSecond: joinRate.perSecond * limits.connectionsPerJoin,
      capacity: joinRate.capacity * limits.connectionsPerJoin,
    });
    this.#strangers = new DueQueue(limits.joinDeadlineMs);
    this.#io = new Server(ports.httpServer, {
      path: TRACKER_SOCKET_PATH,
      transports: ['websocket', 'polling'],
      maxHttpBufferSize: limits.messageBytes,
      pingInterval: PING_INTERVAL_MS,
      pingTimeout: PING_TIMEOUT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      serveClient: false,
      // Pages of any site may embed a player; there are no cookies that could be misused.
      cors: { origin: '*' },
      allowRequest: (request, decide) => {
        const address = clientAddress(request, this.#isProxyTrusted);
        const isAllowed = !this.#isClosed && this.#connections.take(address, this.#clock.nowMs()) === 0;
        decide(isAllowed ? null : 'too many connections', isAllowed);
      },
    });
    this.#connectionListeners = this.#listenersOfConnections();
    this.#socketListeners = this.#listenersOfSockets();
    this.#disconnected = this.#shared((socket) => {
      this.#strangers.delete(socket);
      this.#carryOut(this.#tracker.disconnected(socket.id));
    });
    this.#io.engine.on('connection', (connection: Connection) => this.#accept(connection));
    this.#io.on('connection', (socket) => this.#serve(socket));
    this.#httpServer = ports.httpServer;
    this.#httpServer.on('upgrade', this.#noteUpgrade);
    this.#tickTimer = setInterval(() => this.#tick(), TICK_MS).unref();
    this.#pruneTimer = setInterval(() => this.#prune(), PRUNE_MS).unref();
  }

  /** Closes all connections, so that peers try again elsewhere or later, and takes no more. The HTTP server stays. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#tickTimer);
    clearInterval(this.#pruneTimer);
    this.#httpServer.off('upgrade', this.#noteUpgrade);
    this.#io.engine.close();
    setTimeout(() => {
      for (const stream of this.#streams) stream.destroy();
    }, CLOSE_PATIENCE_MS).unref();
  }

  readonly #forgetStream = forgetting(this.#streams);

  readonly #noteUpgrade = (request: IncomingMessage, stream: Duplex): void => {
    if (!request.url?.startsWith(TRACKER_SOCKET_PATH)) return;
    this.#streams.add(stream);
    stream.on('close', this.#forgetStream);
  };

  #accept(connection: Connection): void {
    const { messagesPerSecond, messageBurst } = this.#limits;
    const { request } = connection as { request: IncomingMessage };
    this.#clients.set(connection, {
      address: clientAddress(request, this.#isProxyTrusted),
      stream: request.headers.upgrade === undefined ? undefined : request.socket,
      packets: new TokenBucket({ perSecond: messagesPerSecond, capacity: messageBurst }, this.#clock.nowMs()),
      wishes: undefined,
      waitingCount: 0,
    });
    // Engine.IO would keep it as long as the connection, with all its headers.
    (connection as { request: unknown }).request = null;
    const { packet, packetCreate, flush, close } = this.#connectionListeners;
    connection.on('packet', packet).on('packetCreate', packetCreate).on('flush', flush).on('close', close);
  }

  /** Below Socket.IO, so that packets which never become an event count too. */
  #listenersOfConnections(): ConnectionListeners {
    const clients = this.#clients;
    const { waitingMessages } = this.#limits;
    const shutOut = (connection: Connection, offence: string): void => this.#shutOut(connection, offence);
    const nowMs = (): number => this.#clock.nowMs();
    return {
      packet(): void {
        if (clients.get(this)?.packets.take(1, nowMs()) === false) shutOut(this, 'sends too much');
      },
      packetCreate(): void {
        const client = clients.get(this);
        if (client && ++client.waitingCount > waitingMessages) shutOut(this, 'does not read');
      },
      flush(): void {
        const client = clients.get(this);
        if (client) client.waitingCount = 0;
      },
      close(): void {
        clients.delete(this);
      },
    };
  }

  #serve(socket: PeerSocket): void {
    this.#strangers.touch(socket, this.#clock.nowMs());
    socket.on('disconnect', this.#disconnected);
    for (const [event, listener] of this.#socketListeners) socket.on(event, listener);
  }

  #listenersOfSockets(): readonly (readonly [keyof UnparsedEvents, SocketListener])[] {
    return [
      this.#listener('join', (socket, request, answer) => this.#join(socket, { request, answer })),
      this.#listener('leave', (socket) => {
        if (!this.#tracker.isJoined(socket.id)) return;
        this.#strangers.touch(socket, this.#clock.nowMs());
        this.#carryOut(this.#tracker.leave(socket.id));
      }),
      this.#listener('signal', (socket, message) => {
        const signal = this.#parse(socket, signalSchema, message);
        if (signal) this.#carryOut(this.#tracker.signal(socket.id, signal));
      }),
      this.#listener('report', (socket, message) => {
        const report = this.#parse(socket, reportSchema, message);
        if (report) this.#carryOut(this.#tracker.report(socket.id, report));
      }),
      this.#listener('seeded', (socket, message) => {
        const seeded = this.#parse(socket, seededSchema, message);
        if (seeded) this.#tracker.seeded(socket.id, seeded);
      }),
      this.#listener('neighboursWanted', (socket, message, answer) => {
        const wanted = this.#parse(socket, neighboursWantedSchema, message);
        if (!wanted) return;
        if (!isFunction(answer)) this.#charge(socket);
        else if (this.#mayWish(socket)) answer(this.#tracker.neighboursWanted(socket.id, wanted));
        else answer({ neighbours: [] });
      }),
    ];
  }

  /** A fault in handling one peer's message costs that peer its connection, and nobody else anything. */
  #listener(
    event: keyof UnparsedEvents,
    handle: (socket: PeerSocket, ...received: unknown[]) => void,
  ): readonly [keyof UnparsedEvents, SocketListener] {
    const guarded = this.#shared((socket, ...received) => {
      try {
        handle(socket, ...received);
      } catch (error) {
        this.#log.error({ err: error }, `tracker: ${event} of a peer failed`);
        socket.disconnect(true);
      }
    });
    return [event, guarded];
  }

  #shared(handle: (socket: PeerSocket, ...received: unknown[]) => void): SocketListener {
    return function (...received) {
      handle(this, ...received);
    };
  }

  #mayWish(socket: PeerSocket): boolean {
    const client = this.#clients.get(socket.conn);
    if (!client) return false;
    const { wishesPerSecond, wishBurst } = this.#limits;
    const nowMs = this.#clock.nowMs();
    client.wishes ??= new TokenBucket({ perSecond: wishesPerSecond, capacity: wishBurst }, nowMs);
    return client.wishes.take(1, nowMs);
  }

  #join(socket: PeerSocket, received: { request: unknown; answer: unknown }): void {
    const { answer } = received;
    if (!isFunction(answer)) {
      this.#charge(socket);
      return;
    }
    const refuse = (code: 'RATE_LIMITED' | 'BAD_REQUEST' | 'VIEWER_TOKEN', refusal: { message: string; retryAfterMs?: number }): void => {
      const refused: TrackerJoinAnswer = { kind: 'refused', code, ...refusal };
      answer(refused);
    };
    const client = this.#clients.get(socket.conn);
    if (!client) return;
    const { address } = client;
    const waitMs = this.#joins.take(address, this.#clock.nowMs());
    if (waitMs > 0) {
      refuse('RATE_LIMITED', { message: 'Too many joins from your address: wait a moment.', retryAfterMs: waitMs });
      return;
    }
    const request = this.#parse(socket, joinRequestSchema, received.request);
    if (!request) {
      refuse('BAD_REQUEST', { message: 'The join request is not one of this version of the protocol.' });
      return;
    }
    const enter = (isAllowed: boolean): void => {
      // It may have gone while its token was looked at: then nobody would ever take it out again.
      if (!socket.connected) return;
      if (!isAllowed) {
        refuse('VIEWER_TOKEN', { message: 'This stream is private, and the viewer token is missing, expired or not for it.' });
        return;
      }
      const outcome = this.#tracker.join(socket.id, request, this.#networks.nameOf(address));
      answer(outcome.answer);
      if (outcome.answer.kind === 'joined') this.#strangers.delete(socket);
      this.#carryOut(outcome.effects);
    };
    // A publisher proves that it is one.
    const verdict = request.role === 'origin' || !this.#mayWatch ? true : this.#mayWatch(request.streamId, request.viewerToken);
    if (typeof verdict === 'boolean') {
      enter(verdict);
      return;
    }
    verdict.then(enter).catch((error: unknown) => {
      this.#log.error({ err: error }, 'tracker: join of a peer failed');
      socket.disconnect(true);
    });
  }

  #parse<Value>(socket: PeerSocket, schema: Schema<Value>, message: unknown): Value | undefined {
    const parsed = schema.safeParse(message);
    if (parsed.success) return parsed.data;
    this.#charge(socket);
    return undefined;
  }

  #charge(socket: PeerSocket): void {
    const client = this.#clients.get(socket.conn);
    if (!client?.packets.take(MALFORMED_COST, this.#clock.nowMs())) this.#shutOut(socket.conn, 'sends nonsense');
  }

  #shutOut(connection: Connection, offence: string): void {
    if (connection.readyState !== 'open') return;
    const client = this.#clients.get(connection);
    this.#log.info(`tracker: closed a connection that ${offence}`);
    // What it has waiting is dropped, at once: in order, a connection that doesn't read would close in half a minute.
    connection.close(true);
    client?.stream?.destroy();
  }

  #carryOut(effects: readonly TrackerEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          this.#send(effect);
          break;
        case 'disconnect': {
          const socket = this.#io.sockets.sockets.get(effect.connection);
          // Socket.IO's own clients stay away after `disconnect` and come again after a broken transport;
          // the project's client comes again after either, so that nobody loses its place to a thief for good.
          if (effect.reason === 'replaced') socket?.disconnect(true);
          else socket?.conn.close();
          break;
        }
      }
    }
  }

  #send({ to, message }: Extract<TrackerEffect, { kind: 'send' }>): void {
    const socket = this.#io.sockets.sockets.get(to);
    switch (message.event) {
      case 'signal':
        socket?.emit('signal', message.payload);
        break;
      case 'duty':
        socket?.emit('duty', message.payload);
        break;
      case 'dutyMap':
        socket?.emit('dutyMap', message.payload);
        break;
      case 'ticket':
        socket?.emit('ticket', message.payload);
        break;
      case 'reportInterval':
        socket?.emit('reportInterval', message.payload);
        break;
    }
  }

  #tick(): void {
    this.#carryOut(this.#tracker.tick());
    for (const socket of this.#strangers.takeDue(this.#clock.nowMs())) {
      this.#shutOut(socket.conn, 'does not join');
    }
  }

  #prune(): void {
    const nowMs = this.#clock.nowMs();
    this.#joins.prune(nowMs);
    this.#connections.prune(nowMs);
  }
}

/** A listener that takes what it is called on out of a set. */
function forgetting(streams: Set<Duplex>): (this: Duplex) => void {
  return function () {
    streams.delete(this);
  };
}

function isFunction(value: unknown): value is (answer: unknown) => void {
  return typeof value === 'function';
}
