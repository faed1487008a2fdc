import { base64urlnopad } from '@scure/base';
import * as z from 'zod/mini';
import { deriveStreamId, type StreamId } from './ids.js';
import { LIMITS } from './limits.js';
import { countSchema, digestHexSchema, renditionIdSchema, slugSchema, streamIdSchema } from './schemas.js';
import { encodeSignedText, openSignedText, type SignedBytes, type Signer } from './signed-text.js';
import { verify } from './signing.js';

const renditionSchema = z.object({
  id: renditionIdSchema,
  /** RFC 6381, e.g. `avc1.42c01e,mp4a.40.2`. */
  codecs: z.string().check(z.minLength(1), z.maxLength(128), z.regex(/^[\w.,+-]+$/)),
  /** Pixels; 0 where there is no video. */
  width: countSchema,
  height: countSchema,
  /** Frames a second; 0 where there is no video. */
  frameRate: z.number().check(z.gte(0), z.lte(1000)),
  /** Peak and average bits a second of media. */
  bandwidthBitsPerSecond: z.int().check(z.gte(1)),
  averageBandwidthBitsPerSecond: z.int().check(z.gte(1)),
  /** SHA-256 of the current init segment. */
  initHash: digestHexSchema,
});

const streamRecordSchema = z.object({
  version: z.literal(1),
  streamId: streamIdSchema,
  slug: slugSchema,
  title: z.string().check(z.maxLength(200)),
  /** Rises with every new record of the stream; viewers keep the highest. */
  revision: countSchema,
  /** The current epoch, see {@link ChunkHeader}. */
  epoch: countSchema,
  /** Longest part, ms. */
  partTargetMs: z.number().check(z.gte(1), z.lte(10_000)),
  /** HLS target duration, whole seconds. */
  targetDurationSeconds: z.int().check(z.gte(1), z.lte(60)),
  renditions: z.array(renditionSchema).check(z.minLength(1), z.maxLength(LIMITS.renditions)),
  isEnded: z.boolean(),
  /** Captions that were found in the picture (INSTREAM-ID, RFC 8216bis section 4.4.6.1), the same in all renditions; left out where there are none. */
  captions: z.optional(z.array(z.string().check(z.regex(/^(CC[1-4]|SERVICE[1-9]\d?)$/))).check(z.maxLength(16))),
});

/** One encoding of a stream, as its record describes it. */
export type Rendition = z.infer<typeof renditionSchema>;
/** What the publisher says about a stream as a whole. */
export type StreamRecord = z.infer<typeof streamRecordSchema>;

/** Serializes and signs a record with the publisher's key. */
export function encodeStreamRecord(record: StreamRecord, signer: Signer): string {
  return encodeSignedText('p2ptv record v1', record, signer);
}

/** Whose record is expected. */
export type ExpectedRecord = { readonly streamId: StreamId; readonly publicKey: Uint8Array };

/** A record taken apart: not to be believed before its signature is checked with the publisher's key. */
export type UncheckedRecord = SignedBytes & { readonly record: StreamRecord };

/**
 * Reads a record without checking its signature, for platforms that check natively.
 *
 * @returns undefined when it is malformed, or does not describe the stream that the key and its slug name
 */
export function openStreamRecord(text: string, expected: ExpectedRecord): UncheckedRecord | undefined {
  if (text.length > LIMITS.recordBytes) return undefined;
  const opened = openSignedText('p2ptv record v1', text);
  const parsed = streamRecordSchema.safeParse(opened?.value);
  if (!opened || !parsed.success) return undefined;
  const record = parsed.data;
  if (record.streamId !== expected.streamId) return undefined;
  if (deriveStreamId(expected.publicKey, record.slug) !== expected.streamId) return undefined;
  return { record, message: opened.message, signature: opened.signature };
}

/**
 * Checks, in script, that a record was signed by the key and describes the stream that the key and the slug name.
 *
 * @returns undefined when it does not
 */
export function decodeStreamRecord(text: string, expected: ExpectedRecord): StreamRecord | undefined {
  const opened = openStreamRecord(text, expected);
  return opened && verify(opened.signature, opened.message, expected.publicKey) ? opened.record : undefined;
}

/** A publisher's key as it stands in links: base64url without padding, 43 characters. */
export function encodePublicKey(publicKey: Uint8Array): string {
  return base64urlnopad.encode(publicKey);
}
