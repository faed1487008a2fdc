import type { UplinkPriority } from '../uplink/uplink-budget.js';
import { isGzipTaken, sendAnswer, SHORT_LIVED, type Answer, type Recipient } from './answer.js';
import type { PublishedStream } from './published-stream.js';
import type { RenderedText } from './rendered-text.js';

/** A text about a stream, and how it is sent. */
export type TextAnswer = Pick<Answer, 'contentType' | 'wholes'> & {
  readonly text: RenderedText;
  /** What its bytes are counted as. */
  readonly kind: 'playlists' | 'headers';
  /** Default: {@link SHORT_LIVED}. */
  readonly cacheControl?: string;
  /** Default: `join`. */
  readonly priority?: UplinkPriority;
};

/** Answers with a text, compressed for whoever takes that. */
export function sendText(to: Recipient, published: PublishedStream, { text, kind, cacheControl = SHORT_LIVED, priority = 'join', ...answer }: TextAnswer): void {
  const isGzip = isGzipTaken(to);
  sendAnswer(to, {
    ...answer,
    pieces: [isGzip ? text.gzip() : text.bytes],
    etag: text.etag,
    cacheControl,
    vary: 'accept-encoding',
    ...(isGzip ? { contentEncoding: 'gzip' as const } : {}),
    uplink: published.uplinkFor(priority),
    count: published.counter(kind),
  });
}
