import { isTooFarAhead, parseDeliveryDirectives, STREAM_PATHS, type RenditionId } from '@p2ptv/protocol';
import type { FastifyInstance } from 'fastify';

import { answerSafely, refuse, REVALIDATED, sendProblem, SHORT_LIVED, takeOver, type Recipient } from './answer.js';
import type { PublishedStream } from './published-stream.js';
import type { RenderedText } from './rendered-text.js';
import { renditionOf, singleValues, streamOf, type StreamDirectory } from './stream-directory.js';
import { sendText } from './text-answer.js';

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
    sendPlaylist(takeOver(request, reply), published, { playlist, cacheControl: SHORT_LIVED });
    return reply;
  });

  fastify.get('/live/:slug/:rendition/live.m3u8', (request, reply) => {
    const published = streamOf(streams, request);
    const named = (request.params as { rendition: string }).rendition;
    const log = published && renditionOf(published, named);
    if (!published || !log) return sendProblem(reply, 404, 'There is no such stream or rendition.');
    const query = singleValues(request.query);
    const directives = query ? parseDeliveryDirectives(query) : { problem: 'A delivery directive was given twice.' };
    if ('problem' in directives) return sendProblem(reply, 400, directives.problem);
    const { live } = published;
    const rendition = Number(named) as RenditionId;
    const { timeline } = log;
    // Players then take another one.
    if (!live.isMade(rendition)) return sendProblem(reply, 410, 'The stream has this rendition no longer.');
    // After the end there is nothing to wait for, whatever was asked.
    const position = live.record?.isEnded === true ? undefined : directives.position;
    const partTargetMs = live.record?.partTargetMs;
    if (position && partTargetMs !== undefined && isTooFarAhead(timeline, position, partTargetMs)) {
      return sendProblem(reply, 400, 'The requested position is too far ahead of the live edge.');
    }
    const isReady = (): boolean => {
      if (!live.record || !timeline.last) return false;
      if (live.record.isEnded || !live.isMade(rendition)) return true;
      if (position) return timeline.contains(position);
      // Players take a playlist without a whole segment for an empty one: hls.js reports an error, ffmpeg gives up.
      return timeline.segments[0]?.isComplete === true;
    };
    const to = takeOver(request, reply);
    const limit = { timeoutMs: published.patienceMs, response: reply.raw };
    const cacheControl = position ? REVALIDATED : SHORT_LIVED;
    published.waiters.wait(isReady, limit, (outcome) => {
      answerSafely(to, () => {
        if (outcome === 'gone') return;
        const playlist = outcome === 'ready' ? published.playlists.media(rendition, directives.isSkipWanted) : undefined;
        if (!live.isMade(rendition)) refuse(to, 410, 'The stream has this rendition no longer.');
        else if (playlist) sendPlaylist(to, published, { playlist, cacheControl });
        else refuse(to, 503, 'No new media has come; ask again.');
      });
    });
    return reply;
  });
}

/** Sends one that many wait for. */
function sendPlaylist(to: Recipient, published: PublishedStream, { playlist, cacheControl }: { readonly playlist: RenderedText; readonly cacheControl: string }): void {
  sendText(to, published, { text: playlist, contentType: CONTENT_TYPE, cacheControl, kind: 'playlists', priority: 'other', wholes: published.wholes });
}
