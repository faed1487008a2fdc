import { randomInt } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { performance } from 'node:perf_hooks';
import {
  seededRandom,
  type Clock,
  type PeerDescription,
  type Random,
  type RenditionId,
  type StreamId,
  type SwarmScrape,
} from '@p2ptv/protocol';
import { Tracker } from '../core/tracker.js';
import type { TrackerOptions } from '../core/tracker-options.js';
import { DEFAULT_SERVER_LIMITS, type TrackerServerLimits } from './server-limits.js';
import { loadTrackerKey } from './tracker-key.js';
import { TrackerSockets } from './tracker-sockets.js';

/** How a tracker is embedded. */
export type RegisterTrackerOptions = {
  /** Where the tracker keeps its key, `tracker.key`; made if it does not exist. */
  readonly dataFolder: string;
  /**
   * Whether somebody may watch, who is no publisher; default: everybody. Asked at each join, with the viewer token if one was
   * shown. What it throws costs the peer its connection.
   */
  readonly mayWatch?: (streamId: StreamId, viewerToken: string | undefined) => boolean | Promise<boolean>;
  /** Swarms, membership, tickets, neighbours, duty, ICE servers. */
  readonly tracker?: TrackerOptions;
  /** What one socket or one address may do. */
  readonly limits?: Partial<TrackerServerLimits>;
  /**
   * Behind a reverse proxy: takes a client's address from the last hop of `X-Forwarded-For`, else all
   * share the proxy's allowance. Default false; true where clients also come directly lets them invent addresses.
   */
  readonly trustProxy?: boolean;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** For the choice of neighbours; default: seeded by the system's. */
  readonly random?: Random;
};

/** A running tracker. */
export type TrackerHandle = {
  /** The Ed25519 key that its tickets are checked with, 32 bytes. */
  readonly trackerKey: Uint8Array;
  /** Every swarm; `GET /api/swarms` shows those that everybody may join. */
  scrape(): SwarmScrape[];
  /** Up to `count` visible peers that watch a rendition (default: the first) and have proved to deliver, drawn at random. */
  warmPeers(streamId: StreamId, count: number, rendition?: RenditionId): PeerDescription[];
  /** Viewers of a stream now; 0 for an unknown one. */
  viewerCount(streamId: StreamId): number;
  /** Closes all peers' connections. The HTTP server's own closing does that too. */
  close(): void;
};

/**
 * What is needed of a Fastify instance. Spelled out, because the instance's own type depends on
 * its server (http or https) and its logger.
 */
export type TrackerHost = {
  readonly server: HttpServer | HttpsServer;
  readonly log: { info(message: string): void; error(details: object, message: string): void };
  get(path: string, handler: (request: unknown, reply: TrackerHostReply) => unknown): unknown;
  addHook(name: 'preClose', hook: (done: () => void) => void): unknown;
};

/** See {@link TrackerHost}. */
export type TrackerHostReply = { header(name: string, value: string): TrackerHostReply };

/**
 * Adds a tracker to an HTTP server: its Socket.IO endpoint at TRACKER_SOCKET_PATH and
 * `GET /api/swarms`. To be called before the server listens.
 *
 * @throws TrackerError when the key can't be read or made
 */
export async function registerTracker(
  fastify: TrackerHost,
  options: RegisterTrackerOptions,
): Promise<TrackerHandle> {
  const { publicKey, signer } = await loadTrackerKey(options.dataFolder);
  const clock = options.clock ?? systemClock;
  const random = options.random ?? seededRandom(randomInt(2 ** 32));
  const tracker = new Tracker({ clock, random, signer, publicKey }, options.tracker);
  const sockets = new TrackerSockets({
    httpServer: fastify.server,
    tracker,
    clock,
    limits: { ...DEFAULT_SERVER_LIMITS, ...options.limits },
    isProxyTrusted: options.trustProxy ?? false,
    mayWatch: options.mayWatch,
    log: fastify.log,
  });
  // Open sockets would keep the HTTP server from closing.
  fastify.addHook('preClose', (done) => {
    sockets.close();
    done();
  });
  fastify.get('/api/swarms', async (_request, reply) => {
    void reply.header('cache-control', 'no-store').header('access-control-allow-origin', '*');
    // A stream's id is made of its name, which whoever guesses it could make sure of.
    const swarms = tracker.scrape().map(async (swarm) => ((await (options.mayWatch?.(swarm.streamId as StreamId, undefined) ?? true)) ? [swarm] : []));
    return (await Promise.all(swarms)).flat();
  });
  return {
    trackerKey: publicKey,
    scrape: () => tracker.scrape(),
    warmPeers: (streamId, count, rendition) => tracker.warmPeers(streamId, count, rendition),
    viewerCount: (streamId) => tracker.viewerCount(streamId),
    close: () => sockets.close(),
  };
}

const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
};
