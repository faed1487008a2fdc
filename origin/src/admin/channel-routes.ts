import type { StreamId } from '@p2ptv/protocol';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import * as z from 'zod';

import type { ViewerTokens } from '../access/viewer-tokens.js';
import type { Channel } from '../channel/channel.js';
import type { ChannelRegistry } from '../channel/channel-registry.js';
import { channelSettingsSchema, type ChannelSettings } from '../channel/channel-settings.js';
import { ChannelError } from '../channel/errors.js';
import { formatInput } from '../channel/input-choice.js';
import type { ChannelKeeper } from './channel-keeper.js';
import { channelChangeSchema, channelSchema, describeChannel, newChannelSchema } from './channel-schemas.js';
import { problemSchema } from './session-routes.js';
import { newTokenSchema, tokenSchema } from './viewer-token-schemas.js';

/** Who watches a stream. */
export type Audience = {
  readonly viewers: number;
  /** Peers that serve without watching, the origin's own included. */
  readonly seeders: number;
  /** Joins of viewers since the tracker started. */
  readonly joins: number;
  /** Media bytes as viewers reported them, by where they came from. */
  readonly originBytes: number;
  readonly peerBytes: number;
  readonly seederBytes: number;
};

/** What the routes of channels need. */
export type ChannelRouteOptions = {
  readonly registry: ChannelRegistry;
  readonly keeper: ChannelKeeper;
  readonly tokens: ViewerTokens;
  readonly audienceOf: (streamId: StreamId) => Audience;
};

/** A description of the longest kind, in letters of four bytes, and the rest. */
const BODY_BYTES = 32 * 1024;

const params = z.object({ slug: z.string().max(64) });
const problems = { 400: problemSchema, 401: problemSchema, 403: problemSchema, 404: problemSchema, 409: problemSchema, 413: problemSchema, 422: problemSchema, 429: problemSchema } as const;
const keySchema = z.string().describe('the stream key, shown this once');
const audienceSchema = z.object({ viewers: z.number(), seeders: z.number(), joins: z.number(), originBytes: z.number(), peerBytes: z.number(), seederBytes: z.number() });

/** Serves the channels to whoever administers; who asks was checked before. */
export function registerChannelRoutes(fastify: FastifyInstance, options: ChannelRouteOptions): void {
  const { registry, keeper, tokens, audienceOf } = options;
  const routes = fastify.withTypeProvider<ZodTypeProvider>();
  const tags = ['channels'];
  const shown = (channel: Channel): z.infer<typeof channelSchema> =>
    describeChannel(channel, { viewers: audienceOf(channel.streamId).viewers, isInConfiguration: !keeper.isKept(channel.slug) });

  routes.route({
    method: 'GET',
    url: '/channels',
    schema: { summary: 'All channels', tags, response: { 200: z.object({ channels: z.array(channelSchema) }), ...problems } },
    handler: () => ({ channels: registry.list().map(shown) }),
  });

  routes.route({
    method: 'POST',
    url: '/channels',
    bodyLimit: BODY_BYTES,
    schema: { summary: 'Make a channel and start it', tags, body: newChannelSchema, response: { 201: z.object({ channel: channelSchema, streamKey: keySchema }), ...problems } },
    handler: async (request, reply) => {
      const { channel, streamKey } = await keeper.create(completeSettings(request.body));
      request.log.info(`The channel "${channel.slug}" was made.`);
      return reply.code(201).send({ channel: shown(channel), streamKey });
    },
  });

  routes.route({
    method: 'GET',
    url: '/channels/:slug',
    schema: { summary: 'A channel', tags, params, response: { 200: channelSchema, ...problems } },
    handler: (request) => shown(registry.require(request.params.slug)),
  });

  routes.route({
    method: 'PATCH',
    url: '/channels/:slug',
    bodyLimit: BODY_BYTES,
    schema: { summary: 'Change settings; with another input or encoding it begins a new session', tags, params, body: channelChangeSchema, response: { 200: channelSchema, ...problems } },
    handler: async (request) => {
      const { slug } = request.params;
      const { settings } = registry.require(slug);
      // What was not there is not said: a setting that is absent stays what it is.
      const change = Object.fromEntries(Object.entries(request.body).filter(([, value]) => value !== undefined));
      completeSettings({ ...settings, ...change });
      const channel = await keeper.update(slug, change);
      request.log.info(`The channel "${slug}" was changed: ${Object.keys(change).join(', ') || 'nothing'}.`);
      return shown(channel);
    },
  });

  routes.route({
    method: 'DELETE',
    url: '/channels/:slug',
    schema: { summary: 'Remove a channel and its media', tags, params, response: { 204: z.null(), ...problems } },
    handler: async (request, reply) => {
      await keeper.remove(request.params.slug);
      request.log.info(`The channel "${request.params.slug}" was removed.`);
      return reply.code(204).send(null);
    },
  });

  for (const [action, isStarted] of [['start', true], ['stop', false]] as const) {
    routes.route({
      method: 'POST',
      url: `/channels/:slug/${action}`,
      schema: { summary: isStarted ? 'Take its input' : 'Let its input go; what was published stays', tags, params, response: { 200: channelSchema, ...problems } },
      handler: async (request) => {
        const channel = await keeper.setStarted(request.params.slug, isStarted);
        request.log.info(`The channel "${channel.slug}" was ${isStarted ? 'started' : 'stopped'}.`);
        return shown(channel);
      },
    });
  }

  routes.route({
    method: 'POST',
    url: '/channels/:slug/stream-key',
    schema: { summary: 'Make a new stream key; whoever publishes with the old one is sent away', tags, params, response: { 200: z.object({ streamKey: keySchema }), ...problems } },
    handler: async (request) => {
      const streamKey = await keeper.rotateKey(request.params.slug);
      request.log.info(`The channel "${request.params.slug}" has a new stream key.`);
      return { streamKey };
    },
  });

  routes.route({
    method: 'GET',
    url: '/channels/:slug/audience',
    schema: { summary: 'Who watches', tags, params, response: { 200: audienceSchema, ...problems } },
    handler: (request) => audienceOf(registry.require(request.params.slug).streamId),
  });

  routes.route({
    method: 'POST',
    url: '/channels/:slug/viewer-tokens',
    schema: { summary: 'Make a token that lets its holder watch a private channel', tags, params, body: newTokenSchema, response: { 201: tokenSchema, ...problems } },
    handler: async (request, reply) => {
      const { slug } = registry.require(request.params.slug);
      const { viewer, lifetimeSeconds } = request.body;
      const token = await tokens.issue(slug, { viewer, lifetimeMs: lifetimeSeconds * 1000 });
      return reply.code(201).send({ token, watchPath: `/watch/${slug}?token=${token}` });
    },
  });
}

/**
 * Settings with what was not said, checked together.
 *
 * @throws ChannelError `BAD_SETTINGS`
 */
function completeSettings(settings: { readonly [Name in keyof ChannelSettings]?: ChannelSettings[Name] | undefined }): ChannelSettings {
  const { input, ...others } = settings;
  const parsed = channelSettingsSchema.safeParse({ ...others, ...(input === undefined ? {} : { input: formatInput(input) }) });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ChannelError('BAD_SETTINGS', `${String(issue?.path[0] ?? 'The settings')} ${issue?.message ?? 'are wrong'}.`);
}
