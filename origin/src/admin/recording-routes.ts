import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import * as z from 'zod';

import type { ViewerTokens } from '../access/viewer-tokens.js';
import { CHANNEL_SCHEMAS } from '../channel/channel-settings.js';
import type { RecordingLibrary } from '../recording/recording-library.js';
import { RECORDING_ORDERS, type Recording, type RecordingStore } from '../store/state-store.js';
import { newTokenSchema, tokenSchema } from './viewer-token-schemas.js';

/** What administers recordings. */
export type RecordingRouteOptions = { readonly library: RecordingLibrary; readonly store: RecordingStore; readonly tokens: ViewerTokens };

const BODY_BYTES = 64 * 1024;
const problemSchema = z.object({ error: z.string() });
const problems = { 400: problemSchema, 401: problemSchema, 403: problemSchema, 404: problemSchema, 409: problemSchema, 413: problemSchema, 429: problemSchema } as const;
const params = z.object({ id: z.string().max(100) });
const recordingSchema = z.object({
  id: z.string(),
  channel: z.string().optional().describe('slug of the channel that it is of'),
  title: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  state: z.enum(['recording', 'importing', 'ready', 'failed']),
  isPrivate: z.boolean(),
  startedAtMs: z.number(),
  durationMs: z.number(),
  byteLength: z.number(),
  width: z.number(),
  height: z.number(),
  hasThumbnail: z.boolean(),
});
const { title, description, tags, isPrivate } = CHANNEL_SCHEMAS;
const changeSchema = z.strictObject({ title: title.optional(), description: description.optional(), tags: tags.optional(), isPrivate: isPrivate.optional() });
const listQuery = z.object({
  text: z.string().max(200).optional(),
  channel: z.string().max(64).optional(),
  order: z.enum(RECORDING_ORDERS).optional(),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});

/** Serves recordings to whoever administers: the private ones and those that grow, too; who asks was checked before. */
export function registerRecordingRoutes(fastify: FastifyInstance, { library, store, tokens }: RecordingRouteOptions): void {
  const routes = fastify.withTypeProvider<ZodTypeProvider>();
  const group = ['recordings'];
  const shown = (recording: Recording): z.infer<typeof recordingSchema> => ({ ...recording, tags: [...recording.tags] });
  const unknown = { error: 'There is no such recording.' };

  routes.route({
    method: 'GET',
    url: '/recordings',
    schema: { summary: 'All recordings, a page at a time', tags: group, querystring: listQuery, response: { 200: z.object({ total: z.number(), recordings: z.array(recordingSchema) }), ...problems } },
    handler: (request) => {
      const { total, recordings } = store.search(request.query);
      return { total, recordings: recordings.map(shown) };
    },
  });

  routes.route({
    method: 'PATCH',
    url: '/recordings/:id',
    bodyLimit: BODY_BYTES,
    schema: { summary: 'Change what is told of a recording', tags: group, params, body: changeSchema, response: { 200: recordingSchema, ...problems } },
    handler: async (request, reply) => {
      const change = Object.fromEntries(Object.entries(request.body).filter(([, value]) => value !== undefined));
      const changed = library.update(request.params.id, change);
      if (!changed) return reply.code(404).send(unknown);
      request.log.info(`The recording ${changed.id} was changed: ${Object.keys(change).join(', ') || 'nothing'}.`);
      return shown(changed);
    },
  });

  routes.route({
    method: 'DELETE',
    url: '/recordings/:id',
    schema: { summary: 'Remove a recording and its media', tags: group, params, response: { 204: z.null(), ...problems } },
    handler: async (request, reply) => {
      const { id } = request.params;
      switch (await library.remove(id)) {
        case 'unknown':
          return reply.code(404).send(unknown);
        case 'growing':
          return reply.code(409).send({ error: 'The recording is still being made: end the stream first.' });
        case 'removed':
          request.log.info(`The recording ${id} was removed.`);
          return reply.code(204).send(null);
      }
    },
  });

  routes.route({
    method: 'POST',
    url: '/recordings/:id/viewer-tokens',
    schema: { summary: 'Make a token that lets its holder watch this private recording, and nothing else', tags: group, params, body: newTokenSchema, response: { 201: tokenSchema, ...problems } },
    handler: async (request, reply) => {
      const recording = store.get(request.params.id);
      if (!recording) return reply.code(404).send(unknown);
      const { viewer, lifetimeSeconds } = request.body;
      const token = await tokens.issue(recording.id, { viewer, lifetimeMs: lifetimeSeconds * 1000 });
      return reply.code(201).send({ token, watchPath: `/watch/recordings/${recording.id}?token=${token}` });
    },
  });
}
