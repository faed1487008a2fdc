import { dirname, resolve } from 'node:path';

import * as z from 'zod';

import { channelSettingsSchema, type ChannelSettings } from '../channel/channel-settings.js';
import { MAX_CHANNELS } from '../channel/channel-registry.js';
import { hashStreamKey, STREAM_KEY } from '../channel/stream-key.js';
import { UsageError } from './usage-error.js';

/** Settings of all channels that each may have otherwise, by their names in the file. */
export const SHARED_SETTINGS = ['part-ms', 'segment-ms', 'ladder', 'height', 'video-kbps', 'clock', 'dvr-minutes', 'recorded'] as const;
/** Settings of the one channel that flags describe: with a list of channels they would mean nothing. */
export const SINGLE_SETTINGS = ['input', 'title', 'slug'] as const;

const KEY_MESSAGE = 'must be 8 to 128 letters, digits, - or _';
const listSchema = z
  .array(z.record(z.string(), z.unknown(), 'must be settings, one "name: value" a line'), 'must be a list of channels')
  .min(1, 'must name a channel')
  .max(MAX_CHANNELS, `must not name more than ${MAX_CHANNELS}`);
/** The key stands in the file as publishers use it; from here on there is only its hash. */
const keySchema = z.string(KEY_MESSAGE).regex(STREAM_KEY, KEY_MESSAGE).transform(hashStreamKey).optional();

/**
 * Reads the `channels` of a configuration file: names with hyphens, as those of flags.
 *
 * @param shared what holds for a channel that does not say it itself
 * @throws UsageError naming the channel and the setting
 */
export function readChannels(list: unknown, { path, shared }: { readonly path: string; readonly shared: Readonly<Record<string, unknown>> }): ChannelSettings[] {
  const parsed = listSchema.safeParse(list);
  if (!parsed.success) throw new UsageError(`${path}: channels ${parsed.error.issues[0]?.message ?? 'are wrong'}.`);
  const channels = parsed.data.map((given, index) => readChannel({ ...sharedFor(given, shared), ...given }, { path, index }));
  for (const [index, { slug, streamKeyHash, input }] of channels.entries()) {
    const others = channels.slice(0, index);
    if (others.some((other) => other.slug === slug)) throw new UsageError(`${path}: two channels have the slug ${slug}.`);
    if (streamKeyHash !== undefined && others.some((other) => other.streamKeyHash === streamKeyHash)) {
      throw new UsageError(`${path}: the channel ${slug} has the stream-key of another: each needs its own.`);
    }
    if (input.kind === 'stdin' && others.some((other) => other.input.kind === 'stdin')) throw new UsageError(`${path}: two channels have - as input: there is only one standard input.`);
    if (input.kind === 'srt' && others.some((other) => other.input.kind === 'srt' && other.input.port === input.port)) {
      throw new UsageError(`${path}: two channels listen on SRT port ${input.port}: each needs its own.`);
    }
  }
  return channels;
}

/** A height is a ladder of one: whoever says either does not take over the other. */
function sharedFor(given: Readonly<Record<string, unknown>>, shared: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!('height' in given || 'ladder' in given)) return shared;
  return Object.fromEntries(Object.entries(shared).filter(([name]) => name !== 'height' && name !== 'ladder'));
}

function readChannel(given: Readonly<Record<string, unknown>>, at: { readonly path: string; readonly index: number }): ChannelSettings {
  const where = `${at.path}: channel ${typeof given['slug'] === 'string' ? given['slug'] : at.index + 1}`;
  const { 'stream-key': key, ...rest } = given;
  const hash = keySchema.safeParse(key);
  if (!hash.success) throw new UsageError(`${where}: stream-key ${KEY_MESSAGE}.`);
  const settings = Object.fromEntries(Object.entries(rest).map(([name, value]) => [camelCase(name), value]));
  if (typeof settings['input'] === 'string') settings['input'] = inputFrom(at.path, settings['input']);
  const parsed = channelSettingsSchema.safeParse({ ...settings, ...(hash.data === undefined ? {} : { streamKeyHash: hash.data }) });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  if (issue?.code === 'unrecognized_keys') throw new UsageError(`${where}: ${kebabCase(issue.keys[0] ?? '')} is no setting of a channel.`);
  const name = kebabCase(String(issue?.path[0] ?? ''));
  if (issue?.path[0] !== undefined && given[name] === undefined) throw new UsageError(`${where}: ${name} is missing.`);
  // What a value must be is said with what it is, but a passphrase is not repeated.
  const isRepeated = issue?.message.startsWith('must') === true && name !== 'srt-passphrase';
  const but = isRepeated ? `, not ${JSON.stringify(given[name])}` : '';
  throw new UsageError(`${where}: ${name} ${issue?.message ?? 'is wrong'}${but}.`);
}

/** Relative paths in a configuration file are meant from where the file is. */
export function inputFrom(path: string, input: string): string {
  return /[./\\]/.test(input) && !input.includes(':') ? resolve(dirname(path), input) : input;
}

/** `rtmpPort` → `rtmp-port`. */
export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function camelCase(name: string): string {
  const known: Record<string, string> = { private: 'isPrivate', recorded: 'isRecorded' };
  return known[name] ?? name.replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
