import { type RenditionId, STREAM_PATHS } from '@p2ptv/protocol';
import type { FastifyInstance } from 'fastify';
import * as z from 'zod';

import { isGzipTaken, sendAnswer, sendProblem, SHORT_LIVED, takeOver, type Recipient } from './answer.js';
import type { PublishedStream } from './published-stream.js';
import type { RenderedText } from './rendered-text.js';
import { renditionOf, streamOf, type StreamDirectory } from './stream-directory.js';

const listQuery = z.object({
  rendition: z.string().regex(/^\d{1,2}$/).default('0'),
  /** Not said: all that is kept. */
  after: z.string().regex(/^\d{1,10}$/).transform(Number).optional(),
});

/** Serves what is kept of a stream, live or ended: for players a playlist by whole segments, for peers a list of them. */
export function registerRecordingRoutes(fastify: FastifyInstance, streams: StreamDirectory): void {
  fastify.get('/live/:slug/:rendition/recording.m3u8', (request, reply) => {
    const published = streamOf(streams, request);
    const log = published && renditionOf(published, (request.params as { rendition: string }).rendition);
    if (!published || !log) return sendProblem(reply, 404, 'There is no such stream or rendition.');
    if (!published.live.record) return sendProblem(reply, 503, 'The stream has not begun yet.');
    send(takeOver(request, reply), published, { text: published.recording.playlist(log), contentType: 'application/vnd.apple.mpegurl', kind: 'playlists' });
    return reply;
  });

  fastify.get(`/live/:slug/${STREAM_PATHS.segments}`, (request, reply) => {
    const query = listQuery.safeParse(request.query);
    if (!query.success) return sendProblem(reply, 400, 'rendition and after are whole numbers.');
    const published = streamOf(streams, request);
    const { rendition, after } = query.data;
    const log = published && renditionOf(published, rendition);
    if (!published || !log) return sendProblem(reply, 404, 'There is no such stream or rendition.');
    const text = published.recording.list(log, Number(rendition) as RenditionId, after);
    send(takeOver(request, reply), published, { text, contentType: 'application/json; charset=utf-8', kind: 'headers' });
    return reply;
  });
}

function send(
  to: Recipient,
  published: PublishedStream,
  { text, contentType, kind }: { readonly text: RenderedText; readonly contentType: string; readonly kind: 'playlists' | 'headers' },
): void {
  const isGzip = isGzipTaken(to);
  sendAnswer(to, {
    pieces: [isGzip ? text.gzip() : text.bytes],
    contentType,
    etag: text.etag,
    cacheControl: SHORT_LIVED,
    vary: 'accept-encoding',
    ...(isGzip ? { contentEncoding: 'gzip' as const } : {}),
    uplink: published.uplinkFor('join'),
    count: published.counter(kind),
  });
}
