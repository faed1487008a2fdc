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
  /** For the operator: what was done against an offender, and faults of our own. */
  readonly log: { info(message: string): void; error(details: object, message: string): void };
};

/** A malformed message weighs as much as this many proper ones: four in a row end a fresh connection. */
const MALFORMED_COST = 50;
/** How often due work is looked for, ms; what it does is due in seconds. */
const TICK_MS = 200;
const PRUNE_MS = 30_000;
/** Half-open connections are noticed after both together, ms; a peer's missing reports mostly tell before. */
const PING_INTERVAL_MS = 10_000;
const PING_TIMEOUT_MS = 8_000;
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
  readonly #log: TrackerSocketsPorts['log'];
  readonly #networks = new NetworkNamer();
  readonly #joins: AddressLimiter;
  readonly #connections: AddressLimiter;
  /** Connected sockets that have not joined. */
  readonly #strangers: DueQueue<PeerSocket>;
  readonly #buckets = new WeakMap<PeerSocket['conn'], TokenBucket>();
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
    this.#io.engine.on('connection', (connection: PeerSocket['conn']) => this.#limitPackets(connection));
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

  readonly #noteUpgrade = (request: IncomingMessage, stream: Duplex): void => {
    if (!request.url?.startsWith(TRACKER_SOCKET_PATH)) return;
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
  };

  /** Below Socket.IO, so that packets which never become an event count too. */
  #limitPackets(connection: PeerSocket['conn']): void {
    const { messagesPerSecond, messageBurst, waitingMessages } = this.#limits;
    const bucket = new TokenBucket({ perSecond: messagesPerSecond, capacity: messageBurst }, this.#clock.nowMs());
    this.#buckets.set(connection, bucket);
    let waiting = 0;
    connection.on('packet', () => {
      if (!bucket.take(1, this.#clock.nowMs())) this.#shutOut(connection, 'sends too much');
    });
    connection.on('packetCreate', () => {
      waiting++;
      if (waiting > waitingMessages) this.#shutOut(connection, 'does not read');
    });
    connection.on('flush', () => {
      waiting = 0;
    });
  }

  #serve(socket: PeerSocket): void {
    this.#strangers.touch(socket, this.#clock.nowMs());
    socket.on('disconnect', () => {
      this.#strangers.delete(socket);
      this.#carryOut(this.#tracker.disconnected(socket.id));
    });
    this.#listen(socket, 'join', (request, answer) => this.#join(socket, { request, answer }));
    this.#listen(socket, 'leave', () => {
      if (!this.#tracker.isJoined(socket.id)) return;
      this.#strangers.touch(socket, this.#clock.nowMs());
      this.#carryOut(this.#tracker.leave(socket.id));
    });
    this.#listen(socket, 'signal', (message) => {
      const signal = this.#parse(socket, signalSchema, message);
      if (signal) this.#carryOut(this.#tracker.signal(socket.id, signal));
    });
    this.#listen(socket, 'report', (message) => {
      const report = this.#parse(socket, reportSchema, message);
      if (report) this.#carryOut(this.#tracker.report(socket.id, report));
    });
    this.#listen(socket, 'seeded', (message) => {
      const seeded = this.#parse(socket, seededSchema, message);
      if (seeded) this.#tracker.seeded(socket.id, seeded);
    });
    const { wishesPerSecond, wishBurst } = this.#limits;
    const wishes = new TokenBucket({ perSecond: wishesPerSecond, capacity: wishBurst }, this.#clock.nowMs());
    this.#listen(socket, 'neighboursWanted', (message, answer) => {
      const wanted = this.#parse(socket, neighboursWantedSchema, message);
      if (!wanted) return;
      if (!isFunction(answer)) this.#charge(socket);
      else if (wishes.take(1, this.#clock.nowMs())) answer(this.#tracker.neighboursWanted(socket.id, wanted));
      else answer({ neighbours: [] });
    });
  }

  /** A fault in handling one peer's message costs that peer its connection, and nobody else anything. */
  #listen(socket: PeerSocket, event: keyof UnparsedEvents, handle: (...received: unknown[]) => void): void {
    socket.on(event, (...received: unknown[]) => {
      try {
        handle(...received);
      } catch (error) {
        this.#log.error({ err: error }, `tracker: ${event} of a peer failed`);
        socket.disconnect(true);
      }
    });
  }

  #join(socket: PeerSocket, received: { request: unknown; answer: unknown }): void {
    const { answer } = received;
    if (!isFunction(answer)) {
      this.#charge(socket);
      return;
    }
    const refuse = (code: 'RATE_LIMITED' | 'BAD_REQUEST', refusal: { message: string; retryAfterMs?: number }): void => {
      const refused: TrackerJoinAnswer = { kind: 'refused', code, ...refusal };
      answer(refused);
    };
    const address = clientAddress(socket.request, this.#isProxyTrusted);
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
    const outcome = this.#tracker.join(socket.id, request, this.#networks.nameOf(address));
    answer(outcome.answer);
    if (outcome.answer.kind === 'joined') this.#strangers.delete(socket);
    this.#carryOut(outcome.effects);
  }

  #parse<Value>(socket: PeerSocket, schema: Schema<Value>, message: unknown): Value | undefined {
    const parsed = schema.safeParse(message);
    if (parsed.success) return parsed.data;
    this.#charge(socket);
    return undefined;
  }

  #charge(socket: PeerSocket): void {
    const bucket = this.#buckets.get(socket.conn);
    if (!bucket?.take(MALFORMED_COST, this.#clock.nowMs())) this.#shutOut(socket.conn, 'sends nonsense');
  }

  #shutOut(connection: PeerSocket['conn'], offence: string): void {
    if (connection.readyState !== 'open') return;
    this.#log.info(`tracker: closed a connection that ${offence}`);
    // What it has waiting is dropped, at once: in order, a connection that doesn't read would close in half a minute.
    connection.close(true);
    const { request } = connection as { request: IncomingMessage };
    if (request.headers.upgrade !== undefined) request.socket.destroy();
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

function isFunction(value: unknown): value is (answer: unknown) => void {
  return typeof value === 'function';
}
