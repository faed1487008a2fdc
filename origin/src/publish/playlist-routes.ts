import { isTooFarAhead, parseDeliveryDirectives, STREAM_PATHS } from '@p2ptv/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { REVALIDATED, sendAnswer, sendProblem, SHORT_LIVED } from './answer.js';
import type { RenderedPlaylist } from './playlist-cache.js';
import type { PublishedStream } from './published-stream.js';
import { renditionOf, singleValues, streamOf, type StreamDirectory } from './stream-directory.js';

const CONTENT_TYPE = 'application/vnd.apple.mpegurl';

/** Serves the multivariant and media playlists, with blocking reload and delta updates (RFC 8216bis section 6.2.5). */
export function registerPlaylistRoutes(fastify: FastifyInstance, streams: StreamDirectory): void {
  fastify.get(`/live/:slug/${STREAM_PATHS.multivariantPlaylist}`, async (request, reply) => {
    const published = streamOf(streams, request);
    if (!published) return sendProblem(reply, 404, 'There is no such stream.');
    const { waiters, live } = published;
    const limit = { timeoutMs: published.patienceMs, response: reply.raw };
    const outcome = await waiters.until(() => live.record !== undefined, limit);
    if (outcome === 'gone') return reply.hijack();
    const playlist = published.playlists.multivariant();
    if (!playlist) return sendProblem(reply, 503, 'The stream has not begun yet.');
    sendPlaylist({ request, reply, published }, playlist, SHORT_LIVED);
    return reply;
  });

  fastify.get('/live/:slug/:rendition/live.m3u8', async (request, reply) => {
    const published = streamOf(streams, request);
    const log = published && renditionOf(published, (request.params as { rendition: string }).rendition);
    if (!published || !log) return sendProblem(reply, 404, 'There is no such stream or rendition.');
    const query = singleValues(request.query);
    const directives = query ? parseDeliveryDirectives(query) : { problem: 'A delivery directive was given twice.' };
    if ('problem' in directives) return sendProblem(reply, 400, directives.problem);
    const { live } = published;
    const { timeline } = log;
    // After the end there is nothing to wait for, whatever was asked.
    const position = live.record?.isEnded === true ? undefined : directives.position;
    const partTargetMs = live.record?.partTargetMs;
    if (position && partTargetMs !== undefined && isTooFarAhead(timeline, position, partTargetMs)) {
      return sendProblem(reply, 400, 'The requested position is too far ahead of the live edge.');
    }
    const isReady = (): boolean => {
      if (!live.record || !timeline.last) return false;
      if (live.record.isEnded) return true;
      if (position) return timeline.contains(position);
      // Players take a playlist without a whole segment for an empty one: hls.js reports an error, ffmpeg gives up.
      return timeline.segments[0]?.isComplete === true;
    };
    const limit = { timeoutMs: published.patienceMs, response: reply.raw };
    const outcome = await published.waiters.until(isReady, limit);
    if (outcome === 'gone') return reply.hijack();
    const playlist = outcome === 'ready' ? published.playlists.media(directives.isSkipWanted) : undefined;
    if (!playlist) return sendProblem(reply, 503, 'No new media has come; ask again.');
    sendPlaylist({ request, reply, published }, playlist, position ? REVALIDATED : SHORT_LIVED);
    return reply;
  });
}

function sendPlaylist(
  to: { request: FastifyRequest; reply: FastifyReply; published: PublishedStream },
  playlist: RenderedPlaylist,
  cacheControl: string,
): void {
  const isGzipTaken = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:\s|,|$))/.test(to.request.headers['accept-encoding'] ?? '');
  to.reply.header('vary', 'accept-encoding');
  sendAnswer(to.request, to.reply, {
    pieces: [isGzipTaken ? playlist.gzip() : playlist.bytes],
    contentType: CONTENT_TYPE,
    etag: playlist.etag,
    cacheControl,
    ...(isGzipTaken ? { contentEncoding: 'gzip' as const } : {}),
    uplink: to.published.uplinkFor('other'),
    count: to.published.counter('playlists'),
  });
}
