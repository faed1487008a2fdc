import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import * as z from 'zod';

import { CHANNEL_SCHEMAS } from '../channel/channel-settings.js';
import type { UploadDesk, Upload } from '../recording/upload-desk.js';
import { problemSchema } from './session-routes.js';

const problems = {
  400: problemSchema,
  401: problemSchema,
  403: problemSchema,
  404: problemSchema,
  413: problemSchema,
  422: problemSchema,
  429: problemSchema,
  503: problemSchema,
  507: problemSchema,
} as const;
const { title, description, tags } = CHANNEL_SCHEMAS;
const uploadSchema = z.object({
  id: z.string(),
  fileName: z.string(),
  title: z.string(),
  state: z.enum(['receiving', 'waiting', 'encoding', 'ready', 'failed']),
  receivedBytes: z.number(),
  byteLength: z.number().optional(),
  encodedRatio: z.number().describe('0 to 1'),
  recordingId: z.string().optional(),
  problem: z.string().optional().describe('why it failed'),
});
const uploadQuery = z.strictObject({
  name: z.string().min(1, 'must not be empty').max(255, 'must not exceed 255 characters').describe('of the file; it is shown, and never used as a path'),
  title: title.optional().describe('default: the name without its ending'),
  description: description.default(''),
  tag: z.union([z.string().transform((one) => [one]), z.array(z.string())]).pipe(tags).default([]).describe('repeatable'),
  private: z.enum(['yes', 'no']).default('no'),
});
const params = z.object({ id: z.string().max(100) });

/** Takes files that become recordings from whoever administers; who asks was checked before. */
export function registerUploadRoutes(fastify: FastifyInstance, desk: UploadDesk): void {
  const routes = fastify.withTypeProvider<ZodTypeProvider>();
  const group = ['recordings'];
  const described = (upload: Upload): z.infer<typeof uploadSchema> => ({ ...upload });

  void fastify.register((bodies, _options, done) => {
    // The body is the file, whatever type its sender says: it goes to the disk as it comes.
    bodies.removeAllContentTypeParsers();
    bodies.addContentTypeParser('*', (_request, payload, parsed) => parsed(null, payload));
    bodies.withTypeProvider<ZodTypeProvider>().route({
      method: 'POST',
      url: '/recordings',
      schema: {
        summary: 'Add a file as a recording',
        description: 'The body is the file itself, of any content type. The answer comes when it is here and can be played; `GET uploads` tells how far its encoding is.',
        tags: group,
        querystring: uploadQuery,
        response: { 202: uploadSchema, ...problems },
      },
      handler: async (request, reply) => {
        const { name, title: given, description: text, tag, private: isPrivate } = request.query;
        const length = Number(request.headers['content-length'] ?? Number.NaN);
        const upload = await desk.receive(request.raw, {
          fileName: name,
          byteLength: Number.isInteger(length) ? length : undefined,
          title: given ?? titleOf(name),
          description: text,
          tags: tag,
          isPrivate: isPrivate === 'yes',
        });
        request.log.info(`"${name}" has come whole, ${upload.receivedBytes} bytes, and is being added.`);
        return reply.code(202).send(described(upload));
      },
    });
    done();
  });

  routes.route({
    method: 'GET',
    url: '/uploads',
    schema: {
      summary: 'Files that are being added, and how far they are',
      tags: group,
      response: { 200: z.object({ maxBytes: z.number(), roomBytes: z.number().describe('how large a file may be at the moment'), uploads: z.array(uploadSchema) }), ...problems },
    },
    handler: () => ({ maxBytes: desk.maxBytes, roomBytes: desk.roomBytes, uploads: desk.list().map(described) }),
  });

  routes.route({
    method: 'DELETE',
    url: '/uploads/:id',
    schema: { summary: 'Give one up, or forget one that has ended', tags: group, params, response: { 204: z.null(), ...problems } },
    handler: async (request, reply) => {
      if (!desk.dismiss(request.params.id)) return reply.code(404).send({ error: 'There is no such upload.' });
      return reply.code(204).send(null);
    },
  });
}

/** A file's name without folders and ending, as a title. */
function titleOf(name: string): string {
  const base = name.split(/[/\\]/).at(-1) ?? name;
  return (base.replace(/\.[^.]{1,8}$/, '').replaceAll('_', ' ').trim() || 'A film').slice(0, 200);
}
