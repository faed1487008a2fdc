import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { Option } from 'commander';
import { parseDocument } from 'yaml';
import * as z from 'zod';

import { CHANNEL_SCHEMAS, partSizeProblem, text, wholeNumber, type ChannelSettings } from '../channel/channel-settings.js';
import { systemCode } from '../package/errors.js';
import { inputFrom, kebabCase, readChannels, SHARED_SETTINGS, SINGLE_SETTINGS } from './channel-list.js';
import { hookTargetSchema } from '../hooks/hook-target.js';
import { SFU_KINDS } from '../sfu/open-sfu.js';
import { CommandError, UsageError } from './usage-error.js';

type Setting = {
  /** The flag as commander wants it. */
  readonly flags: string;
  /** Given several times it adds up; else the last one wins. */
  readonly isRepeatable?: boolean;
  readonly description: string;
  readonly schema: z.ZodType;
};

const publicUrl = text(300).transform((value, context) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  // What a link cannot hold is refused.
  const isPlain = url && /^https?:$/.test(url.protocol) && !url.search && !url.hash && !url.username && !url.password;
  if (isPlain) return url.href.replace(/\/+$/, '');
  context.addIssue('must be an address such as https://tv.example.org');
  return z.NEVER;
});
const stunUrl = z.string().regex(/^stuns?:[^\s,]{1,250}$/, 'must be a STUN server such as stun:host:3478');

/** Links and tracker answers hold no more. */
const MAX_SERVERS = 8;
/** A flag given several times, a list in the file, or several in one text with commas. */
const serverList = (server: z.ZodType<string, string>): z.ZodType<string[]> =>
  z
    .union([z.string().transform((one) => [one]), z.array(z.string())], 'must be a text or a list of texts')
    .transform((given) => given.flatMap((one) => one.split(',')).map((one) => one.trim()))
    .pipe(z.array(server).max(MAX_SERVERS, `must not name more than ${MAX_SERVERS}`))
    .default([]);

/** Every setting of `start`, by the name that it has as a flag and in the configuration file. */
const SETTINGS = {
  input: {
    flags: '--input <what>',
    description: 'a media file (looped in real time), testcard, rtmp, srt or srt:<port>, whip (a browser or OBS, over WebRTC), hls:<address>, - for standard input, or none (default: the bundled clip)',
    schema: CHANNEL_SCHEMAS.input.default({ kind: 'clip' }),
  },
  'srt-passphrase': {
    flags: '--srt-passphrase <text>',
    description: 'what SRT callers must know, 10 to 79 characters (default: anybody may publish)',
    schema: CHANNEL_SCHEMAS.srtPassphrase.optional(),
  },
  'srt-latency-ms': {
    flags: '--srt-latency-ms <ms>',
    description: 'how long SRT may wait for a lost packet (default: 120)',
    schema: CHANNEL_SCHEMAS.srtLatencyMs.optional(),
  },
  clock: { flags: '--clock', description: 'draw a machine-readable wall clock into the picture', schema: CHANNEL_SCHEMAS.clock.default(false) },
  title: { flags: '--title <text>', description: 'what viewers see (default: P2PTV)', schema: CHANNEL_SCHEMAS.title.default('P2PTV') },
  slug: {
    flags: '--slug <name>',
    description: "the stream's name in addresses (default: main)",
    schema: CHANNEL_SCHEMAS.slug.default('main'),
  },
  'part-ms': { flags: '--part-ms <ms>', description: 'length of a part (default: 200)', schema: CHANNEL_SCHEMAS.partMs.default(200) },
  'segment-ms': { flags: '--segment-ms <ms>', description: 'length of a segment (default: 2000)', schema: CHANNEL_SCHEMAS.segmentMs.default(2000) },
  ladder: {
    flags: '--ladder <heights>',
    description: 'the renditions, by height in pixels, best first, with commas, none is enlarged; or source: the picture as it comes, where it fits (default: 720,480,240)',
    schema: CHANNEL_SCHEMAS.ladder.optional(),
  },
  height: { flags: '--height <pixels>', description: 'one rendition of this height, instead of a ladder; never enlarged', schema: CHANNEL_SCHEMAS.height.optional() },
  'video-kbps': { flags: '--video-kbps <kb/s>', description: 'bit rate of the best video, the others get less (default: by size)', schema: CHANNEL_SCHEMAS.videoKbps.optional() },
  'uplink-kbps': {
    flags: '--uplink-kbps <kb/s>',
    description: 'never send viewers more than this, some 5 % below the line; newcomers wait when it is taken (default: no limit)',
    schema: wholeNumber(500, 100_000_000).optional(),
  },
  port: { flags: '--port <number>', description: 'HTTP port, 0 for any (default: 8080)', schema: wholeNumber(0, 65_535).default(8080) },
  host: { flags: '--host <address>', description: 'address to listen on (default: all)', schema: text(255).optional() },
  'rtmp-port': { flags: '--rtmp-port <number>', description: 'RTMP port (default: 1935)', schema: wholeNumber(0, 65_535).default(1935) },
  sfu: {
    flags: '--sfu <name>',
    description: 'what takes publishers over WebRTC (whip, studio): werift, built in, or mediasoup, a process of its own, to be installed apart (default: werift)',
    schema: z.enum(SFU_KINDS, 'must be werift or mediasoup').default('werift'),
  },
  'public-url': { flags: '--public-url <url>', description: 'where the world reaches this origin', schema: publicUrl.optional() },
  tracker: {
    flags: '--tracker <url>',
    description: 'a tracker that runs by itself, instead of the embedded one (repeatable, up to 8)',
    isRepeatable: true,
    schema: serverList(publicUrl),
  },
  stun: {
    flags: '--stun <url>',
    description: 'STUN server that the embedded tracker tells peers, e.g. stun:host:3478 (repeatable, up to 8)',
    isRepeatable: true,
    schema: serverList(stunUrl),
  },
  hook: {
    flags: '--hook <url|program>',
    description: 'told when publishing begins and ends, and of recordings: an address that is called, or a program that is run (repeatable, up to 8)',
    isRepeatable: true,
    schema: z
      .union([z.string().transform((one) => [one]), z.array(z.string())], 'must be a text or a list of texts')
      .pipe(z.array(hookTargetSchema).max(MAX_SERVERS, `must not name more than ${MAX_SERVERS}`))
      .default([]),
  },
  'tls-cert': { flags: '--tls-cert <file>', description: 'certificate chain (PEM) for https', schema: text(4096).optional() },
  'tls-key': { flags: '--tls-key <file>', description: 'private key (PEM) for https', schema: text(4096).optional() },
  data: { flags: '--data <folder>', description: 'keys and recordings (default: ./data)', schema: text(4096).default('./data') },
  'dvr-minutes': { flags: '--dvr-minutes <minutes>', description: 'media kept on disk, at most 120 (default: 10)', schema: CHANNEL_SCHEMAS.dvrMinutes.default(10) },
  recorded: {
    flags: '--recorded <yes|no>',
    description: 'whether what is live becomes a recording at its end (default: what somebody publishes, but no file or test card)',
    schema: CHANNEL_SCHEMAS.isRecorded.optional(),
  },
  'keep-recordings-days': { flags: '--keep-recordings-days <days>', description: 'remove recordings that are older (default: never)', schema: wholeNumber(1, 36_500).optional() },
  'keep-recordings-gb': { flags: '--keep-recordings-gb <GB>', description: 'remove the oldest recordings where all together are more (default: no limit)', schema: wholeNumber(1, 1_000_000).optional() },
  'max-upload-mb': { flags: '--max-upload-mb <MB>', description: 'the largest file that may be uploaded (default: 20000)', schema: wholeNumber(1, 10_000_000).default(20_000) },
  'log-level': {
    flags: '--log-level <level>',
    description: 'trace, debug, info, warn, error or silent (default: info)',
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'must be trace, debug, info, warn, error or silent').default('info'),
  },
  'log-format': {
    flags: '--log-format <format>',
    description: 'text or json (default: text)',
    schema: z.enum(['text', 'json'], 'must be text or json').default('text'),
  },
} satisfies Record<string, Setting>;

type Settings = typeof SETTINGS;
const schema = z.strictObject(
  Object.fromEntries(Object.entries(SETTINGS).map(([name, setting]) => [name, setting.schema])) as {
    [Name in keyof Settings]: Settings[Name]['schema'];
  },
);

/** What `start` was asked to do, complete and checked. */
export type StartOptions = z.infer<typeof schema> & {
  /** The channels that the configuration file lists; undefined: one, which the other settings describe. */
  readonly channels?: readonly ChannelSettings[];
};

/** The flags of `start`, `--config` included. */
export function startFlags(): Option[] {
  const flags = Object.values<Setting>(SETTINGS).map(({ flags, description, isRepeatable }) => {
    const option = new Option(flags, description);
    return isRepeatable === true ? option.argParser<string[] | undefined>((value, before) => [...(before ?? []), value]) : option;
  });
  return [...flags, new Option('--config <file>', 'a YAML file with these settings by the same names, and with several channels; flags win')];
}

/**
 * Joins the configuration file and the flags.
 *
 * @param flags as commander gives them: camel case, only what was given
 * @throws UsageError naming the setting, CommandError for a file that cannot be read
 */
export function resolveStartOptions(flags: Readonly<Record<string, unknown>>): StartOptions {
  const { config, ...flagged } = flags;
  const configPath = typeof config === 'string' ? config : undefined;
  const { channels: list, ...fromFile } = configPath === undefined ? {} : readConfiguration(configPath);
  const fromFlags = Object.fromEntries(Object.entries(flagged).map(([name, value]) => [kebabCase(name), value]));
  const where = (name: string): string => (name in fromFlags || configPath === undefined ? `--${name}` : `${configPath}: ${name}`);
  const parsed = schema.safeParse({ ...fromFile, ...fromFlags });
  if (!parsed.success) throw new UsageError(describeProblem(parsed.error, { ...fromFile, ...fromFlags }, where));
  const options = parsed.data;
  const given = { ...fromFile, ...fromFlags };
  const channels = list === undefined || configPath === undefined ? undefined : channelsOf(list, { path: configPath, given, where });
  if ((options['tls-cert'] === undefined) !== (options['tls-key'] === undefined)) {
    throw new UsageError('--tls-cert and --tls-key belong together: give both or neither.');
  }
  if (options.tracker.length > 0 && options.stun.length > 0) {
    throw new UsageError('--stun is for the embedded tracker: with --tracker, give it to that tracker.');
  }
  if (options.ladder !== undefined && options.height !== undefined) {
    throw new UsageError('--height is a ladder of one: give --ladder or --height.');
  }
  if (options.ladder === 'source' && options.clock) throw new UsageError('--clock cannot be drawn into a picture that is passed on as it comes: give heights with --ladder.');
  const problem = partSizeProblem({ videoKbps: options['video-kbps'], partMs: options['part-ms'] });
  if (problem !== undefined) throw new UsageError(`--video-kbps ${problem}.`);
  return { ...options, ...(channels ? { channels } : {}) };
}

function channelsOf(
  list: unknown,
  { path, given, where }: { readonly path: string; readonly given: Readonly<Record<string, unknown>>; readonly where: (name: string) => string },
): ChannelSettings[] {
  const single = SINGLE_SETTINGS.find((name) => name in given);
  if (single !== undefined) throw new UsageError(`${where(single)} is for one channel: where ${path} lists channels, each says it itself.`);
  const shared = Object.fromEntries(Object.entries(given).filter(([name]) => (SHARED_SETTINGS as readonly string[]).includes(name)));
  return readChannels(list, { path, shared });
}

function describeProblem(error: z.ZodError, values: Readonly<Record<string, unknown>>, where: (name: string) => string): string {
  const issue = error.issues[0];
  if (issue?.code === 'unrecognized_keys') return `${where(issue.keys[0] ?? '')} is no setting: see --help.`;
  const name = String(issue?.path[0] ?? '');
  const value = values[name];
  const shown: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return `${where(name)} ${issue?.message ?? 'is wrong'}, not ${JSON.stringify(shown)}.`;
}

/** Relative paths in a configuration file are meant from where the file is. */
function readConfiguration(path: string): Record<string, unknown> {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    const reason = systemCode(error) === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new CommandError(`The configuration file ${path} ${reason}: check --config.`, { cause: error });
  }
  const document = parseDocument(content);
  const problem = document.errors[0];
  if (problem) throw new UsageError(`${path} is no valid YAML: ${(problem.message.split('\n')[0] ?? '').replace(/:$/, '.')}`);
  const value: unknown = document.toJS() ?? {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`${path} must hold settings, one "name: value" a line.`);
  }
  const settings = { ...value } as Record<string, unknown>;
  for (const name of ['data', 'tls-cert', 'tls-key']) {
    if (typeof settings[name] === 'string') settings[name] = resolve(dirname(path), settings[name]);
  }
  if (typeof settings['input'] === 'string') settings['input'] = inputFrom(path, settings['input']);
  return settings;
}
