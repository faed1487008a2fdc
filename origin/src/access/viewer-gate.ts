import type { IncomingMessage } from 'node:http';

import { isViewerToken, VIEWER_TOKEN_CHARACTERS } from '@p2ptv/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { sendProblem } from '../publish/answer.js';
import { plainAddress } from '../server/plain-address.js';
import type { StreamAccess } from './stream-access.js';
import type { TokenVerdict } from './viewer-tokens.js';

/** Who may watch what. */
export type ViewerGateOptions = Pick<StreamAccess, 'isPrivate' | 'isKnown' | 'check'>;

/** `/live/<slug>/~<token>/…` */
const TOKEN_IN_PATH = new RegExp(`^(/live/[^/?]+)/~([\\w.-]{1,${VIEWER_TOKEN_CHARACTERS}})(?=[/?]|$)`);
/** Routes that tell of one stream. */
const GUARDED = ['/live/:slug', '/api/streams/:slug'];

const REFUSALS: Readonly<Record<Exclude<TokenVerdict, 'valid'>, { readonly status: number; readonly message: string }>> = {
  missing: { status: 401, message: 'This stream is private: it needs a viewer token.' },
  expired: { status: 401, message: 'The viewer token has expired: ask for another.' },
  wrong: { status: 403, message: 'The viewer token is not for this stream.' },
};

const tokensInPaths = new WeakMap<IncomingMessage, string>();

/**
 * Takes the viewer token out of a request's path, before it is routed: `/live/<slug>/~<token>/index.m3u8`
 * is `/live/<slug>/index.m3u8` with a token. What is relative to a playlist's address keeps the token so.
 */
export function takeTokenFromPath(request: IncomingMessage): string {
  const url = request.url ?? '/';
  if (!url.includes('/~')) return url;
  const [whole, before = '', token = ''] = TOKEN_IN_PATH.exec(url) ?? [];
  if (whole === undefined) return url;
  tokensInPaths.set(request, token);
  return before + url.slice(whole.length);
}

/** The viewer token of a request: in its path, as `?token=`, or as a bearer. */
export function viewerTokenIn(request: FastifyRequest): string | undefined {
  const inPath = tokensInPaths.get(request.raw);
  if (inPath !== undefined) return inPath;
  const { token } = request.query as { readonly token?: unknown };
  if (typeof token === 'string') return token;
  return /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

/** Keeps whoever has no token from private streams. To be called before the routes are added. */
export function registerViewerGate(fastify: FastifyInstance, access: ViewerGateOptions): void {
  // With a callback: for a stream that everybody may see, which is asked for thousands of times at once, it costs a look-up.
  fastify.addHook('onRequest', (request, reply, done) => {
    const slug = guardedSlug(request);
    if (slug === undefined || !access.isPrivate(slug)) {
      done();
      return;
    }
    const token = viewerTokenIn(request);
    if (token !== undefined && access.isKnown(slug, token)) {
      done();
      return;
    }
    access.check(slug, token).then((verdict) => {
      if (verdict === 'valid') done();
      else void refuseViewer(request, reply, verdict);
    }, done);
  });
}

function guardedSlug(request: FastifyRequest): string | undefined {
  const { url } = request.routeOptions;
  if (url === undefined || !GUARDED.some((route) => url === route || url.startsWith(`${route}/`))) return undefined;
  return (request.params as { readonly slug?: string }).slug;
}

/** Says why somebody may not watch, to them and to the log. */
export function refuseViewer(request: FastifyRequest, reply: FastifyReply, verdict: Exclude<TokenVerdict, 'valid'>): FastifyReply {
  const { status, message } = REFUSALS[verdict];
  const { slug = '', id = '' } = request.params as { readonly slug?: string; readonly id?: string };
  // The address may hold the token.
  const path = (request.routeOptions.url ?? '').replace(':slug', slug).replace(':id', id);
  request.log.warn({ address: plainAddress(request.ip) }, `Refused (${status}): ${request.method} ${path} from ${plainAddress(request.ip)}: ${message}`);
  return sendProblem(reply, status, message);
}

/** A token to be put into a link, where a request has one of the right form. */
export function linkTokenIn(request: FastifyRequest): string | undefined {
  const token = viewerTokenIn(request);
  return token !== undefined && isViewerToken(token) ? token : undefined;
}
