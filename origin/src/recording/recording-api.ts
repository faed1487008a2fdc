import { readFile } from 'node:fs/promises';

import { formatMagnetLink, RECORDING_ORDERS, STREAM_PATHS, withViewerToken, type RecordingListing, type StreamId, type StreamLink } from '@p2ptv/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';

import type { StreamAccess } from '../access/stream-access.js';
import { refuseViewer, viewerTokenIn } from '../access/viewer-gate.js';
import { sendProblem } from '../publish/answer.js';
import { requestedBaseUrl, type ApiRouteOptions } from '../publish/api-routes.js';
import { sendPicture } from '../publish/picture-answer.js';
import type { Recording, RecordingStore } from '../store/state-store.js';
import type { RecordingLibrary } from './recording-library.js';

/** What the list of recordings takes from elsewhere. */
export type RecordingApiOptions = Pick<ApiRouteOptions, 'publisher' | 'trackers' | 'publicUrl' | 'gate'> & {
  readonly library: RecordingLibrary;
  readonly store: RecordingStore;
  readonly access: StreamAccess;
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

/**
 * Serves what can be watched on demand to everybody: those that are not private, found by words and filters, and each by
 * its name; a private one to who has a token for it.
 */
export function registerRecordingApi(fastify: FastifyInstance, options: RecordingApiOptions): void {
  const { library, store, access } = options;
  type Send = (recording: Recording, token: string | undefined) => unknown;
  const withRecording = async (request: FastifyRequest, reply: FastifyReply, send: Send): Promise<unknown> => {
    const recording = library.find((request.params as { id: string }).id);
    if (recording?.state !== 'ready') return sendProblem(reply, 404, 'There is no such recording.');
    const token = viewerTokenIn(request);
    const verdict = recording.isPrivate ? await access.checkRecording(recording, token) : 'valid';
    if (verdict !== 'valid') return refuseViewer(request, reply, verdict);
    return send(recording, recording.isPrivate ? token : undefined);
  };
  const streamIdOf = ({ id, channel = id }: Recording): StreamId => options.publisher.streamId(channel);
  const baseUrlOf = (request: FastifyRequest): string => options.publicUrl ?? requestedBaseUrl(request);

  fastify.get('/api/recordings', async (request, reply) => {
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
    const baseUrl = baseUrlOf(request);
    // Those of one channel are of one stream: the database is asked once for it.
    const shared = new Map<StreamId, Promise<boolean>>();
    const recordings = page.recordings.map(async (recording) => {
      const streamId = streamIdOf(recording);
      const sharing = shared.get(streamId) ?? access.isShared(recording, { streamId, token: undefined });
      shared.set(streamId, sharing);
      return describeRecording(recording, { options, baseUrl, streamId, token: undefined, isShared: await sharing });
    });
    return { total: page.total, recordings: await Promise.all(recordings) };
  });

  fastify.get('/api/recordings/:id', (request, reply) =>
    withRecording(request, reply, async (recording, token) => {
      const streamId = streamIdOf(recording);
      const isShared = await access.isShared(recording, { streamId, token });
      const listing = describeRecording(recording, { options, baseUrl: baseUrlOf(request), streamId, token, isShared });
      const folder = library.folderOf(recording.id);
      const previews = folder.describedPreviews();
      const base = `/live/${recording.id}${token === undefined ? '' : `/~${token}`}`;
      const captions = folder.captions().map(({ language, name }, index) => ({ language, name, path: `${base}/${STREAM_PATHS.captions(index)}` }));
      return {
        ...listing,
        ...(previews ? { previews: { ...previews, path: `/api/recordings/${recording.id}/previews.jpg${queryOf(token)}` } } : {}),
        ...(captions.length > 0 ? { captions } : {}),
      };
    }),
  );

  const pictures = { thumbnail: ({ id }: Recording) => library.thumbnail(id), previews: ({ id }: Recording) => library.folderOf(id).previews };
  for (const [name, pathOf] of Object.entries(pictures)) {
    fastify.get(`/api/recordings/:id/${name}.jpg`, (request, reply) =>
      withRecording(request, reply, async (recording) => {
        const path = pathOf(recording);
        const picture = path === undefined ? undefined : await readFile(path).catch(() => undefined);
        if (!picture) return sendProblem(reply, 404, 'There is no such picture.');
        return sendPicture(request, reply, { picture, isPublic: !recording.isPrivate, maxAgeSeconds: 86_400, gate: options.gate });
      }),
    );
  }
}

function queryOf(token: string | undefined): string {
  return token === undefined ? '' : `?token=${token}`;
}

type DescribedFor = {
  readonly options: RecordingApiOptions;
  readonly baseUrl: string;
  readonly streamId: StreamId;
  /** Stands in the addresses of a private one. */
  readonly token: string | undefined;
  /** Whether who watches it is to meet others. */
  readonly isShared: boolean;
};

/** A recording as it is told to who may watch it. */
function describeRecording(recording: Recording, { options, baseUrl, streamId, token, isShared }: DescribedFor): RecordingListing {
  const { channel, isPrivate: _isPrivate, hasThumbnail, tags, ...told } = recording;
  const base = `${baseUrl}/live/${recording.id}`;
  const trackers = options.trackers.length > 0 ? options.trackers : [baseUrl];
  const link: StreamLink = {
    streamId,
    publicKey: options.publisher.publicKey,
    title: recording.title,
    trackers: isShared ? trackers : [],
    origins: [token === undefined ? base : withViewerToken(base, token)],
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
    ...(hasThumbnail ? { thumbnailPath: `/api/recordings/${recording.id}/thumbnail.jpg${queryOf(token)}` } : {}),
  };
}
