import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { sendProblem } from '../publish/answer.js';
import { plainAddress } from '../server/plain-address.js';
import type { PublishDesk, Refusal } from '../sfu/publish-desk.js';
import { parseOffer, writeAnswer } from './whip-sdp.js';

/** An offer with all that browsers put in is about 10 KB. */
const MAX_OFFER_BYTES = 64 * 1024;
const SDP = 'application/sdp';
const TRICKLE = 'application/trickle-ice-sdpfrag';
/** Pages of other sites may publish here: it is the key that lets them in. */
const CORS = { origin: '*', exposedHeaders: ['location'], allowedHeaders: ['authorization', 'content-type', 'if-match'], maxAge: 86_400 };
const CORS_OF_ENDPOINT = { ...CORS, methods: ['POST'] };
const CORS_OF_SESSION = { ...CORS, methods: ['PATCH', 'DELETE'] };
/** Whoever asks without being a browser is answered too. */
const PREFLIGHT = { preflightContinue: true, strictPreflight: false };

/**
 * WHIP (RFC 9725): `POST /whip/<slug>` with an SDP offer and the stream key as bearer token publishes,
 * `DELETE` of the address in the answer stops.
 */
export function registerWhipRoutes(fastify: FastifyInstance, desk: PublishDesk): void {
  // Candidates that come later are of no use to an ICE-lite agent, which learns addresses from checks.
  for (const type of [SDP, TRICKLE]) {
    fastify.addContentTypeParser(type, { parseAs: 'string', bodyLimit: MAX_OFFER_BYTES }, (_request, body, done) => done(null, body));
  }

  fastify.options('/whip/:slug', { config: { cors: { ...CORS_OF_ENDPOINT, ...PREFLIGHT } } }, (_request, reply) => reply.code(204).header('accept-post', SDP).send());
  fastify.options('/whip/:slug/:session', { config: { cors: { ...CORS_OF_SESSION, ...PREFLIGHT } } }, (_request, reply) => reply.code(204).header('accept-patch', TRICKLE).send());

  fastify.post('/whip/:slug', { bodyLimit: MAX_OFFER_BYTES, config: { cors: CORS_OF_ENDPOINT } }, async (request, reply) => {
    const { slug = '' } = request.params as { slug?: string };
    const refusal = desk.refusalOf(slug, bearerToken(request));
    if (refusal) return refuse({ request, reply, slug }, refusal);
    if (typeof request.body !== 'string') return sendProblem(reply, 415, 'The offer must be application/sdp.');
    const offer = parseOffer(request.body);
    if (typeof offer === 'string') return sendProblem(reply, 400, offer);
    const session = await desk.open({ slug, key: bearerToken(request), address: plainAddress(request.ip) });
    if ('status' in session && 'message' in session) return refuse({ request, reply, slug }, session);
    const frameRate = offer.tracks.find((track) => track.frameRate !== undefined)?.frameRate;
    const problem = (await session.publish(offer.tracks, { frameRate })) ?? (await session.connect(offer.dtlsParameters));
    if (problem !== undefined) {
      session.stop();
      return sendProblem(reply, 422, problem);
    }
    void reply.code(201).header('location', `/whip/${slug}/${session.id}`).header('cache-control', 'no-store').type(SDP);
    return reply.send(writeAnswer(offer, session.parameters));
  });

  fastify.patch('/whip/:slug/:session', { bodyLimit: MAX_OFFER_BYTES, config: { cors: CORS_OF_SESSION } }, (request, reply) =>
    sessionOf(desk, request) ? reply.code(204).send() : sendProblem(reply, 404, 'There is no such session.'),
  );

  fastify.delete('/whip/:slug/:session', { config: { cors: CORS_OF_SESSION } }, (request, reply) => {
    const session = sessionOf(desk, request);
    if (!session) return sendProblem(reply, 404, 'There is no such session.');
    session.stop();
    return reply.code(200).send();
  });
}

/** The token of an Authorization header (RFC 6750); undefined when there is none. */
export function bearerToken(request: FastifyRequest): string | undefined {
  return /^Bearer +(\S{1,512})\s*$/i.exec(request.headers.authorization ?? '')?.[1];
}

function sessionOf(desk: PublishDesk, request: FastifyRequest): ReturnType<PublishDesk['session']> {
  const { slug = '', session = '' } = request.params as { slug?: string; session?: string };
  return desk.session(slug, session);
}

function refuse({ request, reply, slug }: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly slug: string }, refusal: Refusal): FastifyReply {
  request.log.warn(`A publisher from ${plainAddress(request.ip)} to ${slug} was refused: ${refusal.message}`);
  if (refusal.status === 401) void reply.header('www-authenticate', 'Bearer');
  return sendProblem(reply, refusal.status, refusal.message);
}
