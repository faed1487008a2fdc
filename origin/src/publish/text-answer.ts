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

/**
 * Answers with a text, compressed for whoever takes that. Every field by its name: rest and spread would make each of thousands of
 * answers a dictionary of 2.5 KB, in the midst of a wake.
 */
export function sendText(to: Recipient, published: PublishedStream, answer: TextAnswer): void {
  const { text } = answer;
  const isGzip = isGzipTaken(to);
  sendAnswer(to, {
    pieces: [isGzip ? text.gzip() : text.bytes],
    contentType: answer.contentType,
    etag: text.etag,
    cacheControl: answer.cacheControl ?? SHORT_LIVED,
    contentEncoding: isGzip ? 'gzip' : undefined,
    vary: 'accept-encoding',
    uplink: published.uplinkFor(answer.priority ?? 'join'),
    wholes: answer.wholes,
    count: published.counter(answer.kind),
  });
}
