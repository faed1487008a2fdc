import { JOIN_LENGTH_BYTES, JOIN_WITH_MEDIA_TYPE, LIMITS, type SignedChunkHeader } from '@p2ptv/protocol';
import type { OriginFailure, OriginReceived } from '../../ports/origin-client.js';
import { runBoundedGet } from './bounded-get.js';
import { JoinMedia } from './join-media.js';

/** How a join is asked for. */
export type JoinGet<Join> = {
  readonly url: string;
  /** Longest until the JSON is there, and then without a byte of the media behind it, ms. */
  readonly answerMs: number;
  /** Counts what comes. */
  readonly received: OriginReceived;
  /** What is wrong with an answer of this status; told of each answer. */
  failureOf(response: Response): OriginFailure | undefined;
  /** Reads the JSON; undefined: it is none of a join. */
  parse(json: Uint8Array): Join | undefined;
};

/** An answer whose JSON is there; its media, if it brings any, may still be coming. */
export type JoinAnswer<Join> = {
  readonly join: Join;
  readonly media: JoinMedia | undefined;
  /** Ends what is still coming. */
  readonly end: () => void;
};

/** A record, an init segment and headers in base64, and the peers to meet. */
const MAX_JSON_BYTES = LIMITS.recordBytes + 2 * 512 * 1024 + 16 * 1024;

/**
 * Asks one origin. It resolves as soon as the JSON is there; aborting `signal` later ends the media.
 */
export function getJoin<Join extends { readonly headers: readonly SignedChunkHeader[] }>(
  get: JoinGet<Join>,
  context: { readonly fetch: typeof fetch; readonly signal: AbortSignal },
): Promise<JoinAnswer<Join> | OriginFailure> {
  return new Promise((resolve) => {
    const abort = new AbortController();
    const stop = (): void => abort.abort();
    context.signal.addEventListener('abort', stop);
    const headTimer = setTimeout(stop, get.answerMs);
    let head = new Uint8Array(0);
    let isWithMedia = false;
    let media: JoinMedia | undefined;

    const settle = (answer: JoinAnswer<Join> | OriginFailure): void => {
      clearTimeout(headTimer);
      resolve(answer);
    };
    const read = (json: Uint8Array): JoinAnswer<Join> | 'invalid' => {
      const join = get.parse(json);
      const mediaBytes = join?.headers.reduce((sum, { header }) => sum + header.byteLength, 0) ?? 0;
      if (!join || (isWithMedia && mediaBytes > LIMITS.joinMediaBytes)) return 'invalid';
      return { join, media: isWithMedia ? new JoinMedia(join.headers.map(({ header }) => header)) : undefined, end: stop };
    };
    const takeFramed = (): void => {
      if (head.length < JOIN_LENGTH_BYTES) return;
      const mediaFrom = JOIN_LENGTH_BYTES + new DataView(head.buffer).getUint32(0);
      const isTooLong = mediaFrom > MAX_JSON_BYTES;
      if (!isTooLong && head.length < mediaFrom) return;
      const answer = isTooLong ? 'invalid' : read(head.subarray(JOIN_LENGTH_BYTES, mediaFrom));
      settle(answer);
      if (typeof answer === 'string') {
        stop();
        return;
      }
      const surplus = head.subarray(mediaFrom);
      get.received.join -= surplus.length;
      get.received.media += surplus.length;
      ({ media } = answer);
      media?.push(surplus);
    };

    const answered = runBoundedGet(
      {
        url: get.url,
        cache: 'no-store',
        stallMs: get.answerMs,
        admit: (response) => {
          const failure = get.failureOf(response);
          if (failure) return { failure };
          isWithMedia = response.headers.get('content-type') === JOIN_WITH_MEDIA_TYPE;
          return { maxBytes: MAX_JSON_BYTES + (isWithMedia ? LIMITS.joinMediaBytes : 0) };
        },
        bytes: (bytes) => {
          if (media) {
            get.received.media += bytes.length;
            media.push(bytes);
            return;
          }
          get.received.join += bytes.length;
          head = joined(head, bytes);
          if (isWithMedia) takeFramed();
        },
      },
      { fetch: context.fetch, signal: abort.signal },
    );
    void answered.then((failure) => {
      context.signal.removeEventListener('abort', stop);
      media?.end();
      // Has no effect where the JSON has been told of.
      settle(failure ?? (isWithMedia ? 'invalid' : read(head)));
    });
  });
}

function joined(first: Uint8Array<ArrayBuffer>, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
