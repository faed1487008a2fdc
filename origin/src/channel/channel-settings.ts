import { isSlug, LIMITS } from '@p2ptv/protocol';
import * as z from 'zod';

import { inputSchema, type InputChoice } from './input-choice.js';

/** A number that flags give as text and files as a number. */
export function wholeNumber(least: number, most: number): z.ZodType<number> {
  const message = `must be a whole number from ${least} to ${most}`;
  return z
    .union([z.number(), z.string().regex(/^\d{1,9}$/).transform(Number)], message)
    .refine((value) => Number.isInteger(value) && value >= least && value <= most, message);
}

/** A text that is not empty. */
export function text(most: number): z.ZodType<string, string> {
  return z.string('must be a text').min(1, 'must not be empty').max(most, `must not exceed ${most} characters`);
}

/** How much larger than the mean a part with a key frame may be. */
const KEY_FRAME_PEAK = 2;
const MAX_TAGS = 20;

/** A machine that encodes more of them at once serves nobody. */
const MAX_RUNGS = 8;

/** Heights as one text with commas, as a number, or as a list; or `word`, where there is one. */
function heightsSchema<Word extends string = never>(word?: Word): z.ZodType<number[] | Word> {
  const heights = z.array(wholeNumber(64, 2160)).min(1).max(MAX_RUNGS);
  const given = z.union([z.string(), z.number(), z.array(z.union([z.number(), z.string()]))], `must be up to ${MAX_RUNGS} heights`);
  return given.transform((value, context): number[] | Word => {
    if (word !== undefined && value === word) return word;
    const parsed = heights.safeParse(typeof value === 'string' ? value.split(',').map((height) => height.trim()) : [value].flat());
    const isFalling = parsed.success && parsed.data.every((height, index) => index === 0 || height < (parsed.data[index - 1] ?? 0));
    if (parsed.success && isFalling) return parsed.data;
    context.addIssue(`must be up to ${MAX_RUNGS} heights from 64 to 2160, the largest first, such as 720,480,240${word === undefined ? '' : `, or ${word}`}`);
    return z.NEVER;
  });
}

/** What is encoded, and never passed on as it comes. */
export const LADDER_HEIGHTS = heightsSchema();

/** Each setting of a channel by itself. Files and flags write the same names with hyphens. */
export const CHANNEL_SCHEMAS = {
  /** Its name in addresses; with the publisher's key it makes the stream id, so it cannot be changed. */
  slug: text(64).refine(isSlug, 'must be a–z, 0–9 and inner hyphens'),
  title: text(200),
  description: z.string('must be a text').max(5000, 'must not exceed 5000 characters'),
  tags: z.array(text(40), 'must be a list of texts').max(MAX_TAGS, `must not name more than ${MAX_TAGS}`),
  /** Where the picture comes from. */
  input: inputSchema,
  /** What SRT callers must know, and their media are encrypted with. */
  srtPassphrase: z.string('must be a text').min(10, 'must have 10 to 79 characters').max(79, 'must have 10 to 79 characters'),
  /** How long SRT may wait for a lost packet, ms. Too low gives holes in the picture, too high delay. */
  srtLatencyMs: wholeNumber(20, 8000),
  /** Length of a part, ms. Shorter is closer to live, and costs more requests. */
  partMs: wholeNumber(50, 2000),
  /** Length of a segment, ms. */
  segmentMs: wholeNumber(1000, 10_000),
  /**
   * Heights of the renditions, pixels, best first; of a smaller picture those that it is large enough for. `source`: the
   * picture as it comes, where it is H.264 without B-frames and with key frames at even distances of at most 4 s.
   */
  ladder: heightsSchema('source'),
  /** One rendition of this height, pixels, instead of a ladder; never enlarged. */
  height: wholeNumber(64, 2160),
  /** Bit rate of the best rendition's video, kb/s; the others get less, by size. */
  videoKbps: wholeNumber(50, 50_000),
  /** Whether a machine-readable wall clock is drawn into the picture. */
  clock: z.boolean('must be true or false'),
  /** Media kept on the disk, minutes. */
  dvrMinutes: wholeNumber(1, 120),
  /** Whether recordings are made of it. Default: of what somebody publishes, not of a file or a test card that goes round for ever. */
  isRecorded: z.union([z.boolean(), z.enum(['yes', 'no']).transform((said) => said === 'yes')], 'must be yes or no'),
  /** Whether it is left out of the lists of what is live, and viewers need a token. */
  isPrivate: z.boolean('must be true or false'),
  /** SHA-256 of what publishers must show, in hexadecimal; none: nobody can publish. See {@link hashStreamKey}. */
  streamKeyHash: z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal'),
} as const;

const { slug, title, description, tags, input, srtPassphrase, srtLatencyMs, partMs, segmentMs, ladder, height, videoKbps, clock, dvrMinutes, isRecorded, isPrivate, streamKeyHash } = CHANNEL_SCHEMAS;

/** The settings of one channel, as they come from outside; what is not said has a default. */
export const channelSettingsSchema = z
  .strictObject({
    slug,
    /** What viewers see. Default: the slug. */
    title: title.optional(),
    description: description.default(''),
    tags: tags.default([]),
    input: input.default({ kind: 'none' }),
    srtPassphrase: srtPassphrase.optional(),
    srtLatencyMs: srtLatencyMs.optional(),
    partMs: partMs.default(200),
    segmentMs: segmentMs.default(2000),
    /** Default: {@link DEFAULT_LADDER_HEIGHTS}. */
    ladder: ladder.optional(),
    height: height.optional(),
    videoKbps: videoKbps.optional(),
    clock: clock.default(false),
    dvrMinutes: dvrMinutes.default(10),
    isRecorded: isRecorded.optional(),
    isPrivate: isPrivate.default(false),
    streamKeyHash: streamKeyHash.optional(),
  })
  .superRefine((settings, context) => {
    if (settings.ladder && settings.height !== undefined) context.addIssue({ code: 'custom', path: ['height'], message: 'is a ladder of one: give it or a ladder' });
    if (settings.ladder === 'source' && settings.clock) context.addIssue({ code: 'custom', path: ['clock'], message: 'cannot be drawn into a picture that is passed on as it comes' });
    const problem = partSizeProblem(settings);
    if (problem !== undefined) context.addIssue({ code: 'custom', path: ['videoKbps'], message: problem });
  })
  .transform((settings) => ({ ...settings, title: settings.title ?? settings.slug, isRecorded: settings.isRecorded ?? isRecordedByDefault(settings.input) }));

/** Whether recordings are made of an input where nothing is said. */
export function isRecordedByDefault({ kind }: InputChoice): boolean {
  return ['rtmp', 'srt', 'whip', 'hls', 'stdin'].includes(kind);
}

/** The settings of one channel, complete and checked. */
export type ChannelSettings = Readonly<z.output<typeof channelSettingsSchema>>;

/** Why parts would be larger than any peer takes; undefined when they are not. */
export function partSizeProblem({ videoKbps: rate = 0, partMs: length }: { readonly videoKbps?: number | undefined; readonly partMs: number }): string | undefined {
  const partBytes = (rate * length) / 8;
  if (partBytes * KEY_FRAME_PEAK <= LIMITS.chunkBytes) return undefined;
  return `of ${rate} in parts of ${length} ms makes parts above 4 MiB, which no peer takes: lower it or the part length`;
}
