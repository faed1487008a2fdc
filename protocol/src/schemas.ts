import * as z from 'zod/mini';
import { isPeerId, isSlug, isStreamId, type PeerId, type RenditionId, type StreamId } from './ids.js';
import { LIMITS } from './limits.js';

/** A {@link StreamId} from outside. */
export const streamIdSchema = z.custom<StreamId>((value) => typeof value === 'string' && isStreamId(value));
/** A {@link PeerId} from outside. */
export const peerIdSchema = z.custom<PeerId>((value) => typeof value === 'string' && isPeerId(value));
/** A slug from outside: it may become part of an URL. */
export const slugSchema = z.string().check(z.refine(isSlug));
/** A {@link RenditionId} from outside. */
export const renditionIdSchema = z.custom<RenditionId>(
  (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < LIMITS.renditions,
);
/** SHA-256 in hex. */
export const digestHexSchema = z.string().check(z.regex(/^[0-9a-f]{64}$/));
/** SHA-256 fingerprint of a DTLS certificate as in SDP (RFC 8122): upper-case pairs with colons. */
export const fingerprintSchema = z.string().check(z.regex(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/));
/** A count or a byte total. */
export const countSchema = z.int().check(z.gte(0));
