import * as z from 'zod/mini';
import type { ChunkSequence, RenditionId } from './ids.js';
import { LIMITS } from './limits.js';
import { countSchema, digestHexSchema, renditionIdSchema } from './schemas.js';
import { peerDescriptionSchema } from './tracker-contract.js';

/**
 * Paths below a stream's base URL (`<origin>/live/<slug>`), the same in playlists, in the engine
 * and at the origin. Everything named by a sequence, an epoch or a hash is immutable.
 */
export const STREAM_PATHS = {
  multivariantPlaylist: 'index.m3u8',
  mediaPlaylist: (rendition: RenditionId): string => `${rendition}/live.m3u8`,
  /** All that is kept of a rendition, by whole segments: of a stream that has ended, its recording. */
  recordingPlaylist: (rendition: RenditionId): string => `${rendition}/recording.m3u8`,
  /** Relative to the media playlist. */
  part: (sequence: ChunkSequence | number): string => `part-${sequence}.m4s`,
  segment: (epoch: number, mediaSequence: number): string => `segment-${epoch}-${mediaSequence}.m4s`,
  init: (initHash: string): string => `init-${initHash}.mp4`,
  /** Captions as text, by their place in the stream's list: for players, and of a recording as WebVTT. */
  captionsPlaylist: (track: number): string => `captions/${track}/index.m3u8`,
  captions: (track: number): string => `captions/${track}/captions.vtt`,
  /** Relative to the playlist of the captions: those of a live stream's segment. */
  captionsSegment: (epoch: number, mediaSequence: number): string => `segment-${epoch}-${mediaSequence}.vtt`,
  /** Those of a live stream by date, {@link captionSlotSchema}. */
  captionsSlot: (track: number, slot: number | string): string => `captions/${track}/${slot}.json`,
  headers: 'headers',
  segments: 'segments',
  join: 'join',
  /** Where viewers tell how playback goes. */
  beacon: 'beacon',
} as const;

/** Longest that `headers?after=` keeps a request waiting, ms; then it answers with no header. */
export const HEADERS_WAIT_MS = 5_000;

const base64Schema = z.string().check(z.maxLength(512 * 1024));

/**
 * Content type of a join answer with media: the length of the JSON (32 bits, big-endian), the JSON, and then the parts
 * that its headers name, in that order, one behind the other.
 */
export const JOIN_WITH_MEDIA_TYPE = 'application/vnd.p2ptv.join';
/** Bytes of the length before the JSON of a join answer with media. */
export const JOIN_LENGTH_BYTES = 4;

/** `GET <stream>/join?rendition=&delayMs=&media=`: all that a first frame needs, with `media=1` the media too. */
export const joinAnswerFromOriginSchema = z.object({
  version: z.literal(1),
  /** Signed stream record, {@link decodeStreamRecord}. */
  record: z.string().check(z.maxLength(LIMITS.recordBytes)),
  rendition: renditionIdSchema,
  initHash: digestHexSchema,
  /** The init segment, base64. */
  init: base64Schema,
  /**
   * Header batch, base64, {@link decodeHeaderBatch}: from the last independent part at or before
   * (edge − delay) up to the edge. The parts lie at {@link STREAM_PATHS}.part.
   */
  headers: base64Schema,
  /** Peers that have lately proved to deliver. */
  warmPeers: z.array(peerDescriptionSchema).check(z.maxLength(LIMITS.links)),
  /** The origin's uplink is taken: the first frames are to come from peers. Left out: they may come from the origin. */
  isUplinkTaken: z.optional(z.boolean()),
  /** Wall clock of the origin, ms. */
  wallMs: z.number(),
});
/** See {@link joinAnswerFromOriginSchema}. */
export type OriginJoinAnswer = z.infer<typeof joinAnswerFromOriginSchema>;

/** Pictures for the seek bar of a live stream, `columns` of them side by side on a sheet. */
export const dvrPreviewsSchema = z.object({
  /**
   * Path of a sheet, with `{sheet}` in place of its number, and `{newest}` in place of the number of the newest picture that is
   * wanted of it. The picture of a date is the one numbered date / everyMs, rounded down, and stands on the sheet numbered
   * picture / columns, rounded down.
   */
  path: z.string(),
  /** Of one picture, pixels. */
  width: countSchema,
  height: countSchema,
  columns: countSchema.check(z.gte(1)),
  /** Between two pictures, ms. */
  everyMs: countSchema.check(z.gte(1)),
});
/** See {@link dvrPreviewsSchema}. */
export type DvrPreviews = z.infer<typeof dvrPreviewsSchema>;

/** Captions in one language. */
export const captionTrackSchema = z.object({
  /** RFC 5646; `und` where it is not known. */
  language: z.string().check(z.maxLength(35)),
  /** What people choose it by. */
  name: z.string().check(z.maxLength(100)),
});
/** See {@link captionTrackSchema}. */
export type CaptionTrack = z.infer<typeof captionTrackSchema>;

/** Captions of a live stream that its input brings as text. */
export const liveCaptionsSchema = z.object({
  /** What one answer tells of, ms. The one numbered date / everyMs, rounded down, has what is shown at that date. */
  everyMs: countSchema.check(z.gte(1)),
  /** With the path of an answer, `{slot}` in place of its number. */
  tracks: z.array(z.extend(captionTrackSchema, { path: z.string() })),
});
/** See {@link liveCaptionsSchema}. */
export type LiveCaptions = z.infer<typeof liveCaptionsSchema>;

/** What a live stream's captions are in one stretch of time. */
export const captionSlotSchema = z.object({
  /** Nothing will be added. */
  isWhole: z.boolean(),
  /** Dates are those of the media, ms since the Unix epoch. The text is WebVTT's (section 4.2.2). */
  cues: z.array(z.object({ startMs: z.number(), endMs: z.number(), text: z.string() })),
});
/** See {@link captionSlotSchema}. */
export type CaptionSlot = z.infer<typeof captionSlotSchema>;

/** One stream in `GET /api/streams`. */
export const streamListingSchema = z.object({
  slug: z.string(),
  streamId: z.string(),
  title: z.string(),
  /** `live`: media flows; `offline`: the publisher is away; `ended`: it will not come back. */
  state: z.enum(['live', 'offline', 'ended']),
  viewers: countSchema,
  width: countSchema,
  height: countSchema,
  /** Magnet link with this origin's address as the request named it. */
  link: z.string(),
  /** Path of the watch page, `/watch/<slug>`. */
  watchPath: z.string(),
  startedAtMs: z.number(),
  description: z.string(),
  tags: z.array(z.string()),
  /** Peers that serve without watching, the origin's own included. */
  seeders: countSchema,
  /** Heights of its renditions, best first. */
  heights: z.array(countSchema),
  /** Whether publishers bring it by WHIP or from the studio; left out by origins that do not tell. */
  isWhip: z.optional(z.boolean()),
  /** Capture date of the oldest media that can still be watched, ms; left out where nothing is kept. */
  keptFromMs: z.optional(z.number()),
  /** Path of a picture of it, another each time that there is a newer one; left out where there is none. */
  thumbnailPath: z.optional(z.string()),
  /** Left out in lists, and where there are none. */
  previews: z.optional(dvrPreviewsSchema),
  /** Left out in lists, and where there are none. */
  captions: z.optional(liveCaptionsSchema),
});
/** See {@link streamListingSchema}. */
export type StreamListing = z.infer<typeof streamListingSchema>;
/** `GET /api/streams`. */
export const streamListSchema = z.object({ streams: z.array(streamListingSchema) });

/** Orders of `GET /api/recordings?order=`; `relevance` is newest first where no words are given. */
export const RECORDING_ORDERS = ['relevance', 'newest', 'oldest', 'longest', 'shortest', 'largest', 'title'] as const;

/** Pictures for a seek bar: `count` of them at even distances over a recording, on one sheet, row by row. */
export const seekPreviewsSchema = z.object({
  /** Of one picture, pixels. */
  width: countSchema,
  height: countSchema,
  columns: countSchema,
  count: countSchema,
});
/** See {@link seekPreviewsSchema}. */
export type SeekPreviews = z.infer<typeof seekPreviewsSchema>;

/** One recording in `GET /api/recordings`, and the answer to `GET /api/recordings/<id>`. */
export const recordingListingSchema = z.object({
  id: z.string(),
  /** Slug of the channel that it is of; left out for an upload. */
  channel: z.optional(z.string()),
  title: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  /** `recording`: still grows; `importing`: a file is being made into one; `ready`: whole; `failed`: unusable. */
  state: z.enum(['recording', 'importing', 'ready', 'failed']),
  startedAtMs: z.number(),
  durationMs: z.number(),
  byteLength: countSchema,
  width: countSchema,
  height: countSchema,
  viewers: countSchema,
  seeders: countSchema,
  /** Magnet link with this origin's address as the request named it. */
  link: z.string(),
  /** Path of the watch page, `/watch/recordings/<id>`. */
  watchPath: z.string(),
  /** Path of a picture of it; left out where there is none. */
  thumbnailPath: z.optional(z.string()),
  /** Pictures for its seek bar, and the path of their sheet; left out in lists, and where there are none. */
  previews: z.optional(z.extend(seekPreviewsSchema, { path: z.string() })),
  /** Its captions, and the path of each as WebVTT; left out in lists, and where there are none. */
  captions: z.optional(z.array(z.extend(captionTrackSchema, { path: z.string() }))),
});
/** See {@link recordingListingSchema}. */
export type RecordingListing = z.infer<typeof recordingListingSchema>;
/**
 * `GET /api/recordings?text=&tag=&channel=&order=&offset=&limit=`: a page of the public ones that can be
 * watched. `tag` may be given several times.
 */
export const recordingListSchema = z.object({
  /** On all pages together. */
  total: countSchema,
  recordings: z.array(recordingListingSchema),
});

/** Application bytes that an origin has sent to viewers, by what they were (DESIGN: Counting bytes). */
export type OriginBytes = {
  media: number;
  init: number;
  playlists: number;
  headers: number;
  join: number;
  seeder: number;
};
