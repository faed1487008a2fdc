import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';

import { SESSION_COOKIE } from './session-guard.js';

const TITLE = 'P2PTV administration';

/**
 * What the page may load. Not the library's own policy, which has browsers ask for styles and scripts by https: at an
 * address of the network, where the origin is reached by http, nothing would come.
 */
const CONTENT_POLICY = {
  'default-src': "'self'",
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'object-src': "'none'",
  'base-uri': "'none'",
  'frame-ancestors': "'self'",
};

/** The session's cookie is set by logging in, and browsers let nobody type it: the library's own dialogue for it would lead nowhere. */
const STYLE = '.swagger-ui .scheme-container, .swagger-ui .authorization__btn { display: none }';
/** The library's page says nothing of phones. */
const SCRIPT = "document.head.append(Object.assign(document.createElement('meta'), { name: 'viewport', content: 'width=device-width' }));";

/**
 * Describes the routes that are registered afterwards, at `docs` below the administration's address, as a page that tries them out.
 *
 * @param prefix where the administration is
 */
export async function registerApiDocs(admin: FastifyInstance, prefix: string): Promise<void> {
  await admin.register(swagger, {
    openapi: {
      info: {
        title: TITLE,
        version: '1',
        description: 'Channels and recordings of this origin. Log in with `POST /api/admin/session`, or at [/admin](/admin): the cookie that it sets is wanted by all others, and is sent by itself.',
      },
      components: { securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE } } },
      security: [{ session: [] }],
    },
    transform: jsonSchemaTransform,
  });
  // Without `indexPrefix` the page looks for its scripts at the root of the origin.
  await admin.register(swaggerUi, {
    routePrefix: '/docs',
    indexPrefix: prefix,
    staticCSP: CONTENT_POLICY,
    theme: { title: TITLE, css: [{ filename: 'p2ptv.css', content: STYLE }], js: [{ filename: 'p2ptv.js', content: SCRIPT }] },
    uiConfig: { layout: 'BaseLayout', defaultModelsExpandDepth: -1 },
  });
}
