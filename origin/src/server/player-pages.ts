import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';

import compress from '@fastify/compress';
import helmet from '@fastify/helmet';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { pacedBody } from '../uplink/paced-body.js';
import type { UplinkGate } from '../uplink/uplink-gate.js';
import { withLinkPreview, type LinkPreviewSource } from './link-preview.js';

const NOT_BUILT = `<!doctype html><html lang="en"><meta charset="utf-8"><title>P2PTV</title>
<p>The player's pages are not built: run <code>npm start</code> in the repository, which builds them, or <code>npm run build</code>.</p></html>
`;

/** Addresses of pages; the player tells them apart. */
const PAGES = ['/watch', '/watch/*', '/studio', '/studio/*', '/admin', '/admin/*'];
/** Those that pages of others may show within theirs. */
const EMBEDDED_PAGES = ['/embed', '/embed/*'];

/** What the pages may load, and who may show them within a page of theirs. */
const CONTENT_POLICY = {
  'default-src': ["'self'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:', 'blob:'],
  'media-src': ["'self'", 'blob:', 'http:', 'https:'],
  // A link may name any origin and tracker.
  'connect-src': ["'self'", 'http:', 'https:', 'ws:', 'wss:'],
  'worker-src': ["'self'", 'blob:'],
  'object-src': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'self'"],
};

/** What pages take from elsewhere. */
export type PlayerPagesOptions = { readonly gate?: UplinkGate | undefined; readonly linkPreviews?: LinkPreviewSource | undefined };

/**
 * Serves the built player: `/`, `/watch/<slug>`, `/studio/<slug>`, `/admin`, `/embed/<slug>` and its assets; and answers for what nothing is served at.
 *
 * @param folder holds `index.html` and `assets/`, whose names carry a hash of their content
 * @param options `gate` lets what is sent out, where the uplink is limited; `linkPreviews` tell what is watched on a page
 */
export async function registerPlayerPages(fastify: FastifyInstance, folder: string, options: PlayerPagesOptions = {}): Promise<void> {
  const { gate, linkPreviews } = options;
  // Within this plugin only: media and playlists are no pages, and should stay small.
  await fastify.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: CONTENT_POLICY,
    },
    // Useless without TLS, and a trap with a self-made certificate.
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    crossOriginResourcePolicy: { policy: 'cross-origin' },
  });

  // A third of the bytes before the first frame; media do not pass here.
  await fastify.register(compress, { encodings: ['br', 'gzip'] });
  // A hook of each route, added after that of compression: what counts is what is sent.
  if (gate) {
    fastify.addHook('onRoute', (route) => {
      route.onSend = [route.onSend ?? [], ({ method }: FastifyRequest, _reply: unknown, payload: unknown) => Promise.resolve(pacedBody(payload, { method, gate }))].flat();
    });
  }

  if (!existsSync(join(folder, 'index.html'))) {
    for (const path of ['/', ...PAGES, ...EMBEDDED_PAGES]) {
      fastify.get(path, (_request, reply) => reply.code(503).type('text/html; charset=utf-8').send(NOT_BUILT));
    }
    fastify.setNotFoundHandler(sendNothing);
    return;
  }

  const assets = join(folder, 'assets') + sep;
  await fastify.register(fastifyStatic, {
    root: folder,
    cacheControl: false,
    setHeaders: (response, path) => {
      const isHashed = path.startsWith(assets);
      response.setHeader('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  const sendPage = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    // Read anew: a build may have put another in its place.
    const page = await readFile(join(folder, 'index.html'), 'utf8');
    return reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(linkPreviews ? withLinkPreview(page, request, linkPreviews) : page);
  };
  for (const path of PAGES) fastify.get(path, sendPage);
  for (const path of EMBEDDED_PAGES) {
    const helmetOptions = { contentSecurityPolicy: { useDefaults: false, directives: { ...CONTENT_POLICY, 'frame-ancestors': ['*'] } }, xFrameOptions: false };
    fastify.get(path, { helmet: helmetOptions }, sendPage);
  }
  // People are told in a page of the player, programs in JSON.
  fastify.setNotFoundHandler((request, reply) => (isPerson(request) ? sendPage(request, reply.code(404).header('vary', 'accept')) : sendNothing(request, reply)));
}

function sendNothing(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.code(404).header('vary', 'accept').header('cache-control', 'no-cache').send({ error: 'There is nothing here.' });
}

/** A browser that goes to an address says so by what it takes. */
function isPerson({ method, headers }: FastifyRequest): boolean {
  return (method === 'GET' || method === 'HEAD') && (headers.accept ?? '').includes('text/html');
}
