import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import type { StreamId } from '@p2ptv/protocol';
import type { FastifyInstance } from 'fastify';
import { hasZodFastifySchemaValidationErrors, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';

import type { ViewerTokens } from '../access/viewer-tokens.js';
import type { ChannelRegistry } from '../channel/channel-registry.js';
import type { OriginStats } from '../publish/origin-stats.js';
import type { RecordingLibrary } from '../recording/recording-library.js';
import type { UploadDesk } from '../recording/upload-desk.js';
import type { StateStore } from '../store/state-store.js';
import { AdminAccess } from './admin-access.js';
import { registerApiDocs } from './api-docs.js';
import { registerChannelRoutes, type Audience } from './channel-routes.js';
import type { ChannelKeeper } from './channel-keeper.js';
import { describeFailure, validationSentence } from './failure-answers.js';
import { registerRecordingRoutes } from './recording-routes.js';
import { logRefusals } from './refusal-log.js';
import { requireSameOrigin, requireSession } from './session-guard.js';
import { registerSessionRoutes } from './session-routes.js';
import { registerStatsRoutes } from './stats-routes.js';
import { registerUploadRoutes } from './upload-routes.js';

/** What the administration is given. */
export type AdminApiOptions = {
  readonly store: StateStore;
  readonly registry: ChannelRegistry;
  readonly keeper: ChannelKeeper;
  readonly library?: RecordingLibrary | undefined;
  /** Takes files that become recordings. */
  readonly uploads?: UploadDesk | undefined;
  readonly tokens: ViewerTokens;
  /** Who watches a stream, as the embedded tracker knows it. */
  readonly audienceOf: (streamId: StreamId) => Audience;
  /** What is sent of all streams. */
  readonly stats: () => OriginStats;
  readonly isSecure: boolean;
  readonly wallMs: () => number;
};

/** Requests a minute from one address, logins apart. Far above what a person's page needs. */
const REQUESTS_PER_MINUTE = 600;
const PREFIX = '/api/admin';

/**
 * Serves `/api/admin`: channels are made, changed, started, stopped and removed there by whoever has
 * logged in. Described in OpenAPI at `/api/admin/docs`.
 */
export async function registerAdminApi(fastify: FastifyInstance, options: AdminApiOptions): Promise<void> {
  const access = new AdminAccess(options.store.access, options.wallMs);
  await fastify.register(async (admin) => {
    // Here a logger for each request costs nothing that counts, and its lines belong together.
    admin.setChildLoggerFactory((logger, bindings, options) => logger.child(bindings, options));
    admin.setValidatorCompiler(validatorCompiler);
    admin.setSerializerCompiler(serializerCompiler);
    await admin.register(helmet, { strictTransportSecurity: false, contentSecurityPolicy: false, crossOriginOpenerPolicy: false });
    await admin.register(cookie);
    await admin.register(rateLimit, {
      max: REQUESTS_PER_MINUTE,
      timeWindow: '1 minute',
      errorResponseBuilder: (_request, { after, statusCode }) => Object.assign(new Error(`Too many requests from your address: try again in ${after}.`), { statusCode }),
    });
    admin.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'));
    admin.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
      const { status, message } = hasZodFastifySchemaValidationErrors(error) ? { status: 400, message: validationSentence(error.validation) } : describeFailure(error);
      if (status === 500) request.log.error({ error }, 'An administration request failed.');
      return reply.code(status).send({ error: message });
    });
    logRefusals(admin, options.wallMs);
    admin.addHook('onRequest', requireSameOrigin);
    await registerApiDocs(admin, PREFIX);
    registerSessionRoutes(admin, { access, isSecure: options.isSecure });
    await admin.register((guarded, _options, done) => {
      guarded.addHook('onRequest', requireSession(access));
      registerChannelRoutes(guarded, options);
      registerStatsRoutes(guarded, options);
      if (options.library) registerRecordingRoutes(guarded, { library: options.library, store: options.store.recordings, tokens: options.tokens });
      if (options.uploads) registerUploadRoutes(guarded, options.uploads);
      done();
    });
  }, { prefix: PREFIX });
}
