import * as z from 'zod';

import type { Channel } from '../channel/channel.js';
import { CHANNEL_SCHEMAS, type ChannelSettings } from '../channel/channel-settings.js';
import { formatInput } from '../channel/input-choice.js';

const { slug, streamKeyHash: _neverGiven, ...changeable } = CHANNEL_SCHEMAS;
/** Settings that have a place of their own in a channel's description. */
const SHOWN_APART = new Set(['slug', 'title', 'description', 'tags', 'isPrivate', 'input']);

/** What the API takes to make a channel; what is not said has the defaults of `npm start`. */
export const newChannelSchema = z.strictObject({
  slug,
  ...Object.fromEntries(Object.entries(changeable).map(([name, schema]) => [name, schema.optional()])),
} as { slug: typeof slug } & { [Name in keyof typeof changeable]: z.ZodOptional<(typeof changeable)[Name]> });

/** What the API takes to change one: any of its settings but the slug. */
export const channelChangeSchema = z.strictObject(
  Object.fromEntries(Object.entries(changeable).map(([name, schema]) => [name, schema.optional()])) as {
    [Name in keyof typeof changeable]: z.ZodOptional<(typeof changeable)[Name]>;
  },
);

/** Settings that are secrets, and never shown. */
const SECRETS = new Set<string>(['streamKeyHash', 'srtPassphrase']);

/** A channel as the API shows it. */
export const channelSchema = z.object({
  slug: z.string(),
  streamId: z.string().describe('40 hexadecimal digits'),
  title: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  isPrivate: z.boolean().describe('whether viewers need a token'),
  input: z.string(),
  settings: z.record(z.string(), z.unknown()).describe(`the others: ${Object.keys(changeable).filter((name) => !SHOWN_APART.has(name)).join(', ')}`),
  state: z.enum(['offline', 'live', 'ended']),
  isStarted: z.boolean().describe('whether it encodes, or waits for somebody who publishes'),
  hasPublisher: z.boolean(),
  viewers: z.number(),
  isInConfiguration: z.boolean().describe('defined by flags or the configuration file, and to be changed there'),
  watchPath: z.string(),
});

/** Describes a channel, without its secrets. */
export function describeChannel(channel: Channel, about: { readonly viewers: number; readonly isInConfiguration: boolean }): z.infer<typeof channelSchema> {
  const { settings } = channel;
  return {
    slug: channel.slug,
    streamId: channel.streamId,
    title: settings.title,
    description: settings.description,
    tags: [...settings.tags],
    isPrivate: settings.isPrivate,
    input: formatInput(settings.input),
    settings: otherSettings(settings),
    state: channel.state,
    isStarted: channel.isStarted,
    hasPublisher: channel.hasPublisher,
    ...about,
    watchPath: `/watch/${channel.slug}`,
  };
}

function otherSettings(settings: ChannelSettings): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !SHOWN_APART.has(name) && !SECRETS.has(name)));
}
