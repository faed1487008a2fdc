import { readFile } from 'node:fs/promises';

import { formatMagnetLink, RECORDING_ORDERS, type RecordingListing, type StreamId, type StreamLink } from '@p2ptv/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import * as z from 'zod';

import { sendProblem } from '../publish/answer.js';
import { requestedBaseUrl, type ApiRouteOptions } from '../publish/api-routes.js';
import type { Recording, RecordingStore } from '../store/state-store.js';
import type { RecordingLibrary } from './recording-library.js';

/** What the list of recordings takes from elsewhere. */
export type RecordingApiOptions = Pick<ApiRouteOptions, 'publisher' | 'trackers' | 'publicUrl'> & {
  readonly library: RecordingLibrary;
  readonly store: RecordingStore;
  /** Who watches the stream that a recording is part of, and who serves it. */
  readonly audienceOf: (streamId: StreamId) => { readonly viewers: number; readonly seeders: number };
};

const MAX_PAGE = 100;
const wholeNumber = z.string().regex(/^\d{1,15}$/, 'must be a whole number').transform(Number);
/** What `GET /api/recordings` understands; what is not said does not matter. */
const listQuery = z.object({
  text: z.string().max(200, 'must not exceed 200 characters').optional(),
  channel: z.string().max(64).optional(),
  tag: z.union([z.string().max(40).transform((tag) => [tag]), z.array(z.string().max(40)).max(20)]).optional(),
  from: wholeNumber.optional(),
  to: wholeNumber.optional(),
  longerThan: wholeNumber.optional(),
  shorterThan: wholeNumber.optional(),
  order: z.enum(RECORDING_ORDERS).optional(),
  offset: wholeNumber.default(0),
  limit: wholeNumber.default(24),
});

/** Serves what can be watched on demand to everybody: those that are not private, found by words and filters. */
export function registerRecordingApi(fastify: FastifyInstance, options: RecordingApiOptions): void {
  const { library, store } = options;
  const visible = (request: FastifyRequest): Recording | undefined => {
    const recording = library.find((request.params as { id: string }).id);
    return recording?.state === 'ready' && !recording.isPrivate ? recording : undefined;
  };

  const described = (request: FastifyRequest, recording: Recording): RecordingListing =>
    describeRecording(recording, { options, baseUrl: options.publicUrl ?? requestedBaseUrl(request) });

  fastify.get('/api/recordings', (request, reply) => {
    const query = listQuery.safeParse(request.query);
    if (!query.success) return sendProblem(reply, 400, `${query.error.issues[0]?.path.join('.') ?? 'The query'} ${query.error.issues[0]?.message ?? 'is wrong'}.`);
    const { text, channel, tag, from, to, longerThan, shorterThan, order, offset, limit } = query.data;
    const page = store.search({
      text,
      channel,
      tags: tag,
      states: ['ready'],
      isPrivate: false,
      startedFromMs: from,
      startedToMs: to,
      durationFromMs: longerThan,
      durationToMs: shorterThan,
      order,
      offset,
      limit: Math.min(limit, MAX_PAGE),
    });
    return { total: page.total, recordings: page.recordings.map((recording) => described(request, recording)) };
  });

  fastify.get('/api/recordings/:id', (request, reply) => {
    const recording = visible(request);
    return recording ? described(request, recording) : sendProblem(reply, 404, 'There is no such recording.');
  });

  fastify.get('/api/recordings/:id/thumbnail.jpg', async (request, reply) => {
    const recording = visible(request);
    const path = recording && library.thumbnail(recording.id);
    if (path === undefined) return sendProblem(reply, 404, 'There is no such thumbnail.');
    return reply.type('image/jpeg').header('cache-control', 'public, max-age=86400').send(await readFile(path));
  });
}

/** A recording as it is told to everybody. */
function describeRecording(recording: Recording, { options, baseUrl }: { readonly options: RecordingApiOptions; readonly baseUrl: string }): RecordingListing {
  const { channel, isPrivate: _isPrivate, hasThumbnail, tags, ...told } = recording;
  const streamId = options.publisher.streamId(channel ?? recording.id);
  const link: StreamLink = {
    streamId,
    publicKey: options.publisher.publicKey,
    title: recording.title,
    trackers: options.trackers.length > 0 ? options.trackers : [baseUrl],
    origins: [`${baseUrl}/live/${recording.id}`],
  };
  const { viewers, seeders } = options.audienceOf(streamId);
  return {
    ...told,
    ...(channel === undefined ? {} : { channel }),
    tags: [...tags],
    viewers,
    seeders,
    link: formatMagnetLink(link),
    watchPath: `/watch/recordings/${recording.id}`,
    ...(hasThumbnail ? { thumbnailPath: `/api/recordings/${recording.id}/thumbnail.jpg` } : {}),
  };
}
