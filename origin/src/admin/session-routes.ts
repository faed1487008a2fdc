import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import * as z from 'zod';

import { plainAddress } from '../server/plain-address.js';
import { SESSION_MS, type AdminAccess, type LoginOutcome } from './admin-access.js';
import { MAX_PASSWORD_CHARACTERS, MIN_PASSWORD_CHARACTERS } from './password.js';
import { requireSession, SESSION_COOKIE } from './session-guard.js';

/** Passwords that one address may try in a minute. */
const LOGINS_PER_MINUTE = 10;

/** What the API says of a request that it refuses. */
export const problemSchema = z.object({ error: z.string() });

const wrong = { 400: problemSchema, 401: problemSchema, 403: problemSchema, 429: problemSchema, 503: problemSchema } as const;
const given = z.string('must be a text').min(1, 'must not be empty').max(MAX_PASSWORD_CHARACTERS, `must not exceed ${MAX_PASSWORD_CHARACTERS} characters`);
const chosen = given.min(MIN_PASSWORD_CHARACTERS, `must have at least ${MIN_PASSWORD_CHARACTERS} characters`);

/** Serves login, logout and the change of the password. */
export function registerSessionRoutes(fastify: FastifyInstance, { access, isSecure }: { readonly access: AdminAccess; readonly isSecure: boolean }): void {
  const routes = fastify.withTypeProvider<ZodTypeProvider>();
  const guard = requireSession(access);
  const limited = { rateLimit: { max: LOGINS_PER_MINUTE, timeWindow: '1 minute' } };
  const cookie = { path: '/api/admin', httpOnly: true, sameSite: 'strict', secure: isSecure } as const;

  routes.route({
    method: 'POST',
    url: '/session',
    config: limited,
    schema: {
      summary: 'Log in',
      tags: ['session'],
      security: [],
      body: z.strictObject({ password: given }),
      response: { 200: z.object({ expiresAtMs: z.number().describe('ms since the Unix epoch') }), ...wrong },
    },
    handler: async (request, reply) => {
      const outcome = await access.logIn(request.body.password);
      if (outcome.kind !== 'loggedIn') return refuseLogin(reply, outcome);
      request.log.info(`The administrator has logged in from ${plainAddress(request.ip)}.`);
      return reply.setCookie(SESSION_COOKIE, outcome.token, { ...cookie, maxAge: SESSION_MS / 1000 }).send({ expiresAtMs: outcome.expiresAtMs });
    },
  });

  routes.route({
    method: 'GET',
    url: '/session',
    onRequest: guard,
    config: { asksForSession: true },
    schema: { summary: 'Whether somebody is logged in', tags: ['session'], response: { 204: z.null(), ...wrong } },
    handler: async (_request, reply) => reply.code(204).send(null),
  });

  routes.route({
    method: 'DELETE',
    url: '/session',
    onRequest: guard,
    schema: { summary: 'Log out', tags: ['session'], response: { 204: z.null(), ...wrong } },
    handler: async (request, reply) => {
      access.logOut(request.cookies[SESSION_COOKIE] ?? '');
      return reply.clearCookie(SESSION_COOKIE, cookie).code(204).send(null);
    },
  });

  routes.route({
    method: 'PUT',
    url: '/password',
    onRequest: guard,
    config: limited,
    schema: {
      summary: 'Change the password; all sessions end',
      tags: ['session'],
      body: z.strictObject({ currentPassword: given, newPassword: chosen }),
      response: { 204: z.null(), ...wrong },
    },
    handler: async (request, reply) => {
      const { currentPassword, newPassword } = request.body;
      const outcome = await access.logIn(currentPassword);
      if (outcome.kind !== 'loggedIn') return refuseLogin(reply, outcome);
      await access.setPassword(newPassword);
      request.log.info(`The administrator's password was changed from ${plainAddress(request.ip)}.`);
      return reply.clearCookie(SESSION_COOKIE, cookie).code(204).send(null);
    },
  });
}

function refuseLogin(reply: FastifyReply, { kind }: Exclude<LoginOutcome, { readonly kind: 'loggedIn' }>): FastifyReply {
  switch (kind) {
    case 'wrongPassword':
      return reply.code(401).send({ error: 'The password is wrong.' });
    case 'noPassword':
      return reply.code(503).send({ error: 'No password is set yet: run "npm run set-password" on the server.' });
    case 'busy':
      return reply.code(503).header('retry-after', '2').send({ error: 'Too many people are logging in: try again in a moment.' });
  }
}
