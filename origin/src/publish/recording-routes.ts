import { type RenditionId, STREAM_PATHS } from '@p2ptv/protocol';
import type { FastifyInstance } from 'fastify';
import * as z from 'zod';

import { sendProblem, takeOver } from './answer.js';
import { renditionOf, streamOf, type StreamDirectory } from './stream-directory.js';
import { sendText } from './text-answer.js';

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
    sendText(takeOver(request, reply), published, { text: published.recording.playlist(log), contentType: 'application/vnd.apple.mpegurl', kind: 'playlists' });
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
    sendText(takeOver(request, reply), published, { text, contentType: 'application/json; charset=utf-8', kind: 'headers' });
    return reply;
  });
}
