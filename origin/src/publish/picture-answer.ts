import { createHash } from 'node:crypto';

import type { FastifyReply, FastifyRequest } from 'fastify';

import { pacedBody } from '../uplink/paced-body.js';
import type { UplinkGate } from '../uplink/uplink-gate.js';
import { sendProblem } from './answer.js';

/** A JPEG, and how it is sent. */
export type PictureAnswer = {
  readonly picture: Buffer;
  /** Caches that are shared by viewers may keep it. */
  readonly isPublic: boolean;
  readonly maxAgeSeconds: number;
  /** Lets it out, where the uplink is limited. */
  readonly gate: UplinkGate | undefined;
};

/** Answers with a JPEG, or says that the one that the client has is still the right one. */
export function sendPicture(request: FastifyRequest, reply: FastifyReply, { picture, isPublic, maxAgeSeconds, gate }: PictureAnswer): FastifyReply {
  const etag = `"${createHash('sha256').update(picture).digest('base64url').slice(0, 22)}"`;
  const caching = { etag, 'cache-control': `${isPublic ? 'public' : 'private'}, max-age=${maxAgeSeconds}` };
  if (request.headers['if-none-match'] === etag) return reply.code(304).headers(caching).send();
  const { method } = request;
  if (method !== 'HEAD' && gate?.turnAway(picture.length, 'other') !== undefined) return sendProblem(reply, 503, 'The broadcast is full for the moment; ask again.');
  return reply
    .headers({ ...caching, 'content-length': String(picture.length) })
    .type('image/jpeg')
    .send(gate ? pacedBody(picture, { method, gate }) : picture);
}
