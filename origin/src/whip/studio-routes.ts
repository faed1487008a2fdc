import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';

import { CHANNEL_SCHEMAS } from '../channel/channel-settings.js';
import { sendProblem } from '../publish/answer.js';
import { plainAddress } from '../server/plain-address.js';
import type { PublishDesk } from '../sfu/publish-desk.js';
import type { PublishSession } from '../sfu/publish-session.js';
import { dtlsParametersSchema, rtpParametersSchema } from '../sfu/rtp-parameters.js';
import { bearerToken } from './whip-routes.js';

/** mediasoup-client's descriptions of two tracks are about 10 KB. */
const MAX_BODY_BYTES = 64 * 1024;

const connectSchema = z.object({ dtlsParameters: dtlsParametersSchema });
/** Pixels; an even number, as pictures have. */
const side = z.int().min(16).max(8192).transform((pixels) => pixels - (pixels % 2));
const publishSchema = z.object({
  tracks: z.array(z.object({ kind: z.enum(['audio', 'video']), rtpParameters: rtpParametersSchema })).min(1).max(2),
  frameRate: z.number().min(1).max(120).optional(),
  title: CHANNEL_SCHEMAS.title.optional(),
  size: z.object({ width: side, height: side }).optional(),
});

/**
 * What the studio speaks, in mediasoup-client's terms: `POST /api/studio/<slug>` with the stream key opens
 * a session and tells what to connect to; `connect` and `publish` below it go live; `GET` tells how it is
 * doing; `DELETE` stops. The session's name is its password.
 */
export function registerStudioRoutes(fastify: FastifyInstance, desk: PublishDesk): void {
  fastify.post('/api/studio/:slug', async (request, reply) => {
    const { slug = '' } = request.params as { slug?: string };
    const session = await desk.open({ slug, key: bearerToken(request), address: plainAddress(request.ip) });
    if ('message' in session) {
      request.log.warn(`A publisher from ${plainAddress(request.ip)} to ${slug} was refused: ${session.message}`);
      return sendProblem(reply, session.status, session.message);
    }
    return reply.code(201).send({ session: session.id, capabilities: desk.capabilities, transport: session.parameters });
  });

  const withSession = (handle: (session: PublishSession, request: FastifyRequest, reply: FastifyReply) => unknown) => (request: FastifyRequest, reply: FastifyReply): unknown => {
    const { slug = '', session: id = '' } = request.params as { slug?: string; session?: string };
    const session = desk.session(slug, id);
    return session ? handle(session, request, reply) : sendProblem(reply, 404, 'This session is over.');
  };

  fastify.post('/api/studio/:slug/:session/connect', { bodyLimit: MAX_BODY_BYTES }, withSession(async (session, request, reply) => {
    const body = connectSchema.safeParse(request.body);
    if (!body.success) return sendProblem(reply, 400, 'These are no DTLS parameters.');
    const problem = await session.connect(body.data.dtlsParameters);
    return problem === undefined ? reply.code(204).send() : sendProblem(reply, 422, problem);
  }));

  fastify.post('/api/studio/:slug/:session/publish', { bodyLimit: MAX_BODY_BYTES }, withSession(async (session, request, reply) => {
    const body = publishSchema.safeParse(request.body);
    if (!body.success) {
      const isTitle = body.error.issues[0]?.path[0] === 'title';
      return sendProblem(reply, 400, isTitle ? 'The title is too long.' : 'These are no RTP parameters.');
    }
    const { tracks, title, ...meant } = body.data;
    const problem = await session.publish(tracks, meant);
    if (problem !== undefined) return sendProblem(reply, 422, problem);
    if (title !== undefined) await desk.retitle(session.slug, title);
    return reply.code(204).send();
  }));

  fastify.get('/api/studio/:slug/:session', withSession((session) => session.status));

  fastify.delete('/api/studio/:slug/:session', withSession((session, _request, reply) => {
    session.stop();
    return reply.code(204).send();
  }));
}
