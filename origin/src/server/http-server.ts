import cors from '@fastify/cors';
import { fastify, LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';

import { registerViewerGate, takeTokenFromPath, type ViewerGateOptions } from '../access/viewer-gate.js';
import { registerApiRoutes, type ApiRouteOptions } from '../publish/api-routes.js';
import { registerFollowRoutes, type FollowRouteOptions } from '../publish/follow-routes.js';
import { registerMediaRoutes } from '../publish/media-routes.js';
import { registerPlaylistRoutes } from '../publish/playlist-routes.js';
import { registerCaptionRoutes } from '../publish/caption-routes.js';
import { registerRecordingRoutes } from '../publish/recording-routes.js';
import type { StreamDirectory } from '../publish/stream-directory.js';
import { KEEP_ALIVE_MS } from '../publish/whole-answers.js';
import type { PublishDesk } from '../sfu/publish-desk.js';
import { paceApi } from '../uplink/paced-api.js';
import { registerStudioRoutes } from '../whip/studio-routes.js';
import { registerWhipRoutes } from '../whip/whip-routes.js';
import type { LinkPreviewSource } from './link-preview.js';
import { registerPlayerPages } from './player-pages.js';

/** How an {@link createHttpServer | HTTP server} is set up. */
export type HttpServerOptions = ApiRouteOptions &
  FollowRouteOptions & {
    readonly streams: StreamDirectory;
    /** The built player. */
    readonly playerFolder: string;
    readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
    /** Lets publishers in over WebRTC. */
    readonly desk?: PublishDesk | undefined;
    /** What pages elsewhere may show of a link to a watch page. */
    readonly linkPreviews?: LinkPreviewSource | undefined;
    /** Keeps whoever has no token from private streams; undefined: there are none. */
    readonly viewers?: ViewerGateOptions | undefined;
    /** Adds what else is served, before the pages. */
    readonly extend?: ((server: FastifyInstance) => Promise<void>) | undefined;
    readonly logger: FastifyBaseLogger;
  };

/** Composes what the origin serves over HTTP; it does not listen yet. */
export async function createHttpServer(options: HttpServerOptions): Promise<FastifyInstance> {
  const common = {
    loggerInstance: options.logger,
    // A line a request would be five a second and viewer.
    logController: new LogController({ disableRequestLogging: true }),
    keepAliveTimeout: KEEP_ALIVE_MS,
    // A path is no longer than a slug and a file name.
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: true },
    bodyLimit: 16 * 1024,
    ...(options.viewers ? { rewriteUrl: takeTokenFromPath } : {}),
  };
  const server = (options.tls ? fastify({ ...common, https: options.tls }) : fastify(common)) as unknown as FastifyInstance;
  // A logger for each request would be a tenth of what it takes to hear one; what is logged names the request by itself.
  server.setChildLoggerFactory((logger) => logger);
  await server.register(cors, {
    origin: '*',
    methods: ['GET', 'HEAD'],
    exposedHeaders: ['etag', 'content-range', 'content-length', 'accept-ranges', 'age', 'date', 'retry-after', 'p2ptv-reason'],
    maxAge: 86_400,
  });
  server.setErrorHandler((error: { statusCode?: number; message: string }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) request.log.error({ error, url: request.url }, 'A request failed');
    return reply.code(status).send({ error: status >= 500 ? 'The origin failed to answer.' : error.message });
  });
  server.addHook('preClose', (done) => {
    for (const published of options.streams.values()) published.close();
    done();
  });
  if (options.gate) paceApi(server, options.gate);
  if (options.viewers) registerViewerGate(server, options.viewers);
  registerPlaylistRoutes(server, options.streams);
  registerMediaRoutes(server, options.streams);
  registerRecordingRoutes(server, options.streams);
  registerCaptionRoutes(server, options.streams);
  registerFollowRoutes(server, options.streams, options);
  registerApiRoutes(server, options.streams, options);
  if (options.desk) {
    registerWhipRoutes(server, options.desk);
    registerStudioRoutes(server, options.desk);
  }
  await options.extend?.(server);
  await server.register((pages) => registerPlayerPages(pages, options.playerFolder, options));
  return server;
}
