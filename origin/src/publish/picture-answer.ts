import { createHash } from 'node:crypto';

import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Answers with a JPEG, or says that the one that the client has is still the right one.
 *
 * @param caching `isPublic`: caches that are shared by viewers may keep it
 */
export function sendPicture(request: FastifyRequest, reply: FastifyReply, { picture, isPublic, maxAgeSeconds }: { readonly picture: Buffer; readonly isPublic: boolean; readonly maxAgeSeconds: number }): FastifyReply {
  const etag = `"${createHash('sha256').update(picture).digest('base64url').slice(0, 22)}"`;
  void reply.headers({ etag, 'cache-control': `${isPublic ? 'public' : 'private'}, max-age=${maxAgeSeconds}` });
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  return reply.type('image/jpeg').send(picture);
}
