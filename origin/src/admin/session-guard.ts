import type { FastifyReply, FastifyRequest } from 'fastify';

import type { AdminAccess } from './admin-access.js';

/** The cookie that holds a session's token. */
export const SESSION_COOKIE = 'p2ptv_admin';
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Lets through only who has logged in. */
export function requireSession(access: AdminAccess) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const token = request.cookies[SESSION_COOKIE];
    if (token !== undefined && access.isSession(token)) return undefined;
    return reply.code(401).send({ error: 'Log in first.' });
  };
}

/**
 * Refuses what pages of other addresses ask a browser to do with our cookie. `SameSite=Strict` keeps
 * other sites out; this also keeps out other ports and names of the same site.
 */
export async function requireSameOrigin(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const { origin } = request.headers;
  if (origin === undefined || READING.has(request.method)) return undefined;
  if (URL.canParse(origin) && new URL(origin).host === request.host) return undefined;
  return reply.code(403).send({ error: 'This page may not administer the origin.' });
}
